#!/usr/bin/env python3
"""Writes an image into an OCI layout, from a description of its layers on stdin. No network, no root.

usage: mkimage.py DIR TAG [--compress gzip|none] [--media docker|oci] < DESCRIPTION

A line of the description is one entry (words as a shell reads them; \\n, \\x1b and the like are read in
CONTENT, NAME and TARGET); "#" begins a comment:

  layer                               begin a further layer (the first is there already)
  busybox                             /bin with busybox and a link for each applet
  etc                                 /etc/passwd, group, hosts, ... and /tmp /proc /sys /dev /root /home
  dir PATH [MODE [UID:GID]]
  file PATH MODE UID:GID [CONTENT]
  zeros PATH SIZE                     a file of that many zeros
  copy PATH HOSTFILE [MODE]
  symlink PATH TARGET
  hardlink PATH TARGET                TARGET as a path inside the layer
  fifo PATH | chr PATH MAJOR MINOR | blk PATH MAJOR MINOR
  whiteout PATH | opaque DIR
  xattr NAME VALUE                    of the entry before
  mtime SECONDS                       of the entry before
  tar FILE                            the layer is that file's bytes, as they are
  config JSON                         merged into the image's config object
"""
import gzip, hashlib, io, json, os, shlex, subprocess, sys, tarfile

TYPES = {
    "oci": ("application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.config.v1+json",
            "application/vnd.oci.image.layer.v1.tar"),
    "docker": ("application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.container.image.v1+json",
               "application/vnd.docker.image.rootfs.diff.tar"),
}
PASSWD = """root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
alice:x:1000:1000:Alice:/home/alice:/bin/sh
bob:x:1001:1001:Bob:/home/bob:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
"""
GROUP = """root:x:0:
daemon:x:1:
tty:x:5:
staff:x:50:alice,bob
audio:x:29:alice
alice:x:1000:
bob:x:1001:
nogroup:x:65534:
"""


def text(s):
    return s.encode().decode("unicode_escape").encode("latin-1").decode("utf-8", "surrogateescape")


class Layer:
    def __init__(self):
        self.bytes, self.last, self.raw = io.BytesIO(), None, None
        self.tar = tarfile.open(fileobj=self.bytes, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8",
                                errors="surrogateescape")

    def add(self, path, kind, mode=0o755, owner="0:0", content=b"", target="", device=(0, 0)):
        self.flush()
        info = tarfile.TarInfo(text(path).lstrip("/") if not path.startswith("//") else text(path)[1:])
        info.type, info.mode, info.mtime = kind, mode, 1600000000
        info.uid, info.gid = (int(n) for n in owner.split(":"))
        info.linkname, info.size = text(target), len(content)
        info.devmajor, info.devminor = device
        self.last = (info, content)

    def flush(self):
        if self.last:
            info, content = self.last
            self.tar.addfile(info, io.BytesIO(content))
            self.last = None

    def end(self):
        self.flush()
        self.tar.close()
        return self.raw if self.raw is not None else self.bytes.getvalue()


def add_busybox(layer):
    path = next(p for p in ("/bin/busybox", "/usr/bin/busybox") if os.path.exists(p))
    applets = subprocess.run([path, "--list"], capture_output=True, text=True, check=True).stdout.split()
    layer.add("bin", tarfile.DIRTYPE)
    with open(path, "rb") as f:
        layer.add("bin/busybox", tarfile.REGTYPE, content=f.read())
    for applet in sorted(set(applets) - {"busybox"}):
        layer.add(f"bin/{applet}", tarfile.SYMTYPE, 0o777, target="busybox")


def add_etc(layer):
    for name, mode in (("dev", 0o755), ("etc", 0o755), ("home", 0o755), ("proc", 0o555), ("root", 0o700), ("sys", 0o555),
                       ("tmp", 0o1777), ("usr", 0o755), ("var", 0o755)):
        layer.add(name, tarfile.DIRTYPE, mode)
    for name, content in (("passwd", PASSWD), ("group", GROUP), ("hostname", ""), ("hosts", ""), ("resolv.conf", "")):
        layer.add(f"etc/{name}", tarfile.REGTYPE, 0o644, content=content.encode())
    layer.add("home/alice", tarfile.DIRTYPE, 0o755, "1000:1000")
    layer.add("home/bob", tarfile.DIRTYPE, 0o755, "1001:1001")


def put_blob(top, data, media):
    digest = hashlib.sha256(data).hexdigest()
    with open(f"{top}/blobs/sha256/{digest}", "wb") as f:
        f.write(data)
    return {"mediaType": media, "digest": "sha256:" + digest, "size": len(data)}


