"""What a case of the conformance tests is made of: a box (bundle, state directory, cgroup) and words to judge with.

A case is data where it can be: a change to the base configuration, what the probe must then see, and what comes of
what it tries. Where the order of commands is the matter, it is a function that gets the box. Each has a mutant: a
way in which a run-time could be wrong that the case must notice; `run --self-test` sees to it.
"""
import copy, ctypes, dataclasses, json, os, re, select, shutil, signal, socket, threading, time

CASES = []
GONE = object()  # as the value of a change: no such property
LIMIT = {"command": 20, "event": 5}  # seconds for one command of the run-time, and until what it did is seen

CAPABILITIES = """CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE
SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL
SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE""".split()


class Failure(Exception):
    pass


class Skip(Exception):
    pass


@dataclasses.dataclass
class Case:
    name: str
    text: str  # the section of the specification, and what it demands
    change: dict = dataclasses.field(default_factory=dict)  # the property under test
    base: dict = dataclasses.field(default_factory=dict)  # what it needs around it, never mutated
    see: dict = dataclasses.field(default_factory=dict)
    tries: list = dataclasses.field(default_factory=list)
    exit: object = 0
    refuses: object = None  # a regex for the error, or True: create must fail
    setup: object = None
    after: object = None
    options: list = dataclasses.field(default_factory=list)
    needs: list = dataclasses.field(default_factory=list)
    views: tuple = ()
    mutant: str = "drop"
    flow: object = None


def case(name, text, **parts):
    assert name not in {c.name for c in CASES}, name
    CASES.append(Case(name, text, **parts))


def flow(name, text, **parts):
    """A case that is a function of the box. Its mutant has to be named."""
    def add(function):
        assert "mutant" in parts or "change" in parts, name
        case(name, text, flow=function, **parts)
        return function
    return add


# ---- judging

class Want:
    """A value with a condition; `words` tell it in a failure."""
    def __init__(self, words, test):
        self.words, self.test = words, test

    def __repr__(self):
        return self.words


def has(*items):
    return Want(f"something with {items}", lambda v: v is not None and all(i in v for i in items))


def lacks(*items):
    return Want(f"something without {items}", lambda v: v is not None and not any(i in v for i in items))


def among(*values):
    return Want(f"one of {values}", lambda v: v in values)


def other(value):
    return Want(f"anything but {value!r}", lambda v: v is not None and v != value)


def matches(pattern):
    return Want(f"text like {pattern!r}", lambda v: v is not None and re.search(pattern, v) is not None)


def near(value, distance):
    return Want(f"{value} +- {distance}", lambda v: v is not None and abs(v - value) <= distance)


def both(*wants):
    return Want(" and ".join(map(repr, wants)), lambda v: all(agrees(v, w, None) for w in wants))


def only(*items):
    return Want(f"exactly {items} in any order", lambda v: v is not None and sorted(v) == sorted(items))


def that(words, test):
    return Want(words, test)


ABSENT = Want("nothing", lambda v: v is None)
THERE = Want("anything", lambda v: v is not None)


def agrees(got, want, box):
    if isinstance(want, Want):
        return want.test(got)
    if callable(want):
        return want(got, box)
    if isinstance(want, dict) and isinstance(got, dict):
        return all(agrees(got.get(k), w, box) for k, w in want.items())
    return got == want


def check(good, text):
    if not good:
        raise Failure(text)


def equal(got, want, what):
    check(agrees(got, want, None), f"{what}: {got!r}, not {want!r}")


# ---- what the probe says

SIGHTS = {"args": "args", "env": "env", "cwd": "cwd", "uids": "ids", "gids": "ids", "groups": "ids", "umask": "ids",
          "rlimits": "rlimits", "scheduler": "scheduler", "ioprio": "scheduler", "affinity": "scheduler",
          "mempolicy": "mempolicy", "memnodes": "mempolicy", "hostname": "uts", "domainname": "uts", "machine": "uts",
          "ns": "ns", "fds": "fds", "tty": "tty", "rows": "tty", "columns": "tty", "onlcr": "tty",
          "foreground": "tty", "pid": "pids", "ppid": "pids", "sid": "pids", "pgrp": "pids", "monotonic": "clocks",
          "boottime": "clocks", "keyring": "keyring", "keyring_is": "keyring", "personality": "personality",
          "net": "net", "dumpable": "prctl", "subreaper": "prctl", "pdeathsig": "prctl", "securebits": "prctl",
          "nnp": "prctl", "mounts": "mountinfo", "mount_list": "mountinfo", "caps": "status", "seccomp": "status",
          "status": "status"}


