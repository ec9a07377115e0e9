#!/usr/bin/env bats
# dolium-oci as the run-time of containerd 1.6, by ctr and containerd-shim-runc-v2. See tests/lib/callers.bash.

load ../lib/common
load ../lib/callers

IMAGE=docker.io/library/busybox:latest

setup_file() {
	callers_start
	callers_conf /etc/containerd/config.toml
	callers_image oci
	callers_names
	callers_daemon containerd containerd --log-level warn
	wait_for 30 ctr version
	ctr image import --no-unpack=false "$CALLERS/busybox.tar" >/dev/null
}
teardown_file() { callers_stop; }
setup() { ID=t$BATS_TEST_NUMBER; }
teardown() {
	ctr task kill -s KILL "$ID" >/dev/null 2>&1 || return 0
	wait_for 5 ctr task delete "$ID"
	ctr container delete "$ID" >/dev/null 2>&1
}

ctr() { in_world ctr "$@"; }
ctr_run() { ctr run --runc-binary /usr/local/bin/dolium-oci "$@"; }
is_state() { [ "$(ctr task ls | awk -v id="$ID" '$1 == id { print $3 }')" = "$1" ]; }
no_state() { [ -z "$(in_world sh -c 'ls /run/containerd/runc/default 2>/dev/null')" ]; }

@test "the command of the documentation runs a container" {
	run callers_type ctr
	succeeds
	says "hello"
	no_state
}

@test "output, exit status, and nothing is left" {
	run ctr_run --rm $IMAGE "$ID" sh -c 'echo out; exit 7'
	status_is 7
	is out
	no_state
	equal "$(ctr container ls -q)" ""
	equal "$(in_world find /sys/fs/cgroup -name "$ID")" ""
}

@test "a signal is 128 and its number" {
	run ctr_run --rm $IMAGE "$ID" sh -c 'sh -c "kill -KILL \$\$"; exit $?'
	status_is 137
}

@test "a program that is missing or cannot be run is told in runc's words" {
	run ctr_run --rm $IMAGE "$ID" nosuch
	status_is 1
	says 'exec: "nosuch": executable file not found in $PATH'
	run ctr_run --rm $IMAGE "$ID" /etc/passwd
	says 'exec: "/etc/passwd": permission denied'
	no_state
}

@test "a terminal: it is one, has a size, and both ways work" {
	run pty --expect 'name: ' --send 'world\r' -- "$TESTLIB/callers_world.sh" --in "$CALLERS" ctr run --rm -t \
		--runc-binary /usr/local/bin/dolium-oci $IMAGE "$ID" sh -c 'tty; printf "name: "; read -r n; echo "hello $n"; exit 4'
	status_is 4
	says /dev/pts/0
	says "hello world"
}

# One line: ctr never closes the stdin of a task.
@test "stdin is the caller's" {
	run bash -c 'echo through | "$0" --in "$1" ctr run --rm --runc-binary /usr/local/bin/dolium-oci "$2" "$3" head -n 1' \
		"$TESTLIB/callers_world.sh" "$CALLERS" $IMAGE "$ID"
	succeeds
	is through
}

@test "detached: exec, ps, pause, resume, metrics, update, kill, delete" {
	ctr_run -d $IMAGE "$ID" sleep 1000
	is_state RUNNING
	run ctr task exec --exec-id e1 "$ID" sh -c 'echo in; exit 5'
	status_is 5
	is in
	run ctr task exec --exec-id e2 "$ID" nosuch
	fails
	says 'executable file not found in $PATH'
	equal "$(ctr task ps "$ID" | wc -l)" 2

	ctr task pause "$ID"
	is_state PAUSED
	run ctr task exec --exec-id e3 "$ID" true
	fails
	ctr task resume "$ID"
	is_state RUNNING

	equal "$(ctr task metrics --format json "$ID" | jq .pids.current)" 1
	run ctr task kill -s 0 nosuch
	fails
	ctr task kill -s KILL "$ID"
	wait_for 5 is_state STOPPED
	run ctr task kill -s TERM "$ID"
	fails
	says "not found"
	ctr task delete "$ID" || [ $? = 137 ]
	ctr container delete "$ID"
	no_state
}

