"""linux.devices, the default devices, and the device rules of the cgroup."""
import stat

from harness import *

# ---- what is always there

for name, major, minor in (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)):
    case(f"device-default-{name}", f"Default devices: /dev/{name} is there, for all", mutant=f'sed:run:s/"major":{major}/"major":77/',
         tries=[(["stat", "/dev/" + name], {"type": "c", "mode": 0o666, "major": major, "minor": minor, "uid": 0, "gid": 0})])
for name, target in (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"),
                     ("stderr", "/proc/self/fd/2")):
    case(f"device-link-{name}", f"Dev symbolic links: /dev/{name} leads to {target}", mutant='sed:run:s/"target"/"other"/',
         tries=[(["stat", "/dev/" + name], {"type": "l", "target": target})])
case("device-ptmx", "Default devices: /dev/ptmx leads to the container's own devpts", mutant='sed:run:s/"target"/"other"/',
     tries=[(["stat", "/dev/ptmx"], {"type": "l", "target": matches("^(/dev/)?pts/ptmx$")}), (["open", "/dev/ptmx", "rw"], "ok")])
case("device-null-works", "Default devices: null, zero and full work under a rule that denies all", mutant="sed:run:s/ENOSPC/ok/",
     tries=[(["write", "/dev/null", "x"], "ok"), (["write", "/dev/zero", "x"], "ok"), (["write", "/dev/full", "x"], "ENOSPC"),
            (["open", "/dev/random"], "ok"), (["open", "/dev/urandom"], "ok")])
case("device-no-console", "Default devices: without a terminal /dev/console is no terminal of the host's",
     tries=[(["open", "/dev/console", "rw"], {"errno": other("ok")})],
     mutant='sed:run:s/"errno":"ENOENT"/"errno":"ok"/')
case("device-none-of-the-hosts", "Default devices: no other device is in /dev", tries=[(["list", "/dev"], {"names": that(
    "the default ones", lambda v: set(v) <= {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "fd", "stdin", "stdout",
                                             "stderr", "core", "console", "shm", "mqueue"})})], mutant='sed:run:s/"urandom"/"urandom","sda"/')

# ---- linux.devices


def device(**parts):
    return {"linux.devices": [{"path": "/dev/made", "type": "c", "major": 10, "minor": 229, "fileMode": 0o640, **parts}]}


case("device-char", "Devices: a character device", change=device(), tries=[(["stat", "/dev/made"], {"type": "c", "major": 10, "minor": 229})])
case("device-unbuffered", "Devices: type u is a character device", change=device(type="u"),
     tries=[(["stat", "/dev/made"], {"type": "c", "major": 10, "minor": 229})])
case("device-block", "Devices: a block device", change=device(type="b", major=7, minor=5),
     tries=[(["stat", "/dev/made"], {"type": "b", "major": 7, "minor": 5})])
case("device-fifo", "Devices: a pipe, without numbers", change={"linux.devices": [{"path": "/dev/made", "type": "p", "fileMode": 0o600}]},
     tries=[(["stat", "/dev/made"], {"type": "p", "mode": 0o600})])
for mode in (0o600, 0o666, 0o777, 0o711):
    case(f"device-mode-{mode:o}", f"Devices: fileMode {mode:o}, whatever the umask", change=device(fileMode=mode),
         tries=[(["stat", "/dev/made"], {"mode": mode})])
case("device-mode-absent", "Devices: without fileMode the device is for all, as runc has it",
     change={"linux.devices": [{"path": "/dev/made", "type": "c", "major": 10, "minor": 229}]},
     tries=[(["stat", "/dev/made"], {"type": "c", "mode": among(0o666, 0o600, 0o644)})])
case("device-owner", "Devices: uid and gid own it", change=device(uid=5, gid=6), tries=[(["stat", "/dev/made"], {"uid": 5, "gid": 6})])
case("device-owner-absent", "Devices: root owns it when nobody is named", base=device(uid=5, gid=6), change=device(),
     tries=[(["stat", "/dev/made"], {"uid": 0, "gid": 0})])
case("device-directory-made", "Devices: the directory of a device is made", change=device(path="/dev/deep/er/made"),
     tries=[(["stat", "/dev/deep/er/made"], {"type": "c"})])
case("device-outside-dev", "Devices: a device may be outside of /dev", change=device(path="/srv/made"),
     tries=[(["stat", "/srv/made"], {"type": "c", "major": 10})])
case("device-large-numbers", "Devices: numbers above 255", change=device(major=300, minor=70000),
     tries=[(["stat", "/dev/made"], {"major": 300, "minor": 70000})])
case("device-default-again", "Devices: a default device may be listed as well", base={"linux.resources.devices": [{"allow": True, "access": "rwm"}]}, change=device(path="/dev/null", major=1, minor=3, fileMode=0o600), tries=[(["stat", "/dev/null"], {"major": 1, "minor": 3, "mode": 0o600})])
case("device-unknown-type", "Devices: a type that is none is an error", change=device(type="x"), refuses=True)
case("device-occupied", "Devices: a file at the path that is not that device is an error",
     setup=lambda b: b.make("bundle/rootfs/srv/made", "x"), change=device(path="/srv/made"), refuses=True)
