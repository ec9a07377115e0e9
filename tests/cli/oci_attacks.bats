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

@test "a root that is a link is looked up once, whatever it becomes (CVE-2019-18837)" {
	bundle ".root.readonly=false | .mounts+=[{destination:\"/made/here\",type:\"tmpfs\"}] | .process.cwd=\"/made/cwd\"
		| .hooks={createRuntime:[{path:\"/bin/ln\",args:[\"ln\",\"-sfn\",\"$SECRET\",\"$B/link\"]}]}
		| .root.path=\"link\" | .linux.devices=[{path:\"/made/zero\",type:\"c\",major:1,minor:5}] | .process.args=[\"ls\",\"/made\"]"
	ln -s rootfs "$B/link"
	run oci run -b "$B" "$ID"
	equal "$(readlink "$B/link")" "$SECRET"
	untouched
	lacks "vmlinuz"
	[ "$status" -ne 0 ] || [ -d "$B/rootfs/made/cwd" ]
}

@test "/dev/console that is a link is not followed (CVE-2025-52565)" {
	echo host >"$SECRET/file"
	bundle '.process.terminal=true | .root.readonly=false | .process.args=["true"]
		| .mounts|=map(select(.destination=="/dev" or .destination=="/dev/shm" or .destination=="/dev/mqueue"|not))'
	mkdir -p "$B/rootfs/dev"
	for to in "$SECRET/file" "$SECRET/new" /proc/sysrq-trigger; do
		ln -sfn "$to" "$B/rootfs/dev/console"
		run pty -- "$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" "$ID"
		equal "$(ls -A "$SECRET")" file
		equal "$(cat "$SECRET/file")" host
		[ -z "$(ls -A "$R")" ]
	done
}

@test "lists and paths that are too long are refused, not cut (CVE-2021-43784)" {
	bundle ".linux.namespaces|=map(if .type==\"network\" then .path=\"/proc/\"+(\"a\"*70000) else . end)"
	run oci run -b "$B" "$ID"
	refuses
	bundle "$USERNS | .linux.uidMappings=[range(400)|{containerID:.,hostID:(100000+.),size:1}]"
	run oci run -b "$B" "$ID"
	refuses "id mappings"
	bundle ".hostname=(\"h\"*70000)"
	run oci run -b "$B" "$ID"
	refuses
	bundle ".mounts+=[{destination:(\"/\"+(\"d\"*70000)),type:\"tmpfs\"}]"
	run oci run -b "$B" "$ID"
	refuses
	bundle ".process.cwd=(\"/\"+(\"c/\"*3000))"
	run oci run -b "$B" "$ID"
	refuses
	[ -z "$(ls -A "$R")" ]
}

@test "without a cgroup namespace the cgroups cannot be written either (CVE-2023-25809)" {
	for more in '.' "$USERNS" "$USERNS"' | .linux.namespaces|=map(select(.type!="network"))'; do
		bundle "$more"' | .linux.namespaces|=map(select(.type!="cgroup"))
			| .process.args=["sh","-c","for d in /sys/fs/cgroup /sys/fs/cgroup/*; do mkdir $d/dolium-made && echo MADE; echo 0 >$d/cgroup.procs && echo MOVED; done; true"]'
		chown -R 100000:100000 "$B/rootfs"
		run oci run -b "$B" "$ID"
		lacks MADE
		lacks MOVED
		[ -z "$(find /sys/fs/cgroup -maxdepth 4 -name dolium-made)" ]
	done
}

@test "a bind in a user namespace keeps what the host's mount forbids" {
	mkdir "$B/vol"
	mount -t tmpfs -o nosuid,nodev,noexec,ro none "$B/vol"
	for options in '["bind"]' '["rbind","private"]'; do
		bundle "$USERNS"" | .mounts+=[{destination:\"/vol\",source:\"$B/vol\",type:\"bind\",options:$options}] | .root.readonly=false
			| .process.args=[\"grep\",\" /vol \",\"/proc/self/mountinfo\"]"
		chown 100000:100000 "$B/rootfs"
		run oci run -b "$B" "$ID"
		says " /vol ro,nosuid,nodev,noexec"
	done
	umount "$B/vol"
}

@test "groups of the caller do not come along" {
	skip_unless "needs setpriv" command -v setpriv
	bundle '.process.args=["id","-G"]'
	run setpriv --groups 4,5,6 "$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" "$ID"
	is 0
	bundle "$USERNS"' | .process.args=["id","-G"]'
	chown -R 100000:100000 "$B/rootfs"
	run setpriv --groups 4,5,6 "$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" "$ID"
	is 0
}

@test "raw devices of the host cannot be opened, whatever node is made" {
	bundle '.process.capabilities|=with_entries(.value+=["CAP_MKNOD","CAP_DAC_OVERRIDE"]) | .root.readonly=false
		| .process.args=["sh","-c","busybox mknod /disk b 254 0; busybox mknod /kmsg c 1 11; busybox mknod /mem c 1 1; for f in /disk /kmsg /mem; do [ -e $f ] && head -c 1 $f; done"]'
	run oci run -b "$B" "$ID"
	for f in disk kmsg mem; do says "/$f: Operation not permitted"; done
}

@test "each container has a session keyring of its own" {
	test_program probe
	bundle '.process.args=["/bin/probe","keyring"]'
	cp "$PROGRAMS/probe" "$B/rootfs/bin/"
	# keyctl(2): joins a new session keyring and tells its number.
	with_ring='import ctypes, os, platform, sys
keyctl = {"x86_64": 250}.get(platform.machine(), 219)
c = ctypes.CDLL(None, use_errno=True)
open(sys.argv[1], "w").write("%08x" % c.syscall(keyctl, 1, None))
os.execv(sys.argv[2], sys.argv[2:])'
	run python3 -c "$with_ring" "$B/ring" "$DOLIUM_BIN/dolium-oci" --root "$R" run --no-new-keyring -b "$B" "$ID"
	succeeds
	is "$(cat "$B/ring")"
	run python3 -c "$with_ring" "$B/ring" "$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" "$ID"
	succeeds
	lacks "$(cat "$B/ring")"
}

@test "hooks inherit no fd and no environment of the caller" {
	bundle '.hooks={createRuntime:[{path:"/bin/sh",args:["sh","-c","ls -l /proc/self/fd; env"]}],poststop:[{path:"/bin/sh",args:["sh","-c","ls -l /proc/self/fd; env"]}]} | .process.args=["true"]'
	SECRET_WORD=leaked run oci run -b "$B" "$ID" 7</etc/shadow 8</
	lacks leaked
	lacks shadow
	lacks "-> /
"
	lacks "state.json"
}

@test "JSON that is deep, huge, doubled or cut is refused with a sentence" {
	bundle '.process.args=["true"]'
	spec=$(jq -c . "$B/config.json")
	printf '%s' '{"a":' "$(printf '[%.0s' $(seq 1 5000))" >"$B/config.json"
	run oci run -b "$B" "$ID"
	refuses config.json
	printf '%s' "${spec/\"hostname\":/\"hostname\":\"twice\",\"hostname\":}" >"$B/config.json"
	run oci run -b "$B" "$ID"
	[ "$status" -lt 128 ]
	printf '%s' "${spec%\}}" >"$B/config.json"
	run oci run -b "$B" "$ID"
	refuses config.json
	jq '.hostname="a\u0000b"' <<<"$spec" >"$B/config.json"
	run oci run -b "$B" "$ID"
	refuses
	jq '.linux.resources.memory.limit=99999999999999999999' <<<"$spec" | sed 's/1e+20/99999999999999999999/' >"$B/config.json"
	run oci run -b "$B" "$ID"
	refuses
	truncate -s 100M "$B/config.json"
	run oci run -b "$B" "$ID"
	refuses
	[ -z "$(ls -A "$R")" ]
}

@test "a line end in what is told makes no second line of the log" {
	bundle ".process.args=[\"/no\nsuch time=\\\"x\\\" level=error msg=forged\"]"
	for format in text json; do
		rm -f "$B/log"
		run oci --log "$B/log" --log-format $format run -b "$B" "$ID"
		refuses
		equal "$(wc -l <"$B/log")" 1
	done
	jq -e .msg "$B/log"
}

@test "each attack of docs/attacks.md has its test" {
	missing=
	while IFS= read -r line; do
		case $line in
		fuzz/*) [ -e "$TOP/tests/$line" ] || missing+="$line"$'\n' ;;
		*) grep -qF "@test \"${line#*: }\" {" "$TOP/tests/cli/${line%%: *}.bats" || missing+="$line"$'\n' ;;
		esac
	done < <(grep '^|' "$TOP/docs/attacks.md" | grep -v '^|-\|| tests |$' | sed 's/ |$//; s/.* | //; s/<br>/\n/g')
	equal "$missing" ""
	[ "$(grep -c '^| CVE' "$TOP/docs/attacks.md")" -ge 22 ]
}
