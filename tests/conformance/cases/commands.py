"""The command line: list, ps, pause, events, update, spec, features, logs, and its manners."""
from harness import *


# ---- list

@flow("list-json", "list --format json: id, pid, status, bundle, created", mutant="fail:list")
def list_json(box):
    box.up()
    entries = json.loads(box.good("list", "--format", "json").out)
    equal(len(entries), 1, "entries")
    state = box.state()
    for name in ("id", "pid", "status", "bundle"):
        equal(entries[0].get(name), state[name], name)
    check(re.match(r"\d{4}-\d\d-\d\dT", entries[0].get("created", "")), f"created: {entries[0]}")


@flow("list-table", "list: a table with a head", mutant="fail:list")
def list_table(box):
    box.up()
    lines = box.good("list").out.splitlines()
    for word in ("PID", "STATUS", "BUNDLE"):
        check(word in lines[0], lines[0])
    check(any(box.id in l and "running" in l for l in lines[1:]), lines)


@flow("list-quiet", "list --quiet: the ids alone", mutant="option:--quiet")
def list_quiet(box):
    box.create()
    equal(box.good("list", "--quiet").out.split(), [box.id], "what it says")


@flow("list-short-quiet", "list -q: the ids alone", mutant="option:-q")
def list_q(box):
    box.create()
    equal(box.good("list", "-q").out.split(), [box.id], "what it says")


@flow("list-empty", "list: of nothing is no error", mutant="fail:list")
def list_empty(box):
    box.make("run")
    equal(box.good("list", "-q").out.strip(), "", "what it says")


@flow("list-empty-json", "list --format json: of nothing is JSON", mutant="noop:list")
def list_empty_json(box):
    box.make("run")
    out = box.good("list", "-f", "json").out
    check(out.strip(), "it says nothing")
    check(json.loads(out) in (None, []), out)


@flow("list-bad-format", "list: a format that is none is an error", mutant="status:list")
def list_bad_format(box):
    box.create()
    box.bad("list", "--format", "xml")


# ---- ps

@flow("ps-json", "ps --format json: the host's pids", mutant="fail:ps")
def ps_json(box):
    box.up(["fork", "2"])
    pids = json.loads(box.good("ps", "--format", "json", box.id).out)
    equal(len(pids), 3, "pids")
    check(box.state()["pid"] in pids, f"{pids}")


@flow("ps-table", "ps: ps's table of the container's processes", mutant="fail:ps", needs=["program:ps"])
def ps_table(box):
    box.up()
    lines = box.good("ps", box.id).out.splitlines()
    check("PID" in lines[0], lines)
    equal(len(lines), 2, "lines")
    check(str(box.state()["pid"]) in lines[1], lines[1])


@flow("ps-missing", "ps: of a container that does not exist is an error", mutant="status:ps")
def ps_missing(box):
    box.bad("ps", "0123456789-nobody")


# ---- pause, resume

def ticks(box, running):
    """Is the program's answer to a signal there?"""
    before = len(running.said(1))
    os.kill(box.state()["pid"], signal.SIGUSR1)
    time.sleep(0.03)
    return len(running.said(1)) > before


@flow("pause-freezes", "pause: the program does nothing any more", mutant="noop:pause")
def pause_freezes(box):
    running = box.up()
    box.good("pause", box.id)
    check(not ticks(box, running), "it runs")
    box.good("resume", box.id)


@flow("resume-thaws", "resume: the program goes on", mutant="noop:resume")
def resume_thaws(box):
    running = box.up()
    box.good("pause", box.id)
    box.good("resume", box.id)
    check(ticks(box, running), "it does not run")
    equal(box.status(), "running", "status")


@flow("pause-missing", "pause: of a container that does not exist is an error", mutant="status:pause")
def pause_missing(box):
    box.bad("pause", "0123456789-nobody")


@flow("resume-missing", "resume: of a container that does not exist is an error", mutant="status:resume")
def resume_missing(box):
    box.bad("resume", "0123456789-nobody")


