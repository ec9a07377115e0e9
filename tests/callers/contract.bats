#!/usr/bin/env bats
# What each engine asked of runc, and what it was answered (tests/contracts, recorded by tests/lib/contract_record.sh),
# asked of dolium-oci again: without the engines, so that it can be done anywhere and in a second.

load ../lib/common

setup_file() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	export ROOTFS=$BATS_FILE_TMPDIR/rootfs
	mkdir -p "$ROOTFS"/{bin,dev,etc,proc,sys,tmp,vol}
	cp /bin/busybox "$ROOTFS/bin/"
	chroot "$ROOTFS" /bin/busybox --install -s /bin
	echo root:x:0:0:root:/:/bin/sh >"$ROOTFS/etc/passwd"
}

replay() { # replay ENGINE [RUNTIME]
	mkdir "$BATS_TEST_TMPDIR/scratch"
	cp -a "$ROOTFS" "$BATS_TEST_TMPDIR/rootfs"
	run timeout 120 python3 "$TESTLIB/contract_replay.py" "${2:-$DOLIUM_BIN/dolium-oci}" "$TOP/tests/contracts/$1.jsonl" \
		"$BATS_TEST_TMPDIR/rootfs" "$BATS_TEST_TMPDIR/scratch"
	output=$(grep -v ^ok <<<"$output")
	succeeds
	matches '^1\.\.[0-9]+$'
}

@test "as containerd's shim asks" { replay containerd; }
@test "as dockerd and its shim ask" { replay docker; }
@test "as podman and conmon ask" { replay podman; }
@test "as buildah asks" { replay buildah; }
@test "as Slurm asks" { replay slurm; }