def parse_mounts(text):
    found, order = {}, []
    for line in text.splitlines():
        words = line.split(" ")
        dash = words.index("-", 6)
        at = words[4].replace("\\040", " ")
        found[at] = {"at": at, "root": words[3], "options": words[5].split(","), "tags": words[6:dash],
                     "type": words[dash + 1], "source": words[dash + 2], "super": words[dash + 3].split(",")}
        order.append(found[at])
    return found, order


def parse_status(text):
    fields = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
    caps = {}
    for short, name in (("Inh", "inheritable"), ("Prm", "permitted"), ("Eff", "effective"), ("Bnd", "bounding"),
                        ("Amb", "ambient")):
        mask = int(fields["Cap" + short], 16)
        caps[name] = ["CAP_" + c for i, c in enumerate(CAPABILITIES) if mask >> i & 1]
    return fields, caps


def understand(line):
    """One line of the probe as values: files of /proc are taken apart."""
    line = json.loads(line)
    report = line.get("report")
    if report:
        if report.get("mountinfo"):
            report["mounts"], report["mount_list"] = parse_mounts(report["mountinfo"])
        if report.get("status"):
            report["status"], report["caps"] = parse_status(report["status"])
            report["seccomp"] = int(report["status"]["Seccomp"])
    return line


def lookup(report, path):
    value = report
    for word in path.split(" "):
        if not isinstance(value, dict):
            return None
        value = value.get(word)
    return value


# ---- a configuration

BASE = {
    "ociVersion": "1.0.2",
    "process": {
        "user": {"uid": 0, "gid": 0},
        "args": ["/probe"],
        "env": ["PATH=/bin:/usr/bin", "TERM=xterm"],
        "cwd": "/",
        "noNewPrivileges": True,
        "capabilities": {kind: ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
                         for kind in ("bounding", "effective", "permitted")},
    },
    "root": {"path": "rootfs"},
    "hostname": "box",
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
         "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
        {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
         "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]},
    ],
    "linux": {
        "namespaces": [{"type": t} for t in ("pid", "network", "ipc", "uts", "mount")],
        "resources": {"devices": [{"allow": False, "access": "rwm"}]},
        "maskedPaths": ["/proc/kcore", "/proc/keys"],
        "readonlyPaths": ["/proc/sys", "/proc/sysrq-trigger"],
    },
}

ALL_CAPABILITIES = ["CAP_" + c for c in CAPABILITIES[:38] if c != "SYS_RESOURCE"]
ROOT_CAPABILITIES = {kind: ALL_CAPABILITIES for kind in ("bounding", "effective", "permitted")}
USER_NAMESPACE = {
    "linux.namespaces+": [{"type": "user"}],
    "linux.uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
    "linux.gidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
}


def change_config(config, change, fill):
    """{"a.b": value} sets, "a.b+" appends to a list, "a.b-" removes what has that type, destination or name."""
    for key, value in change.items():
        *parents, last = key.rstrip("+-").split(".")
        at = config
        for name in parents:
            at = at.setdefault(name, {})
        value = fill(value)
        if key.endswith("+"):
            at[last] = at.get(last, []) + value
        elif key.endswith("-"):
            at[last] = [i for i in at[last] if value not in (i, *(i.values() if isinstance(i, dict) else ()))]
        elif value is GONE:
            at.pop(last, None)
        else:
            at[last] = value


# ---- running

@dataclasses.dataclass
class Result:
    status: int
    out: str
    err: str

    @property
    def said(self):
        # A line that has no end yet is not said yet.
        return [understand(l) for l in self.out.split("\n")[:-1] if l.startswith("{")]