@test "exec with a terminal, as another user, somewhere else" {
	ctr_run -d $IMAGE "$ID" sleep 1000
	run pty -- "$TESTLIB/callers_world.sh" --in "$CALLERS" ctr task exec -t --user 1000:1000 --cwd /tmp --exec-id e1 "$ID" \
		sh -c 'tty; id -u; pwd; exit 3'
	status_is 3
	output=${output//$'\r'/}
	says "/dev/pts/0
1000
/tmp"
}

@test "kill --all reaches every process; the task's status is that of the first" {
	ctr_run -d $IMAGE "$ID" sh -c 'trap "exit 9" TERM; sleep 1000 & wait'
	wait_for 5 bash -c '[ "$("$0" --in "$1" ctr task ps "$2" | wc -l)" = 3 ]' "$TESTLIB/callers_world.sh" "$CALLERS" "$ID"
	ctr task kill --all -s TERM "$ID"
	wait_for 5 is_state STOPPED
	run ctr task delete "$ID"
	says "exit code 9"
	ctr container delete "$ID"
}

@test "limits, the host's network, a read-only root, devices, environment" {
	ctr_run -d --memory-limit 67108864 --cpu-quota 50000 --cpu-period 100000 $IMAGE "$ID" sleep 1000
	equal "$(ctr task metrics --format json "$ID" | jq '.memory.usage.limit // .memory.usage_limit')" 67108864
	equal "$(in_world sh -c "cat /sys/fs/cgroup/cpu/default/$ID/cpu.cfs_quota_us /sys/fs/cgroup/default/$ID/cpu.max 2>/dev/null" | cut -d' ' -f1)" 50000
	run ctr_run --rm --read-only --net-host --env A=b --cwd /tmp --device /dev/fuse --no-pivot --seccomp $IMAGE "$ID-2" \
		sh -c 'echo $A; pwd; ls /dev/fuse; ip -o link show d0; touch /x; grep Seccomp: /proc/self/status'
	says "b
/tmp
/dev/fuse"
	says "d0@d1"
	says "Read-only file system"
	says "Seccomp:	2"
}

@test "a user namespace" {
	run ctr_run --rm --uidmap 0:100000:65536 --gidmap 0:100000:65536 $IMAGE "$ID" sh -c 'cat /proc/self/uid_map; id -u'
	succeeds
	matches '0 +100000 +65536'
}

@test "a checkpoint that cannot be made is refused with a sentence, and the container goes on" {
	ctr_run -d $IMAGE "$ID" sleep 1000
	run ctr task checkpoint "$ID"
	fails
	says "dolium-oci: "
	[[ "${output,,}" == *criu* || "${output,,}" == *checkpoint* ]] || seen
	is_state RUNNING
}

@test "under the names runc and crun" {
	run ctr run --rm --runc-binary "$CALLERS/names/runc" $IMAGE "$ID" echo as runc
	succeeds
	is "as runc"
	run ctr run --rm --runc-binary "$CALLERS/names/crun" $IMAGE "$ID" echo as crun
	succeeds
	is "as crun"
}

@test "a shim that is killed leaves nothing" {
	ctr_run -d $IMAGE "$ID" sleep 1000
	pid=$(ctr task ls | awk -v id="$ID" '$1 == id { print $2 }')
	in_world pkill -KILL -f "containerd-shim-runc-v2.* -id $ID "
	wait_for 10 bash -c '! "$0" --in "$1" test -d "/proc/$2"' "$TESTLIB/callers_world.sh" "$CALLERS" "$pid"
	wait_for 10 no_state
	ctr container delete "$ID"
}
