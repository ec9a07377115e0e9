"""process: what the program is given."""
import ctypes, platform

from harness import *


def tool(box):
    box.make("bundle/rootfs/opt")
    os.link(box.suite.probe, box.rootfs + "/opt/tool")


# ---- args, env, cwd

REPORT_ARGS = {"process.args": ["/probe", "report", "args"]}
case("process-args", "Process: args are the program's argv, the first its name", base=REPORT_ARGS, change={
    "process.args": ["/probe", "report", "args", "a b", "", "\\", "$HOME"]},
    see={"args": ["/probe", "report", "args", "a b", "", "\\", "$HOME"]})
case("process-args-many", "Process: a thousand arguments arrive", base=REPORT_ARGS,
     change={"process.args": ["/probe", "report", "args"] + [str(n) for n in range(1000)]},
     see={"args": that("1003 of them", lambda v: len(v) == 1003 and v[-1] == "999")})
case("process-args-empty", "Process: args must have an entry", change={"process.args": []}, refuses=True)
case("process-path", "Process: a program without a slash is looked up in the PATH of process.env", setup=tool,
     base=REPORT_ARGS, change={"process.args": ["tool", "report", "args"], "process.env": ["PATH=/nowhere:/opt"]},
     see={"args": ["tool", "report", "args"]})
case("process-path-missing", "Process: a program that PATH does not lead to is an error with runc's words",
     change={"process.args": ["tool"]}, refuses=r"executable file .*not found")
case("process-missing", "Process: a program that is not there is an error",
     change={"process.args": ["/nowhere"]}, refuses=r"[Nn]o such file or directory")
case("process-not-executable", "Process: a program without the permission to execute is an error",
     setup=lambda b: b.make("bundle/rootfs/text", "hello", 0o644), change={"process.args": ["/text"]},
     refuses=r"[Pp]ermission denied")
case("process-directory", "Process: a directory is no program", change={"process.args": ["/proc"]},
     refuses=r"(?i)permission denied|is a directory")
case("process-symlink", "Process: a program may be a symbolic link, resolved inside the root", base=REPORT_ARGS,
     setup=lambda b: (tool(b), os.symlink("/opt/tool", b.rootfs + "/link")),
     change={"process.args": ["/link", "report", "args"]}, see={"args": ["/link", "report", "args"]})
case("process-absent", "Process: without process there is nothing to run", change={"process": GONE}, refuses=True)

case("process-env", "Process: env is the whole environment, in its order, and HOME the only word of the run-time's",
     change={"process.env": ["B=2", "A=1=1", "EMPTY="]},
     see={"env": that("B, A, EMPTY", lambda v: [e for e in v if not e.startswith("HOME=")] == ["B=2", "A=1=1", "EMPTY="])})
case("process-env-not-the-callers", "Process: nothing of the run-time's environment is in the program's",
     change={"process.env": ["ONLY=1"]}, see={"env": both(lacks("LC_ALL=C.UTF-8"), has("ONLY=1"), that(
         "no PATH", lambda v: not any(e.startswith("PATH=") for e in v)))})
case("process-env-home-kept", "Process: a HOME in env is not replaced", change={"process.env": ["HOME=/elsewhere"]},
     see={"env": ["HOME=/elsewhere"]})


def passwd(box):
    box.make("bundle/rootfs/etc/passwd", "root:x:0:0::/root:/bin/sh\nsomebody:x:1234:1234::/home/some:/bin/sh\n")


case("process-env-home", "Process: without HOME in env it is the user's, from the root's /etc/passwd", setup=passwd,
     change={"process.user": {"uid": 1234, "gid": 1234}}, see={"env": has("HOME=/home/some")})
case("process-cwd", "Process: cwd is the working directory", setup=lambda b: b.make("bundle/rootfs/srv/deep"),
     change={"process.cwd": "/srv/deep"}, see={"cwd": "/srv/deep"})
case("process-cwd-made", "Process: a cwd that is not there is made, as engines expect", change={"process.cwd": "/a/b"},
     see={"cwd": "/a/b"})
case("process-cwd-relative", "Process: cwd must be absolute", change={"process.cwd": "srv"}, refuses=True)
case("process-cwd-symlink", "Process: a cwd behind a symbolic link is inside the root",
     setup=lambda b: (b.make("bundle/rootfs/real"), os.symlink("/real", b.rootfs + "/link")),
     change={"process.cwd": "/link"}, see={"cwd": "/real"})
case("process-cwd-file", "Process: a cwd that is a file is an error", setup=lambda b: b.make("bundle/rootfs/f", "x"),
     change={"process.cwd": "/f"}, refuses=True)

