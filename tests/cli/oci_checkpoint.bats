#!/usr/bin/env bats
# checkpoint and restore, by a real CRIU where there is one, and by a false one for what goes wrong.

load ../lib/common
load ../lib/oci
load ../lib/criu

setup() { oci_setup; I=$BATS_TEST_TMPDIR/images; }
teardown() { oci_teardown; }

COUNTER='.process.args=["sh","-c","i=0; while :; do echo $i; i=$((i+1)); sleep 0.1; done"]'

# A container that counts into a pipe, at whose end is $B/out, and has counted to 3.
start_counter() {
	bundle "$COUNTER | ${1:-.}"
	into_out oci run -d -b "$B" "$ID"
	wait_for 5 grep -qx 3 "$B/out"
}
# What the command and its children say is added to $B/out; its status is noted.
into_out() {
	{ status=0; "$@" 2>&1 || status=$?; echo "$status" >"$B/status"; } </dev/null 3>&- | cat >>"$B/out" 3>&- &
	wait_for 5 test -s "$B/status"
	status=$(cat "$B/status")
	rm "$B/status"
	[ "$status" = 0 ] || { tail -n 3 "$B/out"; return 1; }
}
restore() { into_out oci restore -d -b "$B" --image-path "$I" "$@" "$ID"; }
# Each number once and in order: nothing was lost, nothing done twice.
counts_on() {
	local before=$1
	wait_for 5 counted_beyond "$before"
	cp "$B/out" "$B/now"
	equal "$(grep -c . "$B/now")" "$(($(tail -n 1 "$B/now") + 1))"
}
counted_beyond() { [ "$(tail -n 1 "$B/out")" -gt "$1" ]; }
runs() { [ "$(oci state "$ID" | jq -r .status)" = running ]; }

# --- with CRIU

@test "a container that was checkpointed goes on where it was, under its limits" {
	criu_real
	start_counter '.linux.resources.pids={limit:33}'
	pid=$(oci state "$ID" | jq .pid)
	oci checkpoint --image-path "$I" "$ID"
	is_gone "$pid"
	[ ! -e "$R/$ID" ]
	[ -z "$(find /sys/fs/cgroup -name "$ID")" ]
	last=$(tail -n 1 "$B/out")
	restore --pid-file "$B/pid"
	equal "$(oci state "$ID" | jq -r .status)" running
	equal "$(oci state "$ID" | jq .pid)" "$(cat "$B/pid")"
	counts_on "$last"
	equal "$(cat "$(find /sys/fs/cgroup -path "*/pids/*/$ID/pids.max")")" 33
	run oci exec "$ID" touch /in-the-root
	fails
	says "Read-only file system"
	oci kill "$ID" KILL
	wait_for 5 has_stopped
	oci delete "$ID"
	[ -z "$(find /sys/fs/cgroup -name "$ID")" ]
}
has_stopped() { [ "$(oci state "$ID" | jq -r .status)" = stopped ]; }

@test "--leave-running leaves it running; its images are of then" {
	criu_real
	start_counter
	oci checkpoint --image-path "$I" --leave-running "$ID"
	last=$(tail -n 1 "$B/out")
	counts_on "$((last + 3))"
	oci delete -f "$ID"
	: >"$B/out"
	restore
	wait_for 5 test -s "$B/out"
	[ "$(head -n 1 "$B/out")" -le "$((last + 1))" ]
}

@test "a paused container is checkpointed too" {
	criu_real
	start_counter
	oci pause "$ID"
	last=$(tail -n 1 "$B/out")
	oci checkpoint --image-path "$I" "$ID"
	restore
	counts_on "$last"
}

@test "restore without --detach stays, passes signals on, and returns the status" {
	criu_real
	start_counter '.process.args=["sh","-c","trap \"echo term; exit 5\" TERM; i=0; while :; do echo $i; i=$((i+1)); sleep 0.1; done"]'
	oci checkpoint --image-path "$I" "$ID"
	{ oci_bin --root "$R" restore -b "$B" --image-path "$I" "$ID" </dev/null 2>&1 3>&- & keeper=$!
	  wait_for 5 runs
	  kill -TERM "$keeper"
	  status=0
	  wait "$keeper" || status=$?
	  echo "status $status"; } | cat >>"$B/out"
	equal "$(tail -n 2 "$B/out" | xargs)" "term status 5"
	[ ! -e "$R/$ID" ]
	[ -z "$(find /sys/fs/cgroup -name "$ID")" ]
}

