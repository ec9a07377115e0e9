#!/usr/bin/env python3
"""A `criu` for tests of who speaks to one: installed under that name, in front of $PATH.

usage: criu swrk FD, with FAKE_CRIU = good | old | garbage | silent | hang | refuse in the environment
Writes what the request has, one "FIELD=VALUE" a line, to $FAKE_CRIU_LOG; FIELD is the number in rpc.proto.
"""
import os, socket, sys, time

mode, log = os.environ["FAKE_CRIU"], os.environ["FAKE_CRIU_LOG"]
end = socket.socket(fileno=int(sys.argv[2]))


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def parse(data):
    def number():
        nonlocal data
        value = shift = 0
        while True:
            byte, data = data[0], data[1:]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    fields = []
    while data:
        head = number()
        if head & 7 == 0:
            fields.append((head >> 3, number()))
        else:
            length = number()
            fields.append((head >> 3, data[:length]))
            data = data[length:]
    return fields


def show(value):
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


while True:
    request = end.recv(1 << 20)
    if not request:
        break
    request = parse(request)
    kind = dict(request)[1]
    if mode == "silent":
        sys.exit(3)
    if mode == "garbage":
        end.send(b"\xff\xff\xff")
    elif kind == 10:  # VERSION
        major = 3 if mode == "old" else 4
        end.send(field(1, 10) + field(2, 1) + field(10, field(1, major) + field(2, 17)))
    elif kind == 9:  # FEATURE_CHECK
        end.send(field(1, 9) + field(2, 1) + field(8, field(1, 1) + field(2, 1)))
    else:
        with open(log, "w") as to:
            print("type=%d" % kind, file=to)
            for number, value in parse(dict(request)[2]):
                if number in (11, 25, 27):  # messages
                    value = "|".join(show(v) for _, v in parse(value))
                print("%d=%s" % (number, show(value)), file=to)
        if mode == "hang":
            time.sleep(1000)
        end.send(field(1, kind) + field(2, 1 if mode == "good" else 0) + field(9, b"does not want to"))
        break
