"""The rest of linux: sysctl, personality, memory policy, seccomp, what can not be done here."""
import array, socket

from harness import *

# ---- sysctl

SYSCTLS = {"kernel.shm_rmid_forced": ("ipc", "1"), "kernel.msgmax": ("ipc", "12345"), "fs.mqueue.msg_max": ("ipc", "7"),
           "net.ipv4.ip_forward": ("network", "1"), "net.ipv4.ip_default_ttl": ("network", "33"), "kernel.domainname": ("uts", "conform")}
for key, (kind, value) in SYSCTLS.items():
    path = "/proc/sys/" + key.replace(".", "/")
    case(f"sysctl-{key.replace('.', '-').replace('_', '-')}", f"Sysctl: {key} of the container's own {kind} namespace",
         change={"linux.sysctl": {key: value}}, tries=[(["read", path], {"text": value + "\n"})])
    case(f"sysctl-{key.replace('.', '-').replace('_', '-')}-shared", f"Sysctl: {key} is refused when the {kind} namespace is shared",
         base={"linux.namespaces-": kind, **({"hostname": GONE} if kind == "uts" else {})}, change={"linux.sysctl": {key: value}},
         refuses=True)
case("sysctl-slashes", "Sysctl: names with slashes", change={"linux.sysctl": {"net/ipv4/ip_forward": "1"}},
     tries=[(["read", "/proc/sys/net/ipv4/ip_forward"], {"text": "1\n"})])
case("sysctl-two", "Sysctl: all that are listed", change={"linux.sysctl": {"net.ipv4.ip_forward": "1", "kernel.msgmax": "5000"}},
     tries=[(["read", "/proc/sys/net/ipv4/ip_forward"], {"text": "1\n"}), (["read", "/proc/sys/kernel/msgmax"], {"text": "5000\n"})])
# The host's own value, so that a run-time that writes it does no harm.
case("sysctl-host", "Sysctl: what is the whole machine's is refused", change={"linux.sysctl": {
    "vm.overcommit_ratio": lambda b: open("/proc/sys/vm/overcommit_ratio").read().strip()}}, refuses=True)
case("sysctl-unknown", "Sysctl: a name that is none is an error", change={"linux.sysctl": {"net.nothing": "1"}}, refuses=True)
case("sysctl-bad-value", "Sysctl: a value that the kernel refuses is an error", change={"linux.sysctl": {"net.ipv4.ip_forward": "maybe"}},
     refuses=True)
case("sysctl-escape", "Security: a name that leads out of /proc/sys is refused",
     change={"linux.sysctl": {"net.ipv4.../../../../kernel/domainname": "x"}}, refuses=True)

# ---- personality

case("personality-32", "Personality: domain LINUX32", needs=[lambda suite: None if os.uname().machine == "x86_64" else "not an x86_64 machine"],
     change={"linux.personality": {"domain": "LINUX32"}}, see={"machine": "i686", "personality": that("PER_LINUX32", lambda v: v & 0xff == 8)})
case("personality-linux", "Personality: domain LINUX", base={"linux.personality": {"domain": "LINUX32"}},
     change={"linux.personality": {"domain": "LINUX"}}, see={"personality": that("PER_LINUX", lambda v: v & 0xff == 0)})
case("personality-unknown", "Personality: a domain that is none is an error", change={"linux.personality": {"domain": "SOLARIS"}}, refuses=True)

# ---- memory policy (1.3)

POLICIES = {"MPOL_PREFERRED": 1, "MPOL_BIND": 2, "MPOL_INTERLEAVE": 3}
for name, number in POLICIES.items():
    case(f"memory-policy-{name[5:].lower()}", f"Memory policy: mode {name} on nodes", change={"linux.memoryPolicy": {"mode": name, "nodes": "0"}},
         see={"mempolicy": number, "memnodes": 1})
case("memory-policy-local", "Memory policy: mode MPOL_LOCAL", change={"linux.memoryPolicy": {"mode": "MPOL_LOCAL"}}, see={"mempolicy": 4})
case("memory-policy-default", "Memory policy: mode MPOL_DEFAULT", base={"linux.memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0"}},
     change={"linux.memoryPolicy": {"mode": "MPOL_DEFAULT"}}, see={"mempolicy": 0})
case("memory-policy-flags", "Memory policy: flags", base={"linux.memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0"}},
     change={"linux.memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}}, see={"mempolicy": 2 | 1 << 15})
case("memory-policy-unknown", "Memory policy: a mode that is none is an error", change={"linux.memoryPolicy": {"mode": "MPOL_BEST"}}, refuses=True)
case("memory-policy-unknown-flag", "Memory policy: a flag that is none is an error",
     change={"linux.memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_BEST"]}}, refuses=True)
