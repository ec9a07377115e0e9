#!/usr/bin/env python3
"""Races with dolium-oci: a hostile twin swaps files, directories and links where its steps look things up.

usage: oci_race.py DOLIUM_OCI TWIN WORK RACE [--seconds N | --starts N]

  TWIN   tests/lib/twin.c, compiled, static
  WORK   a directory of its own
  RACE   one of the names in RACES, or in PROWLS

Each start may succeed or be refused: the twin decides that. But after it nothing outside the root has changed (a tree of
canaries, with all times, modes and contents; a few files of /proc/sys), nothing is mounted there, and who ran inside has
seen none of it. It ends with 0 only when both happened often enough for the races to have been run.
"""
import hashlib, json, os, random, shutil, signal, subprocess, sys, time

RUNTIME, TWIN, WORK, RACE = sys.argv[1:5]
CANARY = os.path.join(WORK, "canary")
BUNDLE = os.path.join(WORK, "bundle")
ROOT = os.path.join(BUNDLE, "rootfs")
VOLUME = os.path.join(WORK, "volume")
RUN = os.path.join(WORK, "run")
HOST_FILES = ["/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hostname",
              "/proc/sys/kernel/domainname", "/proc/sys/net/ipv4/ip_forward"]

# Where links of the twin lead: absolute, by many "..", and by what /proc has.
OUT = [CANARY, "../../../../../../../../../.." + CANARY, "/proc/1/root" + CANARY, "/proc/self/cwd/../../.." + CANARY]


def below(name):
    return ",".join(to + "/" + name for to in OUT)


STANDARD = ["/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/sys/fs/cgroup"]


def no_dev(config):
    config["mounts"] = [m for m in config["mounts"] if not m["destination"].startswith("/dev")]


def race_mounts(config):
    """Targets of mounts and their parents, masked and read-only paths, the working directory."""
    config["mounts"] += [
        {"destination": "/mnt/sub/x", "source": VOLUME, "type": "bind", "options": ["rbind"]},
        {"destination": "/etc/f", "source": WORK + "/file", "type": "bind", "options": ["bind"]},
        {"destination": "/tmp/t", "type": "tmpfs", "options": ["tmpcopyup"]},
        {"destination": "/deep/a/b/@N/d", "source": VOLUME, "type": "bind", "options": ["bind", "ro"]},
        {"destination": "/deep/a/f@N", "source": WORK + "/file", "type": "bind", "options": ["bind"]},
    ]
    config["linux"]["maskedPaths"] += ["/secret/file", "/secret/dir"]
    config["linux"]["readonlyPaths"] += ["/ro"]
    config["process"]["cwd"] = "/work/@N"
    return ROOT, ["mnt=" + below(""), "mnt/sub=" + below("sub"), "etc=" + below(""), "etc/f=" + below("file"),
                  "tmp=" + below(""), "tmp/t=" + below("dir"), "deep=" + below(""), "deep/a=" + below("a"),
                  "deep/a/b=" + below("a/b"), "secret=" + below(""), "secret/file=" + below("file"),
                  "secret/dir=" + below("dir"), "ro=" + below("dir"), "work=" + below("dir")]


def race_system(config):
    """/proc, /sys, and a /dev that is the root's own: nodes, links, /dev/pts, further devices."""
    no_dev(config)
    config["mounts"].append({"destination": "/dev/pts", "type": "devpts", "options": ["newinstance", "ptmxmode=0666"]})
    config["linux"]["devices"] = [{"path": "/dev/x/fuse", "type": "c", "major": 10, "minor": 229},
                                  {"path": "/other/node", "type": "c", "major": 1, "minor": 5}]
    config["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1", "kernel.domainname": "inside"}
    return ROOT, ["proc=" + below("proc"), "sys=" + below(""), "dev=" + below("dev"), "dev/null=" + below("file"),
                  "dev/zero=/proc/sysrq-trigger,/proc/sys/kernel/core_pattern," + below("file"), "dev/pts=" + below("dir"),
                  "dev/fd=" + below("dir"), "dev/ptmx=" + below("file"), "dev/x=" + below("dir"), "other=" + below("dir")]


def race_console(config):
    """The terminal on /dev/console, in a /dev that is the root's own."""
    race_system(config)
    config["process"]["terminal"] = True
    return ROOT, ["dev=" + below("dev"), "dev/console=/proc/sysrq-trigger," + below("file"), "dev/pts=" + below("dir"),
                  "dev/null=" + below("file")]


