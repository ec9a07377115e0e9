#!/usr/bin/env python3
"""Layers that nobody should trust: usage: nasty_tar.py KIND > FILE. Without a KIND, lists them.

Each function below writes one tar, header by header, because tarfile would refuse to write most of them.
"""
import gzip, io, os, random, struct, sys


def octal(value, width):
    return b"%0*o\0" % (width - 1, value)


def header(name, kind=b"0", size=0, link=b"", mode=0o644, uid=0, gid=0, mtime=1, major=0, minor=0, size_field=None, checksum=None):
    block = bytearray(512)
    block[0:len(name[:100])] = name[:100]
    block[100:108] = octal(mode, 8)
    block[108:116] = octal(uid, 8)
    block[116:124] = octal(gid, 8)
    block[124:136] = size_field if size_field is not None else octal(size, 12)
    block[136:148] = octal(mtime, 12)
    block[156:157] = kind
    block[157:157 + len(link[:100])] = link[:100]
    block[257:265] = b"ustar\00000"
    block[329:337] = octal(major, 8)
    block[337:345] = octal(minor, 8)
    block[148:156] = b" " * 8
    total = sum(block) if checksum is None else checksum
    block[148:156] = b"%06o\0 " % total
    return bytes(block)


def padded(data):
    return data + bytes(-len(data) % 512)


def record(key, value):
    body = b" " + key + b"=" + value + b"\n"
    size = len(body) + 1
    while len(str(size)) + len(body) != size:
        size = len(str(size)) + len(body)
    return b"%d" % size + body


def pax(records, kind=b"x"):
    data = b"".join(record(k, v) for k, v in records)
    return header(b"pax", kind, len(data)) + padded(data)


def entry(name, data=b"", kind=b"0", **more):
    long = b""
    if len(name) > 100:
        long += header(b"././@LongLink", b"L", len(name) + 1) + padded(name + b"\0")
    return long + header(name, kind, len(data), **more) + padded(data)


def directory(name, **more):
    return entry(name, kind=b"5", mode=more.pop("mode", 0o755), **more)


END = bytes(1024)
KINDS = {}


def kind(f):
    KINDS[f.__name__.replace("_", "-")] = f
    return f


@kind
def good():
    return directory(b"etc/") + entry(b"etc/passwd", b"root:x:0:0::/:/bin/sh\n") + END


@kind
def dotdot():
    return entry(b"../evil", b"x") + END


@kind
def dotdot_inside():
    return directory(b"a/") + entry(b"a/../../evil", b"x") + END


@kind
def absolute():
    return entry(b"/abs/file", b"inside\n") + END


@kind
def symlink_parent():
    return entry(b"out", kind=b"2", link=b"/tmp") + entry(b"out/evil", b"x") + END


@kind
def symlink_parent_relative():
    return directory(b"a/") + entry(b"a/up", kind=b"2", link=b"..") + entry(b"a/up/evil", b"x") + END


@kind
def symlink_swapped():
    """A directory that was fine becomes a link before the second file."""
    return directory(b"d/") + entry(b"d/one", b"1") + entry(b"d", kind=b"2", link=b"/tmp") + entry(b"d/evil", b"x") + END


@kind
def hardlink_outside():
    return entry(b"h", kind=b"1", link=b"../../../../../../etc/passwd") + END


@kind
def hardlink_absolute():
    return entry(b"h", kind=b"1", link=b"/etc/passwd") + END


@kind
def hardlink_through_symlink():
    return entry(b"s", kind=b"2", link=b"/etc") + entry(b"h", kind=b"1", link=b"s/passwd") + END


@kind
def hardlink_to_directory():
    return directory(b"d/") + entry(b"h", kind=b"1", link=b"d") + END


@kind
def hardlink_to_itself():
    return entry(b"h", b"x") + entry(b"h", kind=b"1", link=b"h") + END


@kind
def hardlink_parent():
    """A file, a second name for it, and an entry beneath that."""
    return entry(b"f", b"x") + entry(b"h", kind=b"1", link=b"f") + entry(b"h/evil", b"x") + END


@kind
def write_through_symlink():
    """A file entry of the name of a symlink replaces the link and does not write through it."""
    return entry(b"l", kind=b"2", link=b"/tmp/dolium-nasty-target") + entry(b"l", b"plain\n") + END


@kind
def write_through_hardlink():
    """An entry of a name that is a hard link must not change the other name."""
    return entry(b"a", b"one\n") + entry(b"b", kind=b"1", link=b"a") + entry(b"b", b"two\n") + END


@kind
def file_over_directory():
    return directory(b"d/") + directory(b"d/e/") + entry(b"d/e/f", b"x") + entry(b"d", b"file\n") + END


