"""linux.resources and linux.cgroupsPath: what stands in the container's cgroup, and what comes of it."""
from harness import *


def limit(name, text, resources, files, needs=(), base=None, tries=(), options=None, **parts):
    """A container with these resources; then these files of its cgroup."""
    def test(box):
        box.up()
        for file, want in files.items():
            got = box.cgroup_file(file)
            check(agrees(got, want, box), f"{file}: {got!r}, not {want!r}")
    flow(name, text, base=base or {}, change={"linux.resources." + k: v for k, v in resources.items()}, needs=list(needs), **parts)(test)


MIB = 1 << 20

# ---- cgroup v1

limit("v1-memory-limit", "Memory: limit", {"memory": {"limit": 64 * MIB}}, {"memory/memory.limit_in_bytes": str(64 * MIB)}, ["v1:memory"])
limit("v1-memory-reservation", "Memory: reservation", {"memory": {"reservation": 32 * MIB}}, {"memory/memory.soft_limit_in_bytes": str(32 * MIB)},
      ["v1:memory"])
limit("v1-memory-swap", "Memory: swap is memory and swap", {"memory": {"limit": 64 * MIB, "swap": 128 * MIB}},
      {"memory/memory.memsw.limit_in_bytes": str(128 * MIB)}, ["v1:memory", "file:/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes"])
limit("v1-memory-swappiness", "Memory: swappiness", {"memory": {"swappiness": 33}}, {"memory/memory.swappiness": "33"}, ["v1:memory"])
limit("v1-memory-oom-killer", "Memory: disableOOMKiller", {"memory": {"limit": 64 * MIB, "disableOOMKiller": True}},
      {"memory/memory.oom_control": matches("oom_kill_disable 1")}, ["v1:memory"])
limit("v1-cpu-shares", "CPU: shares", {"cpu": {"shares": 321}}, {"cpu/cpu.shares": "321"}, ["v1:cpu"])
limit("v1-cpu-quota", "CPU: quota and period", {"cpu": {"quota": 20000, "period": 50000}},
      {"cpu/cpu.cfs_quota_us": "20000", "cpu/cpu.cfs_period_us": "50000"}, ["v1:cpu"])
limit("v1-cpu-quota-alone", "CPU: quota without period", {"cpu": {"quota": 30000}}, {"cpu/cpu.cfs_quota_us": "30000", "cpu/cpu.cfs_period_us": "100000"},
      ["v1:cpu"])
limit("v1-cpu-burst", "CPU: burst", {"cpu": {"quota": 20000, "period": 50000, "burst": 10000}}, {"cpu/cpu.cfs_burst_us": "10000"},
      ["v1:cpu"])
limit("v1-cpu-idle", "CPU: idle", {"cpu": {"idle": 1}}, {"cpu/cpu.idle": "1"}, ["v1:cpu"])
limit("v1-cpu-cpus", "CPU: cpus", {"cpu": {"cpus": "0"}}, {"cpuset/cpuset.cpus": "0"}, ["v1:cpuset"])
limit("v1-cpu-mems", "CPU: mems", {"cpu": {"cpus": "0", "mems": "0"}}, {"cpuset/cpuset.mems": "0", "cpuset/cpuset.cpus": "0"}, ["v1:cpuset"])
limit("v1-pids", "Pids: limit", {"pids": {"limit": 21}}, {"pids/pids.max": "21"}, ["v1:pids"])
limit("v1-pids-unlimited", "Pids: a limit of -1 is none", {"pids": {"limit": -1}}, {"pids/pids.max": "max"}, ["v1:pids"],
      base={"linux.resources.pids": {"limit": 21}})
limit("v1-blkio-weight", "Block IO: weight", {"blockIO": {"weight": 500}}, {"blkio/blkio.bfq.weight": "500"},
      ["v1:blkio", "file:/sys/fs/cgroup/blkio/blkio.bfq.weight"])


def disk():
    """Numbers of a disk of the machine, which the kernel wants to exist."""
    for name in sorted(os.listdir("/sys/block")) if os.path.isdir("/sys/block") else ():
        if not name.startswith(("loop", "ram", "zram")):
            with open(f"/sys/block/{name}/dev") as f:
                return tuple(int(n) for n in f.read().split(":"))
    return None


def needs_disk(suite):
    return None if disk() else "no disk here"