@test "streams that are files of the host are the files of the restore" {
	criu_real
	bundle "$COUNTER"
	oci run -d -b "$B" "$ID" </dev/null >"$B/out" 2>&1 3>&-
	wait_for 5 grep -qx 3 "$B/out"
	oci checkpoint --image-path "$I" "$ID"
	last=$(tail -n 1 "$B/out")
	cp "$B/out" "$B/other"
	oci restore -d -b "$B" --image-path "$I" "$ID" </dev/null >>"$B/other" 2>&1 3>&-
	wait_for 5 other_is_beyond "$last"
	equal "$(tail -n 1 "$B/out")" "$last"
}
other_is_beyond() { [ "$(tail -n 1 "$B/other")" -gt "$1" ]; }

@test "a terminal is given to the console socket of the restore" {
	criu_real
	bundle ".process.terminal=true | $COUNTER"
	jq '.process.terminal=true' "$B/config.json" >"$B/c" && mv "$B/c" "$B/config.json"
	python3 "$TESTLIB/console.py" "$B/first" >"$B/out1" 3>&- &
	wait_for 5 test -S "$B/first"
	oci run -d -b "$B" --console-socket "$B/first" "$ID" </dev/null 3>&-
	wait_for 5 grep -q '^3' "$B/out1"
	oci checkpoint --image-path "$I" "$ID"
	python3 "$TESTLIB/console.py" "$B/second" >"$B/out2" 3>&- &
	wait_for 5 test -S "$B/second"
	oci restore -d -b "$B" --image-path "$I" --console-socket "$B/second" "$ID" </dev/null 3>&-
	wait_for 5 grep -q '^[0-9]' "$B/out2"
	[ "$(grep '^[0-9]' "$B/out2" | head -n 1 | tr -d '\r')" -gt 2 ]
	oci delete -f "$ID"
}

@test "what is bound from the host is found where the bundle says now" {
	criu_real
	mkdir -p "$B/data" "$B/moved"
	echo one >"$B/data/file"
	echo two >"$B/moved/file"
	start_counter '.mounts+=[{destination:"/data",type:"bind",source:"data",options:["bind"]}]'
	oci checkpoint --image-path "$I" "$ID"
	jq '.mounts|=map(if .destination=="/data" then .source="moved" else . end)' "$B/config.json" >"$B/c"
	mv "$B/c" "$B/config.json"
	restore
	run oci exec "$ID" cat /data/file
	is two
}

@test "a network that is given by path stays that one" {
	criu_real
	ip netns add "n$ID"
	start_counter ".linux.namespaces|=map(if .type==\"network\" then .path=\"/run/netns/n$ID\" else . end)"
	oci checkpoint --image-path "$I" "$ID"
	restore
	inside=$(readlink "/proc/$(oci state "$ID" | jq .pid)/ns/net")
	outside=$(ip netns exec "n$ID" readlink /proc/self/ns/net)
	oci delete -f "$ID"
	ip netns del "n$ID"
	equal "$inside" "$outside"
}

@test "a user namespace and its ids come back" {
	criu_real
	bundle "$COUNTER"
	chown -R 100000:100000 "$B/rootfs"
	start_counter "$USERNS"
	oci checkpoint --image-path "$I" "$ID"
	last=$(tail -n 1 "$B/out")
	restore
	counts_on "$last"
	equal "$(awk '/^Uid/{print $2}' "/proc/$(oci state "$ID" | jq .pid)/status")" 100000
}

