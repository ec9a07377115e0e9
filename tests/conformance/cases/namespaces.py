"""linux.namespaces and what goes with each."""
import subprocess

from cases.mounts import tmpfs
from harness import *

KINDS = {"pid": "pid", "network": "net", "mount": "mnt", "ipc": "ipc", "uts": "uts", "user": "user", "cgroup": "cgroup",
         "time": "time"}


def host(kind):
    return os.readlink("/proc/self/ns/" + kind)


def new_of(kind, box):
    return USER_NAMESPACE if kind == "user" else {"linux.namespaces+": [{"type": kind}]}


# The base has pid network ipc uts mount.
for kind, short in KINDS.items():
    if kind in ("pid", "network", "ipc", "uts"):
        # With the host's network, devpts and the rest still work.
        case(f"namespace-{kind}-new", f"Linux namespaces: {kind} without a path is a new one", base={"linux.namespaces-": kind,
             **({"hostname": GONE} if kind == "uts" else {})},
             change={"linux.namespaces+": [{"type": kind}]},
             see={f"ns {short}": lambda v, b, s=short: v is not None and v != host(s)})
        case(f"namespace-{kind}-inherited", f"Linux namespaces: {kind} that is not listed is the run-time's",
             base={"hostname": GONE} if kind == "uts" else {}, change={"linux.namespaces-": kind},
             see={f"ns {short}": lambda v, b, s=short: v == host(s)})
    elif kind == "mount":
        case("namespace-mount-new", "Linux namespaces: mount without a path is a new one",
             see={"ns mnt": lambda v, b: v is not None and v != host("mnt")},
             mutant='sed:run:s/"mnt"/"none"/')
    else:
        case(f"namespace-{kind}-new", f"Linux namespaces: {kind} without a path is a new one",
             change=USER_NAMESPACE if kind == "user" else {"linux.namespaces+": [{"type": kind}]},
             see={f"ns {short}": lambda v, b, s=short: v is not None and v != host(s)})
        case(f"namespace-{kind}-inherited", f"Linux namespaces: {kind} that is not listed is the run-time's",
             base=USER_NAMESPACE if kind == "user" else {"linux.namespaces+": [{"type": kind}]},
             change={"linux.namespaces-": kind, **({"linux.uidMappings": GONE, "linux.gidMappings": GONE} if kind == "user" else {})},
             see={f"ns {short}": lambda v, b, s=short: v == host(s)})


