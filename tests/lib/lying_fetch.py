#!/usr/bin/env python3
"""A dolium-fetch that was taken over. Speaks src/registry/wire.h; the real worker is never started. $LIE says
what it answers to `pull`:

  config        the configuration is not the one that the manifest names
  index         the index is not what the digest $PINNED says, and leads to another image
  no-manifest   as index, and there is no manifest in between
"""
import hashlib, json, os, socket, struct

OPEN, RESOLVE, BLOBS, LOGIN, READY, IMAGE, BYTES, EVENT, END = range(1, 10)
s = socket.socket(fileno=3)


def sha(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def send(kind, data=b""):
    s.sendall(struct.pack("=II", kind, len(data)) + data)


def receive():
    kind, size = struct.unpack("=II", s.recv(8, socket.MSG_WAITALL))
    s.recv(size, socket.MSG_WAITALL)
    return kind


def config(command):
    return json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": [command]},
                       "rootfs": {"type": "layers", "diff_ids": []}}).encode()


def manifest(of):
    return json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                       "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": len(of),
                                  "digest": sha(of)}, "layers": []}).encode()


lie = os.environ["LIE"]
good, evil = config("/good"), config("/evil")
middle = manifest(good if lie == "config" else evil)
index = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [
    {"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": len(middle), "digest": sha(middle)}]}).encode()
image = {"manifest_digest": sha(middle), "config_digest": sha(evil), "layers": []}
if lie != "config":
    image["index_digest"] = os.environ["PINNED"]
assert receive() == OPEN
send(READY)
assert receive() == RESOLVE
send(IMAGE, json.dumps(image).encode())
send(BYTES, b"" if lie == "config" else index)
send(BYTES, b"" if lie == "no-manifest" else middle)
send(BYTES, evil)
send(END)
receive()
