#!/usr/bin/env bats
# Limits of cgroup v2 that bite, and not only stand in a file.
# vm: --cpus 2 --disk 64M --disk 100M

load oci

setup_file() {
	vm_setup
	mkswap -q /dev/vdb
	swapon /dev/vdb
}
teardown() { vm_teardown; }

MEMORY_EATER='x=$(head -c 20000000 /dev/zero | tr "\0" x); echo ${#x}'

@test "memory: who uses more is killed, the report and an event say so" {
	# The rest of it lives on for a moment: `events` looks four times a second, and only at what is there.
	config '"memory":{"limit":16777216,"swap":16777216}' \
		sh -c "sleep 1; ($MEMORY_EATER); s=\$?; sleep 2; exit \$s"
	oci run -b "$B" --report-fd 7 "$ID" 7>"$B/report" >"$B/out" 2>&1 &
	run_pid=$!
	wait_for 10 test -e "$R/$ID/state.json"
	wait_for 10 oci events --stats "$ID"
	oci events "$ID" >"$B/events" 2>/dev/null &
	wait $run_pid && status=0 || status=$?
	status_is 137
	grep -q '"oom_killed":true' "$B/report"
	wait
	grep -q '"type":"oom"' "$B/events"
}

@test "memory: a reservation is memory.low, v1's swap becomes v2's, and swap is used" {
	# Without swap it would be killed.
	config '"memory":{"limit":16777216,"reservation":8388608,"swap":100663296}' \
		sh -c "$MEMORY_EATER; cat /sys/fs/cgroup/memory.low /sys/fs/cgroup/memory.swap.max"
	run oci run -b "$B" "$ID"
	equal "$output" "$(printf '20000000\n8388608\n83886080')"
}

@test "cpu: a quota throttles, and weight is what shares become" {
	config '"cpu":{"quota":20000,"period":100000,"shares":512}' sh -c 'while :; do :; done'
	begin
	sleep 2
	stat=$(v2 cpu.stat)
	[ "$(key "$stat" nr_throttled)" -ge 5 ]
	# A fifth of the time, and something for the start.
	[ "$(key "$stat" usage_usec)" -lt 1000000 ]
	equal "$(v2 cpu.weight) $(v2 cpu.max)" "59 20000 100000"
	oci update --cpu-quota -1 "$ID"
	equal "$(v2 cpu.max)" "max 100000"
}

@test "cpuset: only those processors are there" {
	config '"cpu":{"cpus":"1"}' grep Cpus_allowed_list /proc/self/status
	run oci run -b "$B" "$ID"
	equal "${lines[0]##*[[:space:]]}" 1
}

@test "pids: one process too many is refused, update raises it" {
	config '"pids":{"limit":3}' sh -c 'sleep 100 & sleep 100 & sleep 100 & echo not reached'
	run oci run -b "$B" "$ID"
	says "can't fork"
	config '"pids":{"limit":3}' sleep 100
	begin
	oci update --pids-limit 30 "$ID"
	equal "$(v2 pids.max)" 30
}

@test "io: reading from a disk is as slow as it is told" {
	dd if=/dev/zero of=/dev/vda bs=1M count=4 conv=fsync status=none
	echo 3 >/proc/sys/vm/drop_caches
	LINUX='"devices":[{"path":"/dev/disk","type":"b","major":254,"minor":0}]' \
		config '"devices":[{"allow":true}],"blockIO":{"throttleReadBpsDevice":[{"major":254,"minor":0,"rate":1048576}]}' \
		dd if=/dev/disk of=/dev/null bs=64k count=32
	began=$EPOCHREALTIME
	run oci run -b "$B" "$ID"
	succeeds
	took=$(((${EPOCHREALTIME/./} - ${began/./}) / 1000))
	[ "$took" -ge 1500 ] || { echo "2 MB at 1 MB/s took $took ms"; return 1; }
}

@test "io: weights are io.weight or BFQ's" {
	config '"blockIO":{"weight":100}' sleep 100
	begin
	cd "$(v2_dir)"
	if [ -e io.bfq.weight ]; then
		grep -qx 'default 100' io.bfq.weight
	else
		grep -qx 'default 910' io.weight
	fi
}

@test "hugetlb, unified and update write what was asked" {
	config '"hugepageLimits":[{"pageSize":"2MB","limit":4194304}],"unified":{"pids.max":"77","cpu.weight":"50"}' sleep 100
	begin
	equal "$(v2 hugetlb.2MB.max) $(v2 pids.max) $(v2 cpu.weight)" "4194304 77 50"
	echo '{"memory":{"limit":33554432},"cpu":{"shares":1024},"unified":{"memory.high":"20971520"}}' >"$B/update"
	oci update -r "$B/update" "$ID"
	equal "$(v2 memory.max) $(v2 memory.high) $(v2 cpu.weight)" "33554432 20971520 100"
}

@test "devices: what is not allowed cannot be opened, and mknod goes by its own rule" {
	LINUX='"devices":[{"path":"/dev/disk","type":"b","major":254,"minor":0}]' \
		config '"devices":[{"allow":false,"access":"rwm"}]' sh -c 'cat /dev/null && echo null; dd if=/dev/disk of=/dev/null count=1 2>/dev/null || echo no disk; mknod /tmp/x b 254 0 && echo node'
	run oci run -b "$B" "$ID"
	equal "$output" "$(printf 'null\nno disk\nnode')"
	LINUX='"devices":[{"path":"/dev/disk","type":"b","major":254,"minor":0}]' \
		config '"devices":[{"allow":false,"access":"rwm"},{"allow":true,"type":"b","major":254,"minor":0,"access":"r"}]' sh -c 'dd if=/dev/disk of=/dev/null count=1 2>/dev/null && echo read; dd if=/dev/zero of=/dev/disk count=1 2>/dev/null || echo no write'
	run oci run -b "$B" "$ID"
	equal "$output" "$(printf 'read\nno write')"
	rm -f "$B/rootfs/tmp/x"
}

@test "pause stops, resume goes on, and kill --all ends what forks" {
	config '' sh -c 'while :; do sleep 100 & sleep 0.1; done'
	begin
	oci pause "$ID"
	equal "$(key "$(v2 cgroup.events)" frozen)" 1
	oci resume "$ID"
	equal "$(key "$(v2 cgroup.events)" frozen)" 0
	oci kill --all "$ID" KILL
	wait_for 5 test -z "$(cat "$(v2_dir)/cgroup.procs")"
}

@test "a cgroup that is frozen, or below one that is, is refused at once" {
	mkdir -p /sys/fs/cgroup/dolium-frozen/inner
	echo 1 >/sys/fs/cgroup/dolium-frozen/cgroup.freeze
	for path in /dolium-frozen/inner /dolium-frozen/new; do
		LINUX="\"cgroupsPath\":\"$path\"" config '' true
		run timeout -k 1 10 "$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" "$ID"
		refuses frozen
	done
	[ ! -e /sys/fs/cgroup/dolium-frozen/new ]
	echo 0 >/sys/fs/cgroup/dolium-frozen/cgroup.freeze
	rmdir /sys/fs/cgroup/dolium-frozen/inner /sys/fs/cgroup/dolium-frozen
}

@test "a cgroup with somebody else in it is refused, and he lives" {
	mkdir /sys/fs/cgroup/dolium-other
	sleep 100 &
	echo $! >/sys/fs/cgroup/dolium-other/cgroup.procs
	LINUX='"cgroupsPath":"/dolium-other"' config '' true
	run oci run -b "$B" "$ID"
	refuses "has processes already"
	kill $!
	wait
	rmdir /sys/fs/cgroup/dolium-other
}
