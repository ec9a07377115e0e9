#!/bin/bash
# Records what each engine asks of its run-time, and what Debian's runc answers, into tests/contracts/*.jsonl.
# To be run by hand, as root, when an engine is new: tests/lib/contract_record.sh [ENGINE...]
set -eu
cd "$(dirname "$0")/../.."
BATS_FILE_TMPDIR=$(mktemp -d)
export BATS_FILE_TMPDIR BATS_TEST_DIRNAME=$PWD/tests/callers
bats_require_minimum_version() { :; }
. tests/lib/common.bash
. tests/lib/callers.bash
trap 'callers_stop; rm -rf "$BATS_FILE_TMPDIR"' EXIT

callers_start
callers_image docker
image_busybox
TRACED=$CALLERS/traced
mkdir -p "$TRACED"

# traced ENGINE: from here on $TRACED/runc writes down what ENGINE asks.
traced() {
	printf '#!/bin/sh\nexec python3 %s %s runc "$@"\n' "$TESTLIB/contract_trace.py" "$CALLERS/$1.raw" >"$TRACED/runc"
	chmod +x "$TRACED/runc"
}
# Paths and names of this machine are nobody's business; what is said twice is kept once.
keep() {
	sed "s,$CALLERS,/callers,g; s,\"$(hostname)\",\"box\",g" "$CALLERS/$1.raw" | python3 -c '
import json, sys
seen = None
for line in sys.stdin:
    call = json.loads(line)
    call["fds"] = {n: kind for n, kind in call["fds"].items() if int(n) < 10}  # those above are from whoever records
    profile = ((call.get("config") or {}).get("linux") or {}).get("seccomp")
    if profile and profile == seen:
        call["config"]["linux"]["seccomp"] = "as before"
    seen = profile or seen
    print(json.dumps(call, separators=(",", ":")))' >"tests/contracts/$1.jsonl"
	wc -lc "tests/contracts/$1.jsonl"
}
quiet() { "$@" >/dev/null 2>&1 || :; }
in_pty() { pty -- "$TESTLIB/callers_world.sh" --in "$CALLERS" "$@"; }

record_containerd() {
	local image=docker.io/library/busybox:latest run="in_world ctr run --runc-binary $TRACED/runc"
	callers_daemon containerd containerd --log-level warn
	wait_for 30 in_world ctr version
	in_world ctr image import "$CALLERS/busybox.tar"
	quiet $run --rm $image once sh -c 'exit 7'
	quiet $run --rm $image missing nosuch
	quiet in_pty ctr run --rm -t --runc-binary "$TRACED/runc" $image terminal tty
	$run -d $image long sleep 1000
	quiet in_world ctr task exec --exec-id e1 long true
	quiet in_world ctr task exec --exec-id e2 long nosuch
	quiet in_pty ctr task exec -t --exec-id e3 long tty
	in_world ctr task pause long
	in_world ctr task resume long
	in_world ctr task kill --all -s KILL long
	sleep 1
	quiet in_world ctr task delete long
}
record_docker() {
	local docker="in_world docker"
	in_world mkdir -p /etc/docker
	jq -n --arg r "$TRACED/runc" '{runtimes: {t: {path: $r}}, "default-runtime": "t"}' | in_world tee /etc/docker/daemon.json
	callers_daemon dockerd dockerd --log-level warn
	wait_for 60 $docker version
	$docker load -q -i "$CALLERS/busybox.tar"
	quiet $docker run --rm --network none busybox sh -c 'exit 7'
	quiet $docker run --rm --network none busybox nosuch
	quiet $docker run --rm --network none busybox /etc/passwd
	quiet in_pty docker run -it --rm --network none busybox tty
	$docker run -d --name long -m 64m --pids-limit 20 --cpus 0.5 --init -v vol:/vol busybox sleep 1000
	quiet $docker exec long true
	quiet $docker exec -u 1000:1000 -w /nosuch long true
	quiet in_pty docker exec -it long tty
	$docker update -m 100m --memory-swap 200m --pids-limit 30 --cpus 0.25 long
	$docker pause long
	$docker unpause long
	$docker stop -t 2 long
	$docker rm long
}
record_podman() {
	local podman="in_world podman --runtime $TRACED/runc"
	printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n[engine]\nevents_logger = "file"\ncgroup_manager = "cgroupfs"\n' |
		in_world tee /etc/containers/containers.conf
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' | in_world tee /etc/containers/policy.json
	in_world skopeo copy -q "oci:$IMAGES/busybox:latest" containers-storage:docker.io/library/busybox:latest
	quiet $podman run --rm --network none busybox sh -c 'exit 7'
	quiet $podman run --rm --network none busybox nosuch
	quiet $podman run --rm --network none busybox /etc/passwd
	quiet in_pty podman --runtime "$TRACED/runc" run -it --rm --network none busybox tty
	quiet $podman run --rm --network none --uidmap 0:100000:65536 busybox true
	$podman run -d --name long -m 64m --pids-limit 20 --cpus 0.5 -v vol:/vol --network none busybox sleep 1000
	quiet $podman exec long true
	quiet $podman exec -w /nosuch long true
	quiet in_pty podman --runtime "$TRACED/runc" exec -it long tty
	$podman update -m 100m --cpus 0.25 long
	$podman pause long
	$podman unpause long
	$podman stop -t 1 long
	$podman rm long
}
record_buildah() {
	local c
	in_world skopeo copy -q "oci:$IMAGES/busybox:latest" containers-storage:docker.io/library/busybox:latest
	c=$(in_world buildah from docker.io/library/busybox:latest)
	quiet in_world buildah run --isolation oci --runtime "$TRACED/runc" "$c" sh -c 'exit 7'
	quiet in_world buildah run --isolation oci --runtime "$TRACED/runc" "$c" nosuch
	quiet in_pty buildah run --isolation oci --runtime "$TRACED/runc" -t "$c" tty
}
record_slurm() {
	callers_slurm
	in_world sed -i "s#/usr/local/bin/dolium-oci#$TRACED/runc#" /etc/slurm/oci.conf
	in_world mkdir -p -m 1777 /run/dolium-slurm
	mkdir -p "$CALLERS/bundle/rootfs/bin"
	cp /bin/busybox "$CALLERS/bundle/rootfs/bin/sh"
	(cd "$CALLERS/bundle" && callers_block slurm-bundle | sed s/--rootless// | in_world sh -e /dev/stdin)
	quiet in_world srun --container "$CALLERS/bundle" sh -c 'exit 5'
	quiet in_world srun --container "$CALLERS/bundle" nosuch
	quiet in_world srun -N2 --container "$CALLERS/bundle" sh -c 'exit 0'
}

for engine in "${@:-containerd docker podman buildah slurm}"; do
	for one in $engine; do
		traced "$one"
		"record_$one"
		keep "$one"
	done
done
