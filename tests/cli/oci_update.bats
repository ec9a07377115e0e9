#!/usr/bin/env bats
# views: v1 v2
# dolium-oci update and ps, from outside.

load ../lib/common
load ../lib/oci

setup() { oci_setup; }
teardown() { oci_teardown; }

begin() { # begin [JQ]: a container that sleeps
	bundle ".process.args=[\"sleep\",\"1000\"] | ${1:-.}"
	oci run -d --pid-file "$B/init" -b "$B" "$ID" </dev/null >/dev/null 2>&1
}

state_is() { [ "$(oci state "$ID" | jq -r .status)" = "$1" ]; }
no_cgroups() { [ -z "$(find /sys/fs/cgroup -name "$ID")" ]; }

# The value of a limit, by its v1 or its v2 name.
limit() { # limit V1-FILE V2-FILE
	local file
	file=$(find /sys/fs/cgroup -path "*/$ID/$1" -o -path "*/$ID/$2")
	cat "$file"
}

@test "update changes limits, options behind the id as well" {
	needs_controllers memory pids
	begin
	oci update "$ID" --memory 64m --pids-limit=33
	equal "$(limit memory.limit_in_bytes memory.max)" 67108864
	equal "$(limit pids.max pids.max)" 33
	oci update --memory=32m --memory-swap -1 "$ID"
	equal "$(limit memory.limit_in_bytes memory.max)" 33554432
	oci update --pids-limit -1 --kernel-memory 5m "$ID"
	equal "$(limit pids.max pids.max)" max
}

@test "update by a controller that the container was not in puts all of it there" {
	needs_controllers cpu cpuset
	begin
	oci exec -d --pid-file "$B/pid" "$ID" sleep 1000 </dev/null >/dev/null 2>&1
	oci update --cpu-period 50000 --cpu-quota 25000 --cpuset-cpus 0 "$ID"
	for pid in "$B/init" "$B/pid"; do
		equal "$(grep Cpus_allowed_list "/proc/$(cat "$pid")/status" | awk '{print $2}')" 0
	done
	equal "$(limit cpu.cfs_quota_us cpu.max | awk '{print $1}')" 25000
	equal "$(oci exec "$ID" grep Cpus_allowed_list /proc/self/status | awk '{print $2}')" 0
	oci delete -f "$ID"
	no_cgroups
}

@test "a run that was given one more cgroup leaves none" {
	needs_controllers cpuset
	bundle '.process.args=["sleep","1000"]'
	oci_bin --root "$R" run -b "$B" "$ID" </dev/null >/dev/null 2>&1 3>&- &
	keeper=$!
	wait_for 5 state_is running
	oci update --cpuset-cpus 0 "$ID"
	oci kill "$ID" KILL
	wait "$keeper" || true
	no_cgroups
	[ ! -e "$R/$ID" ]
}

@test "update reads resources as engines write them, from a file and from stdin" {
	needs_controllers memory cpu pids
	begin
	echo '{"memory":{"limit":50331648},"cpu":{"shares":512},"pids":{"limit":21}}' >"$B/resources"
	oci update --resources="$B/resources" "$ID"
	equal "$(limit memory.limit_in_bytes memory.max)" 50331648
	equal "$(limit pids.max pids.max)" 21
	echo '{"pids":{"limit":22}}' | oci update --resources - "$ID"
	echo '{"pids":{"limit":22}}' | oci update -r - "$ID"
	equal "$(limit pids.max pids.max)" 22
	equal "$(limit memory.limit_in_bytes memory.max)" 50331648
	run oci update -r - "$ID" <<<'{"pids":{"limit":"x"}}'
	refuses "resources: pids.limit"
}

@test "what update cannot read or do is refused, and nothing changes" {
	needs_controllers memory pids
	begin '.linux.resources.pids.limit=44'
	for value in x 5x "" 1.2.3 99999999999999999999; do
		run oci update --memory "$value" --pids-limit 3 "$ID"
		refuses "not a valid value"
	done
	run oci update --pids-limit 1k "$ID"
	refuses "not a valid value"
	run oci update --l3-cache-schema x "$ID"
	refuses "Intel RDT"
	run oci update --nonesuch 3 "$ID"
	refuses "flag provided but not defined"
	equal "$(limit pids.max pids.max)" 44
	oci kill "$ID" KILL
	wait_for 5 state_is stopped
	run oci update --pids-limit 3 "$ID"
	refuses "container not running"
}