case("device-there-already", "Devices: that device at the path already is no error",
     setup=lambda b: (b.make("bundle/rootfs/srv"), os.mknod(b.rootfs + "/srv/made", stat.S_IFCHR | 0o640, os.makedev(10, 229))),
     base=device(), change=device(path="/srv/made"), tries=[(["stat", "/srv/made"], {"type": "c", "minor": 229}),
                                                            (["stat", "/dev/made"], "ENOENT")])
case("device-dev-symlink", "Security: a /dev that is a link out of the root gets no devices on the host (CVE-2026-41579)",
     setup=lambda b: (b.make("target"), os.symlink(b.dir + "/target", b.rootfs + "/dev")), base={"mounts": BASE["mounts"][:1]},
     exit=among(0, 1), mutant="after:run:touch target/null",
     after=lambda b, r: equal(os.listdir(b.dir + "/target"), [], "the host's directory"))
case("device-userns", "Devices: in a user namespace the host's device is bound", base=USER_NAMESPACE,
     change={"linux.devices": [{"path": "/dev/net/tun", "type": "c", "major": 10, "minor": 200}]},
     needs=["file:/dev/net/tun"], tries=[(["stat", "/dev/net/tun"], {"type": "c", "major": 10, "minor": 200})])

# ---- rules

DENIED = {"errno": "EPERM"}
ALLOWED = {"errno": other("EPERM")}
FUSE = device(fileMode=0o666)
DENY_ALL = {"allow": False, "access": "rwm"}


def rules(*list_):
    return {"linux.resources.devices": [DENY_ALL, *list_]}


def allow(access="rw", **parts):
    return {"allow": True, "type": "c", "major": 10, "minor": 229, "access": access, **parts}


OPEN_R, OPEN_W, OPEN_RW = (["open", "/dev/made", how] for how in ("r", "w", "rw"))
case("device-rule-denied", "Device rules: what no rule allows is denied", base=FUSE, mutant="sed:run:s/EPERM/ok/",
     tries=[(OPEN_R, DENIED), (OPEN_W, DENIED)])
case("device-rule-allowed", "Device rules: allow", base=FUSE, change=rules(allow()), tries=[(OPEN_R, ALLOWED), (OPEN_RW, ALLOWED)])
case("device-rule-read", "Device rules: access r allows to read only", base=FUSE, change=rules(allow("r")),
     tries=[(OPEN_R, ALLOWED), (OPEN_W, DENIED), (OPEN_RW, DENIED)])
case("device-rule-write", "Device rules: access w allows to write only", base=FUSE, change=rules(allow("w")),
     tries=[(OPEN_R, DENIED), (OPEN_W, ALLOWED), (OPEN_RW, DENIED)])
case("device-rule-any-minor", "Device rules: no minor is every minor", base=FUSE,
     change=rules({"allow": True, "type": "c", "major": 10, "access": "rw"}), tries=[(OPEN_RW, ALLOWED)])
case("device-rule-any-major", "Device rules: no major is every major", base=FUSE,
     change=rules({"allow": True, "type": "c", "access": "rw"}), tries=[(OPEN_RW, ALLOWED)])
case("device-rule-wildcard", "Device rules: -1 is every number", base=FUSE,
     change=rules({"allow": True, "type": "c", "major": -1, "minor": -1, "access": "rw"}), tries=[(OPEN_RW, ALLOWED)])
case("device-rule-other-minor", "Device rules: another minor stays denied", base={**FUSE, **rules(allow())},
     change=rules(allow(minor=230)), tries=[(OPEN_R, DENIED)])
case("device-rule-other-type", "Device rules: another type stays denied", base={**FUSE, **rules(allow())},
     change=rules(allow(type="b")), tries=[(OPEN_R, DENIED)])
case("device-rule-type-all", "Device rules: type a is every type", base=FUSE, change=rules({"allow": True, "type": "a", "access": "rwm"}),
     tries=[(OPEN_RW, ALLOWED)])
case("device-rule-order", "Device rules: a later rule changes an earlier one", base={**FUSE, **rules(allow())},
     change=rules(allow(), {"allow": False, "type": "c", "major": 10, "minor": 229, "access": "w"}),
     tries=[(OPEN_R, ALLOWED), (OPEN_W, DENIED)])
case("device-rule-allow-all", "Device rules: allow all", base=FUSE, change={"linux.resources.devices": [{"allow": True, "access": "rwm"}]},
     tries=[(OPEN_RW, ALLOWED)])
case("device-rule-none", "Device rules: without rules the devices of the list of the specification work", base=rules(),
     change={"linux.resources": GONE}, tries=[(["open", "/dev/null", "rw"], "ok"), (["open", "/dev/zero"], "ok")],
     mutant="sed:run:s/ok/EPERM/")
case("device-rule-mknod", "Device rules: access m allows to make it", base={"process.capabilities": ROOT_CAPABILITIES,
     "linux.resources.devices": [DENY_ALL]}, change=rules(allow("rwm")),
     tries=[(["mknod", "/dev/new", "c", "10", "229"], "ok"), (["open", "/dev/new"], ALLOWED)])
case("device-rule-bad-access", "Device rules: an access that is none is an error", change=rules(allow("xyz")), refuses=True)
case("device-rule-bad-type", "Device rules: a type that is none is an error", change=rules(allow(type="z")), refuses=True)