for key, file in {"throttleReadBpsDevice": "read_bps", "throttleWriteBpsDevice": "write_bps", "throttleReadIOPSDevice": "read_iops",
                  "throttleWriteIOPSDevice": "write_iops"}.items():
    major, minor = disk() or (0, 0)
    limit(f"v1-blkio-{file.replace('_', '-')}", f"Block IO: {key}", {"blockIO": {key: [{"major": major, "minor": minor, "rate": 7654321}]}},
          {f"blkio/blkio.throttle.{file}_device": f"{major}:{minor} 7654321"}, ["v1:blkio", needs_disk])
case("v1-unified-refused", "Unified: on a machine without cgroup2 it is an error", views=("v1",),
         change={"linux.resources.unified": {"memory.high": "max"}}, refuses=True)
case("v1-memory-negative", "Memory: a limit that the kernel cannot have is an error", needs=["v1:memory"],
     change={"linux.resources.memory": {"limit": -5}}, refuses=True)
case("v1-cpu-bad-cpus", "CPU: cpus that the machine has not are an error", needs=["v1:cpuset"],
     change={"linux.resources.cpu": {"cpus": "4000-4001"}}, refuses=True)
case("v1-cpu-quota-too-small", "CPU: a quota that the kernel refuses is an error", needs=["v1:cpu"],
     change={"linux.resources.cpu": {"quota": 5}}, refuses=True)

# ---- what comes of it

case("limit-pids-bites", "Pids: no more processes than the limit", needs=["v1:pids"], base={"process.args": ["/probe", "fork", "10"]},
     change={"linux.resources.pids": {"limit": 4}}, after=lambda b, r: equal(
         (len(r.said[0]["pids"]), r.said[0]["errno"]), (3, "EAGAIN"), "children and error"))
case("limit-memory-bites", "Memory: who needs more than the limit is killed", needs=["v1:memory"], base={"process.args": ["/probe", "eat", "100"]},
     change={"linux.resources.memory": {"limit": 16 * MIB, "swap": 16 * MIB}}, exit=137)
case("limit-cpus-bite", "CPU: the program runs where cpus says", needs=["v1:cpuset", lambda s: None if os.cpu_count() > 1 else "one processor"],
     change={"linux.resources.cpu": {"cpus": "1", "mems": "0"}}, see={"affinity": [1]})

# ---- cgroup2

limit("v2-memory-limit", "Memory: limit on cgroup2", {"memory": {"limit": 64 * MIB}}, {"memory.max": str(64 * MIB)}, ["v2:memory"])
limit("v2-memory-reservation", "Memory: reservation on cgroup2 is memory.low", {"memory": {"reservation": 32 * MIB}},
      {"memory.low": str(32 * MIB)}, ["v2:memory"])
limit("v2-memory-swap", "Memory: swap without the memory on cgroup2", {"memory": {"limit": 64 * MIB, "swap": 96 * MIB}},
      {"memory.swap.max": str(32 * MIB)}, ["v2:memory", "file:/proc/swaps"])
limit("v2-cpu-shares", "CPU: shares become a weight on cgroup2", {"cpu": {"shares": 1024}}, {"cpu.weight": among("39", "100")}, ["v2:cpu"],
      base={"linux.resources.cpu": {"shares": 2}})
limit("v2-cpu-quota", "CPU: quota and period on cgroup2", {"cpu": {"quota": 20000, "period": 50000}}, {"cpu.max": "20000 50000"}, ["v2:cpu"])
limit("v2-cpu-idle", "CPU: idle on cgroup2", {"cpu": {"idle": 1}}, {"cpu.idle": "1"}, ["v2:cpu"])
limit("v2-cpu-cpus", "CPU: cpus on cgroup2", {"cpu": {"cpus": "0"}}, {"cpuset.cpus": "0"}, ["v2:cpuset"])
limit("v2-pids", "Pids: limit on cgroup2", {"pids": {"limit": 21}}, {"pids.max": "21"}, ["v2:pids"])
limit("v2-unified", "Unified: a file of cgroup2 by its name", {"unified": {"memory.high": str(40 * MIB)}}, {"memory.high": str(40 * MIB)}, ["v2:memory"])
limit("v2-hugetlb", "Huge pages: limit on cgroup2", {"hugepageLimits": [{"pageSize": "2MB", "limit": 4 * MIB}]},
      {"hugetlb.2MB.max": str(4 * MIB)}, ["v2:hugetlb"], views=("v2",))
limit("v2-hugetlb-two", "Huge pages: every size", {"hugepageLimits": [{"pageSize": "2MB", "limit": 4 * MIB}, {"pageSize": "1GB", "limit": 1 << 30}]},
      {"hugetlb.2MB.max": str(4 * MIB), "hugetlb.1GB.max": str(1 << 30)}, ["v2:hugetlb"], views=("v2",))
