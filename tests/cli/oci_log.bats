#!/usr/bin/env bats
# Where dolium-oci says what went wrong: --log, --log-format, --log-level, as runc and crun have them.

load ../lib/common
load ../lib/oci

setup() { oci_setup; L=$BATS_TEST_TMPDIR/log; }
teardown() {
	oci_teardown
	[ -z "${LISTENER:-}" ] || kill "$LISTENER"
}

with_log() { "$DOLIUM_BIN/dolium-oci" --root "$R" "$@"; }
# A command that warns: no right to lower oom_score_adj below what we have, or a hook that fails at the end.
warns() {
	bundle '.process.args=["true"] | .hooks={poststop:[{path:"/bin/false"}]}'
}

@test "a file in JSON has the error as its last line, and stderr has it too" {
	run with_log --log "$L" --log-format json state nonesuch
	fails
	says "container does not exist"
	equal "$(tail -n 1 "$L" | jq -r .level)" error
	[[ "$(tail -n 1 "$L" | jq -r .msg)" == *"container does not exist"* ]]
	matches_text "$(tail -n 1 "$L" | jq -r .time)" '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$'
	run with_log --log "$L" --log-format=json start nonesuch
	equal "$(wc -l <"$L")" 2
}
matches_text() { [[ $1 =~ $2 ]] || { echo "'$1' is not '$2'"; return 1; }; }

@test "a file in text has a line that no name can break" {
	run with_log --log "file:$L" state $'a"\nlevel=info'
	fails
	equal "$(wc -l <"$L")" 1
	grep -Eq '^time="[0-9TZ:-]+" level=error msg="invalid container ID format: .a\\"\\nlevel=info.*"$' "$L"
}

@test "warnings go to the log in place of stderr, and what is too little is left out" {
	warns
	run with_log run -b "$B" "$ID"
	succeeds
	says "warning"
	run with_log --log "$L" --log-format json run -b "$B" "$ID"
	succeeds
	is ""
	equal "$(jq -r .level "$L" | sort -u)" warning
	run with_log --log "$L.2" --log-level error run -b "$B" "$ID"
	succeeds
	is ""
	[ ! -e "$L.2" ]
	run with_log --log-level error run -b "$B" "$ID"
	is ""
	run with_log --log-level chatty list
	refuses "option --log-level is error, warning or debug, not 'chatty'"
	run with_log --log-format xml list
	refuses "unknown log-format 'xml'"
}

@test "a command that goes well opens no log" {
	run with_log --log "$BATS_TEST_TMPDIR/nowhere/log" list
	succeeds
	is "ID          PID         STATUS      BUNDLE      CREATED     OWNER"
	run with_log --log "$BATS_TEST_TMPDIR/nowhere/log" state nonesuch
	fails
	says "container does not exist"
	says "cannot write to the log"
}

@test "options that cannot be read are told in the log that was named before them" {
	run with_log --log "$L" --log-format json --nonesuch list
	refuses "flag provided but not defined"
	equal "$(jq -r .level "$L")" error
}

# The sockets of a host that has them, in a mount namespace of our own: beneath a fresh /dev or /run.
listen() { # listen SOCKET-BELOW-$1
	mkdir -p "$BATS_TEST_TMPDIR/fresh/$(dirname "$1")"
	python3 "$TESTLIB/datagrams.py" "$BATS_TEST_TMPDIR/fresh/$1" "$L" 3>&- &
	LISTENER=$!
	wait_for 5 test -S "$BATS_TEST_TMPDIR/fresh/$1"
}
over() { # over DIR CMD...
	# shellcheck disable=SC2016
	unshare -m --propagation slave sh -c 'mount --rbind "$0" "$1" && shift && exec "$@"' "$BATS_TEST_TMPDIR/fresh" "$@"
}

@test "--log journald: sends to the journal, --log syslog: to syslog" {
	listen systemd/journal/socket
	run over /run "$DOLIUM_BIN/dolium-oci" --log journald:pod7 --root "$R" state nonesuch
	fails
	wait_for 5 test -s "$L"
	equal "$(tr -d '\0' <"$L")" "MESSAGE=container does not exist: 'nonesuch'
PRIORITY=3
SYSLOG_IDENTIFIER=pod7"
	kill "$LISTENER"
	rm "$L"
	listen log
	run over /dev "$DOLIUM_BIN/dolium-oci" --log syslog:pod7 --root "$R" state nonesuch
	fails
	wait_for 5 test -s "$L"
	tr -d '\0' <"$L" | grep -Eqx "<27>pod7\[[0-9]+\]: container does not exist: 'nonesuch'"
	run over /dev "$DOLIUM_BIN/dolium-oci" --log syslog: --root "$R" state nonesuch
	wait_for 5 grep -aq 'dolium-oci\[' "$L"
}

@test "a journal that is not there is said once, and fails no more than was to fail" {
	mkdir "$BATS_TEST_TMPDIR/fresh"
	run over /run "$DOLIUM_BIN/dolium-oci" --log journald:x --root "$R" state nonesuch
	fails
	says "container does not exist"
	says "cannot write to the log 'x': "
}
