#!/usr/bin/env python3
"""usage: datagrams.py SOCKET FILE: writes what is sent there, each datagram ended by a NUL, to FILE, until it is killed"""
import os, socket, sys

end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
end.bind(sys.argv[1])
with open(sys.argv[2], "ab", buffering=0) as to:
    while True:
        to.write(end.recv(65536) + b"\0")
