#!/usr/bin/env bats
# mounts add and mounts remove: crun's, of a container that runs.

load ../lib/common
load ../lib/oci

setup() { oci_setup; }
teardown() { oci_teardown; }

# A container that runs, and into which $M is to be mounted.
start() {
	bundle ".process.args=[\"sleep\",\"1000\"] | .root.readonly=false | ${1:-.}"
	mkdir -p "$B/rootfs/etc" "$B/data"
	echo inside >"$B/data/file"
	[ -z "${2:-}" ] || chown -R 100000:100000 "$B/rootfs"
	oci run -d -b "$B" "$ID" </dev/null >/dev/null 2>&1 3>&-
	M=$B/mounts.json
}
mounts() { jq -n "{mounts:[$1]}" >"$M"; }

@test "a directory, a file and a tmpfs come into a container that runs, and go again" {
	start
	mounts '{destination:"/data",type:"bind",source:"'"$B/data"'",options:["bind","ro"]},
		{destination:"/etc/note",type:"bind",source:"'"$B/data/file"'",options:["bind"]},
		{destination:"/scratch",type:"tmpfs",source:"tmpfs",options:["size=64k","nosuid"]}'
	before=$(wc -l </proc/self/mountinfo)
	oci mounts add "$ID" "$M"
	run oci exec "$ID" sh -c 'cat /data/file /etc/note; touch /data/x; echo y >/scratch/y && cat /scratch/y'
	says "inside
inside"
	says "Read-only file system"
	says y
	run oci exec "$ID" grep -E ' /(data|etc/note|scratch) ' /proc/self/mountinfo
	equal "${#lines[@]}" 3
	equal "$(wc -l </proc/self/mountinfo)" "$before"
	oci mounts remove "$ID" "$M"
	run oci exec "$ID" grep -E ' /(data|etc/note|scratch) ' /proc/self/mountinfo
	status_is 1
	run oci mounts remove "$ID" "$M"
	refuses "nothing is mounted on '/scratch'"
}

@test "a list without an object around it, and a source relative to the bundle, are taken" {
	start
	echo '[{"destination":"/d","type":"bind","source":"data","options":["rbind"]}]' >"$M"
	oci mounts add "$ID" "$M"
	run oci exec "$ID" cat /d/file
	is inside
}

@test "root of a user namespace gets mounts too" {
	start "$USERNS" shifted
	mounts '{destination:"/data",type:"bind",source:"'"$B/data"'",options:["bind","ro"]},{destination:"/t",type:"tmpfs",source:"t"}'
	oci mounts add "$ID" "$M"
	run oci exec "$ID" sh -c 'cat /data/file; echo x >/t/x && cat /t/x'
	is "inside
x"
	oci mounts remove "$ID" "$M"
	run oci exec "$ID" cat /data/file
	fails
}

@test "links of the container lead nowhere outside it, and nothing comes over /proc" {
	start
	mkdir -p "$BATS_TEST_TMPDIR/host"
	oci exec "$ID" sh -c "rm -rf /out; busybox ln -s $BATS_TEST_TMPDIR/host /out; busybox ln -s /proc /p; busybox ln -s / /r"
	mounts '{destination:"/out/made",type:"tmpfs",source:"t"}'
	oci mounts add "$ID" "$M"
	run oci exec "$ID" grep -c "$BATS_TEST_TMPDIR/host/made" /proc/self/mountinfo
	is 1
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/host")" ]
	for target in /proc/sys /proc/1 /p/sys /r/proc/sys; do
		mounts '{destination:"'$target'",type:"tmpfs",source:"t"}'
		run oci mounts add "$ID" "$M"
		refuses "inside /proc"
	done
	mounts '{destination:"/",type:"tmpfs",source:"t"}'
	run oci mounts add "$ID" "$M"
	refuses "the root itself cannot be covered"
	run oci mounts remove "$ID" "$M"
	refuses "the root itself cannot be removed"
}

@test "what cannot be read or found is refused" {
	start
	run oci mounts add "$ID" "$B/nonesuch"
	refuses "cannot read '$B/nonesuch'"
	echo '{"mounts":7}' >"$M"
	run oci mounts add "$ID" "$M"
	refuses "there is no list of mounts"
	echo '{"mounts":[{"destination":"/x","type":7}]}' >"$M"
	run oci mounts add "$ID" "$M"
	refuses "mounts[0].type"
	mounts '{destination:"/x",type:"bind",source:"/nonesuch",options:["bind"]}'
	run oci mounts add "$ID" "$M"
	refuses "/nonesuch"
	mounts '{destination:"/x",type:"tmpfs",source:"t"}'
	run oci mounts swap "$ID" "$M"
	refuses "add or remove, not 'swap'"
	run oci mounts add "$ID"
	refuses '"mounts" requires exactly 3 arguments'
	run oci mounts add "$ID-none" "$M"
	refuses "container does not exist"
	oci kill "$ID" KILL
	wait_for 5 has_stopped
	run oci mounts add "$ID" "$M"
	refuses "container not running"
}
has_stopped() { [ "$(oci state "$ID" | jq -r .status)" = stopped ]; }