# ---- user

case("user-uid", "POSIX user: uid is the user id of the program", change={"process.user.uid": 1234},
     see={"uids": [1234, 1234, 1234]})
case("user-gid", "POSIX user: gid is the group id of the program", change={"process.user.gid": 4321},
     see={"gids": [4321, 4321, 4321]})
case("user-large-ids", "POSIX user: ids have 32 bits", change={"process.user": {"uid": 4000000000, "gid": 4000000001}},
     see={"uids": [4000000000] * 3, "gids": [4000000001] * 3})
case("user-groups", "POSIX user: additionalGids are added", change={"process.user.additionalGids": [10, 20]},
     see={"groups": that("10 and 20 and no more", lambda v: set(v) - {0} == {10, 20})})
case("user-groups-of-the-caller", "POSIX user: without additionalGids there are none, whoever calls",
     change={"process.user": {"uid": 5, "gid": 6}}, see={"gids": [6] * 3, "groups": that("none but the gid", lambda v: set(v) <= {6})})
case("user-umask", "POSIX user: umask", change={"process.user.umask": 0o27}, see={"umask": 0o27})
case("user-umask-zero", "POSIX user: a umask of 0 is one", change={"process.user.umask": 0}, see={"umask": 0})
case("user-umask-default", "POSIX user: without umask it is 0022", base={"process.user.umask": 0o27},
     change={"process.user.umask": GONE}, see={"umask": 0o22})
case("user-negative", "POSIX user: an id is not negative", change={"process.user.uid": -1}, refuses=True)
case("user-text", "POSIX user: an id is a number", change={"process.user.uid": "root"}, refuses=True)
case("user-ignores-passwd", "POSIX user: a number is never looked up as a name (CVE-2016-3697)",
     setup=lambda b: b.make("bundle/rootfs/etc/passwd", "1234:x:0:0::/root:/bin/sh\n"),
     change={"process.user": {"uid": 1234, "gid": 7}}, see={"uids": [1234] * 3, "gids": [7] * 3})

# ---- capabilities

# Of root, exec makes the effective set anew from the permitted one, so that nobody can see it.
for kind in ("bounding", "permitted", "inheritable", "ambient"):
    sets = {k: [] for k in ("bounding", "permitted", "effective", "inheritable", "ambient")}
    needed = {"bounding": (), "permitted": ("bounding",),
              "inheritable": ("bounding", "permitted"), "ambient": ("bounding", "permitted", "inheritable")}[kind]
    for other_kind in needed:
        sets[other_kind] = ["CAP_CHOWN", "CAP_NET_RAW"]
    full = {**sets, kind: ["CAP_CHOWN", "CAP_NET_RAW"]}
    case(f"capabilities-{kind}", f"Linux process: capabilities.{kind} is that set", base={"process.capabilities": sets},
         change={"process.capabilities": full},
         see={f"caps {kind}": ["CAP_CHOWN", "CAP_NET_RAW"]})
    if kind != "bounding":
        case(f"capabilities-no-{kind}", f"Linux process: capabilities.{kind} is empty when it is not listed",
             base={"process.capabilities": full}, change={"process.capabilities": 
             {k: v for k, v in sets.items() if k != kind}}, see={f"caps {kind}": []})
case("capabilities-all", "Linux process: every capability has its name", base={"process.capabilities": {}},
     change={"process.capabilities": ROOT_CAPABILITIES}, see={"caps effective": ALL_CAPABILITIES,
                                                              "caps bounding": ALL_CAPABILITIES})
case("capabilities-unknown", "Linux process: a capability that nobody knows is warned of, no error",
     change={"process.capabilities": {k: ["CAP_CHOWN", "CAP_UNHEARD_OF"] for k in ("bounding", "permitted", "effective")}},
     see={"caps effective": ["CAP_CHOWN"]})
case("capabilities-user", "Linux process: a user who is not root keeps the effective set that is asked for",
     base={"process.user": {"uid": 9, "gid": 9}}, change={"process.capabilities": {
         k: ["CAP_NET_RAW"] for k in ("bounding", "permitted", "effective", "inheritable", "ambient")}},
     see={"caps effective": ["CAP_NET_RAW"], "caps ambient": ["CAP_NET_RAW"], "uids": [9] * 3})
case("capabilities-user-without-ambient", "Linux process: without ambient, exec takes the capabilities of a user who is not root",
     change={"process.user": {"uid": 9, "gid": 9}}, see={"caps effective": [], "caps permitted": [], "caps ambient": []})

# ---- noNewPrivileges, oomScoreAdj

