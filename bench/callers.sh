#!/bin/bash
# What other engines gain from dolium-oci: `ctr run`, `docker run` and `podman run` of `true` with runc, crun and dolium-oci,
# one after the other in each round, so that whatever else the machine does meets all alike. As root.
#
# usage: bench/callers.sh BIN [ROUNDS]
set -eu
cd "$(dirname "$0")/.."
DOLIUM_BIN=$(realpath "${1:-build/bin}")
ROUNDS=${2:-20}
BATS_FILE_TMPDIR=$(mktemp -d)
export DOLIUM_BIN ROUNDS BATS_FILE_TMPDIR
bats_require_minimum_version() { :; }
. tests/lib/common.bash
. tests/lib/callers.bash
trap 'callers_stop; rm -rf "$BATS_FILE_TMPDIR"' EXIT

callers_start
# crun 1.8 refuses cgroups of both versions at once.
[ ! -d /sys/fs/cgroup/unified ] || in_world umount /sys/fs/cgroup/unified
for name in runc crun; do
	in_world ln -s "$(command -v $name)" "/usr/local/bin/peer-$name"
done
callers_image docker
in_world mkdir -p /etc/docker /etc/containers
jq -n '{runtimes: {"dolium-oci": {path: "/usr/local/bin/dolium-oci"}, crun: {path: "/usr/bin/crun"}}}' | in_world tee /etc/docker/daemon.json >/dev/null
printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n[engine]\nevents_logger = "file"\ncgroup_manager = "cgroupfs"\n' |
	in_world tee /etc/containers/containers.conf >/dev/null
echo '{"default": [{"type": "insecureAcceptAnything"}]}' | in_world tee /etc/containers/policy.json >/dev/null
callers_daemon containerd containerd --log-level warn
wait_for 30 in_world ctr version
callers_daemon dockerd dockerd --containerd /run/containerd/containerd.sock --log-level warn
wait_for 60 in_world docker version
in_world docker load -q -i "$CALLERS/busybox.tar" >/dev/null
in_world ctr image import "$CALLERS/busybox.tar" >/dev/null
in_world podman load -q -i "$CALLERS/busybox.tar" >/dev/null

in_world python3 - <<'END2'
import os, statistics, subprocess, time

IMAGE = "docker.io/library/busybox:latest"
RUNTIMES = {"runc": "/usr/sbin/runc", "crun": "/usr/bin/crun", "dolium-oci": "/usr/local/bin/dolium-oci"}
ENGINES = {
    "ctr run --rm": lambda name, path, n: ["ctr", "run", "--rm", "--runc-binary", path, IMAGE, f"b{n}", "true"],
    "docker run --rm --network none": lambda name, path, n: ["docker", "run", "--rm", "--network", "none", "--runtime", name, IMAGE, "true"],
    "podman run --rm --network none": lambda name, path, n: ["podman", "--runtime", path, "run", "--rm", "--network", "none", IMAGE, "true"],
}
times, n = {}, 0
for round_ in range(int(os.environ["ROUNDS"]) + 1):
    for engine, command in ENGINES.items():
        for name, path in RUNTIMES.items():
            n += 1
            began = time.perf_counter()
            subprocess.run(command(name, path, n), check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            if round_:  # the first warms up
                times.setdefault((engine, name), []).append(time.perf_counter() - began)
print("| ms, median (least) | " + " | ".join(RUNTIMES) + " | runc / dolium-oci | crun / dolium-oci |")
print("|---" * (len(RUNTIMES) + 3) + "|")
for engine in ENGINES:
    median = {name: statistics.median(times[engine, name]) for name in RUNTIMES}
    cells = [f"{median[name] * 1000:.0f} ({min(times[engine, name]) * 1000:.0f})" for name in RUNTIMES]
    ratios = [f"{median[name] / median['dolium-oci']:.2f}" for name in ("runc", "crun")]
    print(f"| `{engine}` | " + " | ".join(cells + ratios) + " |")
END2
