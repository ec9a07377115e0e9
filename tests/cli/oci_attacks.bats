#!/usr/bin/env bats
# Known holes of runtimes, tried on dolium-oci. Each test is named after what once worked elsewhere.

load ../lib/common
load ../lib/oci

setup() {
	oci_setup
	SECRET=$BATS_TEST_TMPDIR/outside
	mkdir -p "$SECRET"
}
teardown() { oci_teardown; }

untouched() { [ -z "$(ls -A "$SECRET")" ] || { ls -la "$SECRET"; return 1; }; }

@test "a mount target that is a link leads into the root, not out of it (CVE-2021-30465)" {
	bundle ".mounts+=[{destination:\"/link/sub\",type:\"tmpfs\",options:[\"mode=700\"]}] | .root.readonly=false | .process.args=[\"sh\",\"-c\",\"grep -c $SECRET/sub /proc/mounts\"]"
	ln -s "$SECRET" "$B/rootfs/link"
	run oci run -b "$B" "$ID"
	untouched
	# Inside, the link names a directory of the root, which is made there.
	succeeds
	is 1
	[ -d "$B/rootfs$SECRET/sub" ]
}

@test "a mount target beneath a link with '..' stays in the root (CVE-2024-45310)" {
	mkdir -p "$B/vol"
	bundle ".mounts+=[{destination:\"/a/up/made\",source:\"$B/vol\",type:\"bind\",options:[\"bind\"]}] | .root.readonly=false | .process.args=[\"ls\",\"/made\"]"
	mkdir "$B/rootfs/a"
	ln -s ../../../../../../.. "$B/rootfs/a/up"
	run oci run -b "$B" "$ID"
	succeeds
	[ ! -e /made ]
	[ -d "$B/rootfs/made" ]
}

@test "links that lead to nothing, up, around or in a circle make nothing outside" {
	mkdir -p "$B/vol"
	for link in ../../../../../../made "$SECRET/made" ./self ../bin/../../made /../made/../made2/; do
		bundle ".mounts+=[{destination:\"/a/self/in\",source:\"$B/vol\",type:\"bind\",options:[\"bind\"]}] | .root.readonly=false | .process.args=[\"true\"]"
		mkdir -p "$B/rootfs/a"
		ln -sfn "$link" "$B/rootfs/a/self"
		run oci run -b "$B" "$ID"
		[ "$status" -lt 128 ]
		untouched
		[ ! -e /made ] && [ ! -e /made2 ] && [ ! -e "$B/made" ]
	done
}

@test "a file target that is a dangling link makes no file outside" {
	echo x >"$B/file"
	bundle ".mounts+=[{destination:\"/etc/f\",source:\"$B/file\",type:\"bind\",options:[\"bind\"]}] | .root.readonly=false"
	mkdir -p "$B/rootfs/etc"
	ln -s "$SECRET/made" "$B/rootfs/etc/f"
	run oci run -b "$B" "$ID"
	refuses "cannot make the mount point"
	untouched
}

@test "/dev that is a link gets no nodes through it (CVE-2026-41579)" {
	bundle '.mounts|=map(select(.destination|startswith("/dev")|not)) | .root.readonly=false'
	ln -s "$SECRET" "$B/rootfs/dev"
	run oci run -b "$B" "$ID"
	refuses "'/dev' of the root is not a directory"
	untouched
	bundle '.root.readonly=false'
	run oci run -b "$B" "$ID"
	refuses "'/dev' of the root is not a directory"
	untouched
}

@test "/proc and /sys that are links are refused (CVE-2019-19921, CVE-2023-27561)" {
	for dir in proc sys; do
		bundle '.root.readonly=false'
		rm -rf "${B:?}/rootfs/$dir"
		ln -s "$SECRET" "$B/rootfs/$dir"
		run oci run -b "$B" "$ID"
		refuses "'/$dir' of the root is not a directory"
		rm "$B/rootfs/$dir"
		mkdir "$B/rootfs/$dir"
	done
	untouched
}

@test "/dev/null of the image is not what masks (CVE-2025-31133)" {
	bundle '.mounts|=map(select(.destination|startswith("/dev")|not)) | .root.readonly=false | .process.args=["sh","-c","cat /proc/keys; echo x >/proc/keys; stat -c %t:%T /proc/keys"]'
	mkdir -p "$B/rootfs/dev"
	ln -s /proc/sysrq-trigger "$B/rootfs/dev/null"
	run oci run -b "$B" "$ID"
	refuses "cannot make the device '/dev/null'"
	rm "$B/rootfs/dev/null"
	run oci run -b "$B" "$ID"
	is "1:3"
}