@flow("pause-stopped", "pause: of a stopped container is an error", mutant="status:pause")
def pause_stopped(box):
    box.actions(["exit", "0"])
    box.create()
    box.start()
    box.wait_status("stopped")
    box.bad("pause", box.id)


@flow("resume-running", "resume: of a container that is not paused is an error", mutant="status:resume")
def resume_running(box):
    box.up()
    box.bad("resume", box.id)


@flow("kill-paused", "kill: KILL ends a paused container, at the latest when it is resumed", mutant="noop:kill")
def kill_paused(box):
    box.up()
    pid = box.state()["pid"]
    box.good("pause", box.id)
    box.good("kill", box.id, "KILL")
    if not is_gone(pid):
        box.call("resume", box.id)
    wait_until(lambda: is_gone(pid), "the end of the program")


# ---- events

@flow("events-stats", "events --stats: one line of JSON about what it uses", mutant="fail:events")
def events_stats(box):
    box.up()
    lines = box.good("events", "--stats", box.id).out.splitlines()
    equal(len(lines), 1, "lines")
    event = json.loads(lines[0])
    equal((event["type"], event["id"]), ("stats", box.id), "type and id")
    check(isinstance(event["data"], dict), "data")


@flow("events-stats-pids", "events --stats: the number of processes", mutant="sed:events:s/:[0-9][0-9]*/:0/g", needs=["v1:pids"])
def events_pids(box):
    box.up(["fork", "2"])
    event = json.loads(box.good("events", "--stats", box.id).out)
    equal(event["data"]["pids"]["current"], 3, "pids.current")


@flow("events-stats-memory", "events --stats: the use of memory and its limit", mutant="sed:events:s/:[0-9][0-9]*/:0/g", needs=["v1:memory"],
      base={"linux.resources.memory": {"limit": 50 << 20}})
def events_memory(box):
    box.up()
    usage = json.loads(box.good("events", "--stats", box.id).out)["data"]["memory"]["usage"]
    equal(usage["limit"], 50 << 20, "limit")
    check(0 < usage["usage"] < 50 << 20, f"usage: {usage}")


@flow("events-stats-cpu", "events --stats: the use of the processors", mutant="sed:events:s/:[0-9][0-9]*/:0/g", needs=["v1:cpuacct"])
def events_cpu(box):
    box.up()
    check(json.loads(box.good("events", "--stats", box.id).out)["data"]["cpu"]["usage"]["total"] > 0, "cpu.usage.total")


@flow("events-missing", "events: of a container that does not exist is an error", mutant="status:events")
def events_missing(box):
    box.bad("events", "--stats", "0123456789-nobody")


@flow("events-interval", "events --interval: again and again", mutant="noop:events", needs=["v1:pids"])
def events_interval(box):
    box.up()
    running = box.begin("events", "--interval", "50ms", box.id)
    wait_until(lambda: running.text(running.out_fd).count('"stats"') >= 3, "three events")
    os.kill(running.pid, signal.SIGKILL)
    os.waitpid(running.pid, 0)
    running.status = -9


# ---- update


def update(name, text, files, options=None, resources=None, needs=(), base=None):
    """Files of the container's cgroup after an update."""
    def test(box):
        box.up()
        if options:
            box.good("update", *options, box.id)
        else:
            box.good("update", "--resources", "-", box.id, stdin=json.dumps(resources))
        for file, want in files.items():
            got = box.cgroup_file(file)
            check(agrees(got, want, box), f"{file}: {got!r}, not {want!r}")
    flow(name, text, needs=list(needs), base=base or {}, mutant="noop:update")(test)


update("update-memory", "update --memory", {"memory/memory.limit_in_bytes": "67108864"}, ["--memory", "67108864"], needs=["v1:memory"])
update("update-memory-reservation", "update --memory-reservation", {"memory/memory.soft_limit_in_bytes": "33554432"},
       ["--memory-reservation", "33554432"], needs=["v1:memory"])
update("update-memory-swap", "update --memory --memory-swap", {"memory/memory.limit_in_bytes": "67108864",
       "memory/memory.memsw.limit_in_bytes": "134217728"}, ["--memory", "67108864", "--memory-swap", "134217728"],
       needs=["v1:memory", "file:/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes"])
