"""Runtime and lifecycle: create, start, kill, delete, state, and what each must refuse."""
from harness import *

NOTHING = "0123456789-nobody"

# ---- state


def field(name, want, text, **parts):
    def test(box):
        box.up()
        got = box.state().get(name)
        check(agrees(got, box.fill(want) if not callable(want) else want, box), f"{name}: {got!r}, not {want!r}")
    flow(f"state-{name}", f"State: {text}", **parts)(test)


field("ociVersion", matches(r"^1\.\d+\.\d+"), "ociVersion is a version of the specification", mutant="sed:state:s/ociVersion/other/")
field("id", "{id}", "id is the container's", mutant="sed:state:s/\"id\"/\"other\"/")
field("status", "running", "status of a program that runs is running", mutant="sed:state:s/running/created/")
field("bundle", "{bundle}", "bundle is the absolute path of the bundle", mutant="sed:state:s,/bundle,/other,")
field("annotations", {"org.example.key": "a value"}, "annotations are those of the configuration",
      change={"annotations": {"org.example.key": "a value"}})


@flow("state-pid", "State: pid is the program's, as the host sees it", mutant="sed:state:s/\"pid\": *[0-9]*/\"pid\": 1/")
def state_pid(box):
    box.up(["report", "ns"])
    pid = box.state()["pid"]
    with open(f"/proc/{pid}/cmdline", "rb") as f:
        check(f.read().startswith(b"/probe\0"), "the pid is of another program")


@flow("state-created", "State: status after create is created, with a pid", mutant="sed:state:s/created/running/")
def state_created(box):
    box.create()
    state = box.state()
    equal(state["status"], "created", "status")
    check(state["pid"] > 0 and not is_gone(state["pid"]), f"pid: {state['pid']}")


@flow("state-stopped", "State: status after the end of the program is stopped", mutant="sed:state:s/stopped/running/")
def state_stopped(box):
    box.actions(["exit", "3"])
    box.create()
    box.start()
    box.wait_status("stopped")


@flow("state-paused", "State: status of a paused container is paused", mutant="noop:pause")
def state_paused(box):
    box.up()
    box.good("pause", box.id)
    equal(box.status(), "paused", "status")
    box.good("resume", box.id)


@flow("state-missing", "Operations: state of a container that does not exist is an error with runc's words", mutant="status:state")
def state_missing(box):
    r = box.bad("state", NOTHING)
    check("does not exist" in r.err, r.err)


@flow("state-bundle-relative", "State: a bundle that was given relative to the caller's directory is absolute in the state",
      mutant="sed:state:s,/bundle,bundle,")
def state_bundle_relative(box):
    box.actions(["wait"])
    box.write_config()
    line = box.command("create", "-b", "bundle", box.id)
    running = Running(box, ["env", "-C", box.dir, *line])
    box.running.append(running)
    equal(running.wait().status, 0, running.wait().err)
    equal(box.state()["bundle"], box.bundle, "bundle")


# ---- create

@flow("create-waits", "Operations: create makes the container and does not run the program", mutant="noop:create")
def create_waits(box):
    box.actions(["out", "/ran"])
    box.create()
    equal(os.path.exists(box.rootfs + "/ran"), False, "the program ran")
    equal(box.status(), "created", "status")
    box.start()
    wait_until(lambda: os.path.exists(box.rootfs + "/ran"), "the program runs")


@flow("create-id-twice", "Operations: an id that is in use is an error with runc's words", mutant="noop:create")
def create_twice(box):
    box.create()
    box.apply({"linux.cgroupsPath": box.cgroup + "/second"})
    r = box.bad("create", "-b", box.bundle, box.id)
    check("exist" in r.err, r.err)
    equal(box.status(), "created", "the first container")


@flow("create-without-id", "Operations: create without an id is an error", mutant="status:create")
def create_without_id(box):
    box.write_config()
    box.bad("create", "-b", box.bundle)