def put_index(top, tag, manifest):
    """Replaces the tag in index.json."""
    path = f"{top}/index.json"
    index = {"schemaVersion": 2, "manifests": []}
    if os.path.exists(path):
        with open(path) as f:
            index = json.load(f)
    key = "org.opencontainers.image.ref.name"
    index["manifests"] = [m for m in index["manifests"] if m.get("annotations", {}).get(key) != tag]
    index["manifests"].append({**manifest, "annotations": {key: tag}})
    with open(path + ".new", "w") as f:
        json.dump(index, f)
    os.rename(path + ".new", path)
    with open(f"{top}/oci-layout", "w") as f:
        f.write('{"imageLayoutVersion":"1.0.0"}')


def put_image(top, tag, blobs, diff_ids, config, media="oci"):
    """blobs: the descriptors of the layers, already put."""
    manifest_type, config_type, _ = TYPES[media]
    document = {
        "architecture": "amd64", "os": "linux", "created": "2020-09-13T12:26:40Z",
        "config": config, "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": [{"created": "2020-09-13T12:26:40Z", "created_by": f"layer {n}"} for n in range(len(diff_ids))],
    }
    manifest = {
        "schemaVersion": 2, "mediaType": manifest_type,
        "config": put_blob(top, json.dumps(document).encode(), config_type), "layers": blobs,
    }
    put_index(top, tag, put_blob(top, json.dumps(manifest).encode(), manifest_type))


def main():
    args = sys.argv[1:]
    top, tag, compress, media = args[0], args[1], "gzip", "oci"
    for option, value in zip(args[2::2], args[3::2]):
        if option == "--compress":
            compress = value
        elif option == "--media":
            media = value
        else:
            sys.exit(f"mkimage: unknown option {option}")
    os.makedirs(f"{top}/blobs/sha256", exist_ok=True)

    config = {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["/bin/sh"]}
    layers = [Layer()]
    for line in sys.stdin:
        if line.lstrip().startswith("config "):
            config.update(json.loads(line.split(None, 1)[1]))
            continue
        words = shlex.split(line, comments=True)
        if not words:
            continue
        verb, *rest = words
        layer = layers[-1]
        mode = int(rest[1], 8) if verb in ("dir", "file") and len(rest) > 1 else 0o755
        owner = rest[2] if verb in ("dir", "file") and len(rest) > 2 else "0:0"
        if verb == "layer":
            layers.append(Layer())
        elif verb == "busybox":
            add_busybox(layer)
        elif verb == "etc":
            add_etc(layer)
        elif verb == "dir":
            layer.add(rest[0], tarfile.DIRTYPE, mode, owner)
        elif verb == "file":
            content = text(rest[3]) if len(rest) > 3 else ""
            layer.add(rest[0], tarfile.REGTYPE, mode, owner, content.encode("utf-8", "surrogateescape"))
        elif verb == "zeros":
            layer.add(rest[0], tarfile.REGTYPE, 0o644, content=bytes(int(rest[1])))
        elif verb == "copy":
            with open(rest[1], "rb") as f:
                layer.add(rest[0], tarfile.REGTYPE, int(rest[2], 8) if len(rest) > 2 else 0o755, content=f.read())
        elif verb == "symlink":
            layer.add(rest[0], tarfile.SYMTYPE, 0o777, target=rest[1])
        elif verb == "hardlink":
            layer.add(rest[0], tarfile.LNKTYPE, target=rest[1])
        elif verb == "fifo":
            layer.add(rest[0], tarfile.FIFOTYPE, 0o644)
        elif verb in ("chr", "blk"):
            kind = tarfile.CHRTYPE if verb == "chr" else tarfile.BLKTYPE
            layer.add(rest[0], kind, 0o666, device=(int(rest[1]), int(rest[2])))
        elif verb == "whiteout":
            layer.add(os.path.join(os.path.dirname(rest[0]), ".wh." + os.path.basename(rest[0])), tarfile.REGTYPE, 0o644)
        elif verb == "opaque":
            layer.add(os.path.join(rest[0], ".wh..wh..opq"), tarfile.REGTYPE, 0o644)
        elif verb == "xattr":
            layer.last[0].pax_headers["SCHILY.xattr." + rest[0]] = text(rest[1])
        elif verb == "mtime":
            layer.last[0].mtime = float(rest[0])
        elif verb == "tar":
            with open(rest[0], "rb") as f:
                layer.raw = f.read()
        else:
            sys.exit(f"mkimage: what is '{verb}'?")

    blobs, diff_ids = [], []
    for layer in layers:
        data = layer.end()
        diff_ids.append("sha256:" + hashlib.sha256(data).hexdigest())
        suffix = ""
        if compress == "gzip":
            data, suffix = gzip.compress(data, 1, mtime=0), ("+gzip" if media == "oci" else ".gzip")
        blobs.append(put_blob(top, data, TYPES[media][2] + suffix))
    put_image(top, tag, blobs, diff_ids, config, media)


if __name__ == "__main__":
    main()