update("update-memory-both-up", "update: memory and swap both raised above the old swap", {"memory/memory.limit_in_bytes": "134217728"},
       ["--memory", "134217728", "--memory-swap", "268435456"], base={"linux.resources.memory": {"limit": 33554432, "swap": 67108864}},
       needs=["v1:memory", "file:/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes"])
update("update-cpu-share", "update --cpu-share", {"cpu/cpu.shares": "333"}, ["--cpu-share", "333"], needs=["v1:cpu"])
update("update-cpu-quota", "update --cpu-period --cpu-quota", {"cpu/cpu.cfs_period_us": "50000", "cpu/cpu.cfs_quota_us": "25000"},
       ["--cpu-period", "50000", "--cpu-quota", "25000"], needs=["v1:cpu"])
update("update-cpuset", "update --cpuset-cpus --cpuset-mems", {"cpuset/cpuset.cpus": "0", "cpuset/cpuset.mems": "0"},
       ["--cpuset-cpus", "0", "--cpuset-mems", "0"], needs=["v1:cpuset"])
update("update-pids", "update --pids-limit", {"pids/pids.max": "44"}, ["--pids-limit", "44"], needs=["v1:pids"])
update("update-pids-unlimited", "update --pids-limit -1", {"pids/pids.max": "max"}, ["--pids-limit", "-1"], needs=["v1:pids"],
       base={"linux.resources.pids": {"limit": 20}})
update("update-resources", "update --resources: JSON from stdin", {"pids/pids.max": "33", "memory/memory.limit_in_bytes": "67108864"},
       resources={"pids": {"limit": 33}, "memory": {"limit": 67108864}}, needs=["v1:pids", "v1:memory"])
update("update-keeps-the-rest", "update: what is not named stays", {"pids/pids.max": "20", "memory/memory.limit_in_bytes": "67108864"},
       ["--memory", "67108864"], needs=["v1:pids", "v1:memory"], base={"linux.resources.pids": {"limit": 20}})
update("update-v2-pids", "update --pids-limit on cgroup2", {"pids.max": "44"}, ["--pids-limit", "44"], needs=["v2:pids"])
update("update-v2-memory", "update --memory on cgroup2", {"memory.max": "67108864"}, ["--memory", "67108864"], needs=["v2:memory"])


@flow("update-resources-file", "update --resources FILE", mutant="noop:update", needs=["v1:pids"])
def update_file(box):
    box.up()
    box.good("update", "--resources", box.make("res.json", '{"pids": {"limit": 55}}'), box.id)
    equal(box.cgroup_file("pids/pids.max"), "55", "pids.max")


@flow("update-flags-after-id", "update: flags behind the id", mutant="noop:update", needs=["v1:pids"])
def update_flags_after(box):
    box.up()
    box.good("update", box.id, "--pids-limit", "56")
    equal(box.cgroup_file("pids/pids.max"), "56", "pids.max")


@flow("update-missing", "update: of a container that does not exist is an error", mutant="status:update")
def update_missing(box):
    box.bad("update", "--pids-limit", "5", "0123456789-nobody")


@flow("update-bad-json", "update: what is no JSON is an error", mutant="status:update")
def update_bad_json(box):
    box.up()
    box.bad("update", "--resources", "-", box.id, stdin='{"pids":')


# ---- spec

@flow("spec", "spec: a config.json that runs", mutant="noop:spec")
def spec(box):
    box.make("new")
    box.good("spec", "--bundle", box.dir + "/new")
    check(os.path.exists(box.dir + "/new/config.json"), "there is no config.json")
    with open(box.dir + "/new/config.json") as f:
        config = json.load(f)
    check(config["ociVersion"].startswith("1."), "ociVersion")
    config["process"].update({"terminal": False, "args": ["/probe", "tag", "ran"], "rlimits": []})
    config["root"] = {"path": box.rootfs}
    config["linux"]["cgroupsPath"] = box.cgroup
    box.write_config(config)
    r = box.call("run", "-b", box.bundle, box.id)
    equal(r.status, 0, r.err)


