"""hooks: when, where and with what they run, and what comes of their failure."""
from harness import *

KINDS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
STATUS = {"prestart": "creating", "createRuntime": "creating", "createContainer": "creating", "startContainer": "created",
          "poststart": "running", "poststop": "stopped"}
INSIDE = ("startContainer",)


def hook(kind, *actions, **parts):
    """A hook that writes what it sees into the log; the one inside writes into the root."""
    inside = kind in INSIDE
    words = ["probe", "out", "/log" if inside else "{dir}/log"]
    for action in (["tag", kind], *actions):
        words += [";", *action]
    return {"path": "/probe" if inside else "{probe}", "args": words, **parts}


def log(box, kind):
    """What the hooks wrote, without the first line of each."""
    return [l for l in box.lines("bundle/rootfs/log" if kind in INSIDE else "log") if l.get("does") != "out"]


def life(box):
    box.actions(["tag", "program"])
    box.create()
    box.start()
    box.wait_status("stopped")
    box.good("delete", box.id)


for kind in KINDS:
    @flow(f"hook-{kind}", f"Hooks: {kind} runs", change={"hooks": {kind: [hook(kind)]}})
    def hook_runs(box, kind=kind):
        life(box)
        equal([l["tag"] for l in log(box, kind)], [kind], "what ran")

    @flow(f"hook-{kind}-order", f"Hooks: those of {kind} run in the order of the list",
          change={"hooks": {kind: [hook(kind, ["tag", "1"]), hook(kind, ["tag", "2"]), hook(kind, ["tag", "3"])]}})
    def hook_order(box, kind=kind):
        life(box)
        equal([l["tag"] for l in log(box, kind)], [kind, "1", kind, "2", kind, "3"], "what ran")

    @flow(f"hook-{kind}-state", f"Hooks: {kind} has the state on stdin: status {STATUS[kind]}",
          base={"annotations": {"org.example": "x"}}, change={"hooks": {kind: [hook(kind, ["input"])]}})
    def hook_state(box, kind=kind):
        life(box)
        lines = log(box, kind)
        check(len(lines) == 2, f"it said {lines}")
        state = json.loads(lines[1]["text"])
        equal(state.get("status"), STATUS[kind], "status")
        equal(state.get("id"), box.id, "id")
        equal(state.get("bundle"), box.bundle, "bundle")
        equal(state.get("annotations"), {"org.example": "x"}, "annotations")
        check(str(state.get("ociVersion")).startswith("1."), "ociVersion")
        if kind != "poststop":
            equal(state.get("pid", 0) > 0, True, "pid")

    @flow(f"hook-{kind}-args", f"Hooks: args of {kind} are its argv", change={"hooks": {kind: [
        {**hook(kind, ["report", "args"]), "args": [*hook(kind, ["report", "args"])["args"], ";", "tag", "a b"]}]}})
    def hook_args(box, kind=kind):
        life(box)
        lines = log(box, kind)
        check(len(lines) == 3, f"it said {lines}")
        equal(lines[1]["report"]["args"][0], "probe", "argv[0]")
        equal(lines[2]["tag"], "a b", "the last")

    @flow(f"hook-{kind}-env", f"Hooks: env of {kind} is all of its environment",
          change={"hooks": {kind: [hook(kind, ["report", "env"], env=["B=2", "A=1"])]}})
    def hook_env(box, kind=kind):
        life(box)
        lines = log(box, kind)
        check(len(lines) == 2, f"it said {lines}")
        equal(lines[1]["report"]["env"], ["B=2", "A=1"], "env")

    @flow(f"hook-{kind}-no-env", f"Hooks: {kind} inherits no environment", change={"hooks": {kind: [hook(kind, ["report", "env"])]}})
    def hook_no_env(box, kind=kind):
        life(box)
        lines = log(box, kind)
        check(len(lines) == 2, f"it said {lines}")
        equal(lines[1]["report"]["env"], [], "env")

    @flow(f"hook-{kind}-fds", f"Security: {kind} has no descriptor but its standard streams", change={"hooks": {kind: [hook(kind, ["report", "fds"])]}})
    def hook_fds(box, kind=kind):
        life(box)
        lines = log(box, kind)
        check(len(lines) == 2, f"it said {lines}")
        equal(set(lines[1]["report"]["fds"]) - {"0", "1", "2"}, set(), "descriptors")

    @flow(f"hook-{kind}-namespaces", "Hooks: " + {"createContainer": "createContainer runs in the container's mount namespace",
          "startContainer": "startContainer runs in the container"}.get(kind, f"{kind} runs in the run-time's namespaces"),
          change={"hooks": {kind: [hook(kind, ["report", "ns"])]}})
    def hook_namespaces(box, kind=kind):
        life(box)
        lines = log(box, kind)
        check(len(lines) == 2, f"it said {lines}")
        ns = lines[1]["report"]["ns"]
        for name, own in (("mnt", kind in ("createContainer", "startContainer")), ("pid", kind == "startContainer"),
                          ("user", False)):
            if kind == "createContainer" and name == "pid":
                continue
            same = ns[name] == os.readlink("/proc/self/ns/" + name)
            equal(same, not own, f"the {name} namespace is the run-time's")

    @flow(f"hook-{kind}-timeout", f"Hooks: a {kind} that takes longer than its timeout " + (
        "is warned of" if kind == "poststop" else "is an error"),
        change={"hooks": {kind: [hook(kind, ["sleep", "30"], timeout=1)]}})
    def hook_timeout(box, kind=kind):
        began = time.monotonic()
        if kind == "poststop":
            life(box)
            took = time.monotonic() - began
            check(0.9 < took < 10, f"it took {took:.1f} s")
            return
        box.actions(["sleep", "20"])
        box.write_config()
        r = box.call("run", "-d", "-b", box.bundle, box.id)
        check(r.status != 0, "it ran")
        check(time.monotonic() - began < 10, "it took too long")

    if kind != "poststop":
        @flow(f"hook-{kind}-fails", f"Hooks: a {kind} that fails is an error" + ("" if kind == "poststart" else ", and the program never runs"),
              change={"hooks": {kind: [hook(kind, ["exit", "3"]), hook(kind, ["tag", "next"])]}})
        def hook_fails(box, kind=kind):
            box.actions(["out", "/ran"], ["wait"])
            box.write_config()
            r = box.call("run", "-d", "-b", box.bundle, box.id)
            check(r.status != 0, "no error")
            if kind != "poststart":
                check(not os.path.exists(box.rootfs + "/ran"), "the program ran")
            check("next" not in [l.get("tag") for l in log(box, kind)], "the next hook ran")
            r = box.call("state", box.id)
            check(r.status != 0 or json.loads(r.out)["status"] == "stopped", f"the container is there: {r.out}")

    @flow(f"hook-{kind}-missing", f"Hooks: a {kind} whose program is not there " + ("is warned of" if kind == "poststop" else "is an error"),
          change={"hooks": {kind: [{"path": "/nowhere/hook"}]}}, mutant="drop" if kind != "poststop" else "fail:delete")
    def hook_missing(box, kind=kind):
        if kind == "poststop":
            return life(box)
        box.actions(["wait"])
        box.write_config()
        r = box.call("run", "-d", "-b", box.bundle, box.id)
        check(r.status != 0, "no error")

    @flow(f"hook-{kind}-relative", f"Hooks: the path of {kind} must be absolute",
          change={"hooks": {kind: [{**hook(kind), "path": "probe"}]}})
    def hook_relative(box, kind=kind):
        box.actions(["wait"])
        box.write_config()
        r = box.call("run", "-d", "-b", box.bundle, box.id)
        check(r.status != 0, "no error")
        check(not log(box, kind), "the hook ran")