class Running:
    """A command of the run-time that was begun. Its output is a file in memory, so nobody who keeps it open keeps us."""
    def __init__(self, box, argv, env=None, fds=(), stdin=None, tty=None):
        self.argv = argv
        self.out_fd = os.memfd_create("out") if tty is None else None
        self.err_fd = os.memfd_create("err") if tty is None else None
        high = []
        actions = []
        if tty is not None:
            actions += [(os.POSIX_SPAWN_OPEN, 0, tty, os.O_RDWR, 0), (os.POSIX_SPAWN_DUP2, 0, 1),
                        (os.POSIX_SPAWN_DUP2, 0, 2)]
        else:
            if stdin is None:
                actions += [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0)]
            elif isinstance(stdin, int):
                actions += [(os.POSIX_SPAWN_DUP2, stdin, 0)]
            else:
                fd = os.memfd_create("in")
                os.pwrite(fd, stdin.encode(), 0)
                high.append(fd)
                actions += [(os.POSIX_SPAWN_DUP2, fd, 0)]
            actions += [(os.POSIX_SPAWN_DUP2, self.out_fd, 1), (os.POSIX_SPAWN_DUP2, self.err_fd, 2)]
        for n, fd in enumerate(fds):
            fd = box.suite.high_fd(fd)
            high.append(fd)
            actions += [(os.POSIX_SPAWN_DUP2, fd, 3 + n)]
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **(env or {})}
        self.pid = os.posix_spawnp(argv[0], argv, environment, file_actions=actions, setsid=tty is not None,
                                   setsigdef=[signal.SIGPIPE, signal.SIGXFSZ])
        for fd in high:
            os.close(fd)
        self.pidfd = os.pidfd_open(self.pid)
        self.status = None

    def text(self, fd):
        return os.pread(fd, 1 << 24, 0).decode("utf-8", "replace") if fd is not None else ""

    def wait(self, timeout=None):
        timeout = timeout or LIMIT["command"]
        if self.status is None:
            poll = select.poll()
            poll.register(self.pidfd, select.POLLIN)
            if not poll.poll(timeout * 1000):
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                self.status = -1
                raise Failure(f"no end after {timeout} s: {' '.join(self.argv)}\n{self.text(self.err_fd)}")
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return Result(self.status, self.text(self.out_fd), self.text(self.err_fd))

    def said(self, n, timeout=None):
        """Waits until there are n lines of the probe's."""
        timeout = timeout or LIMIT["event"]
        until = time.monotonic() + timeout
        pause = 0.0005
        while True:
            lines = Result(0, self.text(self.out_fd), "").said
            if len(lines) >= n:
                return lines
            if time.monotonic() > until:
                raise Failure(f"the program said {lines}, not {n} lines\n{self.text(self.err_fd)}")
            time.sleep(pause)
            pause = min(pause * 1.5, 0.01)

    def close(self):
        if self.status is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
        for fd in (self.out_fd, self.err_fd, self.pidfd):
            if fd is not None:
                os.close(fd)


def wait_until(test, what, timeout=None):
    timeout = timeout or LIMIT["event"]
    until = time.monotonic() + timeout
    while not test():
        check(time.monotonic() < until, f"{what}: not within {timeout} s")
        time.sleep(0.002)


