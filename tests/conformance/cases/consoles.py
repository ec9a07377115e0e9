"""Terminals, descriptors that are handed on, and systemd's NOTIFY_SOCKET."""
import array, select, socket, struct, termios

from harness import *


class Terminal:
    """Our end of a container's terminal."""
    def __init__(self, fd, name):
        self.fd, self.name, self.text = fd, name, ""

    def said(self, n):
        until = time.monotonic() + LIMIT["event"]
        while True:
            lines = Result(0, self.text.replace("\r\n", "\n").replace("^C", ""), "").said
            if len(lines) >= n:
                return lines
            ready, _, _ = select.select([self.fd], [], [], max(0, until - time.monotonic()))
            check(ready, f"the terminal said {self.text!r}, not {n} lines")
            try:
                self.text += os.read(self.fd, 65536).decode()
            except OSError:
                raise Failure(f"the terminal ended: {self.text!r}")


def console(box, name="console.sock"):
    """A console socket, and how to take the terminal that comes."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(f"{box.dir}/{name}")
    listener.listen()
    listener.settimeout(LIMIT["event"])
    box.at_end.append(listener.close)

    def take():
        try:
            connection, _ = listener.accept()
            connection.settimeout(LIMIT["event"])
            text, fds, _, _ = socket.recv_fds(connection, 4096, 4)
        except TimeoutError:
            raise Failure("no terminal came")
        connection.close()
        check(len(fds) == 1, f"{len(fds)} descriptors came")
        box.at_end.append(lambda: os.close(fds[0]))
        return Terminal(fds[0], text.decode(errors="replace"))
    return take


TERMINAL = {"process.terminal": True}


def with_console(box, *actions):
    take = console(box)
    box.actions(*actions, ["wait"])
    box.create("--console-socket", box.dir + "/console.sock")
    terminal = take()
    box.start()
    return terminal


@flow("console-socket", "create --console-socket: our end of the terminal comes by the socket, with its name", base=TERMINAL, mutant="noop:start")
def console_socket(box):
    terminal = with_console(box, ["report", "tty"])
    check(os.isatty(terminal.fd), "it is no terminal")
    check(terminal.name, "it has no name")
    equal(terminal.said(1)[0]["report"]["tty"], [1, 1, 1], "terminals")


@flow("console-size", "Process: consoleSize is the size of the terminal", base=TERMINAL, change={"process.consoleSize": {"height": 33, "width": 111}})
def console_size(box):
    report = with_console(box, ["report", "tty"]).said(1)[0]["report"]
    equal((report.get("rows"), report.get("columns")), (33, 111), "rows and columns")


@flow("console-controls", "Process: the terminal controls the program's session", base=TERMINAL, mutant='noop:start')
def console_controls(box):
    terminal = with_console(box, ["report", "tty", "pids"])
    report = terminal.said(1)[0]["report"]
    equal(report["foreground"], report["pgrp"], "the foreground group")


@flow("console-interrupt", "Process: ^C on the terminal is SIGINT for the program", base=TERMINAL, mutant="noop:start")
def console_interrupt(box):
    terminal = with_console(box)
    terminal.said(1)
    os.write(terminal.fd, b"\x03")
    equal(terminal.said(2)[1], {"signal": 2}, "what came")


@flow("console-dev", "Default devices: /dev/console is the terminal", base=TERMINAL, mutant="noop:start")
def console_dev(box):
    terminal = with_console(box, ["stat", "/dev/console"], ["write", "/dev/console", "{\"written\": 1}\n"])
    lines = terminal.said(3)
    equal(lines[0]["type"], "c", "type")
    check({"written": 1} in lines, f"it said {lines}")


@flow("console-dev-console-link", "Security: a /dev/console that is a link is not followed to the host (CVE-2025-52565)", base={
    **TERMINAL, "mounts": [m for m in BASE["mounts"] if m["destination"] == "/proc"] + [
        {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance", "ptmxmode=0666", "mode=0620"]}]},
    mutant="after:create:echo 1 >target")
def console_link(box):
    box.make("target", "")
    box.make("bundle/rootfs/dev")
    os.symlink(box.dir + "/target", box.rootfs + "/dev/console")
    console(box)
    box.actions(["write", "/dev/console", "x"])
    box.write_config()
    box.call("create", "-b", box.bundle, "--console-socket", box.dir + "/console.sock", box.id)
    with open(box.dir + "/target") as f:
        equal(f.read(), "", "the host's file")
    with open("/proc/self/mountinfo") as f:
        check(box.dir + "/target" not in f.read(), "it is mounted on")


@flow("console-owner", "Process: the terminal belongs to the program's user", base={**TERMINAL, "process.user": {"uid": 1000, "gid": 1000}},
      mutant="noop:start")
def console_owner(box):
    terminal = with_console(box, ["stat", "/dev/pts/0"])
    equal(terminal.said(1)[0]["uid"], 1000, "uid")


@flow("console-missing-socket", "create: terminal without a --console-socket is an error", base=TERMINAL, mutant="status:create")
def console_missing_socket(box):
    box.write_config()
    box.bad("create", "-b", box.bundle, box.id)


@flow("console-bad-socket", "create --console-socket: a socket that is not there is an error", base=TERMINAL, mutant="status:create")
def console_bad_socket(box):
    box.write_config()
    box.bad("create", "-b", box.bundle, "--console-socket", box.dir + "/nowhere", box.id)


@flow("console-without-terminal", "create --console-socket: without terminal it is an error, as runc has it", mutant="status:create")
def console_without_terminal(box):
    console(box)
    box.write_config()
    box.bad("create", "-b", box.bundle, "--console-socket", box.dir + "/console.sock", box.id)


def own_terminal(box, *options):
    """run in the foreground of a terminal of ours."""
    master, slave = os.openpty()
    name = os.ttyname(slave)
    termios.tcsetwinsize(slave, (21, 91))
    box.at_end.append(lambda: os.close(master))
    box.write_config()
    running = box.begin("run", "-b", box.bundle, *options, box.id, tty=name)
    os.close(slave)
    return Terminal(master, name), running


@flow("console-run", "run: with a terminal in the foreground", base=TERMINAL, mutant="noop:run")
def console_run(box):
    box.actions(["report", "tty"], ["exit", "5"])
    terminal, running = own_terminal(box)
    equal(terminal.said(1)[0]["report"]["tty"], [1, 1, 1], "terminals")
    equal(running.wait().status, 5, "status")


@flow("console-run-input", "run: what is typed reaches the program", base=TERMINAL, mutant="noop:run")
def console_run_input(box):
    box.actions(["wait"])
    terminal, running = own_terminal(box)
    terminal.said(1)
    os.write(terminal.fd, b"\x03")
    equal(terminal.said(2)[1], {"signal": 2}, "what came")


@flow("console-run-size", "run: the terminal has the size of the caller's", base=TERMINAL, mutant="noop:run")
def console_run_size(box):
    box.actions(["sleep", "0.2"], ["report", "tty"])
    terminal, running = own_terminal(box)
    report = terminal.said(2)[1]["report"]
    equal((report["rows"], report["columns"]), (21, 91), "rows and columns")


# ---- descriptors

def zero_and_full(box):
    fds = [os.open("/dev/zero", os.O_RDONLY), os.open("/dev/full", os.O_RDONLY)]
    box.at_end.append(lambda: [os.close(fd) for fd in fds])
    return fds


@flow("fds-preserved", "run --preserve-fds N: so many descriptors from 3 on are the program's", mutant="option:--preserve-fds")
def fds_preserved(box):
    box.actions(["report", "fds"])
    r = box.run("--preserve-fds", "2", fds=zero_and_full(box))
    equal(r.status, 0, r.err)
    equal({k: v for k, v in r.said[0]["report"]["fds"].items() if int(k) > 2}, {"3": "/dev/zero", "4": "/dev/full"}, "descriptors")


@flow("fds-exactly", "Security: --preserve-fds 1 of two hands on one", mutant="option:--preserve-fds")
def fds_exactly(box):
    box.actions(["report", "fds"])
    r = box.run("--preserve-fds", "1", fds=zero_and_full(box))
    equal(r.status, 0, r.err)
    equal({k: v for k, v in r.said[0]["report"]["fds"].items() if int(k) > 2}, {"3": "/dev/zero"}, "descriptors")


@flow("fds-not-preserved", "Security: without --preserve-fds no descriptor of the caller's is the program's", mutant="add:run:--preserve-fds=2")
def fds_not_preserved(box):
    box.actions(["report", "fds"])
    r = box.run(fds=zero_and_full(box))
    equal(r.status, 0, r.err)
    equal([k for k in r.said[0]["report"]["fds"] if int(k) > 2], [], "descriptors")


@flow("fds-listen", "Life: LISTEN_FDS descriptors are the program's, with LISTEN_FDS and LISTEN_PID=1 in its environment",
      mutant='sed:run:s/LISTEN/NO/g')
def fds_listen(box):
    box.actions(["report", "fds", "env"])
    box.write_config()
    # They are for the process of that id alone (sd_listen_fds(3)).
    line = ["sh", "-c", 'export LISTEN_PID=$$; exec "$@"', "_", *box.command("run", "-b", box.bundle, box.id)]
    if box.mutant:
        line = box.command("run", "-b", box.bundle, box.id)
    running = Running(box, line, fds=zero_and_full(box), env={"LISTEN_FDS": "2"})
    box.running.append(running)
    r = running.wait()
    equal(r.status, 0, r.err)
    report = r.said[0]["report"]
    equal({k: v for k, v in report["fds"].items() if int(k) > 2}, {"3": "/dev/zero", "4": "/dev/full"}, "descriptors")
    check("LISTEN_FDS=2" in report["env"] and "LISTEN_PID=1" in report["env"], f"env: {report['env']}")


@flow("pidfd-socket", "create --pidfd-socket: a pidfd of the program comes by the socket", mutant="option:--pidfd-socket")
def pidfd_socket(box):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(box.dir + "/pidfd.sock")
    listener.listen()
    listener.settimeout(LIMIT["event"])
    box.at_end.append(listener.close)
    box.create("--pidfd-socket", box.dir + "/pidfd.sock")
    try:
        connection, _ = listener.accept()
        connection.settimeout(LIMIT["event"])
        _, fds, _, _ = socket.recv_fds(connection, 4096, 4)
    except TimeoutError:
        raise Failure("no pidfd came")
    connection.close()
    equal(len(fds), 1, "descriptors")
    with open(f"/proc/self/fdinfo/{fds[0]}") as f:
        pid = [int(l.split()[1]) for l in f if l.startswith("Pid:")]
    os.close(fds[0])
    equal(pid, [box.state()["pid"]], "the pid of it")


@flow("notify-socket", "Life: the program's READY=1 reaches the caller's NOTIFY_SOCKET", mutant="noop:run")
def notify_socket(box):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(box.dir + "/notify.sock")
    listener.settimeout(LIMIT["event"])
    box.at_end.append(listener.close)
    box.actions(["notify", "READY=1"], ["wait"])
    box.write_config()
    running = box.begin("run", "-d", "-b", box.bundle, box.id, env={"NOTIFY_SOCKET": box.dir + "/notify.sock"})
    text = ""
    try:
        while "READY=1" not in text:
            text += listener.recv(4096).decode() + "\n"
    except TimeoutError:
        raise Failure(f"READY=1 did not come: {text!r}")
    running.wait()


def notified_by(box):
    """A service manager's socket, and how to wait for a text on it."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(box.dir + "/notify.sock")
    listener.settimeout(LIMIT["event"])
    box.at_end.append(listener.close)

    def take(word):
        text = ""
        try:
            while word not in text:
                text += listener.recv(4096).decode() + "\n"
        except TimeoutError:
            raise Failure(f"{word} did not come: {text!r}")
    return {"NOTIFY_SOCKET": box.dir + "/notify.sock"}, take


@flow("notify-start", "Life: start returns when the program has said READY=1, and the manager is told its pid", mutant="noop:start")
def notify_start(box):
    env, take = notified_by(box)
    box.actions(["sleep", "0.1"], ["notify", "READY=1"], ["wait"])
    running = box.create(env=env)
    box.start(env=env)
    check(len(running.said(2)) >= 2, "start was early")
    take(f"MAINPID={box.state()['pid']}")


@flow("notify-run", "Life: run in the foreground passes READY=1 on, and the program's status is its own", mutant="noop:run")
def notify_run(box):
    env, take = notified_by(box)
    box.actions(["notify", "READY=1"], ["exit", "9"])
    box.write_config()
    running = box.begin("run", "-b", box.bundle, box.id, env=env)
    take("READY=1")
    equal(running.wait().status, 9, "status")


@flow("notify-never", "Life: a program that ends without READY=1 keeps nobody waiting", mutant="noop:create")
def notify_never(box):
    env, _ = notified_by(box)
    box.actions(["exit", "0"])
    box.create(env=env)
    box.start(env=env)
    box.wait_status("stopped")
