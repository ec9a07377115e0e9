"""exec: one more program in a container."""
from harness import *


def simple(name, text, options=(), see=None, tries=(), base=None, change=None, mutant=None, exit=0):
    """An exec in a container that waits: its report and what it tries."""
    def test(box):
        box.up()
        sights = list(dict.fromkeys(SIGHTS.get(k.split(" ")[0], k.split(" ")[0]) for k in see or {}))
        r = box.exec(*([["report", *sights]] if sights else []), *[t for t, _ in tries], options=[box.fill(o) for o in options])
        equal(r.status, exit, f"exec's status ({r.err.strip()})")
        said = r.said
        check(len(said) >= bool(sights) + len(tries), f"the program said {r.out} {r.err}")
        for path, want in (see or {}).items():
            got = lookup(said[0]["report"], path)
            check(agrees(got, want, box), f"{path}: {got!r}, not {want!r}")
        for (words, want), got in zip(tries, said[bool(sights):]):
            want = {"errno": want} if isinstance(want, str) else want
            check(agrees(got, want, box), f"{words}: {got}, not {want}")
    parts = {"base": base or {}}
    if change is not None:
        parts["change"] = change
    if mutant:
        parts["mutant"] = mutant
    flow(name, text, **parts)(test)


simple("exec-namespaces", "exec: the program is in all namespaces of the container", mutant="sed:exec:s/:.4026531/:[0/g",
       see={"ns": lambda v, b: all(v[k] == os.readlink(f"/proc/{b.state()['pid']}/ns/{k}") for k in v)})
simple("exec-root", "exec: the program is in the root of the container", mutant='sed:exec:s/"type":"-"/"type":"d"/',
       tries=[(["stat", "/probe"], {"type": "-"}), (["list", "/"], {"names": has("probe", "proc", "dev")})])
simple("exec-cgroup", "exec: the program is in the container's cgroups", mutant="sed:exec:s/conf-/other-/g",
       see={"cgroup": lambda v, b: all(l.endswith(b.cgroup) for l in v.splitlines() if l.split(":")[1] in (("",) if b.suite.view == "v2" else ("pids", "memory")))})
simple("exec-args", "exec: the words behind the id are the program's, options too", mutant="args:exec",
       see={"args": has("report", "args")})
simple("exec-status", "exec: the status of the program is the run-time's", tries=[(["exit", "42"], {"does": "exit"})], exit=42, mutant="status:exec")
simple("exec-env-inherited", "exec: without --process the environment is that of config.json", change={"process.env": ["ONLY=1"]},
       see={"env": has("ONLY=1")})
simple("exec-env", "exec --env: adds to the environment", options=["--env", "ADDED=2"], see={"env": has("ADDED=2", "TERM=xterm")}, mutant="option:--env")
simple("exec-env-short", "exec -e: adds to the environment", options=["-e", "ADDED=2"], see={"env": has("ADDED=2")}, mutant="option:-e")
simple("exec-env-many", "exec --env: may be there many times", options=["--env", "A=1", "--env=B=2"], see={"env": has("A=1", "B=2")}, mutant="option:--env")
simple("exec-cwd-inherited", "exec: without --cwd the working directory is that of config.json", change={"process.cwd": "/dev"}, see={"cwd": "/dev"})
simple("exec-cwd", "exec --cwd", options=["--cwd", "/dev"], see={"cwd": "/dev"}, mutant="option:--cwd")
simple("exec-user-inherited", "exec: without --user the user is that of config.json", change={"process.user": {"uid": 11, "gid": 12}},
       see={"uids": [11] * 3, "gids": [12] * 3})
simple("exec-user", "exec --user UID", options=["--user", "1000"], see={"uids": [1000] * 3}, mutant="option:--user")
simple("exec-user-gid", "exec --user UID:GID", options=["--user", "1000:1001"], see={"uids": [1000] * 3, "gids": [1001] * 3}, mutant="option:--user")
simple("exec-user-short", "exec -u UID:GID", options=["-u", "5:6"], see={"uids": [5] * 3, "gids": [6] * 3}, mutant="option:-u")
simple("exec-additional-gids", "exec --additional-gids", options=["--additional-gids", "77", "--additional-gids", "78"], see={"groups": has(77, 78)},
       mutant="option:--additional-gids")