case("no-new-privileges", "Process: noNewPrivileges sets no_new_privs", base={"process.noNewPrivileges": False},
     change={"process.noNewPrivileges": True}, see={"nnp": 1})
case("no-new-privileges-false", "Process: without noNewPrivileges no_new_privs is not set",
     change={"process.noNewPrivileges": False}, see={"nnp": 0})


def own_oom_score(suite=None):
    with open("/proc/self/oom_score_adj") as f:
        return int(f.read())


case("oom-score-adj", "Linux process: oomScoreAdj", change={"process.oomScoreAdj": 731}, see={"oom_score_adj": "731\n"})
case("oom-score-adj-absent", "Linux process: without oomScoreAdj the value is not changed",
     base={"process.oomScoreAdj": 731}, change={"process.oomScoreAdj": GONE}, see={"oom_score_adj": f"{own_oom_score()}\n"})
case("oom-score-adj-out-of-range", "Linux process: an oomScoreAdj above 1000 is an error",
     change={"process.oomScoreAdj": 1001}, refuses=True)

# ---- rlimits

RLIMITS = {"CPU": 1000, "FSIZE": 1 << 40, "DATA": 1 << 40, "STACK": 16 << 20, "CORE": 4096, "RSS": 1 << 40,
           "NPROC": 1000, "NOFILE": 500, "MEMLOCK": 4096, "AS": 1 << 40, "LOCKS": 100, "SIGPENDING": 300,
           "MSGQUEUE": 5000, "NICE": 10, "RTPRIO": 10, "RTTIME": 1000000}