def is_gone(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


class Box:
    def __init__(self, suite, number, the_case, mutant=None):
        self.suite, self.case, self.mutant = suite, the_case, mutant
        self.id = f"cf{os.getpid()}-{number}"
        self.dir = f"{suite.work}/{number}"
        self.bundle, self.root = self.dir + "/bundle", self.dir + "/run"
        self.rootfs = self.bundle + "/rootfs"
        self.cgroup = f"/dolium/conf-{os.getpid()}/{number}"
        self.running, self.at_end = [], []
        os.makedirs(self.rootfs)
        os.link(suite.probe, self.rootfs + "/probe")
        self.config = copy.deepcopy(BASE)
        self.config["linux"]["cgroupsPath"] = self.cgroup
        self.apply(the_case.base)
        if mutant != "drop":
            self.apply(the_case.change)

    # -- its files

    def fill(self, value):
        if isinstance(value, str):
            for name in ("dir", "bundle", "rootfs", "id", "cgroup"):
                value = value.replace("{" + name + "}", getattr(self, name))
            return value.replace("{probe}", self.suite.probe)
        if isinstance(value, list):
            return [self.fill(v) for v in value]
        if isinstance(value, dict):
            return {self.fill(k): self.fill(v) for k, v in value.items()}
        return value(self) if callable(value) else value

    def apply(self, change):
        change_config(self.config, change, self.fill)

    def actions(self, *actions):
        """Sets what the probe does: each a list of words."""
        self.config["process"]["args"] = self.words(*actions)

    def words(self, *actions):
        words = ["/probe"]
        for n, action in enumerate(actions):
            words += ([";"] if n else []) + [self.fill(w) for w in action]
        return words

    def make(self, name, text=None, mode=None):
        """A file with that text below the box's directory, or a directory when there is none."""
        path = f"{self.dir}/{name}"
        if text is None:
            os.makedirs(path, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.write(text)
        if mode is not None:
            os.chmod(path, mode)
        return path

    def lines(self, name):
        """What probes have said into a file below the box's directory."""
        path = f"{self.dir}/{name}"
        if not os.path.exists(path):
            return []
        with open(path) as f:
            return [understand(l) for l in f.read().split("\n")[:-1]]

    def write_config(self, config=None):
        linux = self.config.get("linux")
        maps = linux.get("uidMappings") if isinstance(linux, dict) else None
        if maps and maps[0]["containerID"] == 0:
            # Root inside makes the mount points.
            os.chown(self.rootfs, maps[0]["hostID"], maps[0]["hostID"])
        with open(self.bundle + "/config.json", "w") as f:
            json.dump(config or self.config, f)

    # -- commands

    def command(self, name, *args, flags=()):
        """The whole command line, and what the mutant makes of it."""
        args = list(args)
        kind, _, what = (self.mutant or "").partition(":")
        if kind == "noop" and what == name:
            return ["true"]
        if kind == "fail" and what == name:
            return ["sh", "-c", "echo mutant >&2; exit 1"]
        if kind == "option" and what in args:
            at = args.index(what)
            # With its value, when it has one.
            del args[at:at + (1 if what in NO_VALUE else 2)]
        if kind == "option" and any(a.startswith(what + "=") for a in args):
            args = [a for a in args if not a.startswith(what + "=")]
        if kind == "option" and what in flags:
            at = flags.index(what)
            flags = [*flags[:at], *flags[at + (1 if what in NO_VALUE else 2):]]
        if kind == "args" and what == name:
            args = args[:1]
        if kind == "add" and what.partition(":")[0] == name:
            args.insert(0, what.partition(":")[2])
        line = [self.suite.runtime, "--root", self.root, *flags, name, *args]
        if kind == "quiet" and what == name:
            return ["sh", "-c", '"$@" >/dev/null 2>&1', "_", *line]
        if kind == "sed" and what.partition(":")[0] == name:
            return ["sh", "-c", 's=$1; shift; "$@" >"$0.o"; r=$?; sed -e "$s" "$0.o"; exit $r', self.dir + "/sed",
                    what.partition(":")[2], *line]
        if kind == "after" and what.partition(":")[0] == name:
            return ["sh", "-c", '"$@"; r=$?; cd "$0"; ' + what.partition(":")[2] + "; exit $r", self.dir, *line]
        if kind == "status" and what == name:
            return ["sh", "-c", '"$@"; exit 0', "_", *line]
        return line

    def begin(self, name, *args, flags=(), **how):
        running = Running(self, self.command(name, *args, flags=flags), **how)
        self.running.append(running)
        return running

    def call(self, name, *args, timeout=None, **how):
        """A command to its end, whatever its status."""
        return self.begin(name, *args, **how).wait(timeout)

    def good(self, name, *args, **how):
        r = self.call(name, *args, **how)
        check(r.status == 0, f"{name} failed with {r.status}: {r.err.strip()}")
        return r

    def bad(self, name, *args, **how):
        r = self.call(name, *args, **how)
        check(r.status != 0, f"{name} should have failed: {r.out.strip()}")
        return r

    def run(self, *options, **how):
        self.write_config()
        return self.call("run", "-b", self.bundle, *options, self.id, **how)

    def create(self, *options, **how):
        """Creates it, and has the handle on which the program's words will come."""
        self.write_config()
        running = self.begin("create", "-b", self.bundle, *options, self.id, **how)
        r = running.wait()
        check(r.status == 0, f"create failed with {r.status}: {r.err.strip()}")
        return running

    def start(self, **how):
        return self.good("start", self.id, **how)

    def up(self, *actions, options=()):
        """A container whose probe has done these and waits now."""
        self.actions(*actions, ["wait"])
        running = self.create(*options)
        self.start()
        running.said(len(actions) + 1)
        return running

    def state(self):
        return json.loads(self.good("state", self.id).out)

    def status(self):
        return self.state()["status"]

    def wait_status(self, status, timeout=None):
        wait_until(lambda: self.status() == status, f"state {status!r}", timeout)

    def exec(self, *actions, options=(), **how):
        return self.call("exec", *options, self.id, *self.words(*actions), **how)

    # -- the end

    def cgroup_dirs(self):
        return [d for d in self.suite.cgroup_dirs(self.cgroup) if os.path.isdir(d)]

    def cgroup_file(self, name):
        """memory.max or memory/memory.limit_in_bytes: the text of that file of the container's cgroup."""
        controller, _, file = name.rpartition("/")
        path = self.suite.cgroup_dir(controller, self.cgroup)
        try:
            with open(f"{path}/{file}") as f:
                return f.read().strip()
        except (FileNotFoundError, TypeError):
            return None

    def leftovers(self):
        left = self.cgroup_dirs()
        with open("/proc/self/mountinfo") as f:
            left += [l.split(" ")[4] for l in f if l.split(" ")[4].startswith(self.dir + "/")]
        return left

    def close(self):
        """Removes all that is there. What the run-time should have removed is told."""
        mutant, self.mutant = self.mutant, None
        told = None
        for running in self.running:
            if running.status is None:
                try:
                    os.kill(running.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        for name in os.listdir(self.root) if os.path.isdir(self.root) else ():
            if not name.startswith("."):
                try:
                    self.call("delete", "-f", name)
                except Failure as f:
                    told = str(f)
        for function in reversed(self.at_end):
            function()
        left = self.leftovers()
        # The kernel may need a moment for the last task of a cgroup.
        for _ in range(50):
            if not left or mutant:
                break
            time.sleep(0.01)
            left = self.leftovers()
        if left and not told:
            told = "left behind: " + " ".join(left)
        for path in reversed(left):
            self.force(path)
        for running in self.running:
            running.close()
        shutil.rmtree(self.dir, ignore_errors=True)
        return told

    def force(self, path):
        if not os.path.exists(path + "/cgroup.procs"):
            ctypes.CDLL(None).umount2(path.encode(), 2)
            return
        for _ in range(100):
            for top, _, _ in os.walk(path, topdown=False):
                for name, text in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
                    if os.path.exists(f"{top}/{name}"):
                        try:
                            with open(f"{top}/{name}", "w") as f:
                                f.write(text)
                        except OSError:
                            pass
                try:
                    with open(top + "/cgroup.procs") as f:
                        for pid in f:
                            os.kill(int(pid), signal.SIGKILL)
                    os.rmdir(top)
                except OSError:
                    pass
            if not os.path.isdir(path):
                return
            time.sleep(0.01)


NO_VALUE = {"-d", "--detach", "--keep", "--force", "-f", "--all", "-a", "-q", "--quiet", "-t", "--tty", "--stats",
            "--no-new-privs", "--ignore-paused", "--no-pivot", "--no-new-keyring", "--debug", "--systemd-cgroup",
            "--rootless"}


# ---- one case

def run_data(box):
    c = box.case
    if not {"process", "process.args"} & {*c.change, *c.base}:
        sights = list(dict.fromkeys(SIGHTS.get(k.split(" ")[0], k.split(" ")[0]) for k in c.see))
        actions = ([["report", *sights]] if sights else []) + [words for words, _ in c.tries]
        if c.exit and not callable(c.exit):
            actions.append(["exit", str(c.exit)])
        box.actions(*(actions or [["tag", "ran"]]))
    if c.setup:
        c.setup(box)
    r = box.run(*box.fill(c.options))
    if c.refuses:
        check(r.status != 0, f"it ran: {r.out.strip()[:200]}")
        check(not r.said, f"it failed, but its program ran: {r.out.strip()}")
        check(r.err.strip() or r.out.strip(), "it failed without a word")
        if c.refuses is not True:
            check(re.search(c.refuses, r.err), f"the error has not {c.refuses!r}: {r.err.strip()}")
        if c.after:
            c.after(box, r)
        return
    check(agrees(r.status, c.exit, box), f"exit status {r.status}, not {c.exit}: {r.err.strip()} {r.out.strip()[-300:]}")
    said = r.said
    if c.see:
        check(said and "report" in said[0], f"no report: {r.out.strip()} {r.err.strip()}")
        report = said[0]["report"]
        for path, want in c.see.items():
            got = lookup(report, path)
            check(agrees(got, box.fill(want) if not callable(want) else want, box), f"{path}: {got!r}, not {want!r}")
        said = said[1:]
    check(len(said) >= len(c.tries), f"the program ended early: {r.out.strip()} {r.err.strip()}")
    for (words, want), got in zip(c.tries, said):
        if isinstance(want, str):
            want = {"errno": want}
        check(agrees(got, want, box), f"{' '.join(words)}: {got}, not {want}")
    if c.after:
        c.after(box, r)


def run_case(suite, number, the_case, mutant=None):
    """None when it passed, text when it failed; Skip is raised."""
    for need in the_case.needs:
        suite.need(need)
    box = Box(suite, number, the_case, mutant)
    told = None
    try:
        (the_case.flow or run_data)(box)
    except Failure as f:
        told = str(f)
    except Skip:
        raise
    except Exception as e:  # a case that trips over what it got has failed as well; but it should have said why
        suite.tripped.add(the_case.name)
        told = f"{type(e).__name__}: {e} (line {e.__traceback__.tb_next and e.__traceback__.tb_next.tb_lineno})"
    finally:
        left = box.close()
    return told or left
