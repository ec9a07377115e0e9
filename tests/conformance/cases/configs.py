"""config.json itself: versions, what is unknown, what is wrong, and how the error says where."""
from harness import *

for version in ("1.0.0", "1.0.2-dev", "1.1.0", "1.2.1", "1.3.0", "1.99.0"):
    case(f"version-{version.replace('.', '-')}", f"Specification version: {version} is taken", base={"ociVersion": "0.5.0"},
         change={"ociVersion": version}, tries=[(["call", "getpid"], "ok")])
for version in ("2.0.0", "x", ""):
    case(f"version-bad-{version.replace('.', '-') or 'empty'}", f"Specification version: {version!r} is refused", change={"ociVersion": version}, refuses=True)
case("version-absent", "Specification version: is required", change={"ociVersion": GONE}, refuses=True)

# What nobody knows: the mutant is a run-time that trips over it.
TRIPS = "fail:run"
for path in ("x", "process", "process.user", "root", "linux", "linux.resources", "linux.resources.memory"):
    key = ("" if path == "x" else path + ".") + "unheardOf"
    case(f"unknown-{path.lower().replace('.', '-')}", f"Extensibility: an unknown property {key} is ignored", change={key: {"a": [1, 2.5, None]}},
         tries=[(["call", "getpid"], "ok")], mutant=TRIPS)
case("unknown-in-mount", "Extensibility: an unknown property of a mount is ignored", change={"mounts+": [
    {"destination": "/m", "type": "tmpfs", "source": "x", "unheardOf": True}]}, see={"mounts /m type": "tmpfs"})
case("unknown-annotation", "Annotations: an unknown key is ignored", change={"annotations": {"com.example.unheard": "of"}},
     tries=[(["call", "getpid"], "ok")], mutant=TRIPS)
case("annotations-empty-value", "Annotations: a value may be empty", change={"annotations": {"com.example.key": ""}},
     tries=[(["call", "getpid"], "ok")], mutant=TRIPS)
case("annotation-not-text", "Annotations: a value is a text", change={"annotations": {"com.example.key": 5}}, refuses=True)


def raw(name, text, change):
    """A config.json whose bytes are changed."""
    @flow(name, text, mutant="fine")
    def test(box):
        box.actions(["tag", "ran"])
        box.write_config()
        with open(box.bundle + "/config.json", "rb") as f:
            data = f.read()
        if not box.mutant:
            with open(box.bundle + "/config.json", "wb") as f:
                f.write(change(data))
        r = box.call("run", "-b", box.bundle, box.id)
        check(r.status != 0 and not r.said, f"it ran: {r.out}")
        check(r.err.strip(), "it failed without a word")


raw("json-broken", "Configuration: what is no JSON is an error", lambda d: d[:-10])
raw("json-empty", "Configuration: an empty file is an error", lambda d: b"")
raw("json-list", "Configuration: a list is none", lambda d: b"[" + d + b"]")
raw("json-deep", "Security: JSON of 100,000 levels is an error, and no crash", lambda d: d[:-1] + b',"x":' + b"[" * 100000 + b"]" * 100000 + b"}")
raw("json-number", "Security: a number that no integer holds is an error", lambda d: d.replace(b'"uid": 0', b'"uid": 18446744073709551617'))
raw("json-fraction", "Security: a fraction where an integer belongs is an error", lambda d: d.replace(b'"uid": 0', b'"uid": 1.5'))
raw("json-nul", "Security: a NUL in a path is an error", lambda d: d.replace(b'"cwd": "/"', b'"cwd": "/\\u0000x"'))

WRONG = {
    "process-text": ("process", "x"), "process-args-text": ("process.args", "x"), "process-args-number": ("process.args", ["/probe", 5]),
    "process-env-number": ("process.env", [5]), "process-cwd-number": ("process.cwd", 5), "process-terminal-text": ("process.terminal", "yes"),
    "root-text": ("root", "rootfs"), "root-path-number": ("root.path", 5), "root-readonly-text": ("root.readonly", "yes"),
    "mounts-object": ("mounts", {"destination": "/m"}), "mount-destination-absent": ("mounts+", [{"type": "tmpfs", "source": "x"}]),
    "mount-options-text": ("mounts+", [{"destination": "/m", "type": "tmpfs", "options": "ro"}]),
    "linux-list": ("linux", []), "namespaces-text": ("linux.namespaces", "pid"), "namespace-type-absent": ("linux.namespaces+", [{"path": "/proc/1/ns/net"}]),
    "masked-paths-text": ("linux.maskedPaths", "/proc/kcore"), "hooks-list": ("hooks", []), "hook-path-absent": ("hooks", {"createRuntime": [{"args": ["x"]}]}),
    "rlimit-type-absent": ("process.rlimits", [{"soft": 1, "hard": 1}]), "capabilities-list": ("process.capabilities", ["CAP_KILL"]),
    "hostname-number": ("hostname", 5), "seccomp-default-absent": ("linux.seccomp", {"syscalls": []}),
    "uid-mapping-text": ("linux.uidMappings", [{"containerID": "0", "hostID": 0, "size": 1}]), "sysctl-number": ("linux.sysctl", {"net.ipv4.ip_forward": 1}),
    "pids-limit-text": ("linux.resources.pids", {"limit": "5"}), "device-path-absent": ("linux.devices", [{"type": "c", "major": 1, "minor": 3}]),
}
for name, (path, value) in WRONG.items():
    case("wrong-" + name, f"Configuration: {path} of the wrong kind, or without what it needs, is an error", change={path: value}, refuses=True)
