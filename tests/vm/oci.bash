# For tests of dolium-oci in a VM, where each program that is started costs: one root file system for all tests of
# a file, and a config.json without jq.
#
#   setup_file() { vm_setup; }; teardown() { vm_teardown; }
#   config '"memory":{"limit":33554432}' cat /proc/self/cgroup      # linux.resources, args
#   run oci run -b "$B" "$ID"

. "$BATS_TEST_DIRNAME/../lib/common.bash"

vm_setup() {
	[ -n "${IN_VM:-}" ] || skip "runs in a VM: 'tests/run vm'"
	export R=$BATS_FILE_TMPDIR/run B=$BATS_FILE_TMPDIR/bundle ID=c1
	mkdir -p "$B/rootfs/bin" "$B/rootfs/proc" "$B/rootfs/sys" "$B/rootfs/dev" "$B/rootfs/tmp"
	cp /bin/busybox "$B/rootfs/bin/"
	local name
	for name in sh cat sleep true grep dd tail head tr mknod echo ls test; do
		ln -s busybox "$B/rootfs/bin/$name"
	done
}
vm_teardown() {
	local id
	for id in "$R"/*/; do
		[ ! -d "$id" ] || oci delete -f "$(basename "$id")" >/dev/null 2>&1 || :
	done
}

oci() { "$DOLIUM_BIN/dolium-oci" ${MANAGER:+--cgroup-manager "$MANAGER"} --root "$R" "$@"; }
# Detached, and nothing of it holds our streams.
begin() { oci run -d -b "$B" "$ID" </dev/null >"$B/out" 2>"$B/err" || { cat "$B/err"; return 1; }; }
# The container's own: v2 FILE.
v2() { cat "$(v2_dir)/$1"; }
v2_dir() { find /sys/fs/cgroup -name "*$ID*" -type d -prune -print -quit; }
key() { awk -v k="$2" '$1 == k { print $2 }' <<<"$1"; }

json_list() {
	local first=yes word
	for word in "$@"; do
		[ -n "$first" ] || printf ,
		first=
		word=${word//\\/\\\\}
		printf '"%s"' "${word//\"/\\\"}"
	done
}

# config RESOURCES ARG...: LINUX holds more members of linux, ROOT more members of the whole.
config() {
	local resources=$1
	shift
	cat >"$B/config.json" <<-END
		{"ociVersion":"1.0.2","root":{"path":"rootfs"},"process":{"args":[$(json_list "$@")],"cwd":"/",
		"env":["PATH=/bin"],"user":{"uid":0,"gid":0},"capabilities":{
		"bounding":["CAP_MKNOD","CAP_KILL"],"effective":["CAP_MKNOD","CAP_KILL"],"permitted":["CAP_MKNOD","CAP_KILL"]}},
		"mounts":[{"destination":"/proc","type":"proc","source":"proc"},
		{"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["nosuid","mode=755"]},
		{"destination":"/sys","type":"sysfs","source":"sysfs","options":["ro"]},
		{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["ro"]}],
		"linux":{"namespaces":[{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"uts"},{"type":"network"},
		{"type":"cgroup"}],"resources":{$resources}${LINUX:+,$LINUX}}${ROOT:+,$ROOT}}
	END
}
