#!/usr/bin/env python3
"""Death and failure of dolium-oci at every system call, and what is left then.

usage: oci_inject.py DOLIUM_OCI INJECT WORK BUNDLES WHAT CASE... [--points N|all] [--first K]

  INJECT    tests/lib/inject.c, compiled
  WORK      a directory of its own: state directories, reports
  BUNDLES   plain/, rich/ (program: sleeps) and short/ (program: ends) are bundles
  WHAT      kill: the run-time is killed; kill-child: the container's half is;
            ENOMEM, EIO, ENOSPC, EMFILE: a call of the run-time fails so; with "-child": one of the container's half
  CASE      what the run-time is told: one of the names in CASES
  --points  so many of the calls of a case, evenly spread from a beginning by chance, which is printed; all: each
  --first   that call, for trying a point again

After each point `delete -f` by a fresh dolium-oci must find and remove all: processes (this program is their
reaper, so none can hide), cgroups, state, mounts. Where the container was there before, it must be whole until then.
"""
import ctypes, glob, json, os, random, re, select, signal, subprocess, sys, time

RUNTIME, INJECT, WORK, BUNDLES, WHAT = sys.argv[1:6]
PR_SET_CHILD_SUBREAPER = 36
HANG = 20  # seconds
GRACE = 2.0  # for a half-made child that ends by itself when it sees that nobody is left to speak with

NAMES = {}
for header in glob.glob("/usr/include/*/asm/unistd_64.h") + ["/usr/include/asm-generic/unistd.h"]:
    if os.path.exists(header):
        for name, number in re.findall(r"#define __NR_(\w+)\s+(\d+)", open(header).read()):
            NAMES.setdefault(int(number), name)
        break

# bundle; what is done before; the command; what the container must be like afterwards
CASES = {
    "create": ("plain", [], "create -b {bundle} {id}", None),
    "create-rich": ("rich", [], "create -b {bundle} {id}", None),
    "run": ("short", [], "run -b {bundle} {id}", None),
    "run-detached": ("rich", [], "run -d -b {bundle} {id}", None),
    "start": ("rich", ["create -b {bundle} {id}"], "start {id}", None),
    "exec": ("plain", ["run -d -b {bundle} {id}"], "exec {id} true", "whole"),
    "exec-rich": ("rich", ["run -d -b {bundle} {id}"], "exec {id} true", "whole"),
    "pause": ("plain", ["run -d -b {bundle} {id}"], "pause {id}", "whole"),
    "resume": ("rich", ["run -d -b {bundle} {id}", "pause {id}"], "resume {id}", "whole"),
    "update": ("rich", ["run -d -b {bundle} {id}"], "update --memory 64m --pids-limit 90 {id}", "whole"),
    "update-join": ("plain", ["run -d -b {bundle} {id}"], "update --cpuset-cpus 0 {id}", "whole"),
    "kill": ("plain", ["run -d -b {bundle} {id}"], "kill {id} KILL", None),
    "kill-all": ("plain", ["run -d -b {bundle} {id}"], "kill --all {id} KILL", None),
    "delete": ("rich", ["run -d -b {bundle} {id}", "kill {id} KILL", "(until stopped)"], "delete {id}", None),
    "delete-running": ("plain", ["run -d -b {bundle} {id}"], "delete -f {id}", None),
    "delete-paused": ("plain", ["run -d -b {bundle} {id}", "pause {id}"], "delete -f {id}", None),
}
STARTS = ("create", "create-rich", "run", "run-detached")

failures = []


class Point:
    """One call of one case."""

    def __init__(self, case, n):
        self.case, self.n = case, n
        self.id = f"i{os.getpid()}-{case}-{n}"
        self.bundle = os.path.join(BUNDLES, CASES[case][0])
        self.run_root = os.path.join(WORK, "run")
        self.calls, self.number, self.done = 0, -1, False

    def words(self, text):
        return text.format(bundle=self.bundle, id=self.id).split()

    def fail(self, why):
        failures.append(f"{WHAT} {self.case} --first {self.n} ({NAMES.get(self.number, self.number)}): {why}")

    def oci(self, text, prefix=()):
        """Returns the status (None: a hang) and what went to stderr."""
        argv = list(prefix) + [RUNTIME, "--root", self.run_root] + self.words(text)
        with open(os.path.join(WORK, "out"), "w+b") as out, open(os.path.join(WORK, "err"), "w+b") as err:
            status = wait_for(subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err))
            out.seek(0)
            err.seek(0)
            self.out = out.read().decode(errors="replace")
            return status, err.read().decode(errors="replace").strip()

    def must(self, text):
        status, err = self.oci(text)
        if status != 0:
            self.fail(f"{text.split()[0]} afterwards: status {status}: {err}")
        return status == 0

    def status(self):
        return json.loads(self.out)["status"] if self.must("state {id}") else None

    def until_stopped(self):
        end = time.monotonic() + HANG
        while time.monotonic() < end:
            if self.status() in ("stopped", None):
                return True
            time.sleep(0.005)
        self.fail("it was killed and does not stop")
        return False

    def left(self):
        what = []
        if os.path.exists(os.path.join(self.run_root, self.id)):
            what.append("state: " + " ".join(os.listdir(os.path.join(self.run_root, self.id))))
        what += glob.glob(f"/sys/fs/cgroup/dolium/{self.id}*") + glob.glob(f"/sys/fs/cgroup/*/dolium/{self.id}*")
        what += [line.split()[4] for line in open("/proc/self/mountinfo") if f" {self.bundle}/" in line]
        end = time.monotonic() + GRACE
        while children() and time.monotonic() < end:
            reap()
            time.sleep(0.002)
        what += [f"process {pid}: {comm(pid)}" for pid in children()]
        return what


