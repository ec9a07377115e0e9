#!/usr/bin/env python3
"""A dolium-fetch that was taken over: answers `pull` with an image in which the configuration is not
the one that the manifest names. Speaks src/registry/wire.h. The real worker is never started."""
import hashlib, json, socket, struct

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


good, evil = config("/good"), config("/evil")
manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                       "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": len(good),
                                  "digest": sha(good)}, "layers": []}).encode()
assert receive() == OPEN
send(READY)
assert receive() == RESOLVE
send(IMAGE, json.dumps({"manifest_digest": sha(manifest), "config_digest": sha(evil), "layers": []}).encode())
send(BYTES)
send(BYTES, manifest)
send(BYTES, evil)
send(END)
receive()
