#!/usr/bin/env bats
# Many callers of dolium-oci at once, and containers that share what others have: nothing is left, nobody else is touched.

load ../lib/common
load ../lib/oci

setup() { oci_setup; }
teardown() { oci_teardown; }

nothing_left() { # nothing_left ID...: no state, no cgroup, no process
	local id
	[ -z "$(ls -A "$R")" ] || { ls -laR "$R"; return 1; }
	for id in "$@"; do
		[ -z "$(find /sys/fs/cgroup -name "$id")" ] || { find /sys/fs/cgroup -name "$id"; return 1; }
	done
	! pgrep -f "dolium-oci --root $R" || return 1
}

@test "one id, made and deleted two hundred times by eight callers, leaves nothing" {
	bundle '.process.args=["true"]'
	seq 1 200 | xargs -P 8 -I{} timeout 30 sh -c '
		"$0" --root "$1" create -b "$2" "$3" </dev/null >/dev/null 2>&1
		"$0" --root "$1" delete -f "$3" >/dev/null 2>&1 || :' "$DOLIUM_BIN/dolium-oci" "$R" "$B" "$ID" 3>&-
	run -0 oci delete -f "$ID"
	nothing_left "$ID"
	# And the id is as good as ever.
	run -0 oci run -b "$B" "$ID"
	nothing_left "$ID"
}

@test "many ids at once: each container comes up, and each goes" {
	bundle '.process.args=["sleep","1000"]'
	seq 1 40 | xargs -P 8 -I{} timeout 30 sh -c '
		"$0" --root "$1" create -b "$2" "$3-{}" </dev/null >/dev/null 2>"$2/{}.why" && "$0" --root "$1" start "$3-{}" 2>>"$2/{}.why" || { echo "{}:"; cat "$2/{}.why"; }' \
		"$DOLIUM_BIN/dolium-oci" "$R" "$B" "$ID" >"$B/failed" 3>&-
	equal "$(cat "$B/failed")" ""
	equal "$(oci list -q | wc -l)" 40
	equal "$(oci list -f json | jq -r '.[].status' | sort -u)" running
	seq 1 40 | xargs -P 8 -I{} timeout 30 "$DOLIUM_BIN/dolium-oci" --root "$R" delete -f "$ID-{}" 3>&-
	nothing_left $(seq -f "$ID-%g" 1 40)
}

@test "delete -f while create, start and exec run: they fail or succeed, and nothing is left" {
	bundle '.process.args=["sleep","1000"]'
	for i in $(seq 1 25); do
		timeout 30 sh -c '
			"$0" --root "$1" create -b "$2" "$3" && "$0" --root "$1" start "$3" && "$0" --root "$1" exec "$3" true' \
			"$DOLIUM_BIN/dolium-oci" "$R" "$B" "$ID-$i" </dev/null >/dev/null 2>&1 3>&- &
		maker=$!
		sleep "0.00$((RANDOM % 10))"
		while kill -0 "$maker" 2>/dev/null; do
			timeout 30 "$DOLIUM_BIN/dolium-oci" --root "$R" delete -f "$ID-$i" || [ $? != 124 ]
		done
		wait "$maker" || [ $? != 124 ]
		run -0 timeout 30 "$DOLIUM_BIN/dolium-oci" --root "$R" delete -f "$ID-$i"
	done
	nothing_left $(seq -f "$ID-%g" 1 25)
}

@test "two who start one container: one of them does" {
	bundle '.process.args=["sh","-c","echo x >>/out"] | .root.readonly=false'
	for i in 1 2 3 4 5 6 7 8; do
		rm -f "$B/rootfs/out"
		oci create -b "$B" "$ID" </dev/null >/dev/null 2>&1 3>&-
		seq 1 4 | xargs -P 4 -I{} sh -c '"$0" --root "$1" start "$2" 2>/dev/null && echo well' \
			"$DOLIUM_BIN/dolium-oci" "$R" "$ID" >"$B/starts" 3>&- || :
		equal "$(cat "$B/starts")" well
		wait_for 5 test -s "$B/rootfs/out"
		oci delete -f "$ID"
		equal "$(cat "$B/rootfs/out")" x
	done
}