# --- events

@test "events --stats counts" {
	needs_controllers memory pids
	begin '.linux.cgroupsPath="/dolium/'"$ID"'" | .linux.resources.memory={"limit":67108864} | .linux.resources.pids={"limit":55}'
	oci exec "$ID" sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'
	oci events --stats "$ID" >"$B/stats"
	equal "$(jq -r '.type,.id' "$B/stats" | xargs)" "stats $ID"
	equal "$(jq -r '.data.memory.usage.limit,.data.pids.limit,.data.pids.current' "$B/stats" | xargs)" "67108864 55 1"
	[ "$(jq .data.memory.usage.usage "$B/stats")" -gt 0 ]
	[ "$(jq '.data.memory.raw|length' "$B/stats")" -gt 5 ]
	[ "$(jq .data.cpu.usage.total "$B/stats")" -gt 0 ]
}

@test "events go on until the container ends, and tell of kills for want of memory" {
	needs_controllers memory
	begin '.linux.resources.memory={"limit":8388608,"swap":8388608}'
	oci_bin --root "$R" events --interval 300ms "$ID" >"$B/events" 3>&- &
	watcher=$!
	wait_for 5 test -s "$B/events"
	run oci exec "$ID" sh -c 'x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done'
	status_is 137
	wait_for 5 grep -q '"oom"' "$B/events"
	oci kill "$ID" KILL
	wait "$watcher"
	equal "$(jq -r .type "$B/events" | sort -u | xargs)" "oom stats"
	run oci events --interval x "$ID"
	refuses "--interval"
	run oci events --stats "$ID"
	refuses "container not running"
}

# --- ps

@test "ps shows the container's processes and no others" {
	begin
	oci exec -d --pid-file "$B/pid" "$ID" sleep 1001 </dev/null >/dev/null 2>&1
	equal "$(oci ps --format json "$ID" | jq -c sort)" "[$(cat "$B/init"),$(cat "$B/pid")]"
	run oci ps "$ID"
	succeeds
	equal "${#lines[@]}" 3
	says "sleep 1000"
	says "sleep 1001"
	run oci ps "$ID" -o pid,args
	succeeds
	says "$(cat "$B/pid") sleep 1001"
	run oci ps "$ID" -o args
	refuses "no PID"
	run oci ps -f yaml "$ID"
	refuses "invalid format option"
}

# --- a cgroup that the container may divide

@test "a cgroup of v2 is the container's own with a user namespace and a writable mount, and only then" {
	[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || skip "no cgroup v2"
	bundle "$USERNS"' | .process.args=["sh","-c","mkdir /sys/fs/cgroup/below && echo 0 >/sys/fs/cgroup/below/cgroup.procs && echo moved; sleep 100"] |
		(.mounts[]|select(.type=="cgroup").options) = ["nosuid"]'
	chown 100000 "$B/rootfs"
	oci run -d -b "$B" "$ID" </dev/null >"$B/out" 2>&1 || { cat "$B/out"; return 1; }
	wait_for 5 grep -qx moved "$B/out"
	dir=$(find /sys/fs/cgroup -name "$ID" -type d)
	equal "$(stat -c %u "$dir" "$dir/cgroup.procs" "$dir/cgroup.subtree_control" | tr '\n' ' ')" "100000 100000 100000 "
	equal "$(stat -c %u "$dir/cgroup.freeze")" 0
	oci delete -f "$ID"
	no_cgroups
	bundle "$USERNS"' | .process.args=["sleep","100"]'
	oci run -d -b "$B" "$ID" </dev/null >/dev/null 2>&1
	equal "$(stat -c %u "$(find /sys/fs/cgroup -name "$ID" -type d)/cgroup.procs")" 0
}
