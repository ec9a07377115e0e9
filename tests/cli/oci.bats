#!/usr/bin/env bats
# views: v2
# dolium-oci from outside: what an engine or a person sees of it. The attacks are in oci_attacks.bats.

load ../lib/common
load ../lib/oci

setup() { oci_setup; }
teardown() { oci_teardown; }

# --- life

@test "run gives the program's output and its exit status" {
	bundle '.process.args=["sh","-c","echo hello; exit 7"]'
	run oci run -b "$B" "$ID"
	status_is 7
	is hello
}

@test "run leaves no state and no cgroup" {
	bundle '.process.args=["true"]'
	run oci run -b "$B" "$ID"
	succeeds
	[ ! -e "$R/$ID" ]
	[ -z "$(find /sys/fs/cgroup -name "$ID")" ]
}

@test "a program that dies of a signal gives 128 and the signal" {
	bundle '.process.args=["sh","-c","kill -9 $$; sleep 5"] | .linux.namespaces|=map(select(.type!="pid"))'
	run oci run -b "$B" "$ID"
	status_is 137
}

@test "create, start, state, kill, delete: each state has its name" {
	bundle '.process.args=["sleep","1000"]'
	oci create -b "$B" --pid-file "$B/pid" "$ID" </dev/null >/dev/null 2>&1
	equal "$(oci state "$ID" | jq -r .status)" created
	equal "$(oci state "$ID" | jq -r .pid)" "$(cat "$B/pid")"
	oci start "$ID"
	equal "$(oci state "$ID" | jq -r .status)" running
	equal "$(tr '\0' ' ' <"/proc/$(cat "$B/pid")/cmdline")" "sleep 1000 "
	run oci delete "$ID"
	refuses "that is not stopped"
	oci kill "$ID" KILL
	wait_for 5 is_stopped
	run oci kill "$ID"
	refuses "container not running"
	oci delete "$ID"
	run oci state "$ID"
	refuses "container does not exist"
}

is_stopped() { [ "$(oci state "$ID" | jq -r .status)" = stopped ]; }

@test "a second start is refused" {
	bundle '.process.args=["sleep","1000"]'
	oci create -b "$B" "$ID" </dev/null >/dev/null 2>&1
	oci start "$ID"
	run oci start "$ID"
	refuses "running"
	oci delete -f "$ID"
}

@test "an id is used once" {
	bundle '.process.args=["sleep","1000"]'
	oci create -b "$B" "$ID" </dev/null >/dev/null 2>&1
	run oci create -b "$B" "$ID"
	refuses "container with given ID already exists"
	equal "$(oci state "$ID" | jq -r .status)" created
	oci delete "$ID"
}

@test "delete --force kills, and is content when there is nothing" {
	bundle '.process.args=["sleep","1000"]'
	oci create -b "$B" "$ID" </dev/null >/dev/null 2>&1
	oci start "$ID"
	pid=$(oci state "$ID" | jq .pid)
	oci delete --force "$ID"
	is_gone "$pid"
	[ -z "$(find /sys/fs/cgroup -name "$ID")" ]
	run oci delete --force "$ID"
	succeeds
	run oci delete "$ID"
	refuses "container does not exist"
}

@test "delete --force kills all processes of a container without a pid namespace" {
	bundle '.process.args=["sh","-c","sleep 4242 & sleep 4243"] | .linux.namespaces|=map(select(.type!="pid"))'
	oci create -b "$B" "$ID" </dev/null >/dev/null 2>&1
	oci start "$ID"
	wait_for 5 pgrep -f "^sleep 4242"
	oci delete --force "$ID"
	! pgrep -f "^sleep 424[23]"
}

@test "what a killed run left is cleaned by delete" {
	bundle '.process.args=["sleep","1000"]'
	oci_bin --root "$R" run -b "$B" "$ID" </dev/null >/dev/null 2>&1 3>&- &
	keeper=$!
	wait_for 5 state_is running
	pid=$(oci state "$ID" | jq .pid)
	kill -9 "$keeper"
	wait "$keeper" || true
	equal "$(oci state "$ID" | jq -r .status)" running
	oci delete --force "$ID"
	is_gone "$pid"
	[ ! -e "$R/$ID" ]
	[ -z "$(find /sys/fs/cgroup -name "$ID")" ]
}

state_is() { [ "$(oci state "$ID" | jq -r .status)" = "$1" ]; }

@test "run passes signals on" {
	bundle '.process.args=["sh","-c","trap \"echo term; exit 3\" TERM; echo ready; while :; do sleep 0.1; done"]'
	oci_bin --root "$R" run -b "$B" "$ID" >"$B/out" 2>&1 </dev/null 3>&- &
	keeper=$!
	wait_for 5 grep -q ready "$B/out"
	kill -TERM "$keeper"
	status=0
	wait "$keeper" || status=$?
	equal "$status" 3
	equal "$(tail -1 "$B/out")" term
}

