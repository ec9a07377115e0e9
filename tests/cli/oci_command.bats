#!/usr/bin/env bats
# The command line of dolium-oci: each option as users of runc and of crun write it, and what it does.

load ../lib/common
load ../lib/oci

setup() { oci_setup; }
teardown() { oci_teardown; }

# --- global options

@test "with --cgroup-manager disabled the container stays in its caller's cgroups" {
	bundle '.process.args=["sh","-c","cat /proc/self/cgroup; sleep 1000"] | .linux.cgroupsPath="/dolium/test-'"$ID"'" | .linux.namespaces|=map(select(.type!="cgroup"))'
	oci --cgroup-manager disabled create -b "$B" "$ID" </dev/null >"$B/out" 2>&1
	[ -z "$(find /sys/fs/cgroup -name "test-$ID")" ]
	oci start "$ID"
	wait_for 5 grep -q ^0: "$B/out"
	equal "$(cat "$B/out")" "$(cat /proc/self/cgroup)"
	for command in pause "update --pids-limit 5" "events --stats" ps; do
		read -ra words <<<"$command"
		run oci "${words[@]}" "$ID"
		refuses "has no cgroups: they were disabled"
	done
	equal "$(oci state "$ID" | jq -r .status)" running
	run oci exec "$ID" cat /proc/self/cgroup
	is "$(cat /proc/self/cgroup)"
	oci kill --all "$ID" KILL
	oci delete -f "$ID"
	[ ! -e "$R/$ID" ]
}

# --- run and create

@test "--config is read in place of config.json, and is seen from where the caller is" {
	bundle '.process.args=["echo","usual"]'
	jq '.process.args=["echo","other"]' "$B/config.json" >"$BATS_TEST_TMPDIR/other.json"
	cd "$BATS_TEST_TMPDIR"
	run oci run -b "$B" -f other.json "$ID"
	is other
	run oci run -b "$B" --config "$BATS_TEST_TMPDIR/other.json" "$ID"
	is other
	run oci run -b "$B" --config nonesuch "$ID"
	refuses "cannot read 'nonesuch'"
	run oci run -b "$B" "$ID"
	is usual
}

# --- several containers at once

@test "--regex kills and deletes all whose ids match, and no other" {
	bundle '.process.args=["sleep","1000"]'
	for name in a1 a2 b1; do
		oci create -b "$B" "$ID-$name" </dev/null >/dev/null 2>&1
	done
	oci start "$ID-a1"
	run oci delete --regex "$ID-a"
	refuses "that is not stopped"
	[ ! -e "$R/$ID-a2" ]
	oci kill --regex "$ID-a[0-9]$" KILL
	wait_for 5 is_stopped "$ID-a1"
	equal "$(oci state "$ID-b1" | jq -r .status)" created
	oci delete --regex "$ID-a"
	equal "$(oci list -q)" "$ID-b1"
	run oci kill --regex '(' KILL
	refuses "not a regular expression"
	oci delete -f -r "$ID"
	equal "$(oci list -q)" ""
	oci delete --regex nonesuch
}
is_stopped() { [ "$(oci state "$1" | jq -r .status)" = stopped ]; }

# --- how options are written

@test "options are written as users of Go's and of GNU's libraries write them" {
	bundle '.process.args=["sleep","1000"]'
	oci create --bundle="$B" --pid-file="$B/pid" "$ID" </dev/null >/dev/null 2>&1
	oci delete "$ID"
	oci create -bundle "$B" -pid-file "$B/pid" "$ID" </dev/null >/dev/null 2>&1
	oci delete -force=true "$ID"
	oci create -b"$B" "$ID" --pid-file "$B/pid" </dev/null >/dev/null 2>&1
	oci update "$ID" --pids-limit 5
	oci update --pids-limit=6 "$ID"
	oci delete "$ID" --force
	run oci delete -force=maybe "$ID"
	refuses "option --force is true or false, not 'maybe'"
	run oci create "$ID" -b
	refuses "option --bundle wants a value"
}

@test "a wrong use says what would be right" {
	run oci create
	refuses '"create" requires exactly 1 argument'
	says "usage: dolium-oci create [options] ID"
	run oci start a b
	refuses '"start" requires exactly 1 argument'
	run oci exec
	status_is 255
	says '"exec" requires a minimum of 1 argument'
	run oci kill
	refuses '"kill" requires a minimum of 1 and a maximum of 2 arguments'
	run oci create --nonesuch x
	refuses "flag provided but not defined: '--nonesuch'"
	says "usage: dolium-oci create [options] ID"
	run oci nonesuch
	refuses "no such command: 'nonesuch'"
}

@test "--help of each command succeeds and names its options" {
	for command in checkpoint create delete events exec features kill list mounts pause ps restore resume run spec start state update; do
		run oci "$command" --help
		succeeds
		says "usage: dolium-oci $command"
		run oci help "$command"
		succeeds
	done
	run oci create -h
	says "--no-new-keyring"
	run oci exec --help
	says "--ignore-paused"
	run oci help
	succeeds
	run oci --help
	succeeds
	run oci help nonesuch
	refuses "no such command"
}

@test "--rootless is a truth or auto, and --criu is taken" {
	for value in auto true false 1 0 T; do
		run oci "--rootless=$value" --criu /nonesuch list -q
		succeeds
	done
	run oci --rootless maybe list
	refuses "--rootless is auto, true or false"
}
