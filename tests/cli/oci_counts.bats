#!/usr/bin/env bats
# What a command costs, in numbers that are the same on every machine: system calls and memory.
# `make bench` measures time, and beside other run-times.

load ../lib/common
load ../lib/oci

setup() {
	skip_unless "needs strace" command -v strace
	! ldd "$DOLIUM_BIN/dolium-oci" >/dev/null 2>&1 || skip "only the static build is counted"
	! grep -qa __libc_start_main_impl "$DOLIUM_BIN/dolium-oci" || skip "only the build with musl is counted"
	oci_setup
	bundle '.process.args=["/bin/true-static"]'
	cp "$TRUE_STATIC" "$B/rootfs/bin/true-static"
}
teardown() { oci_teardown; }

# at_most N ARGS...: system calls of `dolium-oci ARGS...` and of all that it starts. With the program's own.
at_most() {
	local most=$1 calls
	shift
	strace -f -c -o "$B/calls" "$DOLIUM_BIN/dolium-oci" --root "$R" "$@" </dev/null
	calls=$(awk '$NF == "total" { print $3 == "" ? 0 : $4 }' "$B/calls")
	echo "system calls of $1: $calls"
	[ "$calls" -le "$most" ]
}

created() { oci create -b "$B" "$ID" </dev/null >/dev/null 2>&1 3>&-; }

@test "run needs at most 300 system calls" {
	at_most 300 run -b "$B" "$ID"
}

@test "exec needs at most 130 system calls" {
	bundle '.process.args=["sleep","1000"]'
	oci run -d -b "$B" "$ID" </dev/null >/dev/null 2>&1 3>&-
	at_most 130 exec "$ID" /bin/true-static
	oci delete -f "$ID"
}

@test "state, kill and start need at most 40 system calls, delete 80" {
	bundle '.process.args=["sleep","1000"]'
	created
	at_most 40 state "$ID"
	at_most 40 start "$ID"
	at_most 40 state "$ID"
	at_most 40 kill "$ID" KILL
	wait_for 5 is_gone "$(oci state "$ID" | jq .pid)"
	at_most 80 delete "$ID"
}

@test "run needs at most 1.5 MiB of memory" {
	usage=$TEST_CACHE/usage
	[ "$usage" -nt "$TESTLIB/usage.c" ] || cc -static -Os -o "$usage" "$TESTLIB/usage.c"
	kib=$("$usage" "$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" "$ID")
	echo "largest resident set: $kib KiB"
	[ "$kib" -le 1536 ]
}

@test "a container that waits for its start has at most 200 KiB of memory of its own" {
	created
	kib=$(awk '/^Private_(Clean|Dirty):/ { n += $2 } END { print n }' "/proc/$(oci state "$ID" | jq .pid)/smaps")
	echo "private memory: $kib KiB"
	[ "$kib" -le 200 ]
	oci delete -f "$ID"
}
