#!/usr/bin/env bats
# dolium-oci as the run-time of Slurm 22.05's `srun --container`: two nodes on one host, as root and as a plain user. See tests/lib/callers.bash.

load ../lib/common
load ../lib/callers

setup_file() {
	callers_start
	callers_slurm
	callers_type slurm-node
	in_world useradd -m -d "$CALLERS/home" -u 1234 jobber
	# His way to his bundle.
	for dir in "$CALLERS" "$BATS_FILE_TMPDIR" "$(dirname "$BATS_FILE_TMPDIR")" "$(dirname "$(dirname "$BATS_FILE_TMPDIR")")"; do
		chmod o+x "$dir"
	done
	make_bundle "$CALLERS/bundle" ''
	make_bundle "$CALLERS/users" "$AS"
	export BUNDLE=$CALLERS/bundle
}
teardown_file() { callers_stop; }

AS="setpriv --reuid 1234 --regid 1234 --clear-groups env HOME=/tmp"

# The bundle of the documentation: root's, or a plain user's.
make_bundle() { # make_bundle DIR AS
	local name option=
	mkdir -p "$1/rootfs/bin"
	cp /bin/busybox "$1/rootfs/bin/"
	for name in sh ls cat id sleep true echo touch; do
		ln -s busybox "$1/rootfs/bin/$name"
	done
	[ -z "$2" ] || chown -R 1234 "$1"
	[ -n "$2" ] || option=--rootless
	callers_block slurm-bundle | sed "s/${option:-nothing}//" >"$CALLERS/typed"
	chmod o+r "$CALLERS/typed"
	# shellcheck disable=SC2086
	(cd "$1" && in_world $2 sh -e "$CALLERS/typed")
}
srun() { in_world timeout 60 srun --quiet --container "$BUNDLE" "$@"; }
# shellcheck disable=SC2086
srun_as() { in_world timeout 60 $AS srun --quiet --container "$CALLERS/users" "$@"; }
# What Slurm has of the run-time's: nothing is left of a step that ended.
is_clean() {
	[ -z "$(in_world sh -c 'ls /run/dolium-slurm/* 2>/dev/null | grep -F .')" ] && [ -z "$(in_world find /sys/fs/cgroup -name 'n?.*.*.0.0')" ] &&
		[ -z "$(in_world pgrep -f '^sleep 100[0-9]' || :)" ] && [ -z "$(in_world squeue -h)" ]
}
n_running() { [ "$(in_world dolium-oci --root "/run/dolium-slurm/${2:-root}" list | grep -c running)" = "$1" ]; }

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
	printf '#!/bin/sh\necho "batch $(id -u)"\nexit 0\n' >"$CALLERS/batch.sh" || { cat "$CALLERS/batch.out"; tail -n 30 "$CALLERS/slurmd-n1.log"; false; }
	in_world sbatch -W -o "$CALLERS/batch.out" --container "$BUNDLE" "$CALLERS/batch.sh" || { cat "$CALLERS/batch.out"; tail -n 30 "$CALLERS/slurmd-n1.log"; false; }
	# Slurm writes what it thinks of the answer about a container that is gone below it.
	equal "$(head -n 1 "$CALLERS/batch.out")" "batch 0"
	wait_for 10 is_clean
}

# --- as a plain user

@test "a plain user's task: he is root inside, and nobody else" {
	run srun_as -l -N2 -n2 sh -c 'id -u; cat /proc/self/uid_map; exit 5'
	status_is 5
	says "0: 0"
	says "1: 0"
	matches '0: +0 +1234 +1'
	wait_for 10 is_clean
}

@test "a plain user's task that ignores SIGTERM and is cancelled leaves nothing" {
	# shellcheck disable=SC2086
	in_world timeout 100 $AS srun --quiet -J his -N2 -n2 --container "$CALLERS/users" sleep 1002 >/dev/null 2>&1 &
	wait_for 20 n_running 2 jobber
	in_world scancel -n his
	wait $! || :
	wait_for 30 is_clean
}
