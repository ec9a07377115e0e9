"""Where other run-times depart from the specification, as far as our cases can see.

A case that stands here is expected to fail with that run-time; when it passes, the table is wrong and the run says so,
unless the departure is one that comes and goes. `version` is how its version begins; `views`: only there (none:
everywhere). Names may have shell wildcards.
"""
import dataclasses, fnmatch


@dataclasses.dataclass
class Departure:
    runtime: str
    version: str
    reason: str
    cases: str  # names, with blanks between
    views: tuple = ()
    sometimes: bool = False

    def matches(self, suite, name):
        return self.runtime == suite.name and suite.version.startswith(self.version) and \
            (not self.views or suite.view in self.views) and any(fnmatch.fnmatch(name, p) for p in self.cases.split())


def runc(reason, cases, **more):
    return Departure("runc", "1.1.", reason, cases, **more)


def crun(reason, cases, **more):
    return Departure("crun", "1.8.", reason, cases, **more)


DEPARTURES = [
    Departure("dolium-oci", "", "joins hierarchies when there is a limit in them, because each costs time at every start; none is shown that is not joined",
              "cgroup-mount-v1-every", ("v1", "hybrid")),

    # runc 1.1.5 and crun 1.8.1, as Debian 12 has them
    runc("older than the property, which it ignores", """scheduler-[bdfinru]* ioprio-* memory-policy-[pbilfu]* exec-affinity exec-io-priority domainname*
         time-offsets-* namespace-time-new namespace-time-path mount-idmap mount-idmap-[nuh]* mount-ridmap personality-32 personality-unknown
         exec-personality v1-cpu-burst v1-cpu-idle"""),
    runc("older than the option", "pidfd-socket seccomp-flag-*"),
    runc("does not look at the version", "version-bad-* version-absent"),
    runc("takes what has no meaning", """wrong-seccomp-default-absent wrong-device-path-absent masked-relative rlimit-duplicate mount-below-proc
         hook-*Container-relative hook-poststop-relative"""),
    runc("a file where a device belongs is left there", "device-occupied"),
    runc("follows a /dev that is a link (CVE-2026-41579)", "device-dev-symlink"),
    runc("exec reads a user as a number of any size, and nothing as root", "exec-bad-user-3 exec-bad-user-4"),
    runc("exec ignores the umask of config.json", "exec-umask-inherited"),
    runc("hooks without env inherit the run-time's", "hook-*-no-env"),
    runc("hooks have descriptors of the run-time's", "hook-createContainer-fds hook-poststop-fds"),
    runc("hooks have descriptors of the run-time's, now and then", "hook-prestart-fds hook-createRuntime-fds hook-poststart-fds", sometimes=True),
    runc("the program's start does not wait for what becomes of startContainer", "hook-startContainer-timeout hook-startContainer-fails hook-startContainer-missing"),
    runc("poststart hooks run in create, and are told so", "hook-poststart-state hook-order"),
    runc("the first poststop hook that fails is the last", "hook-poststop-fails"),
    runc("does not know names of real-time signals with a sum", "kill-sigrtmin+1"),
    runc("a root that is a link is refused", "root-path-symlink"),
    runc("a bind is one by its options alone", "mount-bind-without-option"),
    runc("the option is handed to the file system", "mount-option-defaults"),
    runc("the kernel refuses what it asks for", "mount-recursive-ratime userns-bind-keeps-locked"),
    runc("the root is made private again", "rootfs-propagation-shared rootfs-propagation-unbindable"),
    runc("ids end at 2147483647", "user-large-ids"),
    runc("Go's runtime raises RLIMIT_NOFILE, now and then", "exec-rlimits-inherited exec-process-rlimits", sometimes=True),
    runc("a key that is typed early is lost", "console-run-input", sometimes=True),
    runc("without a pid namespace what is left lives on", "kill-only-the-first delete-children", views=("v2",), sometimes=True),
    runc("a created container that is killed can be too slow", "kill-created", sometimes=True),
    runc("an access that is none ends in an eBPF program that allows it", "device-rule-bad-access", sometimes=True),
    runc("a real-time group scheduler's limit keeps it from starting", "scheduler-fifo scheduler-rr scheduler-deadline", views=("v2",)),
    runc("the owner of the cgroup is changed by its systemd driver alone (the specification says MAY)", "cgroup-delegation"),

    crun("older than the property, which it ignores", """scheduler-[bfdinru]* ioprio-* memory-policy-[pbilfu]* exec-affinity exec-io-priority
         v1-cpu-burst intel-rdt-absent"""),
    crun("no time namespaces on this kernel", "time-offsets-* namespace-time-new namespace-time-path"),
    crun("older than the command", "features-* events-*[!g]"),
    crun("older than the option", "pidfd-socket exec-additional-gids"),
    crun("knows versions up to 1.1", "version-1-2-1 version-1-3-0 version-1-99-0"),
    crun("its parser looks at few kinds", """wrong-process-env-number wrong-process-terminal-text wrong-root-readonly-text wrong-mount-options-text
         wrong-namespaces-text wrong-masked-paths-text wrong-hooks-list wrong-capabilities-list wrong-hostname-number wrong-uid-mapping-text
         wrong-pids-limit-text user-text json-deep json-nul"""),
    crun("takes what has no meaning", """namespace-*-twice masked-relative rlimit-duplicate rootfs-propagation-unknown device-unknown-type
         hook-bad-timeout process-cwd-relative seccomp-notify-without-path resume-running console-without-terminal kill-unknown-signal"""),
    crun("an error leaves the cgroups", "device-rule-bad-access device-rule-bad-type v1-unified-refused v1-memory-negative v1-cpu-bad-cpus v1-cpu-quota-too-small cgroups-path-leaves"),
    crun("-1 is written as it is", "device-rule-wildcard v1-pids-unlimited update-pids-unlimited"),
    crun("a file where a device belongs is left there", "device-occupied"),
    crun("follows a /dev that is a link (CVE-2026-41579)", "device-dev-symlink"),
    crun("other words than runc's", "state-missing start-missing start-stopped kill-missing kill-stopped delete-missing exec-missing-container process-directory"),
    crun("names of containers are as they come", "create-bad-id-[5679]"),
    crun("names of signals in capitals alone", "kill-sigusr2"),
    crun("a line end goes into the log as it is", "log-injection"),
    crun("the terminal has no size", "console-run-size"),
    crun("update has its flags before the id", "update-flags-after-id"),
    crun("descriptors of LISTEN_FDS come without LISTEN_FDS", "fds-listen"),
    crun("waits for ever for the container's notification", "notify-socket notify-start notify-run"),
    crun("exec without a process file takes little of config.json", """exec-env exec-cwd-inherited exec-user-inherited exec-no-new-privs-inherited
         exec-rlimits-inherited exec-umask-inherited exec-oom-score"""),
    crun("exec reads a user as far as it can (CVE-2026-30892)", "exec-bad-user-[01346]"),
    crun("hooks without env inherit the run-time's", "hook-*-no-env"),
    crun("hooks are told other states", "hook-prestart-state hook-createRuntime-state hook-createContainer-state hook-startContainer-state"),
    crun("startContainer hooks that fail are warned of", "hook-startContainer-timeout hook-startContainer-fails hook-startContainer-missing hook-startContainer-relative"),
    crun("poststart hooks that fail are warned of (as the specification had it before 1.2.1)", "hook-poststart-fails hook-poststart-missing hook-poststart-relative"),
    crun("hooks may have relative paths", "hook-poststop-relative"),
    crun("no poststop hooks after a start that failed", "hook-createRuntime-fails-poststop"),
    crun("dies by SIGPIPE when a hook does not read its stdin, now and then", "hook-*", sometimes=True),
    crun("a link to nowhere is no directory to mount on", "mount-destination-symlink-*"),
    crun("mounts over /proc", "mount-over-proc mount-below-proc"),
    crun("a bind is one by its options alone", "mount-bind-without-option"),
    crun("older than the option", "mount-option-nosymfollow mount-bind-option-nosymfollow mount-option-symfollow mount-recursive-r*symfollow"),
    crun("an option does not undo what stood before it", "mount-option-rw mount-option-suid mount-option-dev mount-option-exec mount-option-atime mount-option-diratime mount-option-nostrictatime mount-super-async"),
    crun("the option is handed to the file system", "mount-option-silent mount-option-loud mount-option-iversion mount-option-noiversion"),
    crun("the kernel refuses what it asks for", """mount-recursive-rnoatime mount-recursive-rnodiratime mount-recursive-ratime mount-recursive-rdiratime
         mount-recursive-rrelatime mount-recursive-rstrictatime userns-bind-keeps-locked"""),
    crun("the root is made private, and all in it", "mount-propagation-*shared mount-propagation-*unbindable"),
    crun("idmap is recursive", "mount-idmap-not-recursive"),
    crun("the flags of the mount are lost", "readonly-keeps-flags"),
    crun("calls newer than the profile are denied", "seccomp-new-calls"),
]


def impossible(suite):
    """Why a run-time can not be tried in a view at all, or None."""
    if suite.name == "crun" and suite.version.startswith("1.8.") and suite.view == "v2":
        return suite.why_not("cap:SYS_RESOURCE") and "crun 1.8 raises RLIMIT_MEMLOCK on cgroup2, which nobody may here"
    if suite.name == "crun" and suite.view == "hybrid":
        return "crun refuses hybrid cgroups"
    return None
