#!/usr/bin/env python3
"""A seccomp agent for tests: takes one listener and answers for it until nobody is left to ask.

usage: agent.py SOCKET OUT     the state it was sent goes to OUT; each call it is asked about fails with ENOTTY
"""
import fcntl, os, select, socket, struct, sys

NOTIF, RESP = 80, 24  # sizes of struct seccomp_notif and seccomp_notif_resp
RECV = 0xC0002100 | NOTIF << 16
SEND = 0xC0002101 | RESP << 16
ENOTTY = 25

server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
server.settimeout(20)
peer = server.accept()[0]
text, fds, _, _ = socket.recv_fds(peer, 65536, 4)
with open(sys.argv[2], "wb") as out:
    out.write(text)
(listener,) = fds
poll = select.poll()
poll.register(listener, select.POLLIN)
while True:
    events = poll.poll(20000)
    if not events or events[0][1] & select.POLLHUP:
        break
    request = bytearray(NOTIF)
    try:
        fcntl.ioctl(listener, RECV, request)
        number = struct.unpack_from("<Q", request)[0]
        fcntl.ioctl(listener, SEND, struct.pack("<QqiI", number, 0, -ENOTTY, 0))
    except OSError:
        continue  # it was killed meanwhile
