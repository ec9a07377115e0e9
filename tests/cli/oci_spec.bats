#!/usr/bin/env bats
# dolium-oci: properties of the run-time specification, each as config.json has it and as the
# container or the kernel shows it. Life, walls and streams are in oci.bats.

load ../lib/common
load ../lib/oci

setup() { oci_setup; }
teardown() { oci_teardown; }

# --- hooks

hook_sh() { # hook_sh KIND SCRIPT: a hooks entry; the script finds the state in $state
	jq -nc --arg kind "$1" --arg script "state=\$(cat); $2" \
		'{hooks: {($kind): [{path: "/bin/sh", args: ["sh", "-c", $script], env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], timeout: 10}]}}'
}
hooked() { # hooked JQ KIND SCRIPT
	bundle "$1"
	hook_sh "$2" "$3" | jq -s '.[0] * .[1]' "$B/config.json" - >"$B/with" && mv "$B/with" "$B/config.json"
}

@test "a createRuntime hook runs in the runtime's namespaces, and sees the container's root mounted" {
	hooked '.process.args=["true"]' createRuntime "readlink /proc/self/ns/mnt /proc/self/ns/uts >$B/seen; pwd >>$B/seen; pid=\$(echo \"\$state\" | jq .pid); nsenter -t \$pid -m ls $B/rootfs/dev/null $B/rootfs/proc/1/status >>$B/seen 2>&1; readlink /proc/\$pid/root >>$B/seen"
	run oci run -b "$B" "$ID"
	succeeds
	run cat "$B/seen"
	is "$(readlink /proc/self/ns/mnt)
$(readlink /proc/self/ns/uts)
$B
$B/rootfs/dev/null
$B/rootfs/proc/1/status
/"
}

@test "what a createRuntime hook mounts into the root through the container's namespace is there" {
	mkdir -p "$B/more"
	echo here >"$B/more/file"
	hooked '.process.args=["cat","/mnt/file"]' createRuntime "mkdir -p $B/rootfs/mnt; nsenter -t \$(echo \"\$state\" | jq .pid) -m mount --bind $B/more $B/rootfs/mnt"
	run oci run -b "$B" "$ID"
	succeeds
	is here
	run grep -c "$B" /proc/self/mounts
	is 0
}

@test "a createContainer hook is in the container's mount namespace before the pivot, and may mount" {
	mkdir -p "$B/more" "$B/rootfs-was"
	echo here >"$B/more/file"
	hooked '.process.args=["cat","/mnt/file","/mnt/ns"] | .root.readonly=true' createContainer "mkdir -p $B/rootfs/mnt && readlink /proc/self/ns/mnt >$B/more/ns && ls $B/rootfs/dev/null && mount --bind $B/more $B/rootfs/mnt"
	run oci run -b "$B" "$ID"
	succeeds
	says here
	lacks "$(readlink /proc/self/ns/mnt)"
	run grep -c "$B" /proc/self/mounts
	is 0
}

@test "hooks find the root in a user namespace too, and none of the host's files is left inside" {
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$B"
	hooked ".process.args=[\"sh\",\"-c\",\"ls / ; cat /proc/self/mounts\"] | $USERNS" createRuntime "true"
	chown -R 100000:100000 "$B/rootfs"
	run oci run -b "$B" "$ID"
	succeeds
	lacks "$B"
	lacks vmlinuz
}

# --- how the kernel treats the process

@test "the personality is the container's" {
	ln -sf busybox "$B/rootfs/bin/uname" 2>/dev/null || { bundle '.'; ln -s busybox "$B/rootfs/bin/uname"; }
	bundle '.process.args=["uname","-m"] | .linux.personality={domain:"LINUX32"}'
	run oci run -b "$B" "$ID"
	succeeds
	lacks x86_64
	lacks aarch64
	bundle '.process.args=["uname","-m"] | .linux.personality={domain:"LINUX"}'
	run oci run -b "$B" "$ID"
	is "$(uname -m)"
}

@test "scheduler and I/O priority are the program's" {
	bundle '.process.args=["sleep","1000"] | .process.scheduler={policy:"SCHED_BATCH",nice:7,flags:["SCHED_FLAG_RESET_ON_FORK"]} | .process.ioPriority={class:"IOPRIO_CLASS_BE",priority:6}'
	oci run -d -b "$B" --pid-file "$B/pid" "$ID" </dev/null >/dev/null 2>&1
	pid=$(cat "$B/pid")
	run chrt -p "$pid"
	says "SCHED_BATCH|SCHED_RESET_ON_FORK"
	run ionice -p "$pid"
	is "best-effort: prio 6"
	equal "$(awk '{print $19}' "/proc/$pid/stat")" 7
}

