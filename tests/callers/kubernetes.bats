#!/usr/bin/env bats
# dolium-oci under containerd 1.6 as Kubernetes calls it, by CRI: pods, their containers, probes, limits. What a kubelet
# would say is said by tests/lib/cri.py. See tests/lib/callers.bash.

load ../lib/common
load ../lib/callers

IMAGE=docker.io/library/busybox:latest

setup_file() {
	callers_start
	callers_conf /etc/containerd/config.toml
	callers_image oci
	mkdir -p "$CALLERS/logs"
	# The image of a pod's first process. It needs no more than to stay.
	printf 'busybox\netc\nconfig {"Entrypoint":["/bin/sleep","100000"],"Cmd":[]}\n' | mkimage "$CALLERS/pause:latest"
	skopeo --insecure-policy copy -q "oci:$CALLERS/pause:latest" "oci-archive:$CALLERS/pause.tar:registry.k8s.io/pause:3.6" 3>&-
	callers_daemon containerd containerd --log-level warn
	wait_for 30 in_world ctr version
	for tar in busybox pause; do
		in_world ctr -n k8s.io image import "$CALLERS/$tar.tar" >/dev/null
	done
}
teardown_file() { callers_stop; }
setup() {
	N=$BATS_TEST_NUMBER
	# With the host's network: CNI is no matter of the run-time's. A kubelet gives such a pod no name.
	POD='{"1":{"1":"pod'$N'","2":"uid'$N'","3":"default"},"3":"'$CALLERS'/logs","8":{"1":"/dolium/pods/p'$N'","2":{"1":{"1":2}}}}'
}
teardown() {
	[ -z "${POD_ID:-}" ] || {
		cri StopPodSandbox '{"1":"'"$POD_ID"'"}' >/dev/null 2>&1
		cri RemovePodSandbox '{"1":"'"$POD_ID"'"}' >/dev/null 2>&1
	} || :
}

cri() { in_world "$TESTLIB/cri.py" /run/containerd/containerd.sock "$@"; }
pod() { POD_ID=$(cri RunPodSandbox '{"1":'"$POD"',"2":"dolium"}' 1); }
# container NAME COMMAND-AS-JSON [MORE-FIELDS]: its id
container() {
	cri CreateContainer '{"1":"'"$POD_ID"'","2":{"1":{"1":"'"$1"'"},"2":{"1":"'$IMAGE'"},"3":'"$2"',"11":"'"$1.log"'"'"${3:-}"'},"3":'"$POD"'}' 1
}
start() { cri StartContainer '{"1":"'"$1"'"}'; }
status_of() { cri ContainerStatus '{"1":"'"$1"'"}' 1.3 1.7 | paste -sd' ' | sed 's| $| 0|'; }
has_status() { [ "$(status_of "$1")" = "$2" ]; }
# exec_sync ID COMMAND-AS-JSON: what it printed, and its status
exec_sync() { cri ExecSync '{"1":"'"$1"'","2":'"$2"',"3":10}' 1 3; }

@test "a pod with two containers: they share what a pod shares, and nothing is left" {
	pod
	one=$(container one '["sleep","1000"]')
	two=$(container two '["sh","-c","echo out; echo err >&2; exit 3"]')
	start "$one"
	start "$two"
	wait_for 10 has_status "$two" "2 3"
	has_status "$one" "1 0"
	run cat "$CALLERS/logs/two.log"
	matches 'stdout F out'
	matches 'stderr F err'
	# One pid namespace: the pod's first process is seen.
	run exec_sync "$one" '["sh","-c","ps | grep -c [s]leep.100000"]'
	is 1
	run exec_sync "$one" '["sh","-c","exit 4"]'
	is $'\n4'
	run exec_sync "$one" '["nosuch"]'
	fails
	says 'executable file not found in $PATH'
	cri StopContainer '{"1":"'"$one"'","2":1}'
	wait_for 5 has_status "$one" "2 143"
	cri RemoveContainer '{"1":"'"$one"'"}'
	cri StopPodSandbox '{"1":"'"$POD_ID"'"}'
	cri RemovePodSandbox '{"1":"'"$POD_ID"'"}'
	equal "$(in_world sh -c 'ls /run/containerd/runc/k8s.io')" ""
}

@test "limits, and an update of them while it runs" {
	pod
	id=$(container one '["sleep","1000"]' ',"15":{"1":{"1":100000,"2":50000,"4":67108864}}')
	start "$id"
	limits() {
		exec_sync "$id" '["sh","-c","cd /sys/fs/cgroup; if [ -d memory ]; then cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us; else cat memory.max cpu.max; fi"]' |
			head -n 2 | cut -d' ' -f1 | paste -sd' '
	}
	equal "$(limits)" "67108864 50000"
	cri UpdateContainerResources '{"1":"'"$id"'","2":{"1":100000,"2":25000,"4":104857600}}'
	equal "$(limits)" "104857600 25000"
}

@test "what cannot be started is told as with runc, and the pod stays" {
	pod
	id=$(container bad '["/no/such"]')
	run start "$id"
	fails
	says 'exec: "/no/such": no such file or directory'
	id=$(container good '["sleep","1000"]')
	start "$id"
	has_status "$id" "1 0"
}

@test "a security context: user, read-only root, no capabilities, no new privileges" {
	pod
	# LinuxContainerConfig.security_context: 1 capabilities {2: drop}, 5 run_as_user {1}, 7 readonly_rootfs, 11 no_new_privs
	id=$(container one '["sleep","1000"]' ',"15":{"2":{"1":{"2":["ALL"]},"5":{"1":1000},"7":1,"11":1}}')
	start "$id"
	run exec_sync "$id" '["sh","-c","id -u; touch /x 2>&1; grep -E ^CapBnd.*0000000000000000 /proc/self/status; grep NoNewPrivs /proc/self/status"]'
	says 1000
	says "Read-only file system"
	says "CapBnd:	0000000000000000"
	says "NoNewPrivs:	1"
}