case("memory-policy-bad-nodes", "Memory policy: nodes that are no list are an error",
     change={"linux.memoryPolicy": {"mode": "MPOL_BIND", "nodes": "all"}}, refuses=True)

# ---- what the machine has not

case("intel-rdt-absent", "Intel RDT: asked for on a machine without it is an error",
     needs=[lambda suite: "this machine has resctrl" if os.path.exists("/sys/fs/resctrl/schemata") else None],
     change={"linux.intelRdt": {"closID": "guaranteed", "l3CacheSchema": "L3:0=f"}}, refuses=True)
case("apparmor-absent", "Process: an AppArmor profile on a kernel without AppArmor is an error",
     needs=[lambda suite: "this kernel has AppArmor" if os.path.exists("/sys/kernel/security/apparmor") else None],
     change={"process.apparmorProfile": "some-profile"}, refuses=True)

# ---- seccomp

RULE = {"names": ["sync"], "action": "SCMP_ACT_ERRNO"}


def seccomp(*rules, default="SCMP_ACT_ALLOW", **parts):
    return {"linux.seccomp": {"defaultAction": default, "syscalls": list(rules), **parts}}


SYNC = ["call", "sync"]
case("seccomp-mode", "Seccomp: the program has a filter", change=seccomp(RULE), see={"seccomp": 2})
case("seccomp-errno", "Seccomp: SCMP_ACT_ERRNO is EPERM when no errnoRet is given", change=seccomp(RULE), tries=[(SYNC, "EPERM")])
case("seccomp-errno-ret", "Seccomp: errnoRet", change=seccomp({**RULE, "errnoRet": 28}), tries=[(SYNC, "ENOSPC")])
case("seccomp-errno-zero", "Seccomp: an errnoRet of 0 is success without the call", base=seccomp({**RULE, "names": ["getppid"], "errnoRet": 28}),
     change=seccomp({**RULE, "names": ["getpid"], "errnoRet": 0}), tries=[(["call", "getpid"], {"errno": "ok", "value": 0})])
for action in ("KILL", "KILL_THREAD", "KILL_PROCESS", "TRAP"):
    case(f"seccomp-{action.lower().replace('_', '-')}", f"Seccomp: SCMP_ACT_{action} ends the program by SIGSYS",
         base={"process.args": ["/probe", *SYNC]}, change=seccomp({**RULE, "action": "SCMP_ACT_" + action}), exit=128 + 31)
case("seccomp-trace", "Seccomp: SCMP_ACT_TRACE without a tracer is ENOSYS", change=seccomp({**RULE, "action": "SCMP_ACT_TRACE"}),
     tries=[(SYNC, "ENOSYS")])
case("seccomp-log", "Seccomp: SCMP_ACT_LOG lets the call pass", base=seccomp(RULE),
     change=seccomp({**RULE, "action": "SCMP_ACT_LOG"}), tries=[(SYNC, "ok")])
case("seccomp-allow", "Seccomp: SCMP_ACT_ALLOW lets the call pass", base=seccomp(RULE),
     change=seccomp({**RULE, "action": "SCMP_ACT_ALLOW"}), tries=[(SYNC, "ok")])
case("seccomp-two-names", "Seccomp: every name of a rule", change=seccomp({**RULE, "names": ["sync", "getuid"]}),
     tries=[(SYNC, "EPERM"), (["call", "getuid"], "EPERM"), (["call", "gettid"], "ok")])
case("seccomp-two-rules", "Seccomp: every rule of a list", change=seccomp(RULE, {**RULE, "names": ["getuid"], "errnoRet": 5}),
     tries=[(SYNC, "EPERM"), (["call", "getuid"], "EIO")])
case("seccomp-unknown-name", "Seccomp: a call that nobody knows is left out", change=seccomp({**RULE, "names": ["unheard_of", "sync"]}),
     tries=[(SYNC, "EPERM")])
case("seccomp-unknown-action", "Seccomp: an action that is none is an error", change=seccomp({**RULE, "action": "SCMP_ACT_LAUGH"}), refuses=True)
case("seccomp-unknown-default", "Seccomp: a default action that is none is an error", change=seccomp(RULE, default="SCMP_ACT_LAUGH"), refuses=True)
case("seccomp-unknown-architecture", "Seccomp: an architecture that is none is an error",
     change=seccomp(RULE, architectures=["SCMP_ARCH_PDP11"]), refuses=True)