def race_volume(config):
    """A volume that is shared with a container that runs: mounts below it, /proc and its attr behind a link."""
    config["mounts"] += [
        {"destination": "/vol", "source": VOLUME, "type": "bind", "options": ["rbind", "rw"]},
        {"destination": "/vol/a/b", "source": WORK + "/other", "type": "bind", "options": ["rbind", "rw"]},
        {"destination": "/vol/c/@N", "type": "tmpfs"},
        {"destination": "/vol/f", "source": WORK + "/file", "type": "bind", "options": ["bind"]},
    ]
    config["linux"]["maskedPaths"] += ["/vol/m"]
    config["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1"}
    proc = "/proc/self/attr,/proc/sys/kernel,/proc/1,/proc,"
    return VOLUME, ["a=" + proc + below("a"), "a/b=" + proc + below("a/b"), "c=" + proc + below("dir"),
                    "f=/proc/self/attr/exec,/proc/sysrq-trigger," + below("file"), "m=" + proc + below("dir")]


def in_user_namespace(config):
    config["linux"]["namespaces"].append({"type": "user"})
    for key in ("uidMappings", "gidMappings"):
        config["linux"][key] = [{"containerID": 0, "hostID": 100000, "size": 65536}]


def race_userns(config):
    """All of mounts and system in a user namespace: nodes are bound on files there."""
    targets = race_mounts(config)[1] + race_system(config)[1]
    config["linux"]["sysctl"].pop("kernel.domainname", None)
    in_user_namespace(config)
    return ROOT, targets


RACES = {"mounts": race_mounts, "system": race_system, "console": race_console, "volume": race_volume,
         "userns": race_userns}


