#!/usr/bin/env bats
# dolium-oci: what config.json says of the process, and what it is given without being asked.

load ../lib/common
load ../lib/oci

setup() { oci_setup; }
teardown() { oci_teardown; }

# --- HOME

passwd() { mkdir -p "$B/rootfs/etc" && printf '%s\n' "$@" >"$B/rootfs/etc/passwd"; }

@test "HOME is what the image's passwd has for the user, in run and in exec" {
	# shellcheck disable=SC2016
	bundle '.process.args=["sh","-c","echo $HOME; sleep 1000"]'
	passwd root:x:0:0::/root:/bin/sh web:x:1000:1000::/home/web:/bin/sh
	oci run -d -b "$B" "$ID" </dev/null >"$B/out" 2>&1
	wait_for 5 grep -q . "$B/out"
	equal "$(cat "$B/out")" /root
	# shellcheck disable=SC2016
	run oci exec "$ID" sh -c 'echo $HOME'
	is /root
	# shellcheck disable=SC2016
	run oci exec -u 1000 "$ID" sh -c 'echo $HOME'
	is /home/web
	# shellcheck disable=SC2016
	run oci exec -e HOME=/mine "$ID" sh -c 'echo $HOME'
	is /mine
}

@test "HOME that is said stays; an empty one counts as missing; nobody's home is /" {
	# shellcheck disable=SC2016
	bundle '.process.args=["sh","-c","echo $HOME"] | .process.env+=["HOME=/said"]'
	passwd root:x:0:0::/root:/bin/sh
	run oci run -b "$B" "$ID"
	is /said
	# shellcheck disable=SC2016
	bundle '.process.args=["sh","-c","echo $HOME; env | grep -c HOME="] | .process.env+=["HOME="]'
	run oci run -b "$B" "$ID"
	is "/root
1"
	# shellcheck disable=SC2016
	bundle '.process.args=["sh","-c","echo $HOME"] | .process.user.uid=4242'
	run oci run -b "$B" "$ID"
	is /
}

@test "a passwd that is a link out, a pipe, a directory or endless is no harm" {
	# shellcheck disable=SC2016
	bundle '.process.args=["sh","-c","echo $HOME"] | .root.readonly=false'
	mkdir -p "$B/rootfs/etc"
	echo "root:x:0:0::/outside:/bin/sh" >"$B/outside"
	ln -s "$B/outside" "$B/rootfs/etc/passwd"
	run timeout 10 "$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" "$ID"
	is /
	rm "$B/rootfs/etc/passwd"; mkfifo "$B/rootfs/etc/passwd"
	run timeout 10 "$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" "$ID"
	is /
	rm "$B/rootfs/etc/passwd"; mkdir "$B/rootfs/etc/passwd"
	run timeout 10 "$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" "$ID"
	is /
	rmdir "$B/rootfs/etc/passwd"; truncate -s 1T "$B/rootfs/etc/passwd"
	run timeout 10 "$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" "$ID"
	is /
}

# --- where it runs

@test "a working directory that is missing is made, in a root that is read-only too" {
	bundle '.process.args=["pwd"] | .process.cwd="/var/tmp/../work" | .root.readonly=true'
	run oci run -b "$B" "$ID"
	succeeds
	is /var/work
	[ -d "$B/rootfs/var/work" ]
}

@test "exec is bound to the cpus of execCPUAffinity" {
	bundle '.process.args=["sleep","1000"]'
	oci run -d -b "$B" "$ID" </dev/null >/dev/null 2>&1
	jq '.process | .args=["grep","Cpus_allowed_list","/proc/self/status"] | .execCPUAffinity={initial:"0",final:"0"}' "$B/config.json" >"$B/process.json"
	run oci exec -p "$B/process.json" "$ID"
	succeeds
	matches "Cpus_allowed_list:[[:space:]]*0$"
	jq '.process | .args=["true"] | .execCPUAffinity={initial:"1000"}' "$B/config.json" >"$B/process.json"
	run oci exec -p "$B/process.json" "$ID"
	fails
	says "process.execCPUAffinity.initial"
	jq '.process | .args=["true"] | .execCPUAffinity={final:"1000"}' "$B/config.json" >"$B/process.json"
	run oci exec -p "$B/process.json" "$ID"
	fails
	says "process.execCPUAffinity.final"
	jq '.process | .args=["true"] | .execCPUAffinity={final:"1-"}' "$B/config.json" >"$B/process.json"
	run oci exec -p "$B/process.json" "$ID"
	fails
	says "execCPUAffinity.final: not a list of numbers"
}

@test "a container with a set of cpus has all of it, whatever its caller is bound to" {
	[ "$(nproc)" -gt 1 ] || skip "one cpu here"
	bundle '.process.args=["grep","Cpus_allowed_list","/proc/self/status"] | .linux.resources.cpu.cpus="0-1"'
	run taskset -c 0 "$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" "$ID"
	succeeds
	matches "Cpus_allowed_list:[[:space:]]*0-1$"
}

@test "exec: scheduler and I/O priority are those of the process file" {
	bundle '.process.args=["sleep","1000"]'
	oci run -d -b "$B" "$ID" </dev/null >/dev/null 2>&1
	jq '.process | .args=["sleep","1000"] | .scheduler={policy:"SCHED_BATCH",nice:3} | .ioPriority={class:"IOPRIO_CLASS_IDLE",priority:0}' "$B/config.json" >"$B/process.json"
	oci exec -d --pid-file "$B/pid" -p "$B/process.json" "$ID" </dev/null >/dev/null 2>&1
	run chrt -p "$(cat "$B/pid")"
	says SCHED_BATCH
	run ionice -p "$(cat "$B/pid")"
	is "idle"
}

# --- what may be missing

@test "a container without a process is created, and cannot be started" {
	bundle 'del(.process)'
	run oci run -b "$B" "$ID"
	refuses "process: missing"
	oci create -b "$B" "$ID" </dev/null >/dev/null 2>&1
	run oci state "$ID"
	says '"created"'
	run oci start "$ID"
	refuses "process: missing: nothing to start"
	run oci state "$ID"
	says '"stopped"'
	oci delete "$ID"
	[ ! -e "$R/$ID" ]
}

# --- resources that this machine may not have: set, or refused in words, and never left out

@test "resources of controllers that are not here are refused; what no kernel limits is a warning" {
	bundle '.process.args=["true"] | .linux.resources.memory={kernel:100000000,kernelTCP:100000000}'
	run oci run -b "$B" "$ID"
	succeeds
	says "kernel and kernelTCP are not limited apart"
	bundle '.process.args=["true"] | .linux.resources.network={classID:1048577,priorities:[{name:"lo",priority:3}]}'
	run oci run -b "$B" "$ID"
	grep -q '^net_cls' /proc/cgroups && succeeds || refuses "net_"
	bundle '.process.args=["true"] | .linux.resources.rdma={"mlx0":{hcaHandles:3}}'
	run oci run -b "$B" "$ID"
	refuses rdma
	# Zeros are how engines write that nothing is said.
	bundle '.process.args=["true"] | .linux.resources.cpu={realtimeRuntime:0,realtimePeriod:0}'
	run oci run -b "$B" "$ID"
	succeeds
	bundle '.process.args=["true"] | .linux.resources.cpu={realtimePeriod:500000}'
	run oci run -b "$B" "$ID"
	[ "$status" -eq 0 ] || says "cpu.rt_period_us" || says "real-time cpu"
}
