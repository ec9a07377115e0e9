#!/usr/bin/env python3
"""Runs a command under a pseudo-terminal of its own, talks to it, and ends as it ended.

usage: ptyrun.py [--size ROWSxCOLS] [--timeout S] STEP... -- CMD [ARG...]

A STEP is one of these, done in their order:
  --expect REGEX      wait until what was printed since the last match has a match
  --send TEXT         type it (backslash escapes are read: \\r \\x03)
  --resize ROWSxCOLS  change the size of the window; the command gets SIGWINCH
  --sleep SECONDS
  --signal NAME       send a signal to the command itself
  --hangup            close the terminal under it

All that the command prints goes to stdout, with "\\r\\n" made "\\n". Exit code: the command's, 128+n on
signal n; 124 when the time was up or an expected text never came.
"""
import fcntl, os, pty, re, select, signal, struct, sys, termios, time


def size_of(text):
    rows, cols = text.lower().split("x")
    return struct.pack("HHHH", int(rows), int(cols), 0, 0)


def main():
    args, steps, size, timeout = sys.argv[1:], [], "24x80", 30.0
    while args and args[0] != "--":
        option = args.pop(0)
        if option == "--hangup":
            steps.append((option, None))
            continue
        value = args.pop(0)
        if option == "--size":
            size = value
        elif option == "--timeout":
            timeout = float(value)
        elif option in ("--expect", "--send", "--resize", "--sleep", "--signal"):
            steps.append((option, value))
        else:
            sys.exit(f"ptyrun: unknown option {option}")
    command = args[1:]
    if not command:
        sys.exit("ptyrun: no command")

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, size_of(size))
    before = termios.tcgetattr(slave)
    pid = os.fork()
    if pid == 0:
        os.close(master)
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in (0, 1, 2):
            os.dup2(slave, fd)
        if slave > 2:
            os.close(slave)
        os.execvp(command[0], command)
    # The slave stays open here, so that the settings can be looked at when the command has ended.

    end = time.monotonic() + timeout
    seen, since, status = b"", 0, None

    def emit(data):
        sys.stdout.buffer.write(data.replace(b"\r\n", b"\n"))
        sys.stdout.buffer.flush()

    def read_some(wait):
        nonlocal seen
        ready, _, _ = select.select([master], [], [], max(0.0, wait))
        if not ready:
            return False
        try:
            data = os.read(master, 65536)
        except OSError:
            return False
        seen += data
        emit(data)
        return bool(data)

    def reaped():
        nonlocal status
        if status is None:
            got, code = os.waitpid(pid, os.WNOHANG)
            if got:
                status = os.waitstatus_to_exitcode(code)
        return status is not None

    def give_up(why):
        sys.stdout.flush()
        print(f"\nptyrun: {why}", file=sys.stderr)
        if not reaped():
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os._exit(124)

    for step, value in steps:
        if step == "--expect":
            while True:
                match = re.compile(value.encode(), re.M).search(seen, since)
                if match:
                    since = match.end()
                    break
                if time.monotonic() > end:
                    give_up(f"never saw {value!r}")
                if not read_some(0.05) and reaped() and not read_some(0):
                    give_up(f"ended without {value!r}")
        elif step == "--send":
            os.write(master, value.encode().decode("unicode_escape").encode("latin-1"))
        elif step == "--resize":
            fcntl.ioctl(master, termios.TIOCSWINSZ, size_of(value))
        elif step == "--sleep":
            until = time.monotonic() + float(value)
            while time.monotonic() < until:
                read_some(until - time.monotonic())
        elif step == "--signal":
            os.kill(pid, getattr(signal, "SIG" + value.removeprefix("SIG")))
        elif step == "--hangup":
            os.close(slave)
            os.close(master)
            while not reaped():
                if time.monotonic() > end:
                    os.kill(pid, signal.SIGKILL)
                    os._exit(124)
                time.sleep(0.02)
            os._exit(128 - status if status < 0 else status)

    while not reaped():
        if time.monotonic() > end:
            give_up("the time was up")
        read_some(0.05)
    while read_some(0.05):
        pass
    if termios.tcgetattr(slave) != before:
        print("\nptyrun: the terminal was left changed")
    os._exit(128 - status if status < 0 else status)


main()