def wait_for(process):
    """As an init does: also reaps who was left to it, or a pid namespace whose dead nobody asks about does not end."""
    end = time.monotonic() + HANG
    pidfd = os.pidfd_open(process.pid)
    status = None
    while time.monotonic() < end and status is None:
        select.select([pidfd], [], [], 0.05)
        for pid in children():
            done, wait_status = os.waitpid(pid, os.WNOHANG)
            if done == process.pid:
                status = os.waitstatus_to_exitcode(wait_status)
    os.close(pidfd)
    if status is None:
        reap(kill=True)
    process.returncode = status or 0  # it was waited for
    return 128 - status if status is not None and status < 0 else status


def children():
    return [int(p) for p in open(f"/proc/self/task/{os.getpid()}/children").read().split()]


def comm(pid):
    try:
        return open(f"/proc/{pid}/cmdline").read().replace("\0", " ") + open(f"/proc/{pid}/wchan").read()
    except OSError:
        return "gone"


def reap(kill=False):
    for pid in children() if kill else []:
        os.kill(pid, signal.SIGKILL)
    try:
        while os.waitpid(-1, 0 if kill else os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def check_whole(point):
    """The container goes on, thawed or to be thawed, and nothing that was half made is left in it."""
    status = point.status()
    if status == "paused":
        if not point.must("resume {id}"):
            return
        status = point.status()
    if status != "running":
        return point.fail(f"the container is {status}")
    if not point.must("exec {id} true"):
        return
    end = time.monotonic() + GRACE
    while point.must("ps -f json {id}") and len(json.loads(point.out)) > 1:
        if time.monotonic() > end:
            return point.fail(f"processes in it: {point.out}")
        time.sleep(0.01)
    point.must("update --memory 80m {id}")
    if point.must("pause {id}") and point.must("resume {id}"):
        point.must("exec {id} true")


def check_result(point, status, err):
    """What a command says when something in it failed or died."""
    case, killed = point.case, WHAT.startswith("kill")
    if status is None:
        return point.fail("it hung")
    if killed and WHAT == "kill":
        return
    if status in (134, 135, 136, 139):
        return point.fail(f"it crashed: {status}: {err}")
    if status != 0 and not err and not (killed and status == 137) and NAMES.get(point.number) != "write":
        point.fail(f"status {status} without a word")
    if status != 0 and case in STARTS:
        left = point.left()
        if left:
            point.fail(f"it failed ({err}) and left: {left}")
    if status == 0 and case in ("create", "create-rich", "run-detached", "start"):
        wanted = ("created",) if case.startswith("create") else ("running",)
        got = point.status()
        if got not in wanted + (("stopped",) if killed else ()):
            point.fail(f"status 0, and the container is {got}")
    if status == 0 and killed and case in ("exec", "exec-rich"):
        point.fail("exec's process was killed, and nobody said so")


def try_point(case, n):
    point = Point(case, n)
    bundle, before, command, after = CASES[case]
    for text in before:
        if not (point.until_stopped() if text == "(until stopped)" else point.must(text)):
            return point
    report = os.path.join(WORK, "report")
    prefix = [INJECT, "-o", report, "-n", str(n)]
    if WHAT.endswith("-child"):
        prefix.append("-c")
    if not WHAT.startswith("kill"):
        prefix += ["-e", WHAT.removesuffix("-child")]
    if os.path.exists(report):
        os.unlink(report)
    status, err = point.oci(command, prefix)
    if os.path.exists(report):
        calls, number, done = open(report).read().split()
        point.calls, point.number, point.done = int(calls), int(number), done == "1"
    if point.done or status is None:
        check_result(point, status, err)
        if after == "whole":
            check_whole(point)
    point.must("delete -f {id}")
    left = point.left()
    if left:
        point.fail(f"delete -f left: {left}")
        reap(kill=True)
    return point


def count_calls(case):
    """So many calls has the case when nothing happens; it varies by a few."""
    return try_point(case, 1 << 40).calls


def main():
    args, points, first, cases = sys.argv[6:], "all", 0, []
    while args:
        arg = args.pop(0)
        if arg == "--points":
            points = args.pop(0)
        elif arg == "--first":
            first = int(args.pop(0))
        else:
            cases.append(arg)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    os.makedirs(WORK, exist_ok=True)
    for case in cases:
        began, before = time.monotonic(), len(failures)
        if first:
            try_point(case, first)
            continue
        calls = count_calls(case)
        if not calls:
            failures.append(f"{WHAT} {case}: no calls were counted")
            continue
        step = 1 if points == "all" else max(1, calls // int(points))
        begin = random.randint(1, step)
        tried = [try_point(case, n) for n in range(begin, calls + 1, step)]
        hit = sum(p.done for p in tried)
        print(f"{WHAT} {case}: {hit} of {calls} calls, from {begin}, {time.monotonic() - began:.1f} s",
              *failures[before:], sep="\n  ", flush=True)
        if not hit and points == "all":
            failures.append(f"{WHAT} {case}: no call was hit")
    reap()
    if failures:
        print(f"{len(failures)} failures", *failures if first else [], sep="\n  ")
    sys.exit(1 if failures else 0)


main()