@flow("create-without-bundle", "Operations: a bundle that is not there is an error", mutant="status:create")
def create_without_bundle(box):
    box.bad("create", "-b", box.dir + "/nowhere", box.id)
    box.bad("state", box.id)


@flow("create-without-config", "Operations: a bundle without config.json is an error", mutant="status:create")
def create_without_config(box):
    box.bad("create", "-b", box.bundle, box.id)


@flow("create-changes-after", "Operations: changes of config.json after create have no effect", mutant="fail:start")
def create_changes(box):
    box.actions(["tag", "first"])
    running = box.create()
    box.actions(["tag", "second"])
    box.write_config()
    box.start()
    equal(running.said(1)[0]["tag"], "first", "what ran")


@flow("create-failed-leaves-nothing", "Operations: a create that fails leaves no container", mutant="status:state")
def create_failed(box):
    box.config["process"]["args"] = ["/nowhere"]
    box.write_config()
    box.bad("create", "-b", box.bundle, box.id)
    box.bad("state", box.id)
    equal(box.cgroup_dirs(), [], "cgroups")


@flow("create-failed-id-is-free", "Operations: the id of a create that failed can be used", mutant="fail:start")
def create_again(box):
    args = box.config["process"]["args"]
    box.config["process"]["args"] = ["/nowhere"]
    box.write_config()
    box.bad("create", "-b", box.bundle, box.id)
    box.config["process"]["args"] = args
    box.create()
    box.start()


for n, bad_id in enumerate(["", ".", "..", "a/b", "../x", "a b", "a\nb", "ä", "x" * 4096, "a;b"]):
    @flow(f"create-bad-id-{n}", f"Security: the id {bad_id[:8]!r} is refused", mutant="status:create")
    def create_bad_id(box, bad_id=bad_id):
        box.write_config()
        box.bad("create", "-b", box.bundle, bad_id)
        equal([n for n in os.listdir(box.root) if not n.startswith(".")] if os.path.isdir(box.root) else [], [], "state")

for n, good_id in enumerate(["a", "A-b_c.d+e", "0", "x" * 128]):
    @flow(f"create-good-id-{n}", f"Operations: the id {good_id[:12]!r} is taken", mutant="fail:create")
    def create_good_id(box, good_id=good_id):
        box.write_config()
        box.good("create", "-b", box.bundle, good_id)
        equal(json.loads(box.good("state", good_id).out)["id"], good_id, "id")


# ---- start

@flow("start-runs", "Operations: start runs the program", mutant="noop:start")
def start_runs(box):
    box.actions(["tag", "ran"])
    running = box.create()
    box.start()
    equal(running.said(1)[0]["tag"], "ran", "what it said")


@flow("start-missing", "Operations: start of a container that does not exist is an error", mutant="status:start")
def start_missing(box):
    check("does not exist" in box.bad("start", NOTHING).err, "the words")


@flow("start-without-id", "Operations: start without an id is an error", mutant="status:start")
def start_without_id(box):
    box.bad("start")


@flow("start-twice", "Operations: start of a container that runs is an error, and has no effect", mutant="status:start")
def start_twice(box):
    box.up()
    box.bad("start", box.id)
    equal(box.status(), "running", "status")


@flow("start-stopped", "Operations: start of a container that has stopped is an error", mutant="status:start")
def start_stopped(box):
    box.actions(["exit", "0"])
    box.create()
    box.good("start", box.id)
    box.wait_status("stopped")
    r = box.bad("start", box.id)
    check("stopped" in r.err, r.err)


# ---- kill

for name, number in (("TERM", 15), ("SIGTERM", 15), ("15", 15), ("USR1", 10), ("sigusr2", 12), ("SIGHUP", 1), ("34", 34),
                     ("SIGRTMIN+1", 35), ("WINCH", 28)):
    @flow(f"kill-{name.lower()}", f"Operations: kill sends the signal {name}", mutant="noop:kill")
    def kill_signal(box, name=name, number=number):
        running = box.up()
        box.good("kill", box.id, name)
        equal(running.said(2)[1], {"signal": number}, "what came")