@test "list shows what there is" {
	bundle '.process.args=["sleep","1000"]'
	oci create -b "$B" "$ID" </dev/null >/dev/null 2>&1
	run oci list -q
	is "$ID"
	equal "$(oci list -f json | jq -r '.[0].status')" created
	run oci list
	equal "$(echo ${lines[0]})" "ID PID STATUS BUNDLE CREATED OWNER"
	matches "$ID +[0-9]+ +created +$B +[0-9T:.Z-]+ +root"
	oci delete "$ID"
	equal "$(oci list -f json)" "[]"
}

@test "annotations are in the state" {
	bundle '.process.args=["sleep","1000"] | .annotations={"a.b":"c"}'
	oci create -b "$B" "$ID" </dev/null >/dev/null 2>&1
	equal "$(oci state "$ID" | jq -r '.annotations."a.b"')" c
	oci delete "$ID"
}

# --- errors, in words that engines look for

@test "a program that is missing is told as runc tells it" {
	bundle '.process.args=["nonesuch"]'
	run oci run -b "$B" "$ID"
	refuses 'exec: "nonesuch": executable file not found in $PATH'
	bundle '.process.args=["/nonesuch"]'
	run oci create -b "$B" "$ID"
	refuses 'exec: "/nonesuch": no such file or directory'
	[ ! -e "$R/$ID" ]
}

@test "a file bound on a directory is told in the words of mount(2), and the other way round" {
	echo text >"$B/file"
	bundle '.mounts+=[{"destination":"/bin","source":"file","options":["bind"]}]'
	run oci run -b "$B" "$ID"
	refuses "cannot mount on '/bin': not a directory"
	bundle '.mounts+=[{"destination":"/bin/busybox","source":".","options":["bind"]}]'
	run oci run -b "$B" "$ID"
	refuses "not a directory"
}

@test "a program without the right to run is told as such" {
	bundle '.process.args=["/etc/text"]'
	mkdir -p "$B/rootfs/etc"
	echo text >"$B/rootfs/etc/text"
	run oci run -b "$B" "$ID"
	refuses 'permission denied'
	bundle '.process.args=["/etc"]'
	run oci run -b "$B" "$ID"
	refuses 'exec: "/etc": is a directory: permission denied'
}

@test "--log-format json leaves the error as the last line" {
	bundle '.process.args=["nonesuch"]'
	run oci_bin --root "$R" --log "$B/log" --log-format json run -b "$B" "$ID"
	fails
	equal "$(tail -1 "$B/log" | jq -r .level)" error
	[[ "$(tail -1 "$B/log" | jq -r .msg)" == *'executable file not found in $PATH' ]]
}

@test "--report-fd tells what happened" {
	bundle '.process.args=["sh","-c","exit 4"]'
	run oci run -b "$B" --report-fd 7 "$ID" 7>"$B/report"
	status_is 4
	equal "$(jq -r .event "$B/report" | xargs)" "started exited"
	equal "$(tail -1 "$B/report" | jq -c '[.status, .oom_killed]')" "[4,false]"
	bundle '.process.args=["nonesuch"]'
	run oci run -b "$B" --report-fd 7 "$ID" 7>"$B/report"
	equal "$(jq -c '[.event, .stage, .errno]' "$B/report")" '["failed","exec",2]'
	is ""
	bundle '.root.path="nowhere"'
	run oci run -b "$B" --report-fd 7 "$ID" 7>"$B/report"
	equal "$(jq -c '[.event, .stage, .errno]' "$B/report")" '["failed","setup",2]'
}

@test "an unknown option is refused" {
	run oci run --nonesuch "$ID"
	refuses "flag provided but not defined"
}

# --- namespaces

@test "new namespaces are new, the others are the host's" {
	bundle '.process.args=["sh","-c","for n in net ipc uts; do readlink /proc/self/ns/$n; done"] | .linux.namespaces|=map(select(.type!="network"))'
	run oci run -b "$B" "$ID"
	succeeds
	equal "${lines[0]}" "$(readlink /proc/self/ns/net)"
	[ "${lines[1]}" != "$(readlink /proc/self/ns/ipc)" ]
	[ "${lines[2]}" != "$(readlink /proc/self/ns/uts)" ]
}

@test "the loopback interface of a new network is up" {
	bundle '.process.args=["sh","-c","cat /sys/class/net/lo/flags; ping -c1 -W1 127.0.0.1 >/dev/null && echo pong"] | .process.capabilities.bounding+=["CAP_NET_RAW"] | .process.capabilities.effective+=["CAP_NET_RAW"] | .process.capabilities.permitted+=["CAP_NET_RAW"]'
	run oci run -b "$B" "$ID"
	is "0x9
pong"
}