limit("v2-hugetlb-unified", "Unified: huge pages by the name of the file", {"unified": {"hugetlb.2MB.max": str(6 * MIB)}},
      {"hugetlb.2MB.max": str(6 * MIB)}, ["v2:hugetlb"], views=("v2",))
case("v2-hugetlb-bad-size", "Huge pages: a size that the machine has not is an error", needs=["v2:hugetlb"], views=("v2",),
     change={"linux.resources.hugepageLimits": [{"pageSize": "3MB", "limit": 4 * MIB}]}, refuses=True)
case("v2-unified-unknown", "Unified: a file that is not there is an error", views=("v2",),
     change={"linux.resources.unified": {"nothing.max": "1"}}, refuses=True)
case("v2-unified-path", "Security: a name of unified that leads out of the cgroup is refused", views=("v2",),
     change={"linux.resources.unified": {"../cgroup.procs": "0"}}, refuses=True)
case("v2-unified-bad-value", "Unified: a value that the kernel refuses is an error", views=("v2",), needs=["v2:hugetlb"],
     change={"linux.resources.unified": {"hugetlb.2MB.max": "much"}}, refuses=True)


@flow("v2-pause-file", "pause: on cgroup2 by cgroup.freeze", views=("v2",), mutant="noop:pause")
def v2_pause(box):
    box.up()
    box.good("pause", box.id)
    equal(box.cgroup_file("cgroup.freeze"), "1", "cgroup.freeze")
    box.good("resume", box.id)
    equal(box.cgroup_file("cgroup.freeze"), "0", "cgroup.freeze")


# ---- cgroupsPath

def lines(cgroup):
    return [l.split(":", 2) for l in (cgroup or "").splitlines()]


def joined(path):
    """The program is in that cgroup of a hierarchy that every run-time joins."""
    return lambda v, b: any(at == b.fill(path) for _, names, at in lines(v) if names == ("" if b.suite.view == "v2" else "devices"))


case("cgroups-path-absolute", "Cgroups path: an absolute path begins at the top of the hierarchy", base={"linux.cgroupsPath": "{cgroup}-other"},
     change={"linux.cgroupsPath": "{cgroup}"}, see={"cgroup": joined("{cgroup}")})
case("cgroups-path-deep", "Cgroups path: every part is made", setup=lambda b: b.at_end.append(
    lambda: [os.rmdir(d) for path in (b.cgroup + "/a", b.cgroup) for d in b.suite.cgroup_dirs(path) if os.path.isdir(d)]),
     change={"linux.cgroupsPath": "{cgroup}/a/b"}, see={"cgroup": joined("{cgroup}/a/b")})
case("cgroups-path-relative", "Cgroups path: a relative path is a place of the run-time's choice, the same each time",
     change={"linux.cgroupsPath": lambda b: b.cgroup[1:] + "-relative"}, see={"cgroup": lambda v, b: any(
         at.endswith(b.cgroup + "-relative") for _, names, at in lines(v))})
case("cgroups-path-leaves", "Security: a cgroups path with '..' never leads out of the hierarchy", exit=among(0, 1),
     change={"linux.cgroupsPath": "{cgroup}/../../../../../../tmp/{id}"}, mutant="after:run:touch escaped",
     after=lambda b, r: equal(os.path.exists(f"/tmp/{b.id}") or os.path.exists(b.dir + "/escaped"), False, "a directory outside"))
case("cgroups-path-absent", "Cgroups path: without one the run-time chooses a place of the container's own",
     change={"linux.cgroupsPath": GONE}, see={"cgroup": lambda v, b: any(b.id in at for _, _, at in lines(v))})


@flow("cgroups-removed", "Cgroups path: the cgroups go with the container", mutant="noop:delete")
def cgroups_removed(box):
    box.actions(["exit", "0"])
    box.create()
    check(box.cgroup_dirs(), "there are no cgroups")
    box.start()
    box.wait_status("stopped")
    box.good("delete", box.id)
    equal(box.cgroup_dirs(), [], "cgroups")


# ---- cgroups inside