@kind
def directory_over_file():
    return entry(b"d", b"file\n") + directory(b"d/") + entry(b"d/f", b"x\n") + END


@kind
def missing_parents():
    return entry(b"a/b/c/file", b"x\n", uid=5) + END


@kind
def device():
    return entry(b"disk", kind=b"4", major=8, minor=0, mode=0o666) + END


@kind
def whiteout_device():
    return entry(b"gone", kind=b"3", major=0, minor=0) + END


@kind
def whiteout_outside():
    return entry(b".wh...") + END


@kind
def whiteout_parent():
    return directory(b"d/") + entry(b"d/.wh.../x") + END


@kind
def whiteout_empty():
    return entry(b".wh.") + END


@kind
def whiteouts():
    return (directory(b"d/") + entry(b"d/.wh.gone") + directory(b"o/") + entry(b"o/.wh..wh..opq") + entry(b"o/kept", b"k") +
            entry(b".wh..wh.plnk/1.2") + directory(b"both/") + entry(b"both/new", b"n") + entry(b".wh.both") + END)


@kind
def hardlink_to_whiteout():
    return entry(b".wh.gone") + entry(b"h", kind=b"1", link=b"gone") + END


@kind
def overlay_xattr():
    return pax([(b"SCHILY.xattr.trusted.overlay.redirect", b"/etc")]) + directory(b"d/") + END


@kind
def user_overlay_xattr():
    return pax([(b"SCHILY.xattr.user.overlay.opaque", b"y")]) + directory(b"d/") + END


@kind
def xattr_flood():
    return pax([(b"SCHILY.xattr.user.n%d" % i, b"v") for i in range(300)]) + entry(b"f", b"x") + END


@kind
def xattr_huge():
    return pax([(b"SCHILY.xattr.user.big", b"v" * 70000)]) + entry(b"f", b"x") + END


@kind
def meta_huge():
    data = record(b"comment", b"c" * (2 << 20))
    return header(b"pax", b"x", len(data)) + padded(data) + entry(b"f", b"x") + END


@kind
def name_4096():
    return entry(b"/".join([b"n" * 200] * 21)[:4096], b"x") + END


@kind
def name_4095():
    """As long as a path can be, and fine."""
    return entry(b"/".join([b"n" * 200] * 21)[:4090] + b"/last", b"x")[:] + END


@kind
def part_256():
    return entry(b"d/" + b"n" * 256, b"x") + END


@kind
def part_255():
    return entry(b"n" * 255, b"x") + END


@kind
def nul_in_name():
    return pax([(b"path", b"good\0/../evil")]) + entry(b"f", b"x") + END


@kind
def control_in_name():
    return pax([(b"path", b"\x1b[31mred/../../evil")]) + entry(b"f", b"x") + END


@kind
def negative_size():
    return header(b"f", size_field=b"\xff" * 12) + END


@kind
def huge_size():
    return header(b"f", size_field=b"\x80" + bytes(3) + struct.pack(">Q", 1 << 62)) + END


@kind
def size_beyond_the_end():
    return header(b"f", size=100000) + b"x" * 1000


@kind
def pax_size_lies():
    return pax([(b"size", b"99999999")]) + entry(b"f", b"x" * 512) + END


@kind
def bad_checksum():
    return header(b"f", checksum=1) + END


@kind
def garbage():
    return random.Random(1).randbytes(10240)


@kind
def cut_header():
    return good()[:700]


@kind
def cut_data():
    return entry(b"f", b"x" * 100000)[:5000]


@kind
def unknown_type():
    return entry(b"f", b"x", kind=b"Z") + END


@kind
def behind_zeros():
    return entry(b"f", b"x") + bytes(512) + entry(b"g", b"x") + END


@kind
def pax_length_lies():
    data = b"999999 path=x\n"
    return header(b"pax", b"x", len(data)) + padded(data) + entry(b"f", b"x") + END


@kind
def sparse_map_lies():
    return pax([(b"GNU.sparse.map", b"0,512,256,512"), (b"GNU.sparse.size", b"100000")]) + entry(b"f", b"x" * 1024) + END


@kind
def sparse_bomb():
    """8 EiB of holes."""
    return pax([(b"GNU.sparse.map", b"0,512"), (b"GNU.sparse.size", b"9223372036854775807")]) + entry(b"f", b"x" * 512) + END


@kind
def sparse_good():
    body = padded(b"2\n4096\n3\n100000\n4\n") + padded(b"onetwo!")
    return (pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"sparse"),
                 (b"GNU.sparse.realsize", b"200000")]) + header(b"GNUSparseFile.0/sparse", size=512 + 7) + body + END)


@kind
def root_is_a_file():
    return entry(b".", b"x") + END


@kind
def owner_is_minus_one():
    return pax([(b"uid", b"4294967295")]) + entry(b"f", b"x") + END