@test "a namespace is joined by its path" {
	bundle '.process.args=["sleep","1000"]'
	oci create -b "$B" "$ID" </dev/null >/dev/null 2>&1
	oci start "$ID"
	pid=$(oci state "$ID" | jq .pid)
	net=$(readlink "/proc/$pid/ns/net")
	pidns=$(readlink "/proc/$pid/ns/pid")
	second_bundle ".process.args=[\"sh\",\"-c\",\"readlink /proc/self/ns/net; readlink /proc/self/ns/pid; echo \$\$\"] | .linux.namespaces|=map(if .type==\"network\" then .path=\"/proc/$pid/ns/net\" elif .type==\"pid\" then .path=\"/proc/$pid/ns/pid\" else . end)"
	run oci run -b "$B2" "$ID-2"
	succeeds
	equal "${lines[0]}" "$net"
	equal "${lines[1]}" "$pidns"
	[ "${lines[2]}" -gt 1 ]
	oci delete -f "$ID"
}

@test "a path that is another kind of namespace is refused" {
	bundle '.linux.namespaces|=map(if .type=="network" then .path="/proc/self/ns/ipc" else . end)'
	run oci run -b "$B" "$ID"
	refuses "cannot open the network namespace"
}

@test "a namespace twice, or of no kind, is refused" {
	bundle '.linux.namespaces+=[{"type":"pid"}]'
	run oci run -b "$B" "$ID"
	refuses
	bundle '.linux.namespaces+=[{"type":"nonesuch"}]'
	run oci run -b "$B" "$ID"
	refuses
}

@test "the host and domain name are the container's" {
	bundle '.process.args=["sh","-c","hostname; cat /proc/sys/kernel/domainname"] | .hostname="jar" | .domainname="cellar"'
	run oci run -b "$B" "$ID"
	is "jar
cellar"
}

@test "root of a user namespace is nobody of importance outside" {
	bundle "$USERNS"' | .process.args=["sh","-c","id -u; cat /proc/self/uid_map; sleep 1000"]'
	chown -R 100000:100000 "$B/rootfs"
	oci create -b "$B" "$ID" </dev/null >"$B/out" 2>&1
	oci start "$ID"
	wait_for 5 grep -q 65536 "$B/out"
	equal "$(awk '/^Uid/{print $2}' "/proc/$(oci state "$ID" | jq .pid)/status")" 100000
	equal "$(head -1 "$B/out")" 0
	oci delete -f "$ID"
}

@test "a user namespace is joined by its path, and new namespaces belong to it" {
	bundle "$USERNS"' | .process.args=["sleep","1000"]'
	chown -R 100000:100000 "$B/rootfs"
	oci create -b "$B" "$ID" </dev/null >/dev/null 2>&1
	oci start "$ID"
	pid=$(oci state "$ID" | jq .pid)
	user=$(readlink "/proc/$pid/ns/user")
	second_bundle ".process.args=[\"sh\",\"-c\",\"readlink /proc/self/ns/user; echo \$\$; id -u; hostname; grep -c proc /proc/mounts >/dev/null && echo proc\"] | .linux.namespaces+=[{type:\"user\",path:\"/proc/$pid/ns/user\"}]"
	chown -R 100000:100000 "$B2/rootfs"
	run oci run -b "$B2" "$ID-2"
	is "$user
1
0
dolium
proc"
	second_bundle ".process.args=[\"sh\",\"-c\",\"readlink /proc/self/ns/pid\"] | .linux.namespaces|=(map(if .type==\"pid\" then .path=\"/proc/$pid/ns/pid\" else . end)+[{type:\"user\",path:\"/proc/$pid/ns/user\"}])"
	run oci run -b "$B2" "$ID-2"
	is "$(readlink "/proc/$pid/ns/pid")"
	oci delete -f "$ID"
}

@test "a user namespace has the devices, and they work" {
	bundle "$USERNS"' | .process.args=["sh","-c","echo x >/dev/null && head -c 3 /dev/zero | wc -c && ls -l /dev/full"]'
	chown -R 100000:100000 "$B/rootfs"
	run oci run -b "$B" "$ID"
	succeeds
	equal "${lines[0]}" 3
	says "1,   7"
}

@test "a user namespace on the host's network sees /sys read-only" {
	bundle "$USERNS"' | .linux.namespaces|=map(select(.type!="network")) | .process.args=["sh","-c","ls /sys/kernel >/dev/null && grep \" /sys \" /proc/mounts"]'
	chown -R 100000:100000 "$B/rootfs"
	run oci run -b "$B" "$ID"
	succeeds
	matches "sysfs ro,"
}

@test "a user namespace without maps is refused" {
	bundle '.linux.namespaces+=[{"type":"user"}]'
	run oci run -b "$B" "$ID"
	refuses "uidMappings"
}

# --- mounts

