#!/usr/bin/env bats
# dolium-oci killed, and its system calls made to fail, at one call after the other: whatever happens, the next
# `delete -f` finds and removes all, and a container that was there before is whole. tests/lib/oci_inject.py says more.
#
# Here a sample of the calls is tried, beginning at one by chance. DOLIUM_ALL_POINTS=1: every call (some minutes).
# A failure names its case and call; to try that again: oci_inject.py ... WHAT CASE --first CALL.

load ../lib/common
load ../lib/oci

setup_file() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	test_program inject
	B=$BATS_FILE_TMPDIR/plain R=$BATS_FILE_TMPDIR/run
	bundle '.process.args=["sleep","1000"]'
	B=$BATS_FILE_TMPDIR/short
	bundle '.process.args=["true"]'
	# As much as one container may want: what makes cgroups, processes and mounts.
	B=$BATS_FILE_TMPDIR/rich
	bundle "$USERNS"' | .process.args=["sleep","1000"] | .process.noNewPrivileges=true | .process.user={uid:1000,gid:1000}
		| .root.readonly=false | .mounts+=[{destination:"/a/b",type:"tmpfs"}] | .linux.sysctl={"net.ipv4.ip_forward":"1"}
		| .linux.devices=[{path:"/dev/fuse",type:"c",major:10,minor:229}]
		| .linux.resources+={memory:{limit:100000000},pids:{limit:100},cpu:{shares:512}}
		| .linux.seccomp={defaultAction:"SCMP_ACT_ALLOW",syscalls:[{names:["mkdir"],action:"SCMP_ACT_ERRNO"}]}
		| .hooks={createRuntime:[{path:"/bin/true"}],createContainer:[{path:"/bin/true"}],poststop:[{path:"/bin/true"}]}'
	chown -R 100000:100000 "$B/rootfs"
}

# inject WHAT POINTS CASE...
inject() {
	local what=$1 points=$2
	shift 2
	[ -z "${DOLIUM_ALL_POINTS:-}" ] || points=all
	run timeout 600 python3 "$TESTLIB/oci_inject.py" "$DOLIUM_BIN/dolium-oci" "$PROGRAMS/inject" \
		"$BATS_TEST_TMPDIR/work" "$BATS_FILE_TMPDIR" "$what" "$@" --points "$points"
	succeeds
	echo "$output"
}

@test "create and run are killed at any call: delete -f finds all that is left" {
	inject kill 30 create create-rich run run-detached start
}

@test "exec is killed at any call: the container is whole" {
	inject kill 16 exec exec-rich
}

@test "pause, resume and update are killed at any call: the container is whole, and never stays frozen" {
	inject kill 24 pause resume update update-join
}

@test "kill and delete are killed at any call: the next delete ends it" {
	inject kill 24 kill kill-all delete delete-running delete-paused
}

@test "the container's half is killed at any call: its maker says so and leaves nothing" {
	inject kill-child 24 create create-rich run run-detached exec exec-rich
}

@test "any call finds no memory: an error with a text, and nothing is left" {
	inject ENOMEM 10 create create-rich run start exec pause resume update update-join delete delete-paused
	inject ENOMEM-child 24 create create-rich exec
}

@test "any call fails with EIO, ENOSPC or EMFILE: an error with a text, and nothing is left" {
	for error in EIO ENOSPC EMFILE; do
		inject $error 10 create-rich run start exec pause resume update-join delete
		inject $error-child 16 create-rich exec
	done
}