@test "kill --all and delete -f in the host's pid namespace touch nobody else" {
	sleep 1000 3>&- &
	bystander=$!
	bundle '.linux.namespaces|=map(select(.type!="pid")) | .process.args=["sh","-c","sleep 1001 & sleep 1002 & sleep 1003 & wait"]'
	oci run -d -b "$B" "$ID" </dev/null >/dev/null 2>&1 3>&-
	wait_for 5 eval '[ "$(oci ps -f json "$ID" | jq length)" = 4 ]'
	pids=$(oci ps -f json "$ID" | jq .[])
	oci kill --all "$ID" KILL
	for pid in $pids; do wait_for 5 is_gone "$pid"; done
	oci delete "$ID"
	oci run -d -b "$B" "$ID" </dev/null >/dev/null 2>&1 3>&-
	wait_for 5 eval '[ "$(oci ps -f json "$ID" | jq length)" = 4 ]'
	pids=$(oci ps -f json "$ID" | jq .[])
	oci delete -f "$ID"
	for pid in $pids; do is_gone "$pid"; done
	run ! is_gone "$bystander"
	kill "$bystander"
	nothing_left "$ID"
}

@test "kill --all and delete -f in another container's pid namespace leave that one alone" {
	bundle '.process.args=["sh","-c","sleep 1001 & sleep 1002 & wait"]'
	oci run -d -b "$B" "$ID" </dev/null >/dev/null 2>&1 3>&-
	wait_for 5 eval '[ "$(oci ps -f json "$ID" | jq length)" = 3 ]'
	init=$(oci state "$ID" | jq .pid)
	second_bundle ".process.args=[\"sh\",\"-c\",\"sleep 1003 & sleep 1004 & wait\"]
		| .linux.namespaces|=map(if .type==\"pid\" then .path=\"/proc/$init/ns/pid\" else . end)"
	for how in "kill --all $ID-2 KILL" "delete -f $ID-2"; do
		oci run -d -b "$B2" "$ID-2" </dev/null >/dev/null 2>&1 3>&-
		wait_for 5 eval '[ "$(oci ps -f json "$ID-2" | jq length)" = 3 ]'
		pids=$(oci ps -f json "$ID-2" | jq .[])
		oci $how
		for pid in $pids; do wait_for 5 is_gone "$pid"; done
		oci delete -f "$ID-2"
		equal "$(oci ps -f json "$ID" | jq length)" 3
		equal "$(oci state "$ID" | jq -r .status)" running
	done
	oci delete -f "$ID"
	nothing_left "$ID" "$ID-2"
}

@test "exec into a container whose first process has died says so, though others live" {
	bundle '.linux.namespaces|=map(select(.type!="pid")) | .process.args=["sh","-c","sleep 1001 & exit 0"]'
	oci run -d -b "$B" "$ID" </dev/null >/dev/null 2>&1 3>&-
	wait_for 5 eval '[ "$(oci state "$ID" | jq -r .status)" = stopped ]'
	run oci exec "$ID" true
	status_is 255
	says "container not running"
	run oci pause "$ID"
	refuses
	run oci update --memory 64m "$ID"
	refuses
	# Those that are left go with it.
	[ -n "$(find /sys/fs/cgroup -name "$ID" | head -n 1 | xargs -I{} cat {}/cgroup.procs)" ]
	oci delete "$ID"
	nothing_left "$ID"
}

@test "a pid that is another process by now is not killed, not entered and not waited for" {
	bundle '.process.args=["sleep","1000"]'
	sleep 1000 3>&- &
	bystander=$!
	sleep 0.1 # a process is known by its start as well, which the kernel tells in hundredths
	oci run -d -b "$B" "$ID" </dev/null >/dev/null 2>&1 3>&-
	init=$(oci state "$ID" | jq .pid)
	sed -i "s/\"pid\": *$init/\"pid\":$bystander/" "$R/$ID/state.json"
	grep -q "$bystander" "$R/$ID/state.json"
	equal "$(oci state "$ID" | jq -r .status)" stopped
	run oci kill "$ID" KILL
	refuses "container not running"
	run oci exec "$ID" true
	status_is 255
	oci delete -f "$ID"
	run ! is_gone "$bystander"
	kill "$bystander"
	wait_for 5 is_gone "$init"
	nothing_left "$ID"
}

@test "a container that is given 1 MiB is an error in time, not a hang" {
	for kib in 16 64 256 1024; do
		bundle ".linux.resources.memory={limit:$((kib << 10))} | .process.args=[\"sh\",\"-c\",\"tail /dev/zero\"]"
		run timeout -k 1 30 "$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" "$ID"
		status_is 137
		status=0 # by `run` the container would hold what that reads
		timeout -k 1 30 "$DOLIUM_BIN/dolium-oci" --root "$R" --log "$B/log" create -b "$B" "$ID" </dev/null >/dev/null 2>&1 3>&- ||
			status=$?
		[ "$status" = 0 ] || grep -q "died while it was set up: its memory limit is too low" "$B/log"
		echo "$kib KiB: create says $status" >>"$B/came"
		run -0 timeout -k 1 30 "$DOLIUM_BIN/dolium-oci" --root "$R" delete -f "$ID"
	done
	grep -q "^16 KiB: create says 1" "$B/came"
	nothing_left "$ID"
}

@test "a frozen cgroup that lies in the container's place: no hang, and nothing stays frozen" {
	[ -d /sys/fs/cgroup/freezer ] || skip "no freezer of version 1"
	mkdir -p "/sys/fs/cgroup/freezer/dolium/$ID"
	echo FROZEN >"/sys/fs/cgroup/freezer/dolium/$ID/freezer.state"
	bundle '.process.args=["sleep","1000"]'
	status=0
	timeout 30 "$DOLIUM_BIN/dolium-oci" --root "$R" run -d -b "$B" "$ID" </dev/null >/dev/null 2>&1 3>&- || status=$?
	[ "$status" != 124 ]
	if [ "$status" = 0 ]; then
		run -0 timeout 30 "$DOLIUM_BIN/dolium-oci" --root "$R" exec "$ID" true
		run -0 timeout 30 "$DOLIUM_BIN/dolium-oci" --root "$R" pause "$ID"
		run timeout 30 "$DOLIUM_BIN/dolium-oci" --root "$R" exec "$ID" true
		says "paused container"
		run -0 timeout 30 "$DOLIUM_BIN/dolium-oci" --root "$R" resume "$ID"
		run -0 timeout 30 "$DOLIUM_BIN/dolium-oci" --root "$R" exec "$ID" true
	fi
	run -0 timeout 30 "$DOLIUM_BIN/dolium-oci" --root "$R" delete -f "$ID"
	nothing_left "$ID"
}

@test "a state that is damaged does not let delete -f forget a container that runs" {
	bundle '.process.args=["sleep","1000"]'
	oci run -d -b "$B" "$ID" </dev/null >/dev/null 2>&1 3>&-
	init=$(oci state "$ID" | jq .pid)
	cp "$R/$ID/state.json" "$B/state.json"
	echo '{"format' >"$R/$ID/state.json"
	run oci delete "$ID"
	refuses
	run timeout 30 "$DOLIUM_BIN/dolium-oci" --root "$R" delete -f "$ID"
	refuses "cannot remove the cgroup"
	run is_gone "$init"
	refuses
	kill -9 "$init"
	run -0 timeout 30 "$DOLIUM_BIN/dolium-oci" --root "$R" delete -f "$ID"
	nothing_left "$ID"
}
