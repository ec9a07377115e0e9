#!/usr/bin/env python3
"""usage: console.py SOCKET: receives a terminal there and prints what comes out of it"""
import array, os, socket, sys

server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(1)
connection = server.accept()[0]
name, control, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4))
master = array.array("i", control[0][2][:4])[0]
print("name:", name.decode(), flush=True)
while True:
    try:
        data = os.read(master, 4096)
    except OSError:
        break
    if not data:
        break
    os.write(1, data)