@test "a scheduler that the kernel refuses is an error" {
	bundle '.process.args=["true"] | .process.scheduler={policy:"SCHED_ISO"}'
	run oci run -b "$B" "$ID"
	refuses "process.scheduler"
}

@test "the memory policy is the program's, or an error that names it" {
	bundle '.process.args=["cat","/proc/self/numa_maps"] | .linux.memoryPolicy={mode:"MPOL_BIND",nodes:"0",flags:["MPOL_F_STATIC_NODES"]}'
	run oci run -b "$B" "$ID"
	if [ -e /proc/self/numa_maps ]; then
		succeeds
		says "bind=static:0"
	else
		refuses "linux.memoryPolicy"
	fi
}

@test "a time namespace has clocks of its own" {
	bundle '.process.args=["cat","/proc/self/timens_offsets","/proc/uptime"] | .linux.namespaces+=[{type:"time"}] | .linux.timeOffsets={monotonic:{secs:1000,nanosecs:7},boottime:{secs:4000000000,nanosecs:0}}'
	run oci run -b "$B" "$ID"
	succeeds
	# 126 years: whatever this machine has been up for is less than the last eight digits.
	matches "monotonic +1000 +7"
	matches "[^0-9]40[0-9]{8}\\."
	bundle ".process.args=[\"cat\",\"/proc/self/timens_offsets\",\"/proc/uptime\"] | .linux.namespaces+=[{type:\"time\"}] | .linux.timeOffsets={boottime:{secs:4000000000}} | $USERNS"
	chown -R 100000:100000 "$B/rootfs"
	run oci run -b "$B" "$ID"
	succeeds
	matches "[^0-9]40[0-9]{8}\\."
	run cat /proc/self/timens_offsets
	matches "boottime +0 +0"
}

# --- seccomp

NOTIFY='.linux.seccomp={defaultAction:"SCMP_ACT_ALLOW",flags:["SECCOMP_FILTER_FLAG_LOG","SECCOMP_FILTER_FLAG_TSYNC","SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],listenerPath:$sock,listenerMetadata:"who",syscalls:[{names:["mkdir","mkdirat"],action:"SCMP_ACT_NOTIFY"}]}'
agent() {
	rm -f "$B/sock"
	python3 "$BATS_TEST_DIRNAME/../lib/agent.py" "$B/sock" "$B/told" &
	AGENT=$!
	wait_for 5 test -S "$B/sock"
}

@test "an agent is handed the listener and the state, and decides" {
	local nnp
	mkdir -p "$B"
	for nnp in false true; do
		agent
		bundle ".process.args=[\"sh\",\"-c\",\"mkdir /tmp/x 2>&1; ls /proc/self/fd\"] | .process.noNewPrivileges=$nnp | ${NOTIFY//\$sock/\"$B/sock\"} | .linux.seccomp.syscalls[0].names=[\"mkdir\",\"mkdirat\"] | .annotations={a:\"b\"}"
		run oci run -b "$B" "$ID"
		succeeds
		says "Inappropriate ioctl"
		wait "$AGENT"
		equal "$(jq -r '[.fds[0],.metadata,.state.status,.state.id,.state.bundle,.state.annotations.a,.ociVersion[:2]]|join(" ")' "$B/told")" "seccompFd who creating $ID $B b 1."
		equal "$(jq '.pid > 1 and .pid == .state.pid' "$B/told")" true
	done
}

@test "an agent has the listener when create returns" {
	mkdir -p "$B"
	agent
	bundle ".process.args=[\"mkdir\",\"/tmp/x\"] | ${NOTIFY//\$sock/\"$B/sock\"} | .linux.seccomp.syscalls[0].names=[\"mkdir\"]"
	oci create -b "$B" "$ID" </dev/null >/dev/null 2>"$B/err"
	equal "$(jq -r .state.status "$B/told")" creating
	oci start "$ID"
	wait "$AGENT"
	oci delete -f "$ID"
}

@test "without an agent there is no container" {
	bundle ".process.args=[\"true\"] | ${NOTIFY//\$sock/\"$B/no\"}"
	run oci run -b "$B" "$ID"
	refuses "cannot connect to the seccomp agent"
	[ ! -e "$R/$ID" ]
}