@flow("hook-poststop-fails", "Hooks: a poststop that fails is warned of, and the next runs",
      change={"hooks": {"poststop": [hook("poststop", ["exit", "3"]), hook("poststop", ["tag", "next"])]}})
def poststop_fails(box):
    life(box)
    equal([l["tag"] for l in log(box, "poststop") if "tag" in l], ["poststop", "poststop", "next"], "what ran")
    box.bad("state", box.id)


@flow("hook-order", "Lifecycle: prestart, createRuntime, createContainer; startContainer, the program, poststart; poststop",
      change={"hooks": {kind: [{**hook(kind), "args": [w.replace("/log", "/shared/log") if w == "/log" else w for w in hook(kind)["args"]]}]
                        for kind in KINDS},
              "mounts+": [{"destination": "/shared", "type": "bind", "source": "{dir}", "options": ["bind"]}]})
def hook_order_all(box):
    box.actions(["out", "/shared/log"], ["tag", "program"], ["wait"])
    box.create()
    equal([l["tag"] for l in log(box, "x") if "tag" in l], ["prestart", "createRuntime", "createContainer"], "after create")
    box.start()
    wait_until(lambda: len([l for l in log(box, "x") if "tag" in l]) >= 6, "all hooks of start")
    tags = [l["tag"] for l in log(box, "x") if "tag" in l]
    equal(tags[3], "startContainer", "the first of start")
    equal(sorted(tags[4:]), ["poststart", "program"], "then")
    box.good("kill", box.id)
    box.wait_status("stopped")
    check("poststop" not in [l.get("tag") for l in log(box, "x")], "poststop ran before delete")
    box.good("delete", box.id)
    equal([l["tag"] for l in log(box, "x") if "tag" in l][6:], ["poststop"], "after delete")


@flow("hook-createRuntime-pid", "Hooks: the pid in the state is the container's, and its namespaces are there",
      change={"hooks": {"createRuntime": [hook("createRuntime", ["input"])]}})
def hook_pid(box):
    box.create()
    lines = log(box, "createRuntime")
    check(len(lines) == 2, f"it said {lines}")
    equal(json.loads(lines[1]["text"])["pid"], box.state()["pid"], "pid")


@flow("hook-createRuntime-fails-poststop", "Lifecycle: after a createRuntime that failed poststop runs", change={"hooks": {
    "createRuntime": [hook("createRuntime", ["exit", "1"])], "poststop": [hook("poststop")]}})
def hook_fails_poststop(box):
    box.write_config()
    box.bad("create", "-b", box.bundle, box.id)
    check("poststop" in [l.get("tag") for l in log(box, "poststop")], "poststop did not run")


@flow("hook-without-args", "Hooks: without args the path is argv[0]", change={"hooks": {"createRuntime": [{"path": "{dir}/tool"}]}})
def hook_without_args(box):
    box.make("tool", "#!/bin/sh\necho \"{\\\"does\\\":\\\"tool\\\",\\\"tag\\\":\\\"$0\\\"}\" >>${0%/*}/log\n", 0o755)
    box.create()
    equal([l["tag"] for l in log(box, "x")], [box.dir + "/tool"], "argv[0]")


case("hook-bad-timeout", "Hooks: a timeout of 0 is an error", change={"hooks": {"createRuntime": [hook("createRuntime", timeout=0)]}}, refuses=True)
