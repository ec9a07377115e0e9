#!/usr/bin/env python3
"""Asks a run-time all that an engine once asked runc, without the engine, and compares the answers.

usage: contract_replay.py RUNTIME CONTRACT.jsonl ROOTFS SCRATCH

CONTRACT.jsonl is what contract_trace.py wrote. The calls are made in their order, with the same arguments,
configuration, variables and kinds of descriptors; only places and names are ours. Prints TAP: one line a call.
"""
import array, ctypes, json, os, select, signal, socket, sys, threading, time

from contract_trace import VALUE, options

RUNTIME, CONTRACT, ROOTFS, SCRATCH = sys.argv[1:5]
PR_SET_CHILD_SUBREAPER = 36
# By these engines tell failures apart.
WORDS = ["executable file not found in $PATH", "no such file or directory", "permission denied", "does not exist",
         "container not running", "process already finished", "not a directory", "chdir to cwd"]
CGROUPS = f"/dolium/contract-{os.getpid()}"


class Container:
    def __init__(self, name, number):
        self.id = f"contract-{os.getpid()}-{number}"
        self.bundle = f"{SCRATCH}/{number}"
        self.pid = 0
        self.terminal = False
        os.makedirs(self.bundle, exist_ok=True)


class Console(threading.Thread):
    """Takes the terminal that the run-time sends."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(path)
        self.server.listen(1)
        self.server.settimeout(10)
        self.fd = -1
        self.start()

    def run(self):
        try:
            peer, _ = self.server.accept()
            _, ancillary, _, _ = peer.recvmsg(4096, socket.CMSG_LEN(4 * 4))
            fds = array.array("i")
            fds.frombytes(ancillary[0][2])
            self.fd = fds[0]
        except (OSError, IndexError):
            pass


containers, n_files = {}, 0


def scratch(name):
    global n_files
    n_files += 1
    return f"{SCRATCH}/{name}{n_files}"


def write(path, text):
    with open(path, "w") as f:
        f.write(text)
    return path


def stand_in(path, kind):
    """Something of the same kind as what the engine had bound."""
    if path.startswith(("/dev/", "/proc", "/sys")) or kind == "none":
        return path
    at = scratch("source")
    if kind == "directory":
        os.mkdir(at)
    else:
        # Also for an init of the engine's, as in "docker-init -- CMD".
        write(at, "#!/bin/sh\nshift\ntrap 'exit 143' TERM\n\"$@\" &\nwait\n")
        os.chmod(at, 0o755)
    return at


def adapt(call, container, last_seccomp):
    config = call["config"]
    config["root"]["path"] = ROOTFS
    for mount in config.get("mounts", []):
        source = mount.get("source", "")
        if source in call["sources"]:
            mount["source"] = stand_in(source, call["sources"][source])
    linux = config["linux"]
    for namespace in linux.get("namespaces", []):
        namespace.pop("path", None)
    if linux.get("cgroupsPath"):
        linux["cgroupsPath"] = f"{CGROUPS}/{container.id}"
    if linux.get("seccomp") == "as before":
        linux["seccomp"] = last_seccomp
    # Of a hook that was the engine's program we see what it was told.
    for name, hooks in (config.get("hooks") or {}).items():
        for hook in hooks:
            hook.update({"path": "/usr/bin/tee", "args": ["tee", f"{container.bundle}/{name}.hook"]})
    container.terminal = config["process"].get("terminal", False)
    write(f"{container.bundle}/config.json", json.dumps(config))


def rewrite(argv, call, container):
    """The same words, with places of ours."""
    given, out, console, n = options(argv), [], None, 0
    ours = {"bundle": container.bundle, "log": f"{SCRATCH}/log.json", "pid-file": f"{SCRATCH}/pid"}
    for leftover in ("log.json", "pid"):
        if os.path.exists(f"{SCRATCH}/{leftover}"):
            os.unlink(f"{SCRATCH}/{leftover}")
    if "process" in given:
        ours["process"] = write(f"{SCRATCH}/process.json", json.dumps(call["process"]))
    if "resources" in given:
        ours["resources"] = "-" if given["resources"] == "-" else write(f"{SCRATCH}/resources.json", json.dumps(call["resources"]))
    if "console-socket" in given:
        ours["console-socket"] = scratch("c")
        console = Console(ours["console-socket"])
    names = {"b": "bundle", "p": "process", "r": "resources"}
    while n < len(argv):
        match = VALUE.match(argv[n])
        if match:
            value = ours[names.get(match.group(1), match.group(1))]
            if match.group(2) is not None:
                out.append(argv[n].split("=")[0] + "=" + value)
            else:
                out += [argv[n], value]
                n += 1
        elif argv[n] == "--root":
            out += ["--root", f"{SCRATCH}/root"]
            n += 1
        elif argv[n].startswith("--root="):
            out.append(f"--root={SCRATCH}/root")
        else:
            out.append(container.id if argv[n] == container.name else argv[n])
        n += 1
    if "--root" not in " ".join(out):
        out = ["--root", f"{SCRATCH}/root"] + out
    return out, ours, console


def descriptors(kinds):
    """fds 0 to 9 as the engine had them; what the other ends are."""
    ours, others = {}, []
    for number, kind in kinds.items():
        if kind in ("pipe", "file", "directory"):
            r, w = os.pipe()
            ours[int(number)], other = (r, w) if number == "0" else (w, r)
            others.append(other)
        elif kind == "socket":
            a, b = socket.socketpair()
            ours[int(number)] = a.detach()
            others.append(b.detach())
        else:
            ours[int(number)] = os.open("/dev/null", os.O_RDWR)
    return ours, others


def place(ours):
    """In the child: each to its number, nothing else. First out of one another's way."""
    high = {number: os.dup2(fd, 200 + number) for number, fd in ours.items()}
    os.closerange(3, 200)
    for number, fd in high.items():
        os.dup2(fd, number, inheritable=True)
        os.close(fd)