@test "a bind shows the host's directory, read-only where it says so" {
	mkdir -p "$B/vol/sub"
	echo text >"$B/vol/file"
	bundle ".mounts+=[{destination:\"/a/b\",source:\"$B/vol\",options:[\"bind\",\"ro\"]},{destination:\"/etc/file\",source:\"vol/file\",type:\"bind\",options:[\"rbind\"]}] | .root.readonly=false | .process.args=[\"sh\",\"-c\",\"cat /a/b/file; touch /a/b/x; echo more >/etc/file\"]"
	run oci run -b "$B" "$ID"
	says text
	says "Read-only file system"
	equal "$(cat "$B/vol/file")" more
}

@test "rro makes all below read-only" {
	mkdir -p "$B/vol/sub"
	mount -t tmpfs tmpfs "$B/vol/sub"
	bundle ".mounts+=[{destination:\"/v\",source:\"$B/vol\",type:\"bind\",options:[\"rbind\",\"rro\"]}] | .root.readonly=false | .process.args=[\"touch\",\"/v/sub/x\"]"
	run oci run -b "$B" "$ID"
	refuses "Read-only file system"
	bundle ".mounts+=[{destination:\"/v\",source:\"$B/vol\",type:\"bind\",options:[\"rbind\",\"ro\"]}] | .root.readonly=false | .process.args=[\"touch\",\"/v/sub/x\"]"
	run oci run -b "$B" "$ID"
	umount "$B/vol/sub"
	succeeds
}

@test "an idmapped bind looks right from both sides" {
	mkdir -p "$B/vol"
	bundle "$USERNS"" | .mounts+=[{destination:\"/v\",source:\"$B/vol\",type:\"bind\",options:[\"bind\",\"idmap\"]}] | .root.readonly=false | .process.args=[\"sh\",\"-c\",\"stat -c %u /v; touch /v/new; stat -c %u /v/new\"]"
	chown -R 100000:100000 "$B/rootfs"
	run oci run -b "$B" "$ID"
	is "0
0"
	equal "$(stat -c %u "$B/vol/new")" 0
}

@test "mount options reach the kernel" {
	bundle '.mounts+=[{destination:"/t",type:"tmpfs",source:"tmpfs",options:["nosuid","nodev","noexec","noatime","mode=700","size=64k"]}] | .root.readonly=false | .process.args=["grep"," /t ","/proc/mounts"]'
	run oci run -b "$B" "$ID"
	is "tmpfs /t tmpfs rw,nosuid,nodev,noexec,noatime,size=64k,mode=700 0 0"
}

@test "an option that the file system does not know is an error that names it" {
	bundle '.mounts+=[{destination:"/t",type:"tmpfs",options:["nonesuch=1"]}] | .root.readonly=false'
	run oci run -b "$B" "$ID"
	refuses "option 'nonesuch=1'"
}

@test "a source that is missing is an error that names it" {
	bundle '.mounts+=[{destination:"/t",type:"bind",source:"/nonesuch",options:["bind"]}]'
	run oci run -b "$B" "$ID"
	refuses "cannot bind '/nonesuch': no such file or directory"
}

@test "however many paths are masked, read-only and mounted on, all of them are" {
	for extra in 0 1 2 3; do
		bundle '.process.args=["sh","-c","ls /many/m*/f 2>/dev/null | wc -l; touch /many/r*/f 2>/dev/null; ls -d /many/r*/f 2>/dev/null | wc -l; grep -c tmpfs./t /proc/mounts"]
			| .root.readonly=false | .linux.maskedPaths=[range(40)|"/many/m\(.)"] | .linux.readonlyPaths=[range(40)|"/many/r\(.)"]
			| .mounts+=[range(40 + '$extra')|{destination:"/t\(.)",type:"tmpfs",source:"tmpfs"}]'
		for i in $(seq 0 39); do
			mkdir -p "$B/rootfs/many/m$i" "$B/rootfs/many/r$i"
			: >"$B/rootfs/many/m$i/f"
		done
		run oci run -b "$B" "$ID"
		is "0
0
$((40 + extra))"
	done
}

@test "a file is bound where there is none, in a root that is read-only" {
	echo bound >"$B/file"
	bundle '.root.readonly=true | .mounts+=[{"destination":"/made/file","source":"file","options":["bind"]}] | .process.args=["sh","-c","cat /made/file; touch /x"]'
	run oci run -b "$B" "$ID"
	says bound
	says "Read-only file system"
}

@test "a tmpfs has the mode of what it lies on, unless a mode is given" {
	mode() { # mode DESTINATION OPTION...
		bundle ".mounts+=[{destination:\"$1\",type:\"tmpfs\",options:[$2]}] | .process.args=[\"sh\",\"-c\",\"stat -c %a $1; grep -c ' $1 tmpfs ro' /proc/mounts\"]"
		mkdir -p "$B/rootfs/closed"
		chmod 700 "$B/rootfs/closed"
		run oci run -b "$B" "$ID"
	}
	mode /closed
	is $'700\n0'
	mode /closed '"ro"'
	is $'700\n1'
	mode /closed '"mode=711"'
	is $'711\n0'
	mode /closed '"tmpcopyup"'
	is $'700\n0'
	mode /new
	is $'1777\n0'
	mode /newer '"tmpcopyup"'
	is $'1777\n0'
}