@test "a checkpoint that CRIU refuses leaves the container as it was" {
	criu_real
	# A socket to somebody outside, which no image can hold.
	bundle ".linux.namespaces|=map(select(.type!=\"network\")) | $COUNTER"
	python3 - "$B/out" "$DOLIUM_BIN/dolium-oci" --root "$R" run -d -b "$B" "$ID" <<-'END' 3>&-
		import os, socket, subprocess, sys
		here, there = socket.socketpair()
		subprocess.run(sys.argv[2:], stdin=there, stdout=open(sys.argv[1], "w"), stderr=subprocess.STDOUT, check=True)
		if os.fork() == 0:
		    os.close(0); os.close(1); os.close(2)
		    here.recv(1)
	END
	wait_for 5 grep -qx 3 "$B/out"
	run oci checkpoint --image-path "$I" "$ID"
	refuses "criu failed: checkpoint: "
	says "its log is '$I/dump.log'"
	counts_on "$(tail -n 1 "$B/out")"
	oci delete -f "$ID"
}

@test "--pre-dump makes images that a checkpoint builds upon, or says what the kernel lacks" {
	criu_real
	start_counter
	if ! criu check --feature mem_dirty_track >/dev/null 2>&1; then
		run oci checkpoint --pre-dump --image-path "$I/1" "$ID"
		refuses "this kernel does not track which memory has changed"
		counts_on "$(tail -n 1 "$B/out")"
		return
	fi
	oci checkpoint --pre-dump --image-path "$I/1" "$ID"
	counts_on "$(tail -n 1 "$B/out")"
	oci checkpoint --image-path "$I/2" --parent-path ../1 "$ID"
	last=$(tail -n 1 "$B/out")
	I=$I/2 restore
	counts_on "$last"
}

@test "createRuntime, poststart and poststop hooks run for a restore as for a start" {
	criu_real
	start_counter '.hooks={createRuntime:[{path:"/bin/sh",args:["sh","-c","jq -r .status >>'"$B"'/hooks"]}],poststart:[{path:"/bin/sh",args:["sh","-c","jq -r .status >>'"$B"'/hooks"]}],poststop:[{path:"/bin/sh",args:["sh","-c","jq -r .status >>'"$B"'/hooks"]}]}'
	oci checkpoint --image-path "$I" "$ID"
	equal "$(xargs <"$B/hooks")" "creating running stopped"
	: >"$B/hooks"
	restore
	oci delete -f "$ID"
	equal "$(xargs <"$B/hooks")" "creating running stopped"
}

@test "in a machine that has cgroup v2 only" {
	criu_real
	start_counter
	oci delete -f "$ID"
	cat >"$B/v2" <<-END
		set -e
		mount --rbind /sys/fs/cgroup/unified /sys/fs/cgroup
		oci="$DOLIUM_BIN/dolium-oci --root $R"
		\$oci run -d -b $B $ID >$B/out 2>&1
		sleep 0.5
		\$oci checkpoint --image-path $I $ID
		tail -n 1 $B/out
		\$oci restore -d -b $B --image-path $I $ID >>$B/out 2>&1
		cat /proc/\$(\$oci state $ID | jq .pid)/cgroup
		sleep 0.5
		\$oci delete -f $ID
		tail -n 1 $B/out
		find /sys/fs/cgroup -name $ID
	END
	[ -d /sys/fs/cgroup/unified ] || skip "this host has no cgroup2 beside v1"
	run unshare -m --propagation slave sh "$B/v2" </dev/null 3>&-
	succeeds
	matches '^([0-9]+)
.*0::/dolium/'"$ID"'
([0-9]+)$'
	[ "${lines[-1]}" -gt "${lines[0]}" ]
}

# --- a caller