@flow("spec-twice", "spec: a config.json that is there is not replaced", mutant="status:spec")
def spec_twice(box):
    box.make("new/config.json", "mine")
    box.bad("spec", "--bundle", box.dir + "/new")
    with open(box.dir + "/new/config.json") as f:
        equal(f.read(), "mine", "the file")


@flow("spec-inheritable", "Security: the configuration of spec has no inheritable capabilities (CVE-2022-29162)",
      mutant='after:spec:sed -i \'s/"bounding"/"inheritable"/\' new/config.json')
def spec_inheritable(box):
    box.make("new")
    box.good("spec", "--bundle", box.dir + "/new")
    with open(box.dir + "/new/config.json") as f:
        equal(json.load(f)["process"]["capabilities"].get("inheritable", []), [], "inheritable")


# ---- features


def feature(name, text, get, want):
    def test(box):
        features = json.loads(box.good("features").out)
        got = get(features)
        check(agrees(got, want, box), f"{name}: {got!r}, not {want!r}")
    flow("features-" + name, "Features: " + text, mutant="sed:features:s/[a-zA-Z]/z/g;s/z*\"/1\"/g;1s/.*/{}/;2,$d")(test)


feature("versions", "the versions of the specification", lambda f: (f.get("ociVersionMin", ""), f.get("ociVersionMax", "")),
        that("1.0.0 and above", lambda v: v[0].startswith("1.0") and v[1].startswith("1.")))
feature("hooks", "the hooks", lambda f: f.get("hooks"), has("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"))
feature("mount-options", "the mount options", lambda f: f.get("mountOptions"), has("ro", "rw", "bind", "rbind", "rro", "nosuid", "rslave", "tmpcopyup"))
feature("namespaces", "the namespaces", lambda f: f.get("linux", {}).get("namespaces"), has("cgroup", "ipc", "mount", "network", "pid", "user", "uts"))
feature("capabilities", "the capabilities", lambda f: f.get("linux", {}).get("capabilities"), has("CAP_CHOWN", "CAP_BPF"))
feature("cgroup", "the versions of cgroups", lambda f: (f.get("linux", {}).get("cgroup", {}).get("v1"), f.get("linux", {}).get("cgroup", {}).get("v2")), (True, True))
feature("seccomp", "seccomp's actions, operators and architectures", lambda f: [
    f.get("linux", {}).get("seccomp", {}).get(k) for k in ("enabled", "actions", "operators", "archs")],
    that("all of them", lambda v: v[0] is True and "SCMP_ACT_NOTIFY" in v[1] and "SCMP_CMP_MASKED_EQ" in v[2] and "SCMP_ARCH_X86_64" in v[3]))


# ---- manners of the command line

@flow("cli-version", "--version: name and version, and the specification's", mutant="version")
def cli_version(box):
    line = ["echo", "dolium"] if box.mutant else [box.suite.runtime, "--version"]
    running = Running(box, line)
    box.running.append(running)
    r = running.wait()
    equal(r.status, 0, "status")
    check(re.search(r"version \d", r.out), r.out)
    check(re.search(r"^spec: 1\.", r.out, re.M), r.out)


@flow("cli-unknown-command", "a command that is none is an error", mutant="status:dance")
def cli_unknown_command(box):
    box.bad("dance", "x")


@flow("cli-unknown-flag", "a flag that is none is an error", mutant="status:state")
def cli_unknown_flag(box):
    box.up()
    box.bad("state", "--nosuchflag", box.id)


@flow("cli-equals", "--flag=value is as --flag value", mutant="option:--pid-file")
def cli_equals(box):
    box.create("--pid-file=" + box.dir + "/pid")
    check(os.path.exists(box.dir + "/pid"), "there is no such file")
    with open(box.dir + "/pid") as f:
        equal(int(f.read()), box.state()["pid"], "the pid")


@flow("cli-bundle-default", "create: without --bundle the current directory is the bundle", mutant="noop:create")
def cli_bundle_default(box):
    box.write_config()
    running = Running(box, ["env", "-C", box.bundle, *box.command("create", box.id)])
    box.running.append(running)
    equal(running.wait().status, 0, running.wait().err)
    equal(box.state()["bundle"], box.bundle, "bundle")