@test "tmpcopyup begins with what it covers" {
	bundle '.mounts+=[{destination:"/etc",type:"tmpfs",options:["tmpcopyup"]}] | .process.args=["sh","-c","cat /etc/d/f; readlink /etc/l; stat -c %a /etc/d; rm /etc/d/f"]'
	mkdir -p "$B/rootfs/etc/d"
	echo text >"$B/rootfs/etc/d/f"
	ln -s d/f "$B/rootfs/etc/l"
	chmod 750 "$B/rootfs/etc/d"
	run oci run -b "$B" "$ID"
	is "text
d/f
750"
	[ -e "$B/rootfs/etc/d/f" ]
}

@test "the root is read-only where it says so" {
	bundle '.process.args=["touch","/x"]'
	run oci run -b "$B" "$ID"
	refuses "Read-only file system"
	bundle '.process.args=["touch","/x"] | .root.readonly=false'
	run oci run -b "$B" "$ID"
	succeeds
}

@test "nothing of the host's tree is left, and the host's mounts are as before" {
	before=$(wc -l </proc/self/mountinfo)
	bundle '.process.args=["sh","-c","grep -v \" /\\(proc\\|dev\\|sys\\)\" /proc/mounts | wc -l; ls /work 2>&1; ls /"]'
	run oci run -b "$B" "$ID"
	equal "${lines[0]}" 1
	equal "$(wc -l </proc/self/mountinfo)" "$before"
}

@test "--no-pivot runs as well" {
	bundle '.process.args=["sh","-c","echo hello"]'
	run oci run --no-pivot -b "$B" "$ID"
	is hello
}

@test "--rootfs-fd takes a detached mount as the root" {
	bundle '.process.args=["sh","-c","echo from a detached root"] | .root.path="nowhere"'
	run python3 "$TESTLIB/detached.py" "$B/rootfs" "$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" --rootfs-fd 9 "$ID"
	is "from a detached root"
}

# --- what is hidden

@test "masked paths are empty and cannot be written" {
	bundle '.process.args=["sh","-c","cat /proc/keys /proc/timer_list; ls -A /sys/firmware; ls -A /dir; cat /file; echo x >/file; touch /dir/x"] | .linux.maskedPaths+=["/dir","/file","/nonesuch"]'
	mkdir -p "$B/rootfs/dir"
	echo secret | tee "$B/rootfs/dir/f" >"$B/rootfs/file"
	run oci run -b "$B" "$ID"
	is "touch: /dir/x: Read-only file system"
	equal "$(cat "$B/rootfs/file")" secret
}

@test "read-only paths are so" {
	bundle '.process.args=["sh","-c","echo 1 >/proc/sys/kernel/msgmax || echo refused; touch /d/x"] | .linux.readonlyPaths+=["/d","/nonesuch"] | .root.readonly=false'
	mkdir "$B/rootfs/d"
	run oci run -b "$B" "$ID"
	says refused
	says "touch: /d/x: Read-only file system"
}

# --- devices

@test "the usual devices and links are there" {
	bundle '.process.args=["sh","-c","cd /dev; for d in null zero full random urandom tty; do stat -c \"%n %t:%T %a\" $d; done; for l in fd stdin stdout stderr ptmx; do readlink $l; done"]'
	run oci run -b "$B" "$ID"
	is "null 1:3 666
zero 1:5 666
full 1:7 666
random 1:8 666
urandom 1:9 666
tty 5:0 666
/proc/self/fd
/proc/self/fd/0
/proc/self/fd/1
/proc/self/fd/2
pts/ptmx"
}

@test "a device of the configuration is made with its mode and owner" {
	bundle '.linux.devices=[{path:"/dev/sub/nul",type:"c",major:1,minor:3,fileMode:416,uid:5,gid:6}] | .process.args=["stat","-c","%t:%T %a %u:%g","/dev/sub/nul"]'
	run oci run -b "$B" "$ID"
	is "1:3 640 5:6"
}

@test "a device that is not allowed cannot be opened" {
	[ -d /sys/fs/cgroup/devices ] || skip "no device cgroup of version 1"
	bundle '.linux.devices=[{path:"/dev/kmsg2",type:"c",major:1,minor:11}] | .process.args=["sh","-c","head -c1 /dev/kmsg2"]'
	run oci run -b "$B" "$ID"
	refuses "not permitted"
}

# --- the process

@test "user, groups, umask, cwd and environment" {
	bundle '.process.user={uid:12,gid:34,additionalGids:[56,78],umask:63} | .process.cwd="/new/dir" | .process.env+=["A=b c"] | .root.readonly=false | .process.args=["sh","-c","id -u; id -g; id -G; umask; pwd; echo $A"]'
	run oci run -b "$B" "$ID"
	is "12
34
34 56 78
0077
/new/dir
b c"
}