@test "podman checkpoints and restores a container through dolium-oci" {
	command -v podman >/dev/null || skip "podman is not installed"
	criu_real
	bundle "$COUNTER"
	# What it may ask for: podman's own limits are more than root has on some machines.
	printf '[containers]\ndefault_ulimits = ["nofile=%s:%s", "nproc=32768:32768"]\n' "$(ulimit -Hn)" "$(ulimit -Hn)" >"$B/conf"
	mkdir "$B/as"
	ln -s "$DOLIUM_BIN/dolium-oci" "$B/as/crun"
	podman() {
		CONTAINERS_CONF=$B/conf timeout 60 podman --root "$B/store" --runroot "$B/runroot" --storage-driver vfs \
			--runtime "$B/as/crun" --cgroup-manager cgroupfs --events-backend file "$@" 3>&-
	}
	tar -C "$B/rootfs" -c . | command env CONTAINERS_CONF="$B/conf" podman --root "$B/store" --runroot "$B/runroot" \
		--storage-driver vfs import - counter >/dev/null 2>&1
	command -v conmon >/dev/null || skip "conmon is not installed"
	podman run -d --network none --cgroup-parent "/dolium/podman-$ID" --name "$ID" counter sh -c 'i=0; while :; do echo $i; i=$((i+1)); sleep 0.1; done' </dev/null
	wait_for 5 podman_counted 2
	podman container checkpoint "$ID"
	last=$(podman logs "$ID" | tail -n 1)
	podman container restore "$ID"
	wait_for 5 podman_counted "$((last + 1))"
	# Each number once and in order.
	podman logs "$ID" | awk 'NR - 1 != $1 { exit 1 }'
	podman rm -f -t 0 "$ID"
	wait_for 10 podman_cgroups_go
}
# conmon, which ends by itself, is in one of them.
podman_cgroups_go() {
	find /sys/fs/cgroup -depth -type d -path "*/dolium/podman-$ID*" -exec rmdir {} + 2>/dev/null
	[ -z "$(find /sys/fs/cgroup -name "podman-$ID")" ]
}
podman_counted() { podman logs "$ID" | grep -qx "$1"; }

# --- without

@test "without CRIU, or with too old a one, the refusal says which is needed" {
	start_counter
	# shellcheck disable=SC2123
	(PATH=/nonesuch && oci checkpoint --image-path "$I" "$ID") 2>"$B/err" && return 1
	grep -q "checkpoint and restore need CRIU 4.0 or newer, and there is no 'criu' in \$PATH" "$B/err"
	criu_fake old
	run oci checkpoint --image-path "$I" "$ID"
	refuses "checkpoint and restore need CRIU 4.0 or newer, and this is 3.17"
	echo '[]' >"$I/descriptors.json"
	run oci restore -b "$B" --image-path "$I" "$ID-2"
	refuses "need CRIU 4.0 or newer"
	[ ! -e "$R/$ID-2" ]
	[ -z "$(find /sys/fs/cgroup -name "$ID-2")" ]
	counts_on "$(tail -n 1 "$B/out")"
}

@test "a CRIU that ends, or answers nonsense, is a failure and no more" {
	start_counter
	for mode in silent:"ended with status 3" garbage:"answered what is no answer" refuse:"does not want to"; do
		criu_fake "${mode%%:*}"
		run oci checkpoint --image-path "$I" "$ID"
		refuses "${mode#*:}"
		echo '[]' >"$I/descriptors.json"
		run oci restore -d -b "$B" --image-path "$I" "$ID-2"
		refuses "${mode#*:}"
		[ ! -e "$R/$ID-2" ]
		[ -z "$(find /sys/fs/cgroup -name "$ID-2")" ]
	done
	counts_on "$(tail -n 1 "$B/out")"
}

@test "what a killed restore left is cleaned by delete" {
	criu_fake hang
	bundle "$COUNTER"
	mkdir -p "$I"
	echo '[]' >"$I/descriptors.json"
	oci_bin --root "$R" restore -b "$B" --image-path "$I" "$ID" </dev/null >"$B/out" 2>&1 3>&- &
	keeper=$!
	wait_for 5 test -s "$FAKE_CRIU_LOG"
	kill -9 "$keeper"
	wait "$keeper" || true
	oci delete -f "$ID"
	[ ! -e "$R/$ID" ]
	[ -z "$(find /sys/fs/cgroup -name "$ID")" ]
	wait_for 5 no_fake_left
}
no_fake_left() { ! pgrep -f "$BATS_TEST_TMPDIR/fake/criu" >/dev/null; }

asked() { grep -qx -- "$1" "$FAKE_CRIU_LOG" || { echo "not asked: $1"; cat "$FAKE_CRIU_LOG"; return 1; }; }
asked_not() { ! grep -q -- "^$1=" "$FAKE_CRIU_LOG"; }