@kind
def gzip_bomb():
    """300 MB of zeros in a file, in 0.3 MB."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9, mtime=0) as z:
        z.write(header(b"zeros", size=300 << 20))
        for _ in range(300):
            z.write(bytes(1 << 20))
        z.write(END)
    return out.getvalue()


@kind
def gzip_trailing():
    return gzip.compress(good(), mtime=0) + b"and then some"


@kind
def gzip_bad_sum():
    data = bytearray(gzip.compress(good(), mtime=0))
    data[-5] ^= 1
    return bytes(data)


def million():
    """10^6 entries, streamed: directories and files in turn replacing each other."""
    for i in range(1000000):
        yield header(b"d%d/" % (i // 2 % 1000), b"5", mode=0o755) if i % 2 else header(b"d%d" % (i // 2 % 1000))
    yield END


def deep():
    """A directory within a directory, two thousand times."""
    name = b""
    for _ in range(2000):
        name += b"d/"
        yield directory(name)
    yield END


@kind
def everything():
    """What a layer may have, for the comparison with GNU tar."""
    rng = random.Random(7)
    out = directory(b"./", mtime=1000000000)
    out += directory(b"usr/", mtime=1234567890) + directory(b"usr/bin/", uid=0, gid=0, mtime=12345)
    out += directory(b"tmp/", mode=0o1777) + directory(b"shared/", mode=0o2775, gid=50)
    out += entry(b"usr/bin/suid", b"#!", mode=0o4755) + entry(b"usr/bin/sgid", b"#!", mode=0o2755, uid=3, gid=8)
    out += pax([(b"mtime", b"1500000000.123456789")]) + entry(b"usr/bin/precise", b"ns")
    out += pax([(b"mtime", b"-1000.5")]) + entry(b"before-1970", b"old")
    out += entry(b"big", rng.randbytes(3000000), uid=1000, gid=1000)
    out += entry(b"link-a", b"linked") + entry(b"link-b", kind=b"1", link=b"link-a") + entry(b"link-c", kind=b"1", link=b"./link-b")
    out += entry(b"sym", kind=b"2", link=b"usr/bin/suid", uid=7, gid=9) + entry(b"dangling", kind=b"2", link=b"../../nowhere")
    out += entry(b"sym-hard", kind=b"1", link=b"sym")
    out += entry(b"pipe", kind=b"6", mode=0o600, uid=2) + entry(b"null", kind=b"3", major=1, minor=3, mode=0o666)
    out += entry(b"disk", kind=b"4", major=8, minor=1, mode=0o660, gid=6)
    cap = struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0)
    out += pax([(b"SCHILY.xattr.security.capability", cap), (b"SCHILY.xattr.user.note", b"a=b\nc")]) + entry(b"usr/bin/cap", b"!!", mode=0o755, uid=0)
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", t, p, i) for t, p, i in
                                         [(1, 6, 0xffffffff), (2, 4, 1000), (4, 4, 0xffffffff), (0x10, 4, 0xffffffff), (0x20, 0, 0xffffffff)])
    out += pax([(b"SCHILY.xattr.system.posix_acl_access", acl)]) + entry(b"acl", b"listed", mode=0o640)
    out += pax([(b"SCHILY.xattr.user.dir", b"on a directory"), (b"mtime", b"99.000000001")]) + directory(b"marked/")
    out += pax([(b"SCHILY.xattr.trusted.mine", b"\0\1\2")]) + entry(b"marked/trusted", b"t")
    out += entry(b"n" * 255, b"long") + entry(b"/".join([b"deep%d" % i for i in range(40)]) + b"/file", b"deep")
    out += entry("ünïcödé \t\n name".encode(), b"odd") + entry(b"empty")
    out += directory(b"usr/", mode=0o700, mtime=777) + entry(b"usr/bin/suid", b"replaced", mode=0o755)
    out += pax([(b"uid", b"3000000000"), (b"gid", b"4000000000")]) + entry(b"far-owner", b"x")
    # As GNU tar writes it: parts of whole blocks, the last of no bytes at the end.
    body = padded(b"3\n4096\n512\n102400\n512\n200000\n0\n") + rng.randbytes(1024)
    out += (pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"sparse"),
                 (b"GNU.sparse.realsize", b"200000")]) + header(b"GNUSparseFile.0/sparse", size=512 + 1024) + body)
    return out + END


STREAMS = {"million": million, "deep": deep}


def main():
    if len(sys.argv) < 2:
        print("\n".join(list(KINDS) + list(STREAMS)))
    elif sys.argv[1] in STREAMS:
        for part in STREAMS[sys.argv[1]]():
            sys.stdout.buffer.write(part)
    else:
        sys.stdout.buffer.write(KINDS[sys.argv[1]]())


main()