@flow("cli-pid-file-create", "create --pid-file: the host's pid, written before create returns", mutant="option:--pid-file")
def cli_pid_file(box):
    box.create("--pid-file", box.dir + "/pid")
    check(os.path.exists(box.dir + "/pid"), "there is no such file")
    with open(box.dir + "/pid") as f:
        equal(f.read().strip(), str(box.state()["pid"]), "the pid")


@flow("cli-root", "--root: containers of another root are not seen", mutant="noop:create")
def cli_root(box):
    box.create()
    line = [box.suite.runtime, "--root", box.dir + "/other", "state", box.id]
    running = Running(box, line)
    box.running.append(running)
    check(running.wait().status != 0, "it is seen")
    box.good("state", box.id)
    equal(json.loads(box.good("state", box.id).out)["id"], box.id, "id")


@flow("cli-root-private", "Security: the directory of states is nobody else's to read", mutant="after:create:chmod -R 777 run")
def cli_root_private(box):
    box.create()
    entries = [os.path.join(box.root, n) for n in os.listdir(box.root)]
    for path in [box.root, *entries]:
        check(os.stat(path).st_mode & 0o022 == 0, f"{path}: {os.stat(path).st_mode:o}")
    check(all(os.stat(p).st_mode & 0o044 == 0 for p in (box.root,)) or all(os.stat(p).st_mode & 0o044 == 0 for p in entries),
          "all may read")


def logged(box, *flags):
    box.bad("state", "0123456789-nobody", flags=["--log", box.dir + "/log", *flags])
    check(os.path.exists(box.dir + "/log"), "there is no log")
    with open(box.dir + "/log") as f:
        return f.read()


@flow("log-json", "--log FILE --log-format json: the error as JSON: level, msg, time", mutant="option:--log")
def log_json(box):
    lines = logged(box, "--log-format", "json").splitlines()
    entry = json.loads(lines[-1])
    equal(entry["level"], "error", "level")
    check(entry["msg"], "msg")
    check(re.match(r"\d{4}-\d\d-\d\dT", entry["time"]), entry["time"])


@flow("log-text", "--log FILE: the error as text", mutant="option:--log")
def log_text(box):
    check("0123456789-nobody" in logged(box) or "does not exist" in logged(box), "the error is not there")


@flow("log-json-equals", "--log=FILE --log-format=json, as podman writes it", mutant="option:--log")
def log_json_equals(box):
    box.bad("state", "0123456789-nobody", flags=["--log-format=json", "--log", box.dir + "/log"])
    check(os.path.exists(box.dir + "/log"), "there is no log")
    with open(box.dir + "/log") as f:
        equal(json.loads(f.read().splitlines()[-1])["level"], "error", "level")


@flow("log-appends", "--log FILE: is appended to", mutant="option:--log")
def log_appends(box):
    box.make("log", "first\n")
    check(logged(box).startswith("first\n"), "it was replaced")
    with open(box.dir + "/log") as f:
        check(len(f.read().splitlines()) > 1, "nothing was added")


@flow("log-injection", "Security: a line end in a name does not make a second line in the log", mutant="after:state:echo level=info msg=forged >>log")
def log_injection(box):
    box.bad("state", "x\nlevel=info msg=forged", flags=["--log", box.dir + "/log"])
    with open(box.dir + "/log") as f:
        check(not any(l.startswith("level=info") for l in f.read().splitlines()), "there is a forged line")


@flow("log-errors-on-stderr", "an error is told on stderr, and nothing on stdout", mutant="quiet:state")
def log_stderr(box):
    r = box.bad("state", "0123456789-nobody")
    equal(r.out, "", "stdout")
    check(r.err.strip(), "stderr is empty")


@flow("log-checkpoint-refused", "checkpoint: without CRIU, or of nothing, is an error", mutant="status:checkpoint")
def checkpoint_refused(box):
    box.bad("checkpoint", "0123456789-nobody")
