#!/usr/bin/env python3
"""A bus with a systemd on it that misbehaves: fake_systemd.py SOCKET MODE

  deaf      nobody ever accepts the connection, and the queue is full
  silent    says nothing at all
  refuses   does not let anybody in
  busy      lets us in and answers to Hello, then nothing
  error     answers to StartTransientUnit with an error
  garbage   answers with what is no message
  huge      says that its answer has 3 GB
  chatty    sends signals without end in place of the answer
  failing   starts a job that ends as "failed"
"""
import os, socket, struct, sys, threading

HELLO = {"Hello": ":1.7", "AddMatch": None, "Subscribe": None, "ResetFailedUnit": None}


def pad(data, n):
    return data + b"\0" * (-len(data) % n)


def text(value):
    return struct.pack("<I", len(value)) + value.encode() + b"\0"


def message(kind, fields, body=b"", signature=""):
    data = b""
    for number, kind_of, value in fields + ([(8, "g", signature)] if signature else []):
        data = pad(data, 8) + bytes([number, 1]) + kind_of.encode() + b"\0"
        if kind_of == "u":
            data = pad(data, 4) + struct.pack("<I", value)
        elif kind_of == "g":
            data += bytes([len(value)]) + value.encode() + b"\0"
        else:
            data = pad(data, 4) + text(value)
    head = struct.pack("<cBBBIII", b"l", kind, 0, 1, len(body), 1, len(data))
    return pad(head + data, 8) + body


def reply(serial, value):
    return message(2, [(5, "u", serial)], text(value) if value else b"", "s" if value else "")


def job_removed(result):
    body = struct.pack("<I", 5) + text("/job/5")
    body = pad(body, 4) + text("x.scope")
    body = pad(body, 4) + text(result)
    return message(4, [(1, "o", "/org/freedesktop/systemd1"), (2, "s", "org.freedesktop.systemd1.Manager"),
                       (3, "s", "JobRemoved")], body, "uoss")


def calls(client):
    """Each call: its serial and its method."""
    have = b""
    while True:
        while len(have) < 16 or len(have) < 16 + -(-struct.unpack("<I", have[12:16])[0] // 8) * 8 + struct.unpack(
                "<I", have[4:8])[0]:
            more = client.recv(65536)
            if not more:
                return
            have += more
        body, serial, fields = struct.unpack("<III", have[4:16])
        end = 16 + -(-fields // 8) * 8 + body
        part, have = have[16:end], have[end:]
        at = part.index(b"\3\1s\0")
        length = struct.unpack("<I", part[at + 4:at + 8])[0]
        yield serial, part[at + 8:at + 8 + length].decode()


def answer(client, mode, serial, method):
    if method in HELLO:
        client.sendall(reply(serial, HELLO[method]))
        return mode != "busy" or method != "Hello"
    if mode == "error":
        words = "Unit x.scope\nwas not \x1b[31mliked"
        client.sendall(message(3, [(4, "s", "org.example.Wrong"), (5, "u", serial)], text(words), "s"))
    elif mode == "garbage":
        client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    elif mode == "huge":
        client.sendall(struct.pack("<cBBBIII", b"l", 2, 0, 1, 3 << 30, 1, 8))
    elif mode == "chatty":
        while True:
            client.sendall(job_removed("done"))
    elif mode == "failing":
        client.sendall(reply(serial, "/job/5") + job_removed("failed"))
    return True


def serve(client, mode):
    try:
        if mode != "silent":
            while b"BEGIN" not in client.recv(4096):
                pass
            client.sendall(b"REJECTED EXTERNAL\r\n" if mode == "refuses" else b"DATA\r\nOK 0123456789abcdef\r\n")
        if mode not in ("silent", "refuses"):
            for serial, method in calls(client):
                if not answer(client, mode, serial, method):
                    break
        while client.recv(4096):
            pass
    except OSError:
        pass


def main():
    path, mode = sys.argv[1:]
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path + ".new")
    listener.listen(0 if mode == "deaf" else 8)
    waiting = []
    if mode == "deaf":
        for _ in range(2):
            s = socket.socket(socket.AF_UNIX)
            s.setblocking(False)
            s.connect_ex(path + ".new")
            waiting.append(s)
    os.rename(path + ".new", path)
    if mode == "deaf":
        threading.Event().wait()
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, mode), daemon=True).start()


main()