simple("exec-cap", "exec --cap: adds a capability", options=["--cap", "CAP_NET_RAW"], see={"caps effective": has("CAP_NET_RAW"),
       "caps bounding": has("CAP_NET_RAW")}, mutant="option:--cap")
simple("exec-cap-inheritable", "Security: --cap never fills the inheritable set (CVE-2022-29162)", options=["--cap", "CAP_NET_RAW"],
       see={"caps inheritable": [], "caps effective": has("CAP_NET_RAW")}, mutant="option:--cap")
simple("exec-capabilities-inherited", "exec: the capabilities are those of config.json", change={"process.capabilities": {
    k: ["CAP_SETUID"] for k in ("bounding", "effective", "permitted")}}, see={"caps effective": ["CAP_SETUID"], "caps bounding": ["CAP_SETUID"]})
simple("exec-no-new-privs", "exec --no-new-privs", base={"process.noNewPrivileges": False}, options=["--no-new-privs"], see={"nnp": 1},
       mutant="option:--no-new-privs")
simple("exec-no-new-privs-inherited", "exec: noNewPrivileges is that of config.json", base={"process.noNewPrivileges": False},
       change={"process.noNewPrivileges": True}, see={"nnp": 1})
simple("exec-rlimits-inherited", "exec: the rlimits are those of config.json", change={
    "process.rlimits": [{"type": "RLIMIT_NOFILE", "soft": 66, "hard": 77}]}, see={"rlimits NOFILE": [66, 77]})
simple("exec-umask-inherited", "exec: the umask is that of config.json", change={"process.user.umask": 0o27}, see={"umask": 0o27})
simple("exec-fds", "Security: the program has no descriptor but its standard streams (CVE-2016-9962)", mutant='sed:exec:s/"fds":{/"fds":{"7":"x",/',
       see={"fds": that("0 to 2", lambda v: set(v) <= {"0", "1", "2"})})
simple("exec-session", "exec: the program leads a session of its own", mutant='sed:exec:s/"sid":[0-9]*/"sid":1/',
       see={"sid": lambda v, b: v != 1})