@test "a working directory of /proc/self/fd/7 is none of the host's (CVE-2024-21626)" {
	for fd in 3 4 5 6 7 8 9 10 11 12; do
		bundle ".process.cwd=\"/proc/self/fd/$fd\" | .process.args=[\"sh\",\"-c\",\"pwd; ls ../../../../../..\"]"
		run oci run -b "$B" "$ID" 7</sys/fs/cgroup 8</
		lacks vmlinuz
		[ "$status" -ne 0 ] || [ "${lines[0]}" != "(unreachable)/" ]
		if [ "$status" -eq 0 ]; then # one of the container's own
			equal "${lines[0]:0:1}" /
		fi
	done
}

@test "#!/proc/self/exe does not give a program file that can be written (CVE-2019-5736)" {
	before=$(sha256sum <"$DOLIUM_BIN/dolium-oci")
	bundle '.process.args=["/entry"] | .root.readonly=false | .linux.namespaces|=map(select(.type!="pid"))'
	printf '#!/proc/self/exe\n' >"$B/rootfs/entry"
	chmod +x "$B/rootfs/entry"
	run oci run -b "$B" "$ID"
	lacks "busybox"
	# The way in: whatever the program of a dolium-oci process is, it cannot be opened for writing.
	bundle '.process.args=["sleep","1000"]'
	oci_bin --root "$R" run -b "$B" "$ID" </dev/null >/dev/null 2>&1 3>&- &
	keeper=$!
	wait_for 5 test -e "$R/$ID/state.json"
	wait_for 5 grep -q sleep "/proc/$(oci state "$ID" | jq .pid)/comm"
	run sh -c "exec 9<>/proc/$keeper/exe"
	refuses
	kill -9 "$keeper"
	oci delete -f "$ID"
	equal "$(sha256sum <"$DOLIUM_BIN/dolium-oci")" "$before"
}

@test "ids that are paths or lines are refused" {
	bundle '.process.args=["true"]'
	for id in . .. a/b ../x /etc $'a\nb' 'a b' 'é' '' "$(printf 'a%.0s' $(seq 1 300))"; do
		run oci run -b "$B" "$id"
		refuses
		run oci delete --force "$id"
		refuses
		run oci state "$id"
		refuses
	done
	[ -d "$R" ]
	[ -z "$(ls -A "$R")" ]
}

@test "a state directory is for root alone" {
	bundle '.process.args=["sleep","1000"]'
	oci create -b "$B" "$ID" </dev/null >/dev/null 2>&1
	equal "$(stat -c %a "$R/$ID")" 700
	equal "$(stat -c %a "$R/$ID/state.json")" 600
	oci delete "$ID"
}

@test "fds that the caller leaks do not reach the program (CVE-2015-3627, CVE-2016-9962)" {
	bundle '.process.args=["sh","-c","for i in 3 4 5 6 7 8 9; do readlink /proc/self/fd/$i; done; cat <&8"]'
	run oci run -b "$B" "$ID" 7</ 8</etc/shadow 9</sys/fs/cgroup
	lacks root:
	lacks shadow
	lacks cgroup
}

@test "a second sysctl behind a '+', '..' or a line end is refused (CVE-2022-0811)" {
	before=$(cat /proc/sys/kernel/core_pattern)
	for pair in '"kernel.msgmax":"1+kernel.core_pattern=x"' '"kernel.msgmax":"1\nx"' \
		'"net.ipv4.ip_forward+kernel.core_pattern":"1"' '"net/../kernel/core_pattern":"x"' \
		'"net.ipv4/../../kernel.core_pattern":"x"' '"/net/x":"1"' '"":"1"' '"net..x":"1"' \
		'"kernel.core_pattern":"x"' '"fs.mqueue/../../kernel/core_pattern":"x"'; do
		bundle ".linux.sysctl={$pair}"
		run oci run -b "$B" "$ID"
		refuses sysctl
	done
	equal "$(cat /proc/sys/kernel/core_pattern)" "$before"
}

@test "inheritable and ambient capabilities are empty unless listed (CVE-2016-8867, CVE-2022-24769)" {
	bundle '.process.user.uid=1000 | .process.args=["grep","-E","Cap(Inh|Amb|Eff)","/proc/self/status"]'
	run oci run -b "$B" "$ID"
	is "CapInh:	0000000000000000
CapEff:	0000000000000000
CapAmb:	0000000000000000"
	run bash -c "jq .process.capabilities.inheritable '$B/spec.json'"
	is null
}