CGROUP_MOUNT = {"mounts+": [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
                             "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]}]}
case("cgroup-mount-v2", "Mounts: type cgroup on cgroup2", views=("v2",), change=CGROUP_MOUNT, see={"mounts /sys/fs/cgroup type": "cgroup2"},
     tries=[(["stat", "/sys/fs/cgroup/cgroup.procs"], {"type": "-"})])
case("cgroup-mount-v2-own", "Mounts: with a cgroup namespace the container's cgroup is the top", views=("v2",),
     base={"linux.namespaces+": [{"type": "cgroup"}]}, change=CGROUP_MOUNT, tries=[(["read", "/sys/fs/cgroup/cgroup.procs"], {"text": matches(r"^1\n")})])
case("cgroup-mount-v2-readonly", "Mounts: a cgroup mount that is ro cannot be written", views=("v2",), base={"linux.namespaces+": [{"type": "cgroup"}]},
     change=CGROUP_MOUNT, tries=[(["mkdir", "/sys/fs/cgroup/inner"], "EROFS")])
case("cgroup-mount-v2-writable", "Mounts: a cgroup mount that is rw can be written", views=("v2",), base={"linux.namespaces+": [{"type": "cgroup"}]},
     change={"mounts+": [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["rw"]}]},
     tries=[(["mkdir", "/sys/fs/cgroup/inner"], "ok")])
case("cgroup-mount-v1", "Mounts: type cgroup on cgroup v1 has each hierarchy", views=("v1", "hybrid"), change=CGROUP_MOUNT,
     see={"mounts /sys/fs/cgroup/pids type": "cgroup", "mounts /sys/fs/cgroup/memory type": "cgroup"},
     tries=[(["list", "/sys/fs/cgroup"], {"names": has("pids", "memory", "devices", "cpu")})])
case("cgroup-mount-v1-every", "Mounts: type cgroup on cgroup v1 has those hierarchies, too, for which there are no limits", views=("v1", "hybrid"),
     change=CGROUP_MOUNT, tries=[(["list", "/sys/fs/cgroup"], {"names": lambda v, b: set(b.suite.v1) <= set(v)})])
case("cgroup-delegation-limits", "Cgroup ownership: the files of limits stay the host's", views=("v2",), mutant="sed:run:s/65534/0/g",
     base={**USER_NAMESPACE, "mounts+": [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
     "options": ["rw"]}], "linux.namespaces+": [{"type": "user"}, {"type": "cgroup"}]},
     tries=[(["stat", "/sys/fs/cgroup/cgroup.max.depth"], {"uid": 65534}), (["write", "/sys/fs/cgroup/cgroup.max.depth", "0"], "EACCES")])
case("cgroup-delegation-readonly", "Cgroup ownership: with a mount that is ro the cgroup stays the host's", views=("v2",),
     mutant="sed:run:s/65534/0/g", base={**USER_NAMESPACE, **CGROUP_MOUNT, "linux.namespaces+": [{"type": "user"}, {"type": "cgroup"}]},
     tries=[(["stat", "/sys/fs/cgroup"], {"uid": 65534})])
case("cgroup-mount-v1-own", "Mounts: on cgroup v1 the container sees its own cgroup at the top", views=("v1", "hybrid"), needs=["v1:pids"],
     base={"linux.namespaces+": [{"type": "cgroup"}], "linux.resources.pids": {"limit": 77}}, change=CGROUP_MOUNT,
     tries=[(["read", "/sys/fs/cgroup/pids/pids.max"], {"text": "77\n"})])
case("cgroup-mount-v1-readonly", "Mounts: a cgroup mount on v1 that is ro cannot be written (CVE-2022-0492)", views=("v1", "hybrid"), needs=["v1:pids"],
     base={"linux.namespaces+": [{"type": "cgroup"}]}, change=CGROUP_MOUNT, tries=[(["mkdir", "/sys/fs/cgroup/pids/inner"], "EROFS")])
case("cgroup-namespace-root", "Linux namespaces: in a cgroup namespace the container's cgroup is /", change={"linux.namespaces+": [{"type": "cgroup"}]},
     see={"cgroup": lambda v, b: all(at == "/" for _, names, at in lines(v) if names == ("" if b.suite.view == "v2" else "devices"))})
case("cgroup-delegation", "Cgroup ownership: with user and cgroup namespaces and a rw mount the container owns its cgroup", views=("v2",),
     base={**USER_NAMESPACE, "mounts+": [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["rw"]}]},
     change={"linux.namespaces+": [{"type": "cgroup"}]}, tries=[
         (["stat", "/sys/fs/cgroup"], {"uid": 0}), (["stat", "/sys/fs/cgroup/cgroup.procs"], {"uid": 0}), (["mkdir", "/sys/fs/cgroup/inner"], "ok")])
