#!/usr/bin/python3
"""One call of Kubernetes' CRI (runtime.v1), as a kubelet makes it. Debian's python3, for its python3-grpcio.

usage: cri.py SOCKET METHOD MESSAGE [FIELD...]

MESSAGE is JSON whose keys are the numbers of fields: {"1": {"1": "name"}}. Of the answer each FIELD, such as 1.3, is
printed on a line of its own. A refusal is printed on stderr, and is status 1.
"""
import json, sys

import grpc


def varint(n):
    out = b""
    n &= (1 << 64) - 1
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def encode(message):
    out = b""
    for number, value in message.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, int):
                out += varint(int(number) << 3) + varint(one)
            else:
                piece = encode(one) if isinstance(one, dict) else one.encode()
                out += varint(int(number) << 3 | 2) + varint(len(piece)) + piece
    return out


def read_varint(data, at):
    n = shift = 0
    while True:
        n |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return n, at


def decode(data):
    """Field -> its first value: a number, or bytes."""
    found, at = {}, 0
    while at < len(data):
        key, at = read_varint(data, at)
        if key & 7 == 0:
            value, at = read_varint(data, at)
        elif key & 7 == 2:
            size, at = read_varint(data, at)
            value, at = data[at:at + size], at + size
        else:
            size = {1: 8, 5: 4}[key & 7]
            value, at = data[at:at + size], at + size
        found.setdefault(key >> 3, value)
    return found


def field(data, path):
    value = data
    for number in path.split("."):
        value = decode(value).get(int(number), b"")
    return value if isinstance(value, int) else value.decode(errors="replace")


def main():
    address, method, message, *fields = sys.argv[1:]
    with grpc.insecure_channel(f"unix://{address}") as channel:
        call = channel.unary_unary(f"/runtime.v1.RuntimeService/{method}")
        try:
            answer = call(encode(json.loads(message)), timeout=60)
        except grpc.RpcError as error:
            sys.stderr.write(f"{error.details()}\n")
            return 1
    for path in fields:
        print(field(answer, path))
    return 0


sys.exit(main())
