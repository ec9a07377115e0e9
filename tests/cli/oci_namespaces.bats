#!/usr/bin/env bats
# dolium-oci: namespaces, each new, by its path, or the caller's, and together.

load ../lib/common
load ../lib/oci

setup() {
	oci_setup
	HOLDER=
}
teardown() {
	oci_teardown
	[ -z "$HOLDER" ] || kill -9 "$HOLDER" 2>/dev/null || true
}

# A process that has namespaces of its own: hold UNSHARE_OPTION...
hold() {
	unshare "$@" --fork --kill-child sleep 1000 3>&- &
	local outer=$!
	wait_for 5 pgrep -P "$outer" -x sleep
	HOLDER=$(pgrep -P "$outer" -x sleep)
}
at() { echo "(.linux.namespaces[]|select(.type==\"$1\")).path=\"/proc/$HOLDER/ns/$2\""; }
links() { echo '.process.args=["sh","-c","cd /proc/self/ns; for n in cgroup ipc mnt net pid time user uts; do readlink $n; done"]'; }

@test "a mount namespace by its path: the program is in it, sees its root, and nobody else's root changes" {
	hold -m
	bundle "$(links) | $(at mount mnt)"
	run oci run -b "$B" "$ID"
	succeeds
	says "$(readlink "/proc/$HOLDER/ns/mnt")"
	bundle '.process.args=["sh","-c","ls /; ls /proc/1/status; ls -c /dev/null"] | '"$(at mount mnt)"
	run oci run -b "$B" "$ID"
	succeeds
	lacks vmlinuz
	lacks etc
	says /dev/null
	# Who comes later finds what was there.
	run nsenter -t "$HOLDER" -m ls -d "$B/spec.json" /etc
	succeeds
	run nsenter -t "$HOLDER" -m grep -c "$B" /proc/self/mountinfo
	is 0
}

@test "exec into a mount namespace that was given by path is in the container's root" {
	hold -m
	bundle '.process.args=["sleep","1000"] | '"$(at mount mnt)"
	oci run -d -b "$B" "$ID" </dev/null >/dev/null 2>&1
	run oci exec "$ID" sh -c 'readlink /proc/self/ns/mnt; ls /'
	succeeds
	says "$(readlink "/proc/$HOLDER/ns/mnt")"
	says bin
	lacks etc
}

@test "every namespace can be joined by its path" {
	hold -m -u -i -n -p -C -T
	bundle "$(links) | .linux.namespaces+=[{type:\"time\"}] | $(at mount mnt) | $(at uts uts) | $(at ipc ipc) | $(at network net) | $(at pid pid) | $(at cgroup cgroup) | $(at time time)"
	run oci run -b "$B" "$ID"
	succeeds
	for kind in mnt uts ipc net pid cgroup time; do
		says "$(readlink "/proc/$HOLDER/ns/$kind")"
	done
}

@test "each single one joined, the others new" {
	hold -u -i -n -p -C
	for pair in uts:uts ipc:ipc network:net pid:pid cgroup:cgroup; do
		bundle "$(links) | $(at "${pair%:*}" "${pair#*:}")"
		run oci run -b "$B" "$ID"
		succeeds
		says "$(readlink "/proc/$HOLDER/ns/${pair#*:}")"
		for other in uts ipc net pid; do
			[ "$other" = "${pair#*:}" ] || lacks "$(readlink "/proc/$HOLDER/ns/$other")"
		done
	done
}

@test "each single one left out is the caller's" {
	for pair in uts:uts ipc:ipc network:net pid:pid cgroup:cgroup; do
		bundle "$(links) | .linux.namespaces|=map(select(.type!=\"${pair%:*}\")) | del(.hostname)"
		run oci run -b "$B" "$ID"
		succeeds
		says "$(readlink "/proc/self/ns/${pair#*:}")"
	done
}

@test "a user namespace with each of the others, new and left out" {
	for without in none uts ipc network pid cgroup; do
		bundle "$(links) | .linux.namespaces|=map(select(.type!=\"$without\")) | .mounts|=map(select(.type!=\"mqueue\")) | del(.hostname) | $USERNS"
		chown -R 100000:100000 "$B/rootfs"
		run oci run -b "$B" "$ID"
		succeeds
		lacks "$(readlink /proc/self/ns/user)"
	done
	bundle "$(links) | .linux.namespaces+=[{type:\"time\"}] | $USERNS"
	run oci run -b "$B" "$ID"
	succeeds
	lacks "$(readlink /proc/self/ns/time)"
}

@test "a namespace twice, of another kind, or of nobody is refused by its place in config.json" {
	bundle '.process.args=["true"] | .linux.namespaces+=[{type:"mount"}]'
	run oci run -b "$B" "$ID"
	refuses "config.json: linux.namespaces[6].type: 'mount' twice"
	bundle '.process.args=["true"] | (.linux.namespaces[]|select(.type=="mount")).path="/proc/self/ns/net"'
	run oci run -b "$B" "$ID"
	refuses "/proc/self/ns/net"
	bundle '.process.args=["true"] | (.linux.namespaces[]|select(.type=="mount")).path="/nowhere"'
	run oci run -b "$B" "$ID"
	refuses "/nowhere"
	bundle '.process.args=["true"] | (.linux.namespaces[]|select(.type=="mount")).path="relative"'
	run oci run -b "$B" "$ID"
	refuses "config.json: linux.namespaces[4].path: not an absolute path"
}

@test "offsets of clocks without a new time namespace are refused" {
	bundle '.process.args=["true"] | .linux.timeOffsets={boottime:{secs:5}}'
	run oci run -b "$B" "$ID"
	refuses "config.json: linux.timeOffsets: there is no new time namespace"
}
