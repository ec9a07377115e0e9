#!/usr/bin/env bats
# dolium-oci as the run-time of Slurm 22.05's `srun --container`: two nodes on one host. See tests/lib/callers.bash.

load ../lib/common
load ../lib/callers

setup_file() {
	local host
	callers_start
	host=$(hostname)
	mkdir -p "$CALLERS/ctld" "$CALLERS/n1" "$CALLERS/n2"
	in_world sh -c 'mkdir -p /run/munge /etc/slurm /var/log/munge /var/lib/munge; cd /run/munge
		(umask 077; head -c 64 /dev/urandom >key)
		exec munged --key-file "$PWD/key" --seed-file "$PWD/seed" --log-file "$PWD/log" --pid-file "$PWD/pid"' </dev/null
	in_world tee /etc/slurm/slurm.conf >/dev/null <<-END2
		ClusterName=callers
		SlurmctldHost=$host(127.0.0.1)
		SlurmUser=root
		AuthType=auth/munge
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_Core
		StateSaveLocation=$CALLERS/ctld
		SlurmdSpoolDir=$CALLERS/%n
		SlurmdPidFile=/run/slurmd-%n.pid
		SlurmctldPidFile=/run/slurmctld.pid
		SlurmdLogFile=$CALLERS/slurmd-%n.log
		SlurmctldLogFile=$CALLERS/slurmctld.log
		SlurmdDebug=debug
		ReturnToService=2
		KillWait=1
		NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=17001 CPUs=2 State=UNKNOWN
		NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=17002 CPUs=2 State=UNKNOWN
		PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
	END2
	callers_conf /etc/slurm/oci.conf
	callers_daemon ctld slurmctld -D
	callers_daemon n1 slurmd -D -N n1
	callers_daemon n2 slurmd -D -N n2
	make_bundle
	wait_for 30 nodes_are_up
}
teardown_file() { callers_stop; }

nodes_are_up() { [ "$(in_world sinfo -h -o '%T %D')" = "idle 2" ]; }

# The bundle of the documentation.
make_bundle() {
	local name
	export BUNDLE=$CALLERS/bundle
	mkdir -p "$BUNDLE/rootfs/bin"
	cp /bin/busybox "$BUNDLE/rootfs/bin/"
	for name in sh ls cat id sleep true echo touch; do
		ln -s busybox "$BUNDLE/rootfs/bin/$name"
	done
	(cd "$BUNDLE" && callers_block slurm-bundle | in_world sh -e /dev/stdin)
}
srun() { in_world timeout 60 srun --quiet --container "$BUNDLE" "$@"; }
# What Slurm has of the run-time's: nothing is left of a step that ended.
is_clean() {
	[ -z "$(in_world sh -c 'ls /run/dolium-oci-root 2>/dev/null')" ] && [ -z "$(in_world find /sys/fs/cgroup -name 'n?.root.*')" ] &&
		[ -z "$(in_world pgrep -f '^sleep 100[0-9]' || :)" ] && [ -z "$(in_world squeue -h)" ]
}
n_running() { [ "$(in_world dolium-oci --root /run/dolium-oci-root list | grep -c running)" = "$1" ]; }

@test "the task's output and status are srun's" {
	run srun echo hi
	succeeds
	is hi
	run srun sh -c 'exit 5'
	status_is 5
	run srun sh -c 'echo err >&2; cat' <<<'through'
	says err
	says through
	wait_for 10 is_clean
}

@test "a program that is missing fails the step, in words" {
	run srun nosuch
	status_is 1
	says 'exec: "nosuch": executable file not found in $PATH'
	wait_for 10 is_clean
}

@test "two tasks on two nodes: two containers, one status" {
	run srun -l -N2 -n2 sh -c 'echo "in $(ls -d /bin /usr 2>/dev/null)"; exit 0'
	succeeds
	equal "$(echo "$output" | sort)" "0: in /bin
1: in /bin"
	run srun -N2 -n2 sh -c 'exit 6'
	status_is 6
	wait_for 10 is_clean
}

# A fresh process 1 ignores SIGTERM: Slurm has to go as far as SIGKILL, of dolium-oci itself.
@test "scancel of tasks that ignore SIGTERM leaves nothing" {
	in_world timeout 100 srun --quiet -J stay -N2 -n2 --container "$BUNDLE" sleep 1000 >/dev/null 2>&1 &
	wait_for 20 n_running 2
	in_world scancel -n stay
	wait $! || :
	wait_for 30 is_clean
}

@test "scancel of tasks that obey" {
	in_world timeout 100 srun --quiet -J obey -N2 -n2 --container "$BUNDLE" sh -c 'trap "exit 0" TERM; sleep 1001 & wait' >/dev/null 2>&1 &
	wait_for 20 n_running 2
	in_world scancel -n obey
	wait $! || :
	wait_for 30 is_clean
}

@test "a batch script in a container" {
	printf '#!/bin/sh\necho "batch $(id -u)"\nexit 0\n' >"$CALLERS/batch.sh"
	in_world sbatch -W --quiet -o "$CALLERS/batch.out" --container "$BUNDLE" "$CALLERS/batch.sh"
	# Slurm writes what it thinks of the answer about a container that is gone below it.
	equal "$(head -n 1 "$CALLERS/batch.out")" "batch 0"
	wait_for 10 is_clean
}
