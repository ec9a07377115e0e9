#!/usr/bin/env bats
# dolium-oci --systemd-cgroup, and a systemd that does not do what it should. One that does is in tests/vm.

load ../lib/common
load ../lib/oci

setup() { oci_setup; }
teardown() {
	[ -z "${FAKE:-}" ] || kill "$FAKE" 2>/dev/null || :
	oci_teardown
}

# What is left of a start that failed: nothing.
nothing_left() {
	[ ! -e "$R/$ID" ]
	[ -z "$(find /sys/fs/cgroup -name "*$ID*")" ]
}
start_with() { # MODE
	python3 "$TESTLIB/fake_systemd.py" "$B/bus" "$1" 3>&- &
	FAKE=$!
	wait_for 5 test -S "$B/bus"
	bundle '.process.args=["true"]'
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$B/bus DOLIUM_SYSTEMD_TIMEOUT=1
	run timeout 10 "$DOLIUM_BIN/dolium-oci" --root "$R" --systemd-cgroup run -b "$B" "$ID"
	nothing_left
}

@test "a systemd that does not answer makes an error after the deadline, not a hang" {
	for mode in deaf silent busy chatty; do
		start_with $mode
		refuses "systemd gave no answer for 1 s"
		kill "$FAKE"
		rm -f "$B/bus"
	done
}

@test "a systemd that refuses, errs or talks nonsense is told in words" {
	start_with refuses
	refuses "systemd does not speak with us"
	kill "$FAKE"; rm -f "$B/bus"
	start_with error
	refuses "cannot start unit 'dolium-$ID.scope': systemd says: Unit x.scope was not  [31mliked"
	kill "$FAKE"; rm -f "$B/bus"
	start_with garbage
	refuses "systemd's answer is no message"
	kill "$FAKE"; rm -f "$B/bus"
	start_with huge
	refuses "systemd's answer is no message"
	kill "$FAKE"; rm -f "$B/bus"
	start_with failing
	refuses "systemd's job ended as 'failed'"
}

@test "without a systemd there is an error, and a hint" {
	bundle '.process.args=["true"]'
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=$B/nobody run oci --systemd-cgroup run -b "$B" "$ID"
	refuses "cannot reach systemd"
	says "--cgroup-manager cgroupfs"
	nothing_left
}

@test "a cgroupsPath that is not systemd's is refused in runc's words, and annotations that are no values" {
	bundle '.process.args=["true"] | .linux.cgroupsPath="/a/b"'
	run oci --systemd-cgroup run -b "$B" "$ID"
	refuses 'expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, got "/a/b" instead'
	nothing_left
	python3 "$TESTLIB/fake_systemd.py" "$B/bus" error 3>&- &
	FAKE=$!
	wait_for 5 test -S "$B/bus"
	bundle '.process.args=["true"] | .annotations={"org.systemd.property.CollectMode":"what?"}'
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=$B/bus run oci --systemd-cgroup run -b "$B" "$ID"
	refuses "annotation 'org.systemd.property.CollectMode'"
	nothing_left
}