def holder(box, *flags):
    """A process in namespaces of its own, that ends with the box."""
    process = subprocess.Popen(["unshare", *flags, "sh", "-c", "echo; exec sleep 100"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    process.stdout.readline()

    def end():
        process.kill()
        process.wait()
        process.stdout.close()
    box.at_end.append(end)
    return process.pid


def join(kind, short, flag):
    def setup(box):
        pid = holder(box, flag)
        path = f"/proc/{pid}/ns/{short}"
        if kind == "pid":
            path = f"/proc/{pid}/ns/pid_for_children"
        box.joined = os.readlink(path)
        if box.mutant != "drop":
            box.apply({"linux.namespaces-": kind, "linux.namespaces+": [{"type": kind, "path": path}]})
    return setup


for kind, flag in {"network": "-n", "ipc": "-i", "uts": "-u", "cgroup": "-C"}.items():
    short = KINDS[kind]
    case(f"namespace-{kind}-path", f"Linux namespaces: {kind} with a path is joined", setup=join(kind, short, flag),
         base={"hostname": GONE}, change={"annotations": {}}, see={f"ns {short}": lambda v, b: v == b.joined})


@flow("namespace-time-path", "Linux namespaces: time with a path is joined", change={})
def time_path(box):
    pid = holder(box, "-T")
    path = f"/proc/{pid}/ns/time_for_children"
    if box.mutant != "drop":
        box.apply({"linux.namespaces+": [{"type": "time", "path": path}]})
    box.actions(["report", "ns"])
    r = box.run()
    equal(r.status, 0, r.err)
    equal(r.said[0]["report"]["ns"]["time"], os.readlink(path), "the time namespace")


def of_container(kind, short):
    """A second container in the namespace of a first one."""
    def test(box):
        box.apply({"hostname": GONE})
        box.up()
        pid = box.state()["pid"]
        path = f"/proc/{pid}/ns/{short}"
        want = os.readlink(path)
        if box.mutant != "drop":
            box.apply({"linux.namespaces-": kind, "linux.namespaces+": [{"type": kind, "path": path}]})
        box.apply({"linux.cgroupsPath": box.cgroup + "/second"})
        box.actions(["report", "ns"])
        box.write_config()
        r = box.call("run", "-b", box.bundle, box.id + "b")
        equal(r.status, 0, r.err)
        equal(r.said[0]["report"]["ns"][short], want, f"the {kind} namespace")
        box.good("kill", box.id, "KILL")
    flow(f"namespace-{kind}-of-a-container", f"Linux namespaces: the {kind} namespace of another container is joined", change={})(test)


for kind in ("pid", "network", "ipc", "uts"):
    of_container(kind, KINDS[kind])

for kind in ("pid", "network", "mount", "ipc", "uts"):
    case(f"namespace-{kind}-twice", f"Linux namespaces: {kind} twice is an error",
         change={"linux.namespaces+": [{"type": kind}]}, refuses=True)
case("namespace-unknown", "Linux namespaces: a type that is none is an error", change={"linux.namespaces+": [{"type": "space"}]},
     refuses=True)
case("namespace-path-missing", "Linux namespaces: a path that is not there is an error",
     change={"linux.namespaces-": "network", "linux.namespaces+": [{"type": "network", "path": "/nowhere"}]}, refuses=True)
case("namespace-path-wrong-kind", "Linux namespaces: a path of another kind is an error",
     change={"linux.namespaces-": "network", "linux.namespaces+": [{"type": "network", "path": "/proc/self/ns/ipc"}]}, refuses=True)
case("namespace-path-file", "Linux namespaces: a path that is no namespace is an error",
     change={"linux.namespaces-": "network", "linux.namespaces+": [{"type": "network", "path": "/etc/passwd"}]}, refuses=True)
case("namespace-path-relative", "Linux namespaces: a path is absolute",
     change={"linux.namespaces-": "network", "linux.namespaces+": [{"type": "network", "path": "net"}]}, refuses=True)

# ---- uts

case("hostname", "Hostname: hostname is the container's", change={"hostname": "conform"}, see={"hostname": "conform"})
case("hostname-long", "Hostname: 64 bytes are enough, more are an error", change={"hostname": "h" * 65}, refuses=True)
case("hostname-without-uts", "Hostname: without an own uts namespace hostname is an error, and the host keeps its own",
     change={"linux.namespaces-": "uts"}, refuses=True,
     after=lambda b, r: equal(os.uname().nodename == "box", False, "the host's name is the container's"))
case("domainname", "Domainname: domainname is the container's", change={"domainname": "conform.example"},
     see={"domainname": "conform.example"})
case("domainname-without-uts", "Domainname: without an own uts namespace domainname is an error", base={"hostname": GONE},
     change={"linux.namespaces-": "uts", "domainname": "x"}, refuses=True)

# ---- network

case("network-loopback", "Linux namespaces: in a new network namespace the loopback is up", see={"net": that(
    "lo, and up", lambda v: list(v) == ["lo"] and v["lo"] & 1)}, mutant='sed:run:s/"lo":[0-9]*/"lo":8/')

# ---- user

case("userns-uid-map", "Linux: uidMappings", change={
    "linux.namespaces+": [{"type": "user"}], "linux.gidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
    "linux.uidMappings": [{"containerID": 0, "hostID": 100000, "size": 1000}, {"containerID": 5000, "hostID": 200000, "size": 7}]},
     see={"uid_map": that("both lines", lambda v: v and [l.split() for l in v.splitlines()] == [["0", "100000", "1000"], ["5000", "200000", "7"]])})
case("userns-gid-map", "Linux: gidMappings", change={
    "linux.namespaces+": [{"type": "user"}], "linux.uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
    "linux.gidMappings": [{"containerID": 0, "hostID": 100000, "size": 1000}, {"containerID": 5000, "hostID": 200000, "size": 7}]},
     see={"gid_map": that("both lines", lambda v: v and [l.split() for l in v.splitlines()] == [["0", "100000", "1000"], ["5000", "200000", "7"]])})
case("userns-root", "Linux: root in a user namespace is the mapped user outside", change=USER_NAMESPACE,
     see={"uids": [0] * 3}, tries=[(["write", "/file", "x"], "ok")],
     after=lambda b, r: equal(os.stat(b.rootfs + "/file").st_uid, 100000, "the owner on the host"))
case("userns-user", "Linux: a user in a user namespace", base=USER_NAMESPACE, change={"process.user": {"uid": 1000, "gid": 1001}},
     see={"uids": [1000] * 3, "gids": [1001] * 3})
case("userns-unmapped-user", "Linux: a user that has no mapping is an error", base=USER_NAMESPACE,
     change={"process.user": {"uid": 70000, "gid": 0}}, refuses=True)
case("userns-groups", "Linux: supplementary groups in a user namespace", base=USER_NAMESPACE,
     change={"process.user.additionalGids": [44]}, see={"groups": has(44)})
case("userns-mappings-overlap", "Linux: mappings that overlap are an error", change={
    **USER_NAMESPACE, "linux.uidMappings": [{"containerID": 0, "hostID": 100000, "size": 10}, {"containerID": 5, "hostID": 200000, "size": 10}]},
     refuses=True)
case("userns-devices", "Linux: the default devices work in a user namespace", change=USER_NAMESPACE,
     tries=[(["write", "/dev/null", "x"], "ok"), (["open", "/dev/zero"], "ok"), (["open", "/dev/urandom"], "ok")],
     see={"ns user": lambda v, b: v != host("user")})
case("userns-hostname", "Linux: a host name in a user namespace", base=USER_NAMESPACE, change={"hostname": "inner"}, see={"hostname": "inner"})
case("userns-rlimit", "Linux: limits in a user namespace", base=USER_NAMESPACE,
     change={"process.rlimits": [{"type": "RLIMIT_NOFILE", "soft": 50, "hard": 60}]}, see={"rlimits NOFILE": [50, 60]})
case("userns-capabilities", "Linux: capabilities in a user namespace hold there", base={**USER_NAMESPACE, "process.capabilities": ROOT_CAPABILITIES},
     change={"process.capabilities": {k: ["CAP_SYS_ADMIN"] for k in ("bounding", "effective", "permitted")}},
     see={"caps effective": ["CAP_SYS_ADMIN"]}, tries=[(["sethostname", "x"], "ok")])
case("userns-bind-keeps-locked", "Mounts: a bind in a user namespace keeps what is locked: nosuid, nodev, noexec",
     setup=lambda b: tmpfs(b, "source", flags=2 | 4 | 8),
     base=USER_NAMESPACE, change={"mounts+": [{"destination": "/m", "type": "bind", "source": "{dir}/source", "options": ["bind", "ro"]}]},
     see={"mounts /m options": has("ro", "nosuid", "nodev", "noexec")})

# ---- time

case("time-offsets-monotonic", "Linux: timeOffsets.monotonic", base={"linux.namespaces+": [{"type": "time"}]},
     change={"linux.timeOffsets": {"monotonic": {"secs": 7200}}},
     see={"monotonic": lambda v, b: abs(v - 7200 - time.clock_gettime(time.CLOCK_MONOTONIC)) < 30})
case("time-offsets-boottime", "Linux: timeOffsets.boottime, with nanoseconds", base={"linux.namespaces+": [{"type": "time"}]},
     change={"linux.timeOffsets": {"boottime": {"secs": 100000, "nanosecs": 5}}},
     see={"boottime": lambda v, b: abs(v - 100000 - time.clock_gettime(time.CLOCK_BOOTTIME)) < 30,
          "timens_offsets": matches(r"boottime +100000 +5")})
case("time-offsets-without-namespace", "Linux: timeOffsets without a new time namespace are an error",
     change={"linux.timeOffsets": {"monotonic": {"secs": 7200}}}, refuses=True)