def start(argv, call):
    ours, others = descriptors(call["fds"])
    stdin = json.dumps(call["resources"]).encode() if "-" == options(call["argv"]).get("resources") else None
    captured = call["command"] not in ("create", "run", "exec", "restore")
    out_r, out_w = os.pipe()
    err_r, err_w = os.pipe()
    if captured:
        for number, fd in ((1, out_w), (2, err_w)):
            os.close(ours.pop(number, -1)) if number in ours else None
            ours[number] = fd
    if stdin is not None:
        r, w = os.pipe()
        os.write(w, stdin)
        os.close(w)
        ours[0] = r
    env = dict(os.environ, **call["env"])
    pid = os.fork()
    if pid == 0:
        try:
            place(ours)
            os.execve(RUNTIME, [RUNTIME] + argv, env)
        finally:
            os._exit(120)
    for fd in set(ours.values()) | {out_w, err_w}:
        try:
            os.close(fd)
        except OSError:
            pass
    return pid, out_r, err_r, others


def finish(pid, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got, status = os.waitpid(pid, os.WNOHANG)
        if got:
            return os.waitstatus_to_exitcode(status)
        reap(but=pid)
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return "no end"


def drain(fd):
    text = b""
    while select.select([fd], [], [], 0)[0]:
        piece = os.read(fd, 65536)
        if not piece:
            break
        text += piece
    os.close(fd)
    return text.decode(errors="replace")


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def reap(but=0):
    """An engine is the subreaper of what it started; process 1 of a container cannot end before those are reaped."""
    try:
        children = open(f"/proc/self/task/{os.getpid()}/children").read().split()
        for child in map(int, children):
            if child != but:
                os.waitpid(child, os.WNOHANG)
    except OSError:
        pass


def wait_for_end(pid):
    end = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < end:
        reap()
        time.sleep(0.005)
    reap()
    return not is_alive(pid)


def check_process(pid, call, said):
    """What a process of the container has from us: these streams, no descriptor and no variable more."""
    said.append(f"pid {pid} is not alive") if not is_alive(pid) else None
    try:
        fds = sorted(int(n) for n in os.listdir(f"/proc/{pid}/fd"))
        env = open(f"/proc/{pid}/environ").read()
    except OSError:
        return  # it was quick
    allowed = 3 + int(next((a.split("=")[-1] for a in call["argv"] if a.startswith("--preserve-fds=")), 0))
    leaked = [fd for fd in fds if fd >= allowed and fd != 10]  # 10 is the script that a shell reads
    said.append(f"descriptors leaked into the container: {leaked}") if leaked else None
    said.append("a variable of the engine's is in the container") if "_OCI_" in env else None


def check(call, rc, container, ours, console, out, err, said):
    wanted = call["rc"]
    if rc != wanted:
        said.append(f"exit status {rc}, runc's was {wanted}")
    if wanted and call.get("message"):
        try:
            message = json.loads(open(ours["log"]).read().strip().split("\n")[-1])["msg"]
        except (OSError, ValueError, KeyError):
            message = ""
            said.append("no message in the log")
        for word in WORDS:
            if word in call["message"] and word not in message:
                said.append(f"'{word}' is not in '{message}', but in '{call['message']}'")
    for word in WORDS:
        if word in (call.get("stderr") or "") and word not in err:
            said.append(f"'{word}' is not in '{err}', but in '{call['stderr']}'")
    if rc == 0 and not wanted and err:
        said.append(f"printed on stderr: {err}")
    if rc == 0 and (call.get("stdout") or "").lstrip().startswith("{"):
        missing = set(json.loads(call["stdout"])) - set(json.loads(out or "{}"))
        said.append(f"missing in the answer: {missing}") if missing else None
    if console is not None and rc == 0:
        console.join(10)
        said.append("no terminal came") if console.fd < 0 or not os.isatty(console.fd) else None
    if "pid-file" in ours and rc == 0 and "pid-file" in options(call["argv"]):
        pid = int(open(ours["pid-file"]).read())
        if call["command"] == "create":
            container.pid = pid
            said.append(f"pid {pid} is not alive") if not is_alive(pid) else None
        else:
            check_process(pid, call, said) if is_alive(pid) else None
    if call["command"] == "start" and rc == 0 and is_alive(container.pid):
        # It may be a step before its execve(2).
        time.sleep(0.05)
        check_process(container.pid, call, said) if is_alive(container.pid) else None
    if call["command"] == "create" and rc == 0:
        for name in (call["config"].get("hooks") or {}):
            if name in ("prestart", "createRuntime", "createContainer"):
                check_hook(container, name, said)
    if call["command"] == "delete" and rc == 0:
        said.append("the state is still there") if os.path.exists(f"{SCRATCH}/root/{container.id}") else None


def check_hook(container, name, said):
    try:
        state = json.loads(open(f"{container.bundle}/{name}.hook").read())
    except (OSError, ValueError):
        said.append(f"hook {name} was told nothing")
        return
    if state.get("pid") != container.pid or state.get("status") not in ("creating", "created") or state.get("id") != container.id:
        said.append(f"hook {name} was told {state}")


def name_of(call):
    """The container's: what a call has besides options."""
    return next((a for a in call["argv"][call["argv"].index(call["command"]) + 1:] if a in containers), None) if call["command"] else None


def ids(calls):
    found = []
    for call in calls:
        if call["command"] in ("create", "run"):
            # Last, or first with options behind.
            words = [a for a in call["argv"][call["argv"].index(call["command"]) + 1:]]
            found.append(words[-1] if not words[-2].startswith("-b") else words[0])
    return list(dict.fromkeys(found))


def main():
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    calls = [json.loads(line) for line in open(CONTRACT)]
    for number, name in enumerate(ids(calls)):
        containers[name] = Container(name, number)
        containers[name].name = name
    print(f"1..{len(calls)}")
    failed, seccomp, keep = 0, None, []
    for number, call in enumerate(calls, 1):
        said = []
        container = containers.get(name_of(call)) or Container("none", "none")
        container.name = getattr(container, "name", "none")
        if call.get("config"):
            given = call["config"]["linux"].get("seccomp")
            adapt(call, container, seccomp)
            seccomp = given if given and given != "as before" else seccomp
        argv, ours, console = rewrite(call["argv"], call, container)
        # Between two calls, the engine waited for what it had asked for.
        if call["command"] == "delete" and call["rc"] == 0 and "--force" not in call["argv"] and container.pid:
            said.append("did not end") if not wait_for_end(container.pid) else None
        reap()
        pid, out_r, err_r, others = start(argv, call)
        rc = finish(pid)
        keep += others
        check(call, rc, container, ours, console, drain(out_r), drain(err_r), said)
        failed += bool(said)
        print(f"{'not ok' if said else 'ok'} {number} - {call['command']} {container.name[:12]}")
        for line in said:
            print(f"# {line}\n#   {' '.join(argv)}")
    for container in containers.values():
        os.spawnv(os.P_WAIT, RUNTIME, [RUNTIME, "--root", f"{SCRATCH}/root", "delete", "--force", container.id])
    for hierarchy in os.listdir("/sys/fs/cgroup"):
        try:
            os.rmdir(f"/sys/fs/cgroup/{hierarchy}{CGROUPS}")
        except OSError:
            pass
    sys.exit(failed > 0)


main()