@flow("kill-default", "Operations: kill without a signal sends TERM", mutant="noop:kill")
def kill_default(box):
    running = box.up()
    box.good("kill", box.id)
    equal(running.said(2)[1]["signal"], 15, "what came")


@flow("kill-ends", "Operations: kill KILL ends the program", mutant="noop:kill")
def kill_ends(box):
    box.up()
    pid = box.state()["pid"]
    box.good("kill", box.id, "KILL")
    wait_until(lambda: is_gone(pid), "the program ends")
    box.wait_status("stopped")


@flow("kill-created", "Operations: kill of a created container sends the signal", mutant="noop:kill")
def kill_created(box):
    box.create()
    box.good("kill", box.id, "KILL")
    box.wait_status("stopped")


@flow("kill-missing", "Operations: kill of a container that does not exist is an error", mutant="status:kill")
def kill_missing(box):
    check("does not exist" in box.bad("kill", NOTHING).err, "the words")


@flow("kill-without-id", "Operations: kill without an id is an error", mutant="status:kill")
def kill_without_id(box):
    box.bad("kill")


@flow("kill-stopped", "Operations: kill of a stopped container is an error with runc's words", mutant="status:kill")
def kill_stopped(box):
    box.actions(["exit", "0"])
    box.create()
    box.start()
    box.wait_status("stopped")
    r = box.bad("kill", box.id, "KILL")
    check("container not running" in r.err, r.err)


@flow("kill-unknown-signal", "Operations: a signal that is none is an error, and nothing is sent", mutant="status:kill")
def kill_unknown(box):
    box.up()
    box.bad("kill", box.id, "NOSUCH")
    box.bad("kill", box.id, "-3")
    equal(box.status(), "running", "status")


@flow("kill-all", "kill --all: every process of the container gets the signal", mutant="option:--all")
def kill_all(box):
    box.apply({"linux.namespaces-": "pid"})
    box.up(["fork", "3"])
    pids = [int(p) for d in box.cgroup_dirs() for p in open(d + "/cgroup.procs")]
    box.good("kill", "--all", box.id, "KILL")
    wait_until(lambda: all(is_gone(p) for p in pids), "all processes end")


@flow("kill-only-the-first", "kill: without --all the others of a shared pid namespace live on", mutant="add:kill:--all")
def kill_first(box):
    box.apply({"linux.namespaces-": "pid"})
    box.up(["fork", "2"])
    pids = {int(p) for d in box.cgroup_dirs() for p in open(d + "/cgroup.procs")}
    first = box.state()["pid"]
    box.good("kill", box.id, "USR1")
    time.sleep(0.02)
    check(not any(is_gone(p) for p in pids), "a child ended")
    check(first in pids, "the pid is not in the cgroup")


# ---- delete

@flow("delete-stopped", "Operations: delete of a stopped container removes it", mutant="noop:delete")
def delete_stopped(box):
    box.actions(["exit", "0"])
    box.create()
    box.start()
    box.wait_status("stopped")
    box.good("delete", box.id)
    box.bad("state", box.id)
    equal(box.cgroup_dirs(), [], "cgroups")
    equal([n for n in os.listdir(box.root) if not n.startswith(".")], [], "state")


@flow("delete-running", "Operations: delete of a running container is an error, and has no effect", mutant="status:delete")
def delete_running(box):
    box.up()
    box.bad("delete", box.id)
    equal(box.status(), "running", "status")


@flow("delete-missing", "Operations: delete of a container that does not exist is an error", mutant="status:delete")
def delete_missing(box):
    check("does not exist" in box.bad("delete", NOTHING).err, "the words")


@flow("delete-without-id", "Operations: delete without an id is an error", mutant="status:delete")
def delete_without_id(box):
    box.bad("delete")


