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

@test "spec writes under another name too, and never over a file" {
	oci spec -b "$B" -f other.json
	jq -e .process "$B/other.json"
	run oci spec -b "$B" --config other.json
	refuses "file other.json exists"
}

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

# --- what a service manager gives

# The environment of a service, for a command that is started in its place.
as_service() { # as_service FDS CMD...
	python3 -c 'import os, sys
os.environ.update(LISTEN_FDS=sys.argv[1], LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])' "$@"
}

@test "LISTEN_FDS gives the container sockets of its caller, and --preserve-fds those behind" {
	bundle '.process.args=["sh","-c","echo $LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES; cat <&3; cat <&4; ls /proc/self/fd | wc -l"]'
	echo first >"$B/first"
	echo second >"$B/second"
	LISTEN_FDNAMES=web run as_service 1 "$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" --preserve-fds 1 "$ID" 3<"$B/first" 4<"$B/second"
	is "1 1 web
first
second
6"
	LISTEN_FDS=1 LISTEN_PID=1 run oci run -b "$B" "$ID" 3<"$B/first"
	lacks first
	run as_service 9 "$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" "$ID"
	refuses "LISTEN_FDS is 9, and descriptor"
	[ ! -e "$R/$ID" ]
}

@test "nothing of the caller's environment reaches the container" {
	bundle '.process.args=["env"]'
	_OCI_SYNCPIPE=3 _OCI_STARTPIPE=4 LISTEN_FDS=1 FOO=bar run oci run -b "$B" "$ID"
	succeeds
	equal "$(sort <<<"$output" | cut -d= -f1 | grep -vE '^(PATH|TERM|HOME)$' || true)" ""
}

ready_program() { # what a container runs that needs some time
	cat >"$B/rootfs/say" <<-'END'
		#!/bin/sh
		sleep 0.5
		echo "$NOTIFY_SOCKET"
		/send "$NOTIFY_SOCKET"
		sleep 1000
	END
	cat >"$B/send.c" <<-'END'
		#include <string.h>
		#include <sys/socket.h>
		#include <sys/un.h>
		int main(int argc, char **argv)
		{
			struct sockaddr_un to = { .sun_family = AF_UNIX };
			int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
			const char *text = "STATUS=x\nREADY=1\nMAINPID=1";

			strcpy(to.sun_path, argv[argc - 1]);
			return sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, sizeof(to)) < 0;
		}
	END
	cc -static -o "$B/rootfs/send" "$B/send.c"
	chmod +x "$B/rootfs/say"
}

@test "start waits until the container says READY=1, and passes that on" {
	bundle '.process.args=["/say"] | .process.user={uid:7,gid:7}'
	ready_program
	python3 "$TESTLIB/datagrams.py" "$B/manager" "$B/told" 3>&- &
	listener=$!
	wait_for 5 test -S "$B/manager"
	NOTIFY_SOCKET=$B/manager oci create -b "$B" "$ID" </dev/null >"$B/out" 2>&1 3>&-
	[ ! -s "$B/told" ]
	NOTIFY_SOCKET=$B/manager oci start "$ID"
	wait_for 5 test -s "$B/told"
	equal "$(tr '\0' '\n' <"$B/told")" "MAINPID=$(oci state "$ID" | jq .pid)
READY=1"
	grep -qx /run/notify/notify.sock "$B/out"
	oci delete -f "$ID"
	[ ! -e "$R/$ID" ]
	: >"$B/told"
	NOTIFY_SOCKET=$B/manager oci run -d -b "$B" "$ID" </dev/null >"$B/out" 2>&1 3>&-
	wait_for 5 test -s "$B/told"
	oci delete -f "$ID"
	: >"$B/told"
	(NOTIFY_SOCKET=$B/manager oci_bin --root "$R" run -b "$B" "$ID" </dev/null >"$B/out" 2>&1 3>&-) &
	keeper=$!
	wait_for 5 test -s "$B/told"
	equal "$(tr '\0' '\n' <"$B/told")" "READY=1"
	oci kill "$ID" KILL
	wait "$keeper" || true
	[ ! -e "$R/$ID" ]
	kill "$listener"
}

@test "a container that ends without being ready holds nobody up" {
	bundle '.process.args=["true"]'
	NOTIFY_SOCKET=$B/manager oci run -d -b "$B" "$ID" </dev/null 3>&-
	oci delete "$ID"
	[ ! -e "$R/$ID" ]
}

# --- options that a container notices

@test "a session keyring of its own, unless --no-new-keyring" {
	command -v keyctl >/dev/null || grep -q . /proc/keys || skip "no keyrings here"
	cat >"$B/session.c" <<-'END'
		#include <stdio.h>
		#include <sys/syscall.h>
		#include <unistd.h>
		int main(void) { printf("%ld\n", syscall(SYS_keyctl, 0, -3, 0)); return 0; }
	END
	bundle '.process.args=["/session"] | del(.linux.seccomp)'
	cc -static -o "$B/rootfs/session" "$B/session.c"
	cat >"$B/both" <<-END
		"$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" "$ID"
		"$DOLIUM_BIN/dolium-oci" --root "$R" run --no-new-keyring -b "$B" "$ID"
		"$B/rootfs/session"
	END
	run sh "$B/both"
	succeeds
	[ "${lines[0]}" != "${lines[2]}" ]
	equal "${lines[1]}" "${lines[2]}"
}

@test "--no-pivot moves the root in place of pivoting, and the host's is out of reach" {
	bundle '.process.args=["sh","-c","echo here; ls /rootfs /config.json 2>/dev/null; cat /proc/self/mountinfo | grep -c ."]'
	run oci run --no-pivot -b "$B" "$ID"
	succeeds
	equal "${lines[0]}" here
	lacks config.json
}

@test "--keep leaves what has ended to be looked at" {
	bundle '.process.args=["sh","-c","exit 3"]'
	run oci run --keep -b "$B" "$ID"
	status_is 3
	equal "$(oci state "$ID" | jq -r .status)" stopped
	oci delete "$ID"
	[ -z "$(find /sys/fs/cgroup -name "$ID")" ]
}

@test "a state file of an older version, or with fields of a newer one, can be deleted" {
	bundle '.process.args=["sleep","1000"]'
	oci run -d -b "$B" "$ID" </dev/null >/dev/null 2>&1 3>&-
	jq -c 'del(.cgroupManager,.hooks,.rootfs,.created) | .somethingNew={"a":[1]}' "$R/$ID/state.json" >"$B/s"
	cp "$B/s" "$R/$ID/state.json"
	equal "$(oci state "$ID" | jq -r .status)" running
	pid=$(oci state "$ID" | jq .pid)
	oci delete -f "$ID"
	is_gone "$pid"
	[ ! -e "$R/$ID" ]
	[ -z "$(find /sys/fs/cgroup -name "$ID")" ]
}

@test "the state has each field of the specification, and the owner" {
	bundle '.process.args=["sleep","1000"] | .annotations={"a.b":"c"}'
	oci run -d -b "$B" "$ID" </dev/null >/dev/null 2>&1 3>&-
	equal "$(oci state "$ID" | jq -r 'keys_unsorted|join(" ")')" "ociVersion id pid status bundle rootfs created annotations owner"
	oci pause "$ID"
	equal "$(oci state "$ID" | jq -r .status)" paused
	oci resume "$ID"
	oci delete -f "$ID"
}