simple("exec-personality", "exec: the personality is that of config.json", change={"linux.personality": {"domain": "LINUX32"}}, see={"machine": "i686"})
simple("exec-io-priority", "exec: ioPriority of config.json", change={"process.ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 6}}, see={"ioprio": [2, 6]})
simple("exec-oom-score", "exec: oomScoreAdj of config.json", change={"process.oomScoreAdj": 654}, see={"oom_score_adj": "654\n"})
simple("exec-mounts", "exec: the program sees what the container has mounted", mutant='sed:exec:s,/proc/sys,/proc/sis,g',
       see={"mounts /proc/sys options": has("ro")})
simple("exec-affinity", "Process: execCPUAffinity.final is where exec's program runs",
       base={}, change={"process.execCPUAffinity": {"initial": "0", "final": "0"}}, see={"affinity": [0]})

NOBODY = "0123456789-nobody"


@flow("exec-missing-container", "exec: in a container that does not exist is an error", mutant="status:exec")
def exec_missing(box):
    r = box.bad("exec", NOBODY, "/probe")
    check("does not exist" in r.err, r.err)


@flow("exec-missing-program", "exec: a program that is not there is an error with runc's words", mutant="status:exec")
def exec_missing_program(box):
    box.up()
    r = box.bad("exec", box.id, "/nowhere")
    check(re.search("(?i)no such file or directory", r.err), r.err)


@flow("exec-missing-in-path", "exec: a program that PATH does not lead to is an error with runc's words", mutant="status:exec")
def exec_missing_in_path(box):
    box.up()
    r = box.bad("exec", box.id, "nosuchtool")
    check(re.search("(?i)executable file .*not found", r.err), r.err)


@flow("exec-not-executable", "exec: a file without the permission to execute is an error with runc's words", mutant="status:exec")
def exec_not_executable(box):
    box.make("bundle/rootfs/text", "x", 0o644)
    box.up()
    r = box.bad("exec", box.id, "/text")
    check(re.search("(?i)permission denied", r.err), r.err)


@flow("exec-failed-status", "exec: 255 is the status when the run-time fails", mutant="status:exec")
def exec_failed_status(box):
    box.up()
    equal(box.call("exec", box.id, "/nowhere").status, 255, "status")


@flow("exec-stopped", "exec: in a stopped container is an error", mutant="status:exec")
def exec_stopped(box):
    box.actions(["exit", "0"])
    box.create()
    box.start()
    box.wait_status("stopped")
    box.bad("exec", box.id, "/probe", "tag", "x")


@flow("exec-created", "exec: in a container that is created, as runc allows", mutant="fail:exec")
def exec_created(box):
    box.create()
    r = box.exec(["tag", "in"])
    equal(r.status, 0, r.err)
    equal(r.said[0]["tag"], "in", "what it said")
    equal(box.status(), "created", "status")


@flow("exec-no-command", "exec: without a command is an error", mutant="status:exec")
def exec_no_command(box):
    box.up()
    box.bad("exec", box.id)


@flow("exec-detach", "exec --detach: returns while the program runs", mutant="option:--detach")
def exec_detach(box):
    box.up()
    began = time.monotonic()
    r = box.exec(["sleep", "1"], options=["--detach"])
    equal(r.status, 0, "status")
    check(time.monotonic() - began < 0.9, "it waited")


@flow("exec-pid-file", "exec --pid-file: the host's pid of the program", mutant="option:--pid-file")
def exec_pid_file(box):
    box.up()
    r = box.exec(["wait"], options=["--detach", "--pid-file", box.dir + "/pid"])
    equal(r.status, 0, r.err)
    check(os.path.exists(box.dir + "/pid"), "there is no such file")
    with open(box.dir + "/pid") as f:
        pid = int(f.read())
    with open(f"/proc/{pid}/cmdline", "rb") as f:
        equal(f.read(), b"/probe\0wait\0", "the program of that pid")


PROCESS = {"args": ["/probe", "report", "args", "env", "cwd", "ids", "prctl"], "env": ["FROM=file"], "cwd": "/dev",
           "user": {"uid": 21, "gid": 22}, "noNewPrivileges": True}


def process_file(box, **parts):
    return box.make("process.json", json.dumps({**PROCESS, **parts}))


@flow("exec-process", "exec --process: everything is that file's", mutant="fail:exec")
def exec_process(box):
    box.up()
    r = box.good("exec", "--process", process_file(box), box.id)
    report = r.said[0]["report"]
    equal([e for e in report["env"] if not e.startswith("HOME=")], ["FROM=file"], "env")
    equal(report["cwd"], "/dev", "cwd")
    equal(report["uids"], [21] * 3, "uids")
    equal(report["gids"], [22] * 3, "gids")


@flow("exec-process-short", "exec -p: a process file", mutant="fail:exec")
def exec_process_short(box):
    box.up()
    equal(box.good("exec", "-p", process_file(box), box.id).said[0]["report"]["cwd"], "/dev", "cwd")


@flow("exec-process-capabilities", "exec --process: the capabilities are the file's", mutant="fail:exec")
def exec_process_capabilities(box):
    box.up()
    r = box.good("exec", "--process", process_file(box, args=["/probe", "report", "status"], user={"uid": 0, "gid": 0}, capabilities={
        k: ["CAP_KILL"] for k in ("bounding", "effective", "permitted")}), box.id)
    equal(r.said[0]["report"]["caps"]["effective"], ["CAP_KILL"], "effective")


@flow("exec-process-rlimits", "exec --process: the rlimits are the file's", mutant="fail:exec")
def exec_process_rlimits(box):
    box.up()
    r = box.good("exec", "--process", process_file(box, args=["/probe", "report", "rlimits"], rlimits=[
        {"type": "RLIMIT_NOFILE", "soft": 44, "hard": 55}]), box.id)
    equal(r.said[0]["report"]["rlimits"]["NOFILE"], [44, 55], "NOFILE")


@flow("exec-process-broken", "exec --process: a file that is no process is an error", mutant="status:exec")
def exec_process_broken(box):
    box.up()
    box.bad("exec", "--process", box.make("process.json", '{"args": 5}'), box.id)


@flow("exec-process-missing", "exec --process: a file that is not there is an error", mutant="status:exec")
def exec_process_missing(box):
    box.up()
    box.bad("exec", "--process", box.dir + "/nowhere", box.id)


for n, user in enumerate(["1000:", ":5", "0x0", "", "99999999999", "root", "-1", "1:2:3"]):
    @flow(f"exec-bad-user-{n}", f"Security: --user {user!r} is refused, and never root (CVE-2026-30892)", mutant="user")
    def exec_bad_user(box, user=user):
        box.up()
        if box.mutant:
            user = "0"  # as a parser that reads what it can
        r = box.exec(["report", "ids"], options=["--user", user])
        check(r.status != 0 and not r.said, f"it ran: {r.out}")


@flow("exec-preserve-fds", "exec --preserve-fds N: so many descriptors from 3 on are the program's", mutant="option:--preserve-fds")
def exec_preserve(box):
    box.up()
    fds = [os.open("/dev/zero", os.O_RDONLY), os.open("/dev/full", os.O_RDONLY)]
    try:
        r = box.exec(["report", "fds"], options=["--preserve-fds", "2"], fds=fds)
    finally:
        for fd in fds:
            os.close(fd)
    equal(r.status, 0, r.err)
    got = r.said[0]["report"]["fds"]
    equal({k: v for k, v in got.items() if int(k) > 2}, {"3": "/dev/zero", "4": "/dev/full"}, "descriptors")


@flow("exec-tty", "exec --tty --console-socket: the program has a terminal", mutant="option:--tty")
def exec_tty(box):
    from cases.consoles import console
    box.up()
    take = console(box)
    r = box.exec(["report", "tty"], ["wait"], options=["--detach", "--tty", "--console-socket", box.dir + "/console.sock"])
    equal(r.status, 0, r.err)
    terminal = take()
    equal(terminal.said(1)[0]["report"]["tty"], [1, 1, 1], "terminals")


@flow("exec-paused", "exec: in a paused container is an error that says so", mutant="noop:pause")
def exec_paused(box):
    box.up()
    box.good("pause", box.id)
    try:
        r = box.bad("exec", box.id, "/probe", "tag", "x", timeout=5)
        check("paused" in r.err, r.err)
    finally:
        box.good("resume", box.id)


@flow("exec-signal", "exec: what the run-time gets, the program gets", mutant="noop:exec")
def exec_signal(box):
    box.up()
    running = box.begin("exec", box.id, *box.words(["wait"]))
    running.said(1)
    os.kill(running.pid, signal.SIGUSR2)
    wait_until(lambda: {"signal": 12} in running.said(1), "USR2 comes")
    os.kill(running.pid, signal.SIGTERM)
    equal(running.wait().status, 0, "status")


@flow("exec-killed-status", "exec: 128 and the signal is the status of a program that a signal ended", mutant="status:exec")
def exec_killed(box):
    box.up()
    equal(box.call("exec", box.id, "/probe", "die", "9").status, 137, "status")


@flow("exec-cgroup-option", "exec --cgroup: a cgroup below the container's", mutant="option:--cgroup")
def exec_cgroup_option(box):
    box.up()
    for path in box.cgroup_dirs():
        os.mkdir(path + "/inner")
        for name in ("cpuset.cpus", "cpuset.mems"):
            if os.path.exists(f"{path}/{name}") and not path.startswith(box.suite.v2 or "-"):
                with open(f"{path}/{name}") as f:
                    value = f.read()
                with open(f"{path}/inner/{name}", "w") as f:
                    f.write(value)
    r = box.exec(["report", "cgroup"], options=["--cgroup", "inner"])
    equal(r.status, 0, r.err)
    check(f"{box.cgroup}/inner" in r.said[0]["report"]["cgroup"], r.said[0]["report"]["cgroup"])