@flow("delete-force-running", "delete --force: ends and removes a running container", mutant="option:--force")
def delete_force(box):
    box.up(["fork", "2"])
    pid = box.state()["pid"]
    box.good("delete", "--force", box.id)
    check(is_gone(pid), "the program lives")
    box.bad("state", box.id)


@flow("delete-force-missing", "delete --force: of a container that does not exist is no error", mutant="fail:delete")
def delete_force_missing(box):
    box.good("delete", "--force", NOTHING)


@flow("delete-force-paused", "delete --force: of a paused container", mutant="option:--force")
def delete_force_paused(box):
    box.up()
    box.good("pause", box.id)
    pid = box.state()["pid"]
    box.good("delete", "--force", box.id)
    check(is_gone(pid), "the program lives")


@flow("delete-created", "delete: a created container is ended and removed, as runc does", mutant="noop:delete")
def delete_created(box):
    box.create()
    pid = box.state()["pid"]
    box.good("delete", box.id)
    check(is_gone(pid), "the process lives")
    box.bad("state", box.id)


@flow("delete-id-again", "Operations: after delete the id can be used again", mutant="noop:delete")
def delete_again(box):
    box.actions(["exit", "0"])
    for _ in range(2):
        box.create()
        box.start()
        box.wait_status("stopped")
        box.good("delete", box.id)


@flow("delete-what-was-not-made", "Operations: delete leaves what create did not make", mutant="noop:create")
def delete_leaves(box):
    box.make("bundle/rootfs/keep", "x")
    box.actions(["exit", "0"])
    box.create()
    box.start()
    box.wait_status("stopped")
    box.good("delete", box.id)
    check(os.path.exists(box.rootfs + "/keep") and os.path.exists(box.bundle + "/config.json"), "the bundle is gone")


@flow("delete-children", "Operations: delete of a stopped container ends what is left of it", mutant="noop:delete")
def delete_children(box):
    box.apply({"linux.namespaces-": "pid"})
    box.actions(["fork", "2"], ["exit", "0"])
    box.create()
    box.start()
    box.wait_status("stopped")
    pids = [int(p) for d in box.cgroup_dirs() for p in open(d + "/cgroup.procs")]
    check(pids, "no children")
    box.call("delete", box.id)
    box.good("delete", "--force", box.id)
    wait_until(lambda: all(is_gone(p) for p in pids), "the children end")


# ---- run

@flow("run-leaves-nothing", "run: removes the container at its end", mutant="add:run:--keep")
def run_leaves(box):
    box.actions(["exit", "0"])
    equal(box.run().status, 0, "status")
    box.bad("state", box.id)


@flow("run-detach", "run --detach: returns while the program runs", mutant="option:--detach")
def run_detach(box):
    box.actions(["sleep", "1"])
    equal(box.run("--detach").status, 0, "status")
    equal(box.status(), "running", "status")


@flow("run-pid-file", "run --pid-file: the host's pid of the program", mutant="option:--pid-file")
def run_pid_file(box):
    box.actions(["wait"])
    equal(box.run("-d", "--pid-file", box.dir + "/pid").status, 0, "status")
    check(os.path.exists(box.dir + "/pid"), "there is no such file")
    with open(box.dir + "/pid") as f:
        equal(int(f.read()), box.state()["pid"], "the pid")


@flow("run-forwards-signals", "run: what the run-time gets, the program gets", mutant="noop:run")
def run_forwards(box):
    box.actions(["wait"])
    box.write_config()
    running = box.begin("run", "-b", box.bundle, box.id)
    running.said(1)
    os.kill(running.pid, signal.SIGUSR1)
    # Others may come as well: a Go program signals itself.
    wait_until(lambda: {"signal": 10} in running.said(1), "USR1 comes")
    os.kill(running.pid, signal.SIGTERM)
    equal(running.wait().status, 0, "status")