@test "each option of checkpoint reaches CRIU" {
	criu_fake refuse
	start_counter
	run oci checkpoint --image-path "$I" "$ID"
	asked type=1
	asked "2=$(oci state "$ID" | jq .pid)"
	for number in 3 4 5 7 8 14 15 16 18 46 48 52 64; do asked_not "$number"; done
	asked 34=3
	mkdir -p "$I" "$BATS_TEST_TMPDIR/earlier"
	run oci checkpoint --image-path="$I" --work-path "$B/work" --parent-path ../earlier --leave-running \
		--tcp-established --tcp-skip-in-flight --tcp-close --link-remap --ext-unix-sk --shell-job --lazy-pages \
		--status-fd 9 --page-server ::1:1234 --file-locks --manage-cgroups-mode full --empty-ns network \
		--auto-dedup --network-lock nftables "$ID" 9>"$B/status"
	fails
	[ -d "$B/work" ]
	for field in 3=1 4=1 5=1 7=1 8=1 14=../earlier 16=1 18=1 46=1 48=1 52=1 64=2 38=1073741824 49=9 34=4 \
		'11=::1|1234' 10=dump.log; do asked "$field"; done
	run oci checkpoint --pre-dump --image-path "$I" "$ID"
	asked type=4
	asked 15=1
	for mode in ignore:0 none:1 props:2 soft:3 full:4 strict:5; do
		run oci checkpoint --manage-cgroups-mode "${mode%:*}" --image-path "$I" "$ID"
		asked "34=${mode#*:}"
	done
	counts_on "$(tail -n 1 "$B/out")"
}

@test "each option of restore reaches CRIU" {
	criu_fake refuse
	bundle "$COUNTER"
	mkdir -p "$I"
	echo '["file[1:2]","pipe:[77]","pipe:[77]"]' >"$I/descriptors.json"
	run oci restore --image-path "$I" --work-path "$B/work" --tcp-established --tcp-close --ext-unix-sk --shell-job \
		--file-locks --manage-cgroups-mode ignore --bundle "$B" --detach --pid-file "$B/pid" --no-subreaper --no-pivot \
		--empty-ns network --auto-dedup --lazy-pages --lsm-profile apparmor:x --lsm-mount-context ctx \
		--link-remap --network-lock skip "$ID"
	fails
	for field in type=2 5=1 52=1 4=1 7=1 8=1 34=0 38=1073741824 16=1 48=1 53=apparmor:x 63=ctx 18=1 64=3 26=1 \
		10=restore.log "13=$R/$ID"; do asked "$field"; done
	grep -q '^27=file\[1:2\]|[0-9]*$' "$FAKE_CRIU_LOG"
	equal "$(grep -c '^27=pipe:\[77\]|' "$FAKE_CRIU_LOG")" 1
	[ ! -e "$R/$ID" ]
}

@test "wrong values, and containers that do not run, are refused before CRIU is asked" {
	criu_fake good
	start_counter
	run oci checkpoint --manage-cgroups-mode hard --image-path "$I" "$ID"
	refuses "option --manage-cgroups-mode: no such value: 'hard'"
	run oci checkpoint --network-lock no --image-path "$I" "$ID"
	refuses "option --network-lock: no such value: 'no'"
	run oci checkpoint --empty-ns pid --image-path "$I" "$ID"
	refuses "only a network can be made empty"
	for server in here :x ::1 :5 a:0 a:65536; do
		run oci checkpoint --page-server "$server" --image-path "$I" "$ID"
		refuses "option --page-server is ADDRESS:PORT"
	done
	run oci checkpoint --parent-path "$I" --image-path "$I" "$ID"
	refuses "option --parent-path is relative to the images"
	run oci checkpoint --parent-path ../none --image-path "$I" "$ID"
	refuses "cannot find the earlier images"
	run oci checkpoint --image-path "$I" "$ID-none"
	refuses "container does not exist"
	oci delete -f "$ID"
	oci create -b "$B" "$ID" </dev/null >"$B/out" 2>&1 3>&-
	run oci checkpoint --image-path "$I" "$ID"
	refuses "container cannot be checkpointed in the created state"
	run oci restore -b "$B" --image-path "$I/none" "$ID-2"
	refuses "cannot open the directory '$I/none'"
	run oci restore -b "$B" --image-path "$I" "$ID"
	refuses "container with given ID already exists"
	[ ! -e "$FAKE_CRIU_LOG" ]
}

@test "checkpoint --help and restore --help succeed: podman asks so what there is" {
	run oci checkpoint --help
	succeeds
	run oci restore --help
	succeeds
}