@test "capabilities are those of the lists and no others" {
	bundle '.process.args=["grep","Cap","/proc/self/status"]'
	run oci run -b "$B" "$ID"
	is "CapInh:	0000000000000000
CapPrm:	0000000020000420
CapEff:	0000000020000420
CapBnd:	0000000020000420
CapAmb:	0000000000000000"
}

@test "a user who is not root keeps only ambient capabilities" {
	bundle '.process.user.uid=1 | .process.args=["grep","CapEff","/proc/self/status"]'
	run oci run -b "$B" "$ID"
	is "CapEff:	0000000000000000"
	bundle '.process.user.uid=1 | .process.capabilities|=(.inheritable=["CAP_KILL"]|.ambient=["CAP_KILL"]) | .process.args=["grep","CapEff","/proc/self/status"]'
	run oci run -b "$B" "$ID"
	is "CapEff:	0000000000000020"
}

@test "no_new_privs is set" {
	bundle '.process.args=["grep","NoNewPrivs","/proc/self/status"]'
	run oci run -b "$B" "$ID"
	is "NoNewPrivs:	1"
}

@test "a seccomp profile holds" {
	for nnp in true false; do
		bundle ".process.noNewPrivileges=$nnp | .linux.seccomp={defaultAction:\"SCMP_ACT_ALLOW\",syscalls:[{names:[\"mkdir\",\"mkdirat\"],action:\"SCMP_ACT_ERRNO\",errnoRet:95}]} | .root.readonly=false | .process.args=[\"mkdir\",\"/d\"]"
		run oci run -b "$B" "$ID"
		refuses "not supported"
	done
}

@test "resource limits are set; a hard one that cannot be raised is an error, or clamped when asked" {
	bundle '.process.rlimits=[{type:"RLIMIT_NOFILE",soft:100,hard:200},{type:"RLIMIT_CORE",soft:0,hard:0}] | .process.args=["sh","-c","ulimit -n; ulimit -Hn; ulimit -c"]'
	run oci run -b "$B" "$ID"
	is "100
200
0"
	[ "$(ulimit -Hn)" != unlimited ] || skip "no limit to raise"
	! (ulimit -Hn $(($(ulimit -Hn) + 1))) 2>/dev/null || skip "limits may be raised here"
	bundle ".process.rlimits=[{type:\"RLIMIT_NOFILE\",soft:100,hard:$(($(ulimit -Hn) + 1))}] | .process.args=[\"sh\",\"-c\",\"ulimit -Hn\"]"
	run oci run -b "$B" "$ID"
	refuses "cannot raise RLIMIT_NOFILE"
	jq '.annotations={"org.dolium.rlimits":"clamp"}' "$B/config.json" >"$B/c" && mv "$B/c" "$B/config.json"
	run --separate-stderr oci run -b "$B" "$ID"
	is "$(ulimit -Hn)"
	[[ "$stderr" == *"RLIMIT_NOFILE stays"* ]]
}

@test "oom_score_adj is raised; that it cannot be lowered is a warning" {
	bundle '.process.oomScoreAdj=500 | .process.args=["cat","/proc/self/oom_score_adj"]'
	run oci run -b "$B" "$ID"
	is 500
}

@test "signals that the caller ignores and blocks are not ignored inside" {
	bundle '.process.args=["grep","-E","Sig(Ign|Blk)","/proc/self/status"]'
	run python3 -c "
import signal,subprocess,sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
sys.exit(subprocess.call(sys.argv[1:], restore_signals=False))" "$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" "$ID"
	is "SigBlk:	0000000000000000
SigIgn:	0000000000000000"
}

@test "sysctls of an own namespace are set" {
	bundle '.linux.sysctl={"net.ipv4.ip_forward":"1","kernel.msgmax":"4444"} | .process.args=["sh","-c","cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax"]'
	run oci run -b "$B" "$ID"
	is "1
4444"
}

@test "sysctls of the host are refused" {
	bundle '.linux.sysctl={"kernel.panic":"1"}'
	run oci run -b "$B" "$ID"
	refuses "not in a separate kernel namespace"
	bundle '.linux.sysctl={"net.ipv4.ip_forward":"1"} | .linux.namespaces|=map(select(.type!="network"))'
	run oci run -b "$B" "$ID"
	refuses "the network namespace is the host's"
}

# --- cgroups

@test "limits are in force, and seen inside" {
	[ -d /sys/fs/cgroup/memory ] || skip "no memory cgroup of version 1"
	bundle '.linux.resources.memory={limit:33554432} | .linux.resources.pids={limit:9} | .process.args=["sh","-c","cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max; touch /sys/fs/cgroup/memory/x"]'
	run oci run -b "$B" "$ID"
	equal "${lines[0]}" 33554432
	equal "${lines[1]}" 9
	says "Read-only file system"
}