@test "nothing may be mounted over /proc or in it, but a few files (CVE-2019-16884)" {
	mkdir -p "$B/vol"
	for target in /proc /proc/self /proc/self/attr /proc/sys /proc/../proc/self/attr /proc/sys/kernel; do
		bundle ".mounts+=[{destination:\"$target\",source:\"$B/vol\",type:\"bind\",options:[\"bind\"]}]"
		run oci run -b "$B" "$ID"
		refuses
		bundle ".mounts+=[{destination:\"$target\",type:\"tmpfs\"}]"
		run oci run -b "$B" "$ID"
		refuses
	done
	echo "fake uptime" >"$B/uptime"
	bundle ".mounts+=[{destination:\"/proc/uptime\",source:\"$B/uptime\",type:\"bind\",options:[\"bind\",\"ro\"]}] | .process.args=[\"cat\",\"/proc/uptime\"]"
	run oci run -b "$B" "$ID"
	is "fake uptime"
}

@test "a link does not lead a mount into /proc (CVE-2025-52881)" {
	mkdir -p "$B/vol"
	bundle ".mounts+=[{destination:\"/link\",source:\"$B/vol\",type:\"bind\",options:[\"bind\"]}] | .root.readonly=false"
	ln -s /proc/self/attr "$B/rootfs/link"
	run oci run -b "$B" "$ID"
	refuses "inside /proc"
}

@test "/proc is a procfs or nothing" {
	mkdir -p "$B/vol"
	bundle ".mounts|=map(if .destination==\"/proc\" then {destination:\"/proc\",source:\"$B/vol\",type:\"bind\",options:[\"bind\"]} else . end)"
	run oci run -b "$B" "$ID"
	refuses "only a procfs may be there"
}

@test "the root itself cannot be covered" {
	for target in / /. /a/.. //; do
		bundle ".mounts+=[{destination:\"$target\",type:\"tmpfs\"}]"
		run oci run -b "$B" "$ID"
		refuses "the root itself cannot be covered"
	done
}

@test "cgroups are read-only, also release_agent (CVE-2022-0492)" {
	[ -d /sys/fs/cgroup/memory ] || skip "no memory cgroup of version 1"
	bundle "$USERNS"' | .process.args=["sh","-c","for f in /sys/fs/cgroup/*/tasks; do echo 0 >$f; done; mkdir /sys/fs/cgroup/memory/x"]'
	chown -R 100000:100000 "$B/rootfs"
	run oci run -b "$B" "$ID"
	refuses "Read-only file system"
}

@test "a cgroupsPath with '..' does not lead out" {
	bundle '.linux.cgroupsPath="/dolium/../../../../tmp/dolium-cgroup-out"'
	run oci run -b "$B" "$ID"
	refuses
	[ ! -e /tmp/dolium-cgroup-out ]
}

@test "the image's user names are none of the runtime's business (CVE-2016-3697)" {
	bundle '.process.user.uid=1000 | .process.args=["id","-u"]'
	mkdir -p "$B/rootfs/etc"
	echo "1000:x:0:0::/:/bin/sh" >"$B/rootfs/etc/passwd"
	run oci run -b "$B" "$ID"
	is 1000
}

@test "the caller's terminal cannot be typed into (TIOCSTI)" {
	bundle '.process.args=["sh","-c","exec 5<>/dev/tty && echo have it"]'
	run pty -- "$DOLIUM_BIN/dolium-oci" --root "$R" run --stdio pipe -b "$B" "$ID"
	lacks "have it"
}

@test "walls that cannot be built are refused, not left out" {
	bundle '.process.apparmorProfile="x"'
	run oci run -b "$B" "$ID"
	refuses "apparmorProfile"
	bundle '.process.selinuxLabel="x"'
	run oci run -b "$B" "$ID"
	refuses "selinuxLabel"
	bundle '.linux.seccomp={defaultAction:"SCMP_ACT_ALLOW",syscalls:[{names:["mkdir"],action:"SCMP_ACT_NOTIFY"}]}'
	run oci run -b "$B" "$ID"
	refuses "SCMP_ACT_NOTIFY"
}

@test "on a kernel without openat2 and its kin nothing is done in a less safe way" {
	skip_unless "needs strace" command -v strace
	bundle '.process.args=["true"]'
	for call in openat2 open_tree move_mount mount_setattr clone3 fsopen close_range; do
		run strace -f -qq -o /dev/null -e "inject=$call:error=ENOSYS" "$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" "$ID"
		refuses "needs Linux 5.12"
		[ -z "$(ls -A "$R")" ]
		[ -z "$(find /sys/fs/cgroup -name "$ID")" ]
	done
}
