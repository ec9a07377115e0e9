#!/usr/bin/env python3
"""Writes the big test image into an OCI layout: usage: mkbig.py DIR [SCALE]

Six gzip layers, more than 300 MB compressed and 14,000 files, with all that a layer may hold: whiteouts of
files, directories and symlinks, opaque directories, files that become directories and back, hard links, file
capabilities, user xattrs, setuid, setgid and sticky bits, owners, sparse stretches, fifos, long and odd names,
deep paths, times long ago and to the nanosecond. The same bytes each time (seeded), about half of them
incompressible, so that fetching and inflating weigh as they do with real images. SCALE (default 1) shrinks the
files' sizes, not their number.
"""
import hashlib, io, multiprocessing, os, random, sys, tarfile, zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mkimage

POOL = 6 << 20


def pools():
    rng = random.Random(20261123)
    words = ["".join(rng.choices("etaoinshrdlucmfwypvbgkqjxz", k=rng.randint(2, 11))).encode() for _ in range(6000)]
    prose = b" ".join(rng.choices(words, k=POOL // 6))[:POOL]
    return rng.randbytes(POOL), prose.ljust(POOL)


class Out:
    """Where a tar goes: through gzip into a blob, hashed on both sides."""

    def __init__(self, path):
        self.file = open(path, "wb")
        self.plain, self.packed, self.size, self.at = hashlib.sha256(), hashlib.sha256(), 0, 0
        self.deflate = zlib.compressobj(1, zlib.DEFLATED, 31)

    def tell(self):
        return self.at

    def put(self, data):
        self.packed.update(data)
        self.size += len(data)
        self.file.write(data)

    def write(self, data):
        self.at += len(data)
        self.plain.update(data)
        self.put(self.deflate.compress(data))
        return len(data)

    def end(self):
        self.put(self.deflate.flush())
        self.file.close()


class Writer:
    def __init__(self, number, path, scale):
        self.rng, self.scale = random.Random(number), scale
        self.noise, self.prose = pools()
        self.out = Out(path)
        self.tar = tarfile.open(fileobj=self.out, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape")
        self.clock = 1500000000 + number * 1000000

    def add(self, path, kind=tarfile.REGTYPE, mode=0o644, data=b"", target="", owner=(0, 0), xattrs=None, mtime=None,
            device=(0, 0)):
        info = tarfile.TarInfo(path)
        self.clock += 61
        info.type, info.mode, info.size, info.linkname = kind, mode, len(data), target
        info.uid, info.gid = owner
        info.mtime = self.clock if mtime is None else mtime
        info.devmajor, info.devminor = device
        info.pax_headers = {"SCHILY.xattr." + k: v for k, v in (xattrs or {}).items()}
        self.tar.addfile(info, io.BytesIO(data))

    def dir(self, path, mode=0o755, **more):
        self.add(path, tarfile.DIRTYPE, mode, **more)

    def link(self, path, target, mtime):
        """With what its target has: as tar writes it. (What else a link says, readers disagree on.)"""
        self.add(path, tarfile.LNKTYPE, target=target, mtime=mtime)

    def symlink(self, path, target, **more):
        self.add(path, tarfile.SYMTYPE, 0o777, target=target, **more)

    def whiteout(self, path):
        self.add(f"{os.path.dirname(path)}/.wh.{os.path.basename(path)}")

    def content(self, size):
        size = int(size * self.scale)
        pool = self.noise if self.rng.random() < 0.62 else self.prose
        parts = []
        while size > 0:
            at = self.rng.randrange(POOL - 1)
            part = pool[at:at + size]
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def size(self, mean):
        """Many small ones and a few large: as file systems have them."""
        return int(min(self.rng.expovariate(1) ** 2.2 * mean * 0.45, 8 << 20))

    def parents(self, *paths):
        """Directories of layers below, as docker and buildah write them again."""
        for path in paths:
            self.dir(path)

    def many(self, top, n, mean, fan=40):
        self.dir(top)
        for i in range(n):
            if i % fan == 0:
                sub = f"{top}/d{i // fan:03}"
                self.dir(sub)
            self.add(f"{sub}/f{i:05}", data=self.content(self.size(mean)), mode=(0o644, 0o755, 0o600, 0o640)[i % 4],
                     owner=((0, 0), (1000, 1000), (33, 33), (65534, 65534))[i % 4 if i % 7 == 0 else 0])


CAP = "\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0"  # cap_net_raw=ep, revision 2


def layer_1(w):
    base = mkimage.Layer()
    base.tar, base.bytes = w.tar, None
    mkimage.add_busybox(base)
    mkimage.add_etc(base)
    base.flush()
    w.parents("usr/share", "usr/lib")
    w.many("usr/share/doc", 6000, 9000)
    w.parents("opt", "srv")


def layer_2(w):
    w.parents("usr", "usr/lib")
    w.many("usr/lib/big", 2500, 40000)
    w.parents("opt")
    w.dir("opt/links")
    for i in range(150):
        w.add(f"opt/links/a{i:03}", data=w.content(3000 + i))
        linked = w.clock
        w.link(f"opt/links/b{i:03}", f"opt/links/a{i:03}", linked)
        if i % 3 == 0:
            w.link(f"opt/links/c{i:03}", f"opt/links/a{i:03}", linked)
    w.dir("opt/gone")
    for i in range(50):
        w.add(f"opt/gone/g{i}", data=b"to be whited out")
    w.dir("opt/gone/dir")
    w.add("opt/gone/dir/inner", data=b"x")
    w.symlink("opt/gone/link", "dir")
    w.dir("opt/opaque", 0o750, owner=(1000, 1000))
    for i in range(50):
        w.add(f"opt/opaque/old{i}", data=b"hidden by what is above")
    w.dir("opt/opaque/sub")
    w.add("opt/opaque/sub/deep", data=b"hidden as well")
    w.dir("opt/turns")
    w.add("opt/turns/file-to-dir", data=b"a file")
    w.dir("opt/turns/dir-to-file")
    w.add("opt/turns/dir-to-file/inner", data=b"inner")
    w.dir("opt/turns/dir-to-symlink")
    w.add("opt/turns/dir-to-symlink/inner", data=b"inner")
    w.symlink("opt/turns/symlink-to-dir", "../links")
    w.symlink("opt/turns/symlink-to-file", "nowhere")


def layer_3(w):
    w.parents("usr", "usr/lib")
    w.many("usr/lib/more", 2000, 36000)
    w.parents("opt")
    w.dir("opt/odd")
    for i in range(60):
        w.add(f"opt/odd/xattr{i}", data=b"x", xattrs={"user.one": f"value {i}", "user.long": "v" * 200})
    w.dir("opt/odd/xattrdir", xattrs={"user.on.a.directory": "yes"})
    w.add("opt/odd/ping", data=w.content(60000), mode=0o755, xattrs={"security.capability": CAP})
    w.add("opt/odd/setuid", data=b"s", mode=0o4755)
    w.add("opt/odd/setgid", data=b"s", mode=0o2755, owner=(0, 42))
    w.dir("opt/odd/sticky", 0o1777)
    w.dir("opt/odd/sgid-dir", 0o2775, owner=(0, 50))
    w.add("opt/odd/nothing-allowed", data=b"0", mode=0)
    w.add("opt/odd/old", data=b"1970", mtime=0)
    w.add("opt/odd/nano", data=b"ns", mtime=1234567890.125)
    w.add("opt/odd/future", data=b"2100", mtime=4102444800)
    w.add("opt/odd/fifo", tarfile.FIFOTYPE, 0o620, owner=(0, 5))
    w.add("opt/odd/null", tarfile.CHRTYPE, 0o666, device=(1, 3))
    w.add("opt/odd/empty")
    w.add("opt/odd/zeros", data=bytes(4 << 20))
    for name in ("space in it", "tab\tin it", "quote'\"", "back\\slash", "nl\nin it", "ünïcödé-日本語", "-dash", "*star?", ".hidden",
                 "n" * 255, "raw-\udcff\udcfe"):
        w.add("opt/odd/" + name, data=name.encode("utf-8", "surrogateescape"))
    path = "opt/odd"
    for i in range(30):
        path += f"/{'deep' * 8}{i:02}"
        w.dir(path)
    w.add(path + "/bottom", data=b"down here")
    w.symlink("opt/odd/long-link", "t/" * 400 + "end")
    w.symlink("opt/odd/absolute", "/etc/passwd", owner=(1000, 1000))
    w.symlink("opt/odd/outside", "../../../../../../../../etc/shadow")


def layer_4(w):
    """Takes away and replaces; its directories are written out, as docker and buildah write them."""
    w.parents("opt")
    w.dir("opt/gone")
    for i in range(0, 50, 2):
        w.whiteout(f"opt/gone/g{i}")
    w.whiteout("opt/gone/dir")
    w.whiteout("opt/gone/link")
    w.dir("opt/opaque", 0o770, owner=(1001, 1001))
    w.add("opt/opaque/.wh..wh..opq")
    w.add("opt/opaque/new", data=b"the only one here")
    w.dir("opt/opaque/sub")
    w.add("opt/opaque/sub/newer", data=b"and here")
    w.dir("opt/turns")
    w.dir("opt/turns/file-to-dir")
    w.add("opt/turns/file-to-dir/inner", data=b"now a directory")
    w.add("opt/turns/dir-to-file", data=b"now a file")
    w.symlink("opt/turns/dir-to-symlink", "file-to-dir")
    w.dir("opt/turns/symlink-to-dir")
    w.add("opt/turns/symlink-to-dir/inner", data=b"must not land in links/")
    w.add("opt/turns/symlink-to-file", data=b"must not make nowhere")
    w.parents("usr", "usr/share", "usr/share/doc", "usr/share/doc/d000")
    for i in range(0, 40):
        w.whiteout(f"usr/share/doc/d000/f{i:05}")
    w.whiteout("usr/share/doc/d001")
    w.dir("usr/share/doc/d002", 0o700, owner=(33, 33))
    for i in range(300):
        w.add(f"usr/share/doc/replaced{i:03}", data=w.content(12000))


def layer_5(w):
    w.parents("srv")
    w.many("srv/data", 3200, 38000)


def layer_6(w):
    w.parents("opt", "srv", "opt/links")
    for name in "abc":
        w.whiteout(f"opt/links/{name}000")  # a whole group of links goes
    w.dir("opt/gone")
    w.add("opt/gone/g0", data=b"back again, from a layer above its whiteout")
    w.dir("opt/gone/dir")
    w.add("opt/gone/dir/fresh", data=b"without what was in it")
    w.many("srv/last", 600, 60000)


LAYERS = [layer_1, layer_2, layer_3, layer_4, layer_5, layer_6]


def make(job):
    top, number, scale = job
    part = f"{top}/blobs/sha256/part{number}"
    w = Writer(number, part, scale)
    LAYERS[number](w)
    w.tar.close()
    w.out.end()
    os.rename(part, f"{top}/blobs/sha256/{w.out.packed.hexdigest()}")
    return w.out.packed.hexdigest(), w.out.size, w.out.plain.hexdigest()


def main():
    top, scale = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    os.makedirs(f"{top}/blobs/sha256", exist_ok=True)
    with multiprocessing.Pool(2) as pool:
        made = pool.map(make, [(top, n, scale) for n in range(len(LAYERS))], chunksize=1)
    blobs = [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": "sha256:" + packed, "size": size}
             for packed, size, _ in made]
    mkimage.put_image(top, "latest", blobs, ["sha256:" + plain for _, _, plain in made],
                      {"Env": ["PATH=/bin"], "Cmd": ["/bin/sh"]})


if __name__ == "__main__":
    main()