@test "a container that uses too much memory is killed, and the report says why" {
	[ -d /sys/fs/cgroup/memory ] || skip "no memory cgroup of version 1"
	bundle '.linux.resources.memory={limit:8388608,swap:8388608} | .process.args=["sh","-c","x=$(head -c 50000000 /dev/zero | tr \"\\0\" x); echo ${#x}"]'
	run oci run -b "$B" --report-fd 7 "$ID" 7>"$B/report"
	status_is 137
	equal "$(tail -1 "$B/report" | jq .oom_killed)" true
}

@test "cgroupsPath is where the container is" {
	bundle ".linux.cgroupsPath=\"/dolium/$ID/deep\" | .linux.namespaces|=map(select(.type!=\"cgroup\")) | .process.args=[\"grep\",\"pids\",\"/proc/self/cgroup\"]"
	[ -d /sys/fs/cgroup/pids ] || skip "no pids cgroup of version 1"
	run oci run -b "$B" "$ID"
	matches "/dolium/$ID/deep$"
	rmdir /sys/fs/cgroup/*/dolium/"$ID" 2>/dev/null || true
}

# --- streams and terminals

@test "stdin reaches the program, and its end" {
	bundle '.process.args=["wc","-c"]'
	for stdio in inherit pipe; do
		run sh -c "head -c 300000 /dev/zero | '$DOLIUM_BIN/dolium-oci' --root '$R' run --stdio $stdio -b '$B' '$ID'"
		is 300000
	done
}

@test "--stdio pipe loses nothing, and keeps the two outputs apart" {
	bundle '.process.args=["sh","-c","head -c 3000000 /dev/zero; echo error >&2"]'
	oci run --stdio pipe -b "$B" "$ID" >"$B/out" 2>"$B/err" </dev/null
	equal "$(stat -c %s "$B/out")" 3000000
	equal "$(cat "$B/err")" error
}

@test "--stdio pipe gives the streams to the container's user" {
	bundle '.process.user={uid:7,gid:7} | .process.args=["sh","-c","echo hello >/dev/stdout; echo error >/dev/stderr"]'
	run --separate-stderr oci run --stdio pipe -b "$B" "$ID"
	is hello
	equal "$stderr" error
}

@test "a reader who goes away ends the program, not the keeper" {
	bundle '.process.args=["sh","-c","while echo y; do :; done"]'
	run sh -c "'$DOLIUM_BIN/dolium-oci' --root '$R' run --stdio pipe -b '$B' '$ID' 2>/dev/null | head -1"
	is y
	[ ! -e "$R/$ID" ]
}

@test "a terminal has the caller's size, is the controlling one, and is /dev/console too" {
	bundle '.process.terminal=true | .process.args=["sh","-c","tty; stty size; test -c /dev/console && echo console; read x; echo got $x; exit 5"]'
	run pty --size 33x77 --expect console --send 'word\r' -- "$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" "$ID"
	status_is 5
	says "/dev/pts/0"
	says "33 77"
	says "got word"
}

@test "a terminal follows the caller's when that is resized" {
	bundle '.process.terminal=true | .process.args=["sh","-c","trap \"stty size; exit\" WINCH; echo ready; while :; do sleep 0.1; done"]'
	run pty --size 10x20 --expect ready --resize 44x55 -- "$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" "$ID"
	says "44 55"
}

@test "^C in a terminal goes to the program" {
	bundle '.process.terminal=true | .process.args=["sh","-c","trap \"echo interrupted; exit 9\" INT; echo ready; while :; do sleep 0.1; done"]'
	run pty --expect ready --send '\x03' -- "$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" "$ID"
	status_is 9
	says interrupted
}

@test "the end of stdin is the end for a program in a terminal" {
	bundle '.process.terminal=true | .process.args=["cat"]'
	run timeout 10 sh -c "echo word | '$DOLIUM_BIN/dolium-oci' --root '$R' run -b '$B' '$ID'"
	succeeds
	says word
}

@test "--console-socket receives the terminal" {
	bundle '.process.terminal=true | .process.args=["sh","-c","echo over the socket"]'
	python3 "$TESTLIB/console.py" "$B/sock" >"$B/out" 3>&- &
	wait_for 5 test -S "$B/sock"
	oci create -b "$B" --console-socket "$B/sock" "$ID" </dev/null >/dev/null 2>&1
	oci start "$ID"
	wait_for 5 grep -q "over the socket" "$B/out"
	oci delete -f "$ID"
}

@test "a terminal without a socket cannot be detached" {
	bundle '.process.terminal=true'
	run oci create -b "$B" "$ID"
	refuses "cannot allocate tty"
}

@test "no fd of the host's reaches the program; --preserve-fds passes those it is told" {
	bundle '.process.args=["sh","-c","ls /proc/self/fd | wc -l"]'
	run oci run -b "$B" "$ID" 8</etc/passwd 9</
	is 4 # three and that of ls
	bundle '.process.args=["sh","-c","cat <&3"]'
	run oci run --preserve-fds 1 -b "$B" "$ID" 3<<<through
	is through
}

@test "detached run returns at once" {
	bundle '.process.args=["sleep","1000"]'
	oci run -d --pid-file "$B/pid" -b "$B" "$ID" </dev/null >/dev/null 2>&1
	equal "$(oci state "$ID" | jq -r .status)" running
	oci delete -f "$ID"
}

# --- hooks

hook() { # hook KIND: a line of its own in $B/hooks, with the status that it was told
	printf '"%s":[{"path":"/bin/sh","args":["sh","-c","printf \\"%%s %%s\\\\n\\" %s \\"$(jq -r .status)\\" >>%s/hooks"],"env":["PATH=/usr/bin:/bin"],"timeout":10}]' "$1" "$1" "$B"
}

@test "hooks run in their order and are told the status" {
	mkdir -p "$B"
	bundle ".hooks={$(hook prestart),$(hook createRuntime),$(hook createContainer),$(hook poststart),$(hook poststop)} | .process.args=[\"sleep\",\"1000\"]"
	oci create -b "$B" "$ID" </dev/null >/dev/null 2>&1
	run cat "$B/hooks"
	is "prestart creating
createRuntime creating
createContainer creating"
	oci start "$ID"
	oci delete -f "$ID"
	run tail -2 "$B/hooks"
	is "poststart running
poststop stopped"
}

@test "a startContainer hook runs inside" {
	bundle '.hooks={startContainer:[{path:"/bin/sh",args:["sh","-c","ls / >/made; cat >>/made"]}]} | .root.readonly=false | .process.args=["cat","/made"]'
	run oci run -b "$B" "$ID"
	succeeds
	says proc
	says '"status":"created"'
	lacks vmlinuz
}

@test "a hook that fails, or takes too long, stops the container" {
	bundle '.hooks={createRuntime:[{path:"/bin/false"}]}'
	run oci run -b "$B" "$ID"
	refuses "error running createRuntime hook #0: '/bin/false' failed"
	bundle '.hooks={createContainer:[{path:"/bin/true"},{path:"/bin/sleep",args:["sleep","1000"],timeout:1}]}'
	run timeout 10 "$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" "$ID"
	refuses "error running createContainer hook #1: '/bin/sleep' took longer than its timeout"
	[ ! -e "$R/$ID" ]
}

# --- what it says of itself

@test "features is JSON of what is there" {
	oci features >"$B/features"
	f() { jq -r "$1" "$B/features"; }
	equal "$(f .ociVersionMin) $(f .ociVersionMax)" "1.0.0 1.3.0"
	equal "$(f '.hooks|length')" 6
	equal "$(f '.mountOptions|contains(["rbind","rro","tmpcopyup","nosymfollow","ridmap"])')" true
	equal "$(f '.linux.namespaces|sort|join(" ")')" "cgroup ipc mount network pid time user uts"
	equal "$(f '.linux.capabilities|contains(["CAP_CHOWN","CAP_CHECKPOINT_RESTORE"])')" true
	equal "$(f '.linux.cgroup|[.v1,.v2,.systemd]|map(tostring)|join(" ")')" "true true true"
	equal "$(f '.linux.seccomp.operators|length')" 7
	equal "$(f '.linux.seccomp.archs|contains(["SCMP_ARCH_X86_64","SCMP_ARCH_AARCH64"])')" true
	equal "$(f '.linux.seccomp.knownFlags|length')" 4
	equal "$(f '.linux.seccomp.supportedFlags|contains(["SECCOMP_FILTER_FLAG_LOG"])')" true
	equal "$(f '.linux.memoryPolicy.modes|contains(["MPOL_BIND"])')" true
}

@test "under the names runc and crun, --version has the form of those" {
	ln -s "$DOLIUM_BIN/dolium-oci" "$B/runc"
	ln -s "$DOLIUM_BIN/dolium-oci" "$B/crun"
	run "$B/runc" --version
	matches '^runc version [0-9]+\.[0-9]+\.[0-9]+.*commit: .*spec: 1\.3\.0'
	run "$B/crun" --version
	matches '^crun version [0-9]+\.[0-9]+.*commit: .*spec: 1\.3\.0'
	run oci -v
	matches '^dolium-oci version [0-9.]+.*commit: .*spec: 1\.3\.0'
}

@test "what the runtime is told to be and is not is refused" {
	run oci --cgroup-manager=cgroupfs --rootless auto list -q
	succeeds
	run oci --rootless perhaps list
	refuses "--rootless"
	run oci --cgroup-manager nonesuch list
	refuses "--cgroup-manager is cgroupfs, systemd or disabled"
}