def make_tree(top, names):
    for name in names:
        path = os.path.join(top, name)
        if name.endswith("/"):
            os.makedirs(path, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.write("here\n")


def make_canaries():
    """Under every name that a step might follow, so that none fails for want of something to be caught with."""
    # The same names below the root, where links lead who takes it for "/": so he is not always refused.
    names = ["file", "f", "sub/", "sub/x/", "a/", "a/b/", "a/b/d/", "dir/", "dir/x/", "dev/", "dev/pts/", "dev/x/", "t/", "x/",
             "proc/", "proc/sys/kernel/", "proc/self/", "fs/cgroup/"]
    make_tree(CANARY, names)
    make_tree(ROOT + CANARY, names)
    for folder, _, files in os.walk(CANARY):
        for name in files + ["CANARY-file"]:
            with open(os.path.join(folder, name), "w") as f:
                f.write("CANARY of the host\n")
            os.chmod(os.path.join(folder, name), 0o666)
        os.chmod(folder, 0o777)


def snapshot():
    found = {}
    for folder, _, files in os.walk(CANARY):
        for path in [folder] + [os.path.join(folder, f) for f in files]:
            st = os.lstat(path)
            what = [st.st_mode, st.st_uid, st.st_gid, st.st_size, st.st_mtime_ns, st.st_ctime_ns, st.st_ino, st.st_nlink]
            if os.path.isfile(path):
                what.append(hashlib.sha256(open(path, "rb").read()).hexdigest())
            found[path] = what
    for path in filter(os.path.exists, HOST_FILES):
        found[path] = open(path).read()
    found["the runtime"] = hashlib.sha256(open(RUNTIME, "rb").read()).hexdigest()
    found["mounts"] = [line for line in open("/proc/self/mountinfo") if WORK in line]
    return found


def make_world():
    os.makedirs(RUN)
    make_tree(ROOT, ["bin/", "mnt/sub/x/", "etc/f", "tmp/t/", "deep/a/b/", "secret/file", "secret/dir/", "ro/", "work/",
                     "proc/", "sys/", "dev/pts/", "dev/x/", "other/"])
    make_tree(VOLUME, ["a/b/", "c/", "f", "m/"])
    make_tree(WORK, ["other/", "file"])
    shutil.copy(TWIN, os.path.join(ROOT, "bin/twin"))
    make_canaries()
    subprocess.run([RUNTIME, "spec", "-b", BUNDLE], check=True)
    config = json.load(open(BUNDLE + "/config.json"))
    config["root"]["readonly"] = False
    config["process"]["terminal"] = False
    looked = ["/", "/mnt", "/mnt/sub", "/mnt/sub/x", "/etc", "/etc/f", "/tmp", "/tmp/t", "/deep", "/deep/a", "/deep/a/b",
              "/secret", "/secret/file", "/secret/dir", "/ro", "/work", ".", "/dev", "/dev/x", "/dev/zero", "/dev/console",
              "/dev/pts", "/proc", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/sys", "/vol", "/vol/a", "/vol/a/b",
              "/vol/c", "/vol/f", "/vol/m", "/other"]
    config["process"]["args"] = ["/bin/twin", "look"] + looked
    target = RACES[RACE](config)
    if "user" in [n["type"] for n in config["linux"]["namespaces"]]:
        for folder, _, files in os.walk(ROOT):
            for path in [folder] + [os.path.join(folder, f) for f in files]:
                os.lchown(path, 100000, 100000)
    # Every other start has a hook: then the host's tree is still in reach when the root is filled, and only how each name
    # is looked up stands between.
    with_hooks = dict(config, hooks={"createRuntime": [{"path": "/bin/true"}]})
    return [json.dumps(config), json.dumps(with_hooks)], target


def start(configs, n):
    """One start. Returns its status and what it said."""
    with open(BUNDLE + "/config.json", "w") as f:
        f.write(configs[n % 2].replace("@N", str(n)))
    try:
        done = subprocess.run([RUNTIME, "--root", RUN, "run", "-b", BUNDLE, f"r{os.getpid()}-{n}"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    except subprocess.TimeoutExpired:
        return None, "it hung"
    return done.returncode, done.stdout.decode(errors="replace")


def tidy():
    """What the root's own /dev and the directories that starts made would be there already the next time."""
    for folder in (ROOT + "/dev", ROOT + "/other", ROOT + "/deep/a/b", ROOT + "/work", VOLUME + "/c"):
        for name in os.listdir(folder) if os.path.isdir(folder) and os.path.realpath(folder) == folder else []:
            path = os.path.join(folder, name)
            if ".twin" in name or name in ("pts", "x", "b") or not random.randrange(4):
                continue
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path, ignore_errors=True)
            else:
                os.unlink(path)


def prowl_exec(config):
    """Processes that enter a container in which one lies in wait for them."""
    return ["exec", "@ID", "/bin/twin", "nothing"]


def prowl_exec_userns(config):
    """The same, and he has all capabilities, of a user namespace."""
    in_user_namespace(config)
    for kind in ("bounding", "effective", "permitted"):
        config["process"]["capabilities"][kind] = ["CAP_SYS_PTRACE", "CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE", "CAP_KILL", "CAP_SYS_RESOURCE"]
    return ["exec", "@ID", "/bin/twin", "nothing"]


def prowl_exec_self(config):
    """What enters is told to run its own program file."""
    return ["exec", "@ID", "/proc/self/exe"]


def prowl_join(config):
    """A second container that is put into the pid namespace of the first."""
    return ["run", "-b", BUNDLE + "2", "@N"]


PROWLS = {"exec": prowl_exec, "exec-userns": prowl_exec_userns, "exec-self": prowl_exec_self, "join": prowl_join}


def prowl(seconds, starts):
    """The twin is inside and says what it got. It gets nothing, and is alive at the end."""
    os.makedirs(RUN)
    make_tree(ROOT, ["bin/", "proc/", "sys/", "dev/"])
    shutil.copy(TWIN, os.path.join(ROOT, "bin/twin"))
    subprocess.run([RUNTIME, "spec", "-b", BUNDLE], check=True)
    config = json.load(open(BUNDLE + "/config.json"))
    config["process"]["terminal"] = False
    config["process"]["args"] = ["/bin/twin", "prowl"]
    command = PROWLS[RACE](config)
    for path in [ROOT + "/bin/twin", ROOT + "/bin", ROOT]:
        os.chmod(path, 0o755)
    with open(BUNDLE + "/config.json", "w") as f:
        json.dump(config, f)
    before = hashlib.sha256(open(RUNTIME, "rb").read()).hexdigest()
    first, n, bad = f"p{os.getpid()}", 0, []
    with open(WORK + "/said", "w+") as said:
        subprocess.run([RUNTIME, "--root", RUN, "run", "-d", "-b", BUNDLE, first], check=True, stdin=subprocess.DEVNULL,
                       stdout=said, stderr=said)
        try:
            state = json.loads(subprocess.check_output([RUNTIME, "--root", RUN, "state", first]))
            os.makedirs(BUNDLE + "2")
            config["root"]["path"] = ROOT
            config["process"]["args"] = ["/bin/twin", "nothing"]
            for namespace in config["linux"]["namespaces"]:
                if namespace["type"] == "pid":
                    namespace["path"] = f"/proc/{state['pid']}/ns/pid"
            with open(BUNDLE + "2/config.json", "w") as f:
                json.dump(config, f)
            end = time.monotonic() + seconds
            while time.monotonic() < end and n < starts:
                n += 1
                words = [w.replace("@ID", first).replace("@N", f"{first}-{n}") for w in command]
                done = subprocess.run([RUNTIME, "--root", RUN] + words, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
                if done.returncode not in ((0,) if RACE != "exec-self" else (0, 1, 2, 255)):
                    bad.append(f"{words}: {done.returncode}: {done.stderr.decode()}")
                    break
            state = json.loads(subprocess.check_output([RUNTIME, "--root", RUN, "state", first]))
            if state["status"] != "running":
                bad.append(f"the prowler is {state['status']}")
        finally:
            subprocess.run([RUNTIME, "--root", RUN, "delete", "-f", first], check=True)
        said.seek(0)
        lines = said.read().splitlines()
    if lines[:1] != ["prowls"]:
        bad.append(f"the prowler did not begin: {lines[:3]}")
    # Who is told to run his own program file runs it, as one of the container: but nobody may write to it.
    harmless = ("prowls", "GOT program ", "GOT memory ", "GOT trace ") if RACE == "exec-self" else ("prowls",)
    bad += sorted({line for line in lines if not line.startswith(harmless)})
    if hashlib.sha256(open(RUNTIME, "rb").read()).hexdigest() != before:
        bad.append("the runtime's program file has changed")
    bad += [f"left: {name}" for name in os.listdir(RUN)]
    print(f"{RACE}: {n} times somebody came by")
    print(*bad[:20], sep="\n")
    sys.exit(1 if bad or not n else 0)


def main():
    seconds, starts = 6.0, 1 << 40
    for flag, value in zip(sys.argv[5::2], sys.argv[6::2]):
        if flag == "--seconds":
            seconds = float(value)
        else:
            seconds, starts = 1e9, int(value)
    if RACE in PROWLS:
        prowl(seconds, starts)
    configs, (folder, targets) = make_world()
    before = snapshot()
    quiet, said = start(configs, 0)
    if quiet != 0 or "looked" not in said:
        sys.exit(f"{RACE}: does not even start when nobody races: {said}")
    bad, well, refused, words = [], 0, 0, {}
    n = 0
    end = time.monotonic() + seconds
    twin = None
    while time.monotonic() < end and n < starts and not bad:
        if twin is None:
            twin = subprocess.Popen([TWIN, "swap", folder] + targets, stdout=subprocess.PIPE)
            twin.stdout.readline()
        n += 1
        status, said = start(configs, n)
        if status is None or "SEEN" in said or status in (134, 139):
            bad.append(f"start {n}: status {status}: {said}")
        well += status == 0
        refused += status not in (0, None)
        if status:
            last = said.strip().splitlines()[-1] if said.strip() else "(nothing)"
            words[last] = words.get(last, 0) + 1
        if n % 50 == 0:
            after = snapshot()
            bad += [f"by start {n}: {key}: {before.get(key)} -> {after.get(key)}" for key in {**before, **after}
                    if before.get(key) != after.get(key)]
            twin.send_signal(signal.SIGSTOP)
            tidy()
            twin.send_signal(signal.SIGCONT)
    if twin:
        twin.kill()
        twin.wait()
    after = snapshot()
    bad += [f"at the end: {key}: {before.get(key)} -> {after.get(key)}" for key in {**before, **after}
            if before.get(key) != after.get(key)]
    left = os.listdir(RUN)
    if left:
        bad.append(f"left: {left}")
    print(f"{RACE}: {n} starts, {well} came up, {refused} were refused")
    for text, count in sorted(words.items(), key=lambda w: -w[1])[:12]:
        print(f"  {count} x {text[:150]}")
    if n >= 100 and (well < n // 50 or refused < n // 50):
        bad.append("one side nearly always won: that was no race")
    print(*bad[:20], sep="\n")
    sys.exit(1 if bad else 0)


main()