case("seccomp-unknown-flag", "Seccomp: a flag that is none is an error", change=seccomp(RULE, flags=["SECCOMP_FILTER_FLAG_LAUGH"]), refuses=True)
case("seccomp-unknown-operator", "Seccomp: an operator that is none is an error",
     change=seccomp({**RULE, "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_LIKE"}]}), refuses=True)
case("seccomp-index-too-large", "Seccomp: a call has six arguments",
     change=seccomp({**RULE, "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}), refuses=True)
NATIVE = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64", "riscv64": "SCMP_ARCH_RISCV64"}.get(os.uname().machine)
case("seccomp-architectures", "Seccomp: the architectures that are listed", needs=[lambda s: None if NATIVE else "what is this machine?"],
     change=seccomp(RULE, architectures=[NATIVE]), tries=[(SYNC, "EPERM")])
for flag in ("LOG", "SPEC_ALLOW", "TSYNC"):
    case(f"seccomp-flag-{flag.lower().replace('_', '-')}", f"Seccomp: the flag SECCOMP_FILTER_FLAG_{flag}",
         change=seccomp(RULE, flags=["SECCOMP_FILTER_FLAG_" + flag]), tries=[(SYNC, "EPERM")])

UMASK = {"names": ["umask"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}


def umask(n):
    return ["call", "umask", str(n)]


# operator: (value, valueTwo, what matches, what does not)
OPERATORS = {"EQ": (5, 0, 5, 6), "NE": (5, 0, 6, 5), "LT": (5, 0, 4, 5), "LE": (5, 0, 5, 6), "GT": (5, 0, 6, 5), "GE": (5, 0, 5, 4),
             "MASKED_EQ": (0o70, 0o20, 0o427, 0o437)}
for operator, (value, second, matching, not_matching) in OPERATORS.items():
    case(f"seccomp-op-{operator.lower().replace('_', '-')}", f"Seccomp: the operator SCMP_CMP_{operator}",
         change=seccomp({**UMASK, "args": [{"index": 0, "value": value, "valueTwo": second, "op": "SCMP_CMP_" + operator}]}),
         tries=[(umask(matching), "ENOSPC"), (umask(not_matching), "ok")])
for index in range(6):
    case(f"seccomp-arg-{index}", f"Seccomp: args.index {index}",
         change=seccomp({**RULE, "args": [{"index": index, "value": 9, "op": "SCMP_CMP_EQ"}]}),
         tries=[(["call", "sync", *["0"] * index, "9"], "EPERM"), (["call", "sync", *["9"] * index, "0"], "ok")])
case("seccomp-arg-64", "Seccomp: arguments have 64 bits",
     change=seccomp({**RULE, "args": [{"index": 0, "value": 1 << 32 | 5, "op": "SCMP_CMP_EQ"}]}),
     tries=[(["call", "sync", str(1 << 32 | 5)], "EPERM"), (["call", "sync", "5"], "ok"), (["call", "sync", str(1 << 32)], "ok")])
case("seccomp-arg-64-order", "Seccomp: a comparison of 64 bits looks at the high half first",
     change=seccomp({**RULE, "args": [{"index": 0, "value": 1 << 32 | 5, "op": "SCMP_CMP_GT"}]}),
     tries=[(["call", "sync", str(2 << 32)], "EPERM"), (["call", "sync", str(1 << 32 | 6)], "EPERM"), (["call", "sync", "9"], "ok")])
case("seccomp-args-all", "Seccomp: all args of a rule have to match", change=seccomp({**RULE, "args": [
    {"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}, {"index": 1, "value": 2, "op": "SCMP_CMP_EQ"}]}),
     tries=[(["call", "sync", "1", "2"], "EPERM"), (["call", "sync", "1", "3"], "ok"), (["call", "sync", "2", "2"], "ok")])
case("seccomp-rules-any", "Seccomp: one of several rules for a call is enough", change=seccomp(
    {**RULE, "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]}, {**RULE, "args": [{"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}]}),
     tries=[(["call", "sync", "1"], "EPERM"), (["call", "sync", "2"], "EPERM"), (["call", "sync", "3"], "ok")])
NEEDED = """access arch_prctl brk clock_gettime clock_nanosleep close close_range dup dup2 dup3 execve execveat exit exit_group fchdir fcntl fstat futex
getcwd getdents64 getegid geteuid getgid getpid getppid getrandom getresgid getresuid gettid getuid ioctl lseek madvise mmap mprotect mremap
munmap newfstatat open openat openat2 poll ppoll prctl pread64 prlimit64 read readlink readlinkat recvmsg rseq rt_sigaction rt_sigprocmask
rt_sigreturn select pselect6 send sendmsg sendto set_robust_list set_tid_address setgid setgroups setresgid setresuid setuid sigaltstack stat statfs statx
sysinfo tgkill umask uname wait4 waitid write writev capset capget chdir seccomp fchown setsid epoll_wait epoll_pwait epoll_ctl epoll_create1 nanosleep
sched_yield sched_getaffinity getsockopt socket connect keyctl fstatfs kill membarrier landlock_restrict_self""".split()
LIST = {"names": NEEDED, "action": "SCMP_ACT_ALLOW"}
case("seccomp-default-errno", "Seccomp: a default of SCMP_ACT_ERRNO denies what is not listed", change=seccomp(LIST, default="SCMP_ACT_ERRNO"),
     tries=[(SYNC, "EPERM"), (["call", "getpid"], "ok")])
case("seccomp-default-errno-ret", "Seccomp: defaultErrnoRet", change=seccomp(LIST, default="SCMP_ACT_ERRNO", defaultErrnoRet=5),
     tries=[(SYNC, "EIO"), (["call", "getpid"], "ok")])
case("seccomp-new-calls", "Seccomp: a call newer than the profile is ENOSYS, so that programs fall back",
     needs=[lambda s: None if NATIVE else "what is this machine?"],
     change=seccomp(LIST, default="SCMP_ACT_ERRNO", architectures=[NATIVE]), tries=[(["call", "100000"], "ENOSYS"), (SYNC, "EPERM")])
case("seccomp-without-nnp", "Seccomp: without noNewPrivileges the filter is there as well", base={"process.noNewPrivileges": False},
     change=seccomp(RULE), tries=[(SYNC, "EPERM")], see={"nnp": 0})
case("seccomp-user", "Seccomp: for a user who is not root", base={"process.user": {"uid": 7, "gid": 7}}, change=seccomp(RULE),
     tries=[(SYNC, "EPERM")], see={"uids": [7] * 3})


@flow("seccomp-exec", "Seccomp: the filter is for what exec runs as well", change=seccomp(RULE))
def seccomp_exec(box):
    box.up()
    r = box.exec(SYNC)
    equal(r.said[0]["errno"], "EPERM", "the call")


def agent(box, name="agent.sock"):
    """A seccomp agent's socket, and how to take what comes in."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(f"{box.dir}/{name}")
    listener.listen()
    listener.settimeout(LIMIT["event"])
    box.at_end.append(listener.close)

    def take():
        try:
            connection, _ = listener.accept()
            connection.settimeout(LIMIT["event"])
            text, fds, _, _ = socket.recv_fds(connection, 65536, 16)
        except TimeoutError:
            raise Failure("nothing came to the agent")
        box.at_end.append(connection.close)
        return text.decode(), list(fds)
    return take


NOTIFY = seccomp({**RULE, "action": "SCMP_ACT_NOTIFY"}, listenerPath="{dir}/agent.sock", listenerMetadata="some metadata")


def notified(box):
    take = agent(box)
    box.actions(["wait"], SYNC)
    running = box.create()
    box.start()
    running.said(1)
    text, fds = take()
    return running, json.loads(text), fds


@flow("seccomp-notify-state", "Seccomp: the agent is sent the state of the container and its metadata", change=NOTIFY)
def notify_state(box):
    _, state, fds = notified(box)
    try:
        equal(state["metadata"], "some metadata", "metadata")
        equal(state["state"]["id"], box.id, "the id in the state")
        check(state["fds"] and len(state["fds"]) == len(fds), f"{state['fds']} for {len(fds)} descriptors")
        equal(state["pid"] > 0, True, "pid")
    finally:
        for fd in fds:
            os.close(fd)


@flow("seccomp-notify-fd", "Seccomp: the agent is sent the descriptor of the filter, and decides", change=NOTIFY)
def notify_fd(box):
    running, state, fds = notified(box)
    fd = fds[state["fds"].index("seccompFd")]
    check("seccomp" in os.readlink(f"/proc/self/fd/{fd}"), os.readlink(f"/proc/self/fd/{fd}"))
    # An agent that goes away: the kernel answers ENOSYS.
    for each in fds:
        os.close(each)
    box.good("kill", box.id)
    equal(running.said(3)[2]["errno"], "ENOSYS", "the call")


case("seccomp-notify-nobody", "Seccomp: an agent that is not there is an error", change=NOTIFY, refuses=True)
case("seccomp-notify-without-path", "Seccomp: SCMP_ACT_NOTIFY without a listenerPath is an error",
     change=seccomp({**RULE, "action": "SCMP_ACT_NOTIFY"}), refuses=True)