for kind, hard in RLIMITS.items():
    case(f"rlimit-{kind.lower()}", f"POSIX process: the rlimit RLIMIT_{kind}, soft and hard",
         change={"process.rlimits": [{"type": "RLIMIT_" + kind, "soft": hard // 2, "hard": hard}]},
         see={f"rlimits {kind}": [hard // 2, hard]}, needs=["cap:SYS_RESOURCE"] if kind in ("NICE", "RTPRIO") else [])
case("rlimit-duplicate", "POSIX process: two entries of one type are an error", change={"process.rlimits": [
    {"type": "RLIMIT_NOFILE", "soft": 500, "hard": 500}, {"type": "RLIMIT_NOFILE", "soft": 400, "hard": 500}]}, refuses=True)
case("rlimit-unknown", "POSIX process: a type that the kernel has not is an error",
     change={"process.rlimits": [{"type": "RLIMIT_LUCK", "soft": 1, "hard": 1}]}, refuses=True)
case("rlimit-soft-above-hard", "POSIX process: a soft limit above the hard one is an error",
     change={"process.rlimits": [{"type": "RLIMIT_NOFILE", "soft": 501, "hard": 500}]}, refuses=True)
case("rlimit-absent", "POSIX process: a limit that is not listed stays as it was",
     base={"process.rlimits": [{"type": "RLIMIT_NOFILE", "soft": 77, "hard": 78}]},
     change={"process.rlimits": [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]},
     see={"rlimits NOFILE": other([77, 78]), "rlimits CORE": [0, 0]})

# ---- scheduler, I/O priority

POLICIES = {"OTHER": 0, "BATCH": 3, "IDLE": 5}
for name, number in POLICIES.items():
    case(f"scheduler-{name.lower()}", f"Linux process: scheduler.policy SCHED_{name}",
         base={"process.scheduler": {"policy": "SCHED_BATCH"}} if name == "OTHER" else {},
         change={"process.scheduler": {"policy": "SCHED_" + name}}, see={"scheduler policy": number})
for name, number in {"FIFO": 1, "RR": 2}.items():
    case(f"scheduler-{name.lower()}", f"Linux process: scheduler.policy SCHED_{name} with a priority", views=("v2",),
         base={"process.capabilities": ROOT_CAPABILITIES},
         change={"process.scheduler": {"policy": "SCHED_" + name, "priority": 7}},
         see={"scheduler policy": number, "scheduler priority": 7})
case("scheduler-deadline", "Linux process: scheduler.policy SCHED_DEADLINE with runtime, deadline and period", views=("v2",),
     base={"process.capabilities": ROOT_CAPABILITIES},
     change={"process.scheduler": {"policy": "SCHED_DEADLINE", "runtime": 1000000, "deadline": 5000000, "period": 10000000}},
     see={"scheduler policy": 6, "scheduler runtime": 1000000, "scheduler deadline": 5000000, "scheduler period": 10000000})
case("scheduler-nice", "Linux process: scheduler.nice", change={"process.scheduler": {"policy": "SCHED_OTHER", "nice": 7}},
     see={"scheduler nice": 7})
case("scheduler-flags", "Linux process: scheduler.flags", base={"process.scheduler": {"policy": "SCHED_BATCH"}},
     change={"process.scheduler": {"policy": "SCHED_BATCH", "flags": ["SCHED_FLAG_RESET_ON_FORK"]}},
     see={"scheduler flags": 1})
case("scheduler-unknown-policy", "Linux process: a policy that is none is an error",
     change={"process.scheduler": {"policy": "SCHED_FAST"}}, refuses=True)
case("scheduler-unknown-flag", "Linux process: a scheduler flag that is none is an error",
     change={"process.scheduler": {"policy": "SCHED_BATCH", "flags": ["SCHED_FLAG_FAST"]}}, refuses=True)
for name, number in {"RT": 1, "BE": 2, "IDLE": 3}.items():
    case(f"ioprio-{name.lower()}", f"Linux process: ioPriority.class IOPRIO_CLASS_{name}",
         base={"process.capabilities": ROOT_CAPABILITIES},
         change={"process.ioPriority": {"class": "IOPRIO_CLASS_" + name, "priority": 3}}, see={"ioprio": [number, 3]})
case("ioprio-unknown-class", "Linux process: an I/O class that is none is an error",
     change={"process.ioPriority": {"class": "IOPRIO_CLASS_FAST", "priority": 3}}, refuses=True)
case("ioprio-priority-too-large", "Linux process: an I/O priority above 7 is an error",
     change={"process.ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 8}}, refuses=True)

# ---- what nobody asks for, and everybody relies on

KEYCTL = 250 if platform.machine() == "x86_64" else 219  # the generic table's, as on arm64 and riscv64


def own_keyring():
    # KEYCTL_GET_KEYRING_ID of the session keyring
    return ctypes.CDLL(None).syscall(ctypes.c_long(KEYCTL), ctypes.c_long(0), ctypes.c_long(-3), ctypes.c_long(0))


# 32 and 33 are the C library's own.
NO_SIGNALS = that("none of 1 to 31", lambda v: int(v, 16) & 0x7fffffff == 0)
case("process-signals-blocked", "Life: the program starts with no signal blocked", see={"status SigBlk": NO_SIGNALS},
     mutant=r"sed:run:s/SigBlk:.u00090*/SigBlk:\\u00090001/")
case("process-signals-ignored", "Life: the program starts with no signal ignored", see={"status SigIgn": NO_SIGNALS},
     mutant=r"sed:run:s/SigIgn:.u00090*/SigIgn:\\u00090001/")
case("process-fds", "Life: the program has its standard streams, and no other descriptor",
     mutant='sed:run:s/"fds":{/"fds":{"5":"leak",/', see={"fds": that("0, 1 and 2", lambda v: set(v) == {"0", "1", "2"})})
case("process-is-one", "Life: the container's first process is pid 1 of its namespace, without a parent in it",
     change={"linux.namespaces+": []}, mutant='sed:run:s/"pid":1,/"pid":2,/', see={"pid": 1, "ppid": 0})
case("process-session", "Life: the container's first process leads a session", mutant='sed:run:s/"sid":1/"sid":0/',
     see={"sid": 1, "pgrp": 1})
case("process-death-signal", "Life: the program does not die with the run-time",
     mutant='sed:run:s/"pdeathsig":0/"pdeathsig":9/', see={"pdeathsig": 0})
case("process-subreaper", "Life: the program is not left a subreaper", mutant='sed:run:s/"subreaper":0/"subreaper":1/',
     see={"subreaper": 0})
case("process-securebits", "Life: the program has no secure bits that nobody asked for",
     mutant='sed:run:s/"securebits":0/"securebits":16/', see={"securebits": 0})
case("process-affinity", "Life: the program may run on every processor of the caller",
     mutant='sed:run:s/"affinity":../"affinity":[7/', see={"affinity": sorted(os.sched_getaffinity(0))})
case("process-keyring", "run: the program has a session keyring of its own",
     see={"keyring": lambda got, box: got > 0 and got != own_keyring()}, mutant="add:run:--no-new-keyring")
case("process-no-new-keyring", "run --no-new-keyring: the caller's session keyring stays", options=["--no-new-keyring"],
     see={"keyring": lambda got, box: got == own_keyring()}, mutant="option:--no-new-keyring")
case("process-exit-status", "run: the status of the program is the run-time's", exit=37, mutant="status:run")
case("process-killed-status", "run: 128 and the signal is the status of a program that a signal ended",
     base={"process.args": ["/probe", "die", "11"]}, exit=139, mutant="status:run")
