#!/usr/bin/env bats
# dolium-init: the first process of a container, on its own

load ../lib/common

setup() { init=$DOLIUM_BIN/dolium-init; }

@test "init exits as its command does" {
	run -7 "$init" -- sh -c 'exit 7'
	run -0 "$init" true
	run -143 "$init" sh -c 'kill -TERM $$'
}

@test "init says what cannot be found or run" {
	run -127 "$init" no-such-command
	[ "$output" = "dolium-init: cannot run 'no-such-command': No such file or directory" ]
	run -126 "$init" /etc/passwd
	[ "$output" = "dolium-init: cannot run '/etc/passwd': Permission denied" ]
	run -125 "$init"
	[ "$output" = "usage: dolium-init [--] COMMAND [ARGUMENT ...]" ]
}

@test "init passes arguments on as they are" {
	run -0 "$init" -- printf '<%s>' '' 'a b' -- '*'
	[ "$output" = '<><a b><--><*>' ]
}

@test "init as process 1 reaps orphans and ends with its command" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	run -5 unshare --pid --fork --mount-proc "$init" -- sh -c '
		[ "$(cat /proc/1/comm)" = dolium-init ] || exit 90
		for i in 1 2 3 4 5; do (sleep 0.05 &); done
		sleep 0.4
		grep -l "^State:.Z" /proc/[0-9]*/status 2>/dev/null && exit 91
		exit 5'
}

@test "init hands signals on to its command" {
	"$init" sh -c 'trap "echo usr1" USR1; trap "echo term; exit 3" TERM; echo ready; while :; do sleep 0.05; done' \
		>"$BATS_TEST_TMPDIR/out" 3>&- &
	pid=$!
	wait_for 5 grep -q ready "$BATS_TEST_TMPDIR/out"
	kill -USR1 $pid
	wait_for 5 grep -q usr1 "$BATS_TEST_TMPDIR/out"
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	[ $status = 3 ]
	grep -q term "$BATS_TEST_TMPDIR/out"
}

@test "init leaves its command the signals as they were" {
	run -0 "$init" sh -c 'grep ^SigBlk /proc/self/status'
	[ "${output##*[[:space:]]}" = 0000000000000000 ]
	run -0 "$init" sh -c 'grep ^SigIgn /proc/self/status'
	[ "${output##*[[:space:]]}" = "$(sh -c 'grep ^SigIgn /proc/self/status' | awk '{ print $2 }')" ]
}
