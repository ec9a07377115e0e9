#!/usr/bin/env python3
"""Stands between an engine and a run-time, and writes down each call: what the engine gave, what it was answered.

usage: contract_trace.py FILE RUNTIME ARGUMENT...

FILE gets one line of JSON a call: argv, the variables that are for run-times, what the descriptors are, the
files that the arguments name, the exit status, and what was printed where that is not the container's.
"""
import fcntl, json, os, re, stat, subprocess, sys

VALUE = re.compile(r"--?(bundle|b|process|p|resources|r|log|pid-file|console-socket)(?:=(.*))?$", re.S)
LONG = {"b": "bundle", "p": "process", "r": "resources"}


def options(argv):
    found, n = {}, 0
    while n < len(argv):
        match = VALUE.match(argv[n])
        if match and match.group(2) is not None:
            found[LONG.get(match.group(1), match.group(1))] = match.group(2)
        elif match and n + 1 < len(argv):
            found[LONG.get(match.group(1), match.group(1))] = argv[n + 1]
            n += 1
        n += 1
    return found


def command(argv):
    known = "create start exec kill delete state run pause resume update ps events features list spec checkpoint restore"
    return next((a for a in argv if a in known.split()), "")


def kind(fd):
    mode = os.fstat(fd).st_mode
    if stat.S_ISCHR(mode):
        return "tty" if os.isatty(fd) else "null"
    return "pipe" if stat.S_ISFIFO(mode) else "socket" if stat.S_ISSOCK(mode) else "directory" if stat.S_ISDIR(mode) else "file"


def descriptors():
    found = {}
    for fd in map(int, os.listdir("/proc/self/fd")):
        try:
            if os.get_inheritable(fd):
                found[fd] = kind(fd)
        except OSError:
            pass  # the one by which the directory was read
    return {str(fd): found[fd] for fd in sorted(found)}


def load(path):
    try:
        with open(path) as f:
            return json.load(f)
    except (OSError, ValueError):
        return None


def sources(config):
    """What is bound: of a directory another directory will do, of a file another file."""
    found = {}
    for mount in (config or {}).get("mounts") or []:
        source = mount.get("source", "")
        if source.startswith("/"):
            found[source] = "directory" if os.path.isdir(source) else "file" if os.path.exists(source) else "none"
    return found


def last_message(path):
    try:
        with open(path) as f:
            return json.loads(f.read().strip().split("\n")[-1])["msg"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def main():
    to, runtime, argv = sys.argv[1], sys.argv[2], sys.argv[3:]
    given = options(argv)
    call = {"argv": argv, "command": command(argv), "fds": descriptors(),
            "env": {k: v for k, v in os.environ.items() if k.startswith(("_OCI", "LISTEN_", "NOTIFY_", "XDG_"))}}
    if "bundle" in given:
        call["config"] = load(os.path.join(given["bundle"], "config.json"))
        call["sources"] = sources(call["config"])
    if "process" in given:
        call["process"] = load(given["process"])
    stdin = None
    if given.get("resources") == "-":
        stdin = sys.stdin.buffer.read()
        call["resources"] = json.loads(stdin)
    elif "resources" in given:
        call["resources"] = load(given["resources"])

    # Of these the standard streams are the container's: to look into them would change what is recorded.
    theirs = call["command"] in ("create", "run", "exec", "restore")
    pipe = None if theirs else subprocess.PIPE
    done = subprocess.run([runtime] + argv, close_fds=False, input=stdin, stdout=pipe, stderr=pipe)
    call["rc"] = done.returncode
    if not theirs:
        call["stdout"], call["stderr"] = done.stdout.decode(), done.stderr.decode()
        sys.stdout.write(call["stdout"])
        sys.stderr.write(call["stderr"])
    if done.returncode and "log" in given:
        call["message"] = last_message(given["log"])
    with open(to, "a") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        f.write(json.dumps(call) + "\n")
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


if __name__ == "__main__":
    sys.exit(main())
