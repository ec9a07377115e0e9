#!/usr/bin/env bash
# Measures dolium beside its peers and prints the table.
#
#	bench/run.sh [BIN [PART...]]	BIN: where dolium is (default build/bin). PART: oci engine pull (default: all)
#	  ROUNDS=40			how often each command runs
#	  BENCH_OUT=DIR			also writes the tables into that directory
#
# All contenders of a table take turns, round by round, in the same mount namespace and with the same
# programs. Cpu time is the column to compare: other load on the machine hardly moves it. What a daemon
# does for its client (dockerd, containerd, conmon) is in nobody's cpu time here, only in the wall time.
# A peer that is not installed, or does not run here, is left out with a line that says so.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(dirname "$HERE")
BIN=$(cd "${1:-$TOP/build/bin}" && pwd)
shift $(($# > 0))
PARTS=${*:-oci engine pull}
ROUNDS=${ROUNDS:-40}
TESTLIB=$TOP/tests/lib
TEST_CACHE=${DOLIUM_TEST_CACHE:-${TMPDIR:-/tmp}/dolium-test-cache}
WORLD=
declare -A PROGRAM=() # of each run-time

die() { echo "bench: $*" >&2; exit 1; }
note() { echo "  ($*)"; }

[ "$(id -u)" = 0 ] || die "needs root"
[ -x "$BIN/dolium-oci" ] || die "no $BIN/dolium-oci: build first"

# In a mount namespace of its own, without the cgroup2 tree of a hybrid host: crun refuses to run
# beside it ("cgroups in hybrid mode not supported"). Everything measured runs in this one view.
if [ -z "${BENCH_VIEW:-}" ]; then
	export BENCH_VIEW=1
	# shellcheck disable=SC2016
	exec unshare -m --propagation slave sh -c '
		if [ -e /sys/fs/cgroup/unified/cgroup.procs ]; then umount /sys/fs/cgroup/unified; fi
		exec "$@"' _ "$0" "$BIN" "$@"
fi

WORLD=$(mktemp -d "${TMPDIR:-/tmp}/dolium-bench.XXXXXX")
export WORLD HOME=$WORLD/home
mkdir -p "$WORLD/home" "$TEST_CACHE"

have() { command -v "$1" >/dev/null; }
wait_for() { # SECONDS CMD...
	local until=$((SECONDS + $1))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.1
	done
}

# shellcheck source=tests/lib/images.bash
. "$TESTLIB/images.bash"
# shellcheck source=tests/lib/peers.bash
. "$TESTLIB/peers.bash"

# Containers that a part which broke off has left.
oci_forget() {
	local name state
	for name in "${!PROGRAM[@]}"; do
		for state in "$WORLD/$name"/*/state.json "$WORLD/$name"/*/status; do
			[ -e "$state" ] || continue
			state=${state%/*}
			"${PROGRAM[$name]}" --root "$WORLD/$name" delete --force "${state##*/}" >/dev/null 2>&1
		done
	done
}

finish() {
	set +e
	[ -z "${PEERS:-}" ] || { hub_stop; peers_stop; }
	oci_forget
	rm -rf --one-file-system "$WORLD"
}
trap finish EXIT

compile() { # NAME [FLAG...]: from bench/NAME.c
	local name=$1
	shift
	cc -std=gnu17 -D_GNU_SOURCE -O2 -Wall -static "$@" -o "$WORLD/$name" "$HERE/$name.c"
}

# table FIRST: lines of measure in, a table with ratios to the line FIRST out.
table() {
	awk -F '\t' -v first="$1" '
		{ line[NR] = $0; if ($1 == first) { wall = $3; cpu = $5 } }
		END {
			printf "  %-34s %9s %9s %7s %9s %9s %7s %9s\n", "", "wall min", "median", "x", "cpu min", "median", "x", "peak RSS"
			for (i = 1; i <= NR; i++) {
				split(line[i], f, "\t")
				if (f[2] == "-") { printf "  %-34s failed\n", f[1]; continue }
				printf "  %-34s %6s ms %6s ms %7.2f %6s ms %6s ms %7.2f %6d KiB\n", f[1], f[2], f[3],
					wall ? f[3] / wall : 0, f[4], f[5], cpu ? f[5] / cpu : 0, f[6]
			}
		}'
}

measure() { "$WORLD/measure" "$@"; }

# --- dolium-oci beside crun and runc

# The default specification with a static program that does nothing. Debian's crun knows no newer version.
bundle() { # DIR
	mkdir -p "$1/rootfs"
	cp "$WORLD/true" "$1/rootfs/true"
	(cd "$1" && "$BIN/dolium-oci" spec && jq '.ociVersion = "1.0.2" | .process.terminal = false | .process.args = ["/true"]' config.json >c && mv c config.json)
}

runtimes() { # the run-times that run here, by name
	local name
	for name in crun runc; do
		if ! have "$name"; then
			note "$name is not installed" >&2
		elif ! "$name" --root "$WORLD/$name" run --bundle "$WORLD/bundle" "bench-$name" >"$WORLD/log" 2>&1; then
			note "$name does not run here: $(tail -n 1 "$WORLD/log")" >&2
		else
			echo "$name"
		fi
	done
}

life() { # RUNTIME ROOT BUNDLE ID: create, start, delete, as one command to measure
	cat >"$WORLD/life-$1" <<-END
		#!/bin/sh
		# the init of a created container must not hold what measure reads
		$2 --root $WORLD/life-root-$1 create --bundle $WORLD/bundle life-$1 </dev/null &&
		$2 --root $WORLD/life-root-$1 start life-$1 &&
		$2 --root $WORLD/life-root-$1 delete --force life-$1
	END
	chmod +x "$WORLD/life-$1"
}

calls() { # CMD...: the number of system calls of it and all its children
	strace -f -qq -c -o "$WORLD/strace" "$@" >/dev/null 2>&1 && awk '$NF == "total" { print $4 }' "$WORLD/strace"
}

# A container that stays, made by a run-time: to exec into.
stay() { # RUNTIME PROGRAM
	"$2" --root "$WORLD/$1" run --detach --bundle "$WORLD/bundle-stay" "stay-$1" </dev/null >"$WORLD/log" 2>&1 ||
		die "$1 does not run a container that stays: $(cat "$WORLD/log")"
}

# What the first process of a created container has for itself, in KiB: private and proportional.
waiting_memory() { # RUNTIME PROGRAM
	local pid
	"$2" --root "$WORLD/$1" create --bundle "$WORLD/bundle" "wait-$1" </dev/null >/dev/null 2>&1
	pid=$("$2" --root "$WORLD/$1" state "wait-$1" | jq .pid)
	sleep 0.2
	awk '/^Private_(Clean|Dirty):/ { own += $2 } /^Pss:/ { pss += $2 } END { printf "%d %d", own, pss }' "/proc/$pid/smaps"
	"$2" --root "$WORLD/$1" delete --force "wait-$1"
}

# judge WHAT BAR A B: how often B goes into A, both in ms of cpu time, beside what is wanted.
judge() {
	awk -v what="$1" -v bar="$2" -v a="$3" -v b="$4" 'BEGIN {
		x = b ? a / b : 0
		printf "  %-58s %6.2f   wanted %-4s %s\n", what, x, bar, (x >= bar ? "yes" : "NO")
	}'
}
cpu_of() { awk -F '\t' -v label="$2" '$1 == label { print $5 }' "$1"; } # median, from a file of measure's lines

# Run, create and start and delete, exec: all in one interleaved run.
oci_times() { # NAME...
	local name lines=$WORLD/times
	local -a commands=(-- "floor" "$WORLD/floor" "$WORLD/bundle/rootfs" /true)
	if [ -e /sys/fs/cgroup/memory/tasks ]; then
		commands+=(-- "floor, and 8 cgroups" "$WORLD/floor" -t "$WORLD/bundle/rootfs" /true)
	fi
	for name in dolium-oci "$@"; do
		commands+=(
			-- "$name run" "${PROGRAM[$name]}" --root "$WORLD/$name" run --bundle "$WORLD/bundle" "bench-$name"
			-- "$name run, seccomp" "${PROGRAM[$name]}" --root "$WORLD/$name" run --bundle "$WORLD/bundle-seccomp" "bench-$name"
			-- "$name create, start, delete" "$WORLD/life-$name"
			-- "$name exec" "${PROGRAM[$name]}" --root "$WORLD/$name" exec "stay-$name" /true
			-- "$name state" "${PROGRAM[$name]}" --root "$WORLD/$name" state "stay-$name")
	done
	echo "A static program that does nothing, default specification (seccomp: with podman's profile), $ROUNDS rounds in turn."
	echo "create, start, delete are three commands by a shell."
	measure -n "$ROUNDS" -p 10 "${commands[@]}" >"$lines"
	table floor <"$lines"
	echo
	echo "how much less cpu time dolium-oci needs (medians):"
	for name in "$@"; do
		case $name in
		crun)
			judge "crun run" 2.5 "$(cpu_of "$lines" "crun run")" "$(cpu_of "$lines" "dolium-oci run")"
			judge "crun create, start, delete" 2 "$(cpu_of "$lines" "crun create, start, delete")" \
				"$(cpu_of "$lines" "dolium-oci create, start, delete")"
			judge "crun exec" 2.5 "$(cpu_of "$lines" "crun exec")" "$(cpu_of "$lines" "dolium-oci exec")"
			;;
		runc)
			judge "runc run" 6 "$(cpu_of "$lines" "runc run")" "$(cpu_of "$lines" "dolium-oci run")"
			judge "runc run, seccomp" 8 "$(cpu_of "$lines" "runc run, seccomp")" "$(cpu_of "$lines" "dolium-oci run, seccomp")"
			;;
		esac
	done
	echo
}

oci_counts() { # NAME...
	local name
	have strace || { note "strace is not installed: no counts of system calls"; return; }
	echo "system calls, largest resident set of run, memory of a created container's waiting process:"
	printf '  %-14s %6s %9s %6s %6s %10s %12s %12s\n' "" run seccomp exec state "run RSS" "own memory" "Pss"
	for name in dolium-oci "$@"; do
		# shellcheck disable=SC2046,SC2183 # the last one is two words
		printf '  %-14s %6s %9s %6s %6s %6s KiB %8s KiB %8s KiB\n' "$name" \
			"$(calls "${PROGRAM[$name]}" --root "$WORLD/$name" run --bundle "$WORLD/bundle" "bench-$name")" \
			"$(calls "${PROGRAM[$name]}" --root "$WORLD/$name" run --bundle "$WORLD/bundle-seccomp" "bench-$name")" \
			"$(calls "${PROGRAM[$name]}" --root "$WORLD/$name" exec "stay-$name" /true)" \
			"$(calls "${PROGRAM[$name]}" --root "$WORLD/$name" state "stay-$name")" \
			"$("$WORLD/usage" "$(command -v "${PROGRAM[$name]}")" --root "$WORLD/$name" run --bundle "$WORLD/bundle" "bench-$name" 2>/dev/null)" \
			$(waiting_memory "$name" "${PROGRAM[$name]}")
	done
	echo
}

# The same on a host that is full. A mount namespace begins as a copy of all mounts, for everybody.
oci_crowds() { # NAME...
	local name i
	local -a commands=()
	for name in dolium-oci "$@"; do
		commands+=(-- "$name run" "${PROGRAM[$name]}" --root "$WORLD/$name" run --bundle "$WORLD/bundle" "bench-$name")
	done
	echo "run on a host with 10,000 more mounts:"
	mkdir "$WORLD/mounts"
	mount -t tmpfs mounts "$WORLD/mounts"
	python3 - "$WORLD/mounts" 10000 <<-'END'
		import ctypes, os, sys
		libc = ctypes.CDLL(None, use_errno=True)
		for i in range(int(sys.argv[2])):
		    at = f"{sys.argv[1]}/{i}"
		    os.mkdir(at)
		    if libc.mount(sys.argv[1].encode(), at.encode(), None, 4096, None) < 0:
		        sys.exit(os.strerror(ctypes.get_errno()))
	END
	measure -n $((ROUNDS / 4 + 1)) -p 10 "${commands[@]}" | table "dolium-oci run"
	umount -l "$WORLD/mounts"
	echo
	echo "run beside 1,000 created containers:"
	for i in $(seq 1000); do
		"$BIN/dolium-oci" --root "$WORLD/dolium-oci" create --bundle "$WORLD/bundle" "crowd-$i" </dev/null >/dev/null 2>&1
	done
	measure -n $((ROUNDS / 4 + 1)) -p 10 "${commands[@]}" -- "dolium-oci state" "$BIN/dolium-oci" --root "$WORLD/dolium-oci" state crowd-1 |
		table "dolium-oci run"
	for i in $(seq 1000); do
		"$BIN/dolium-oci" --root "$WORLD/dolium-oci" delete --force "crowd-$i"
	done
	echo
}

part_oci() {
	local names name
	PROGRAM=([dolium-oci]=$BIN/dolium-oci [crun]=crun [runc]=runc)
	printf 'int main(void) { return 0; }\n' >"$WORLD/true.c"
	cc -static -Os -s -o "$WORLD/true" "$WORLD/true.c"
	printf '#include <unistd.h>\nint main(void) { for (;;) pause(); }\n' >"$WORLD/stay.c"
	cc -static -Os -s -o "$WORLD/stay" "$WORLD/stay.c"
	cc -static -Os -s -o "$WORLD/usage" "$TESTLIB/usage.c"
	compile floor
	bundle "$WORLD/bundle"
	# The same with podman's profile of 437 system calls: the floor installs none.
	cp -r "$WORLD/bundle" "$WORLD/bundle-seccomp"
	jq --slurpfile p "$HERE/podman-seccomp.json" '.linux.seccomp = $p[0]' "$WORLD/bundle/config.json" >"$WORLD/bundle-seccomp/config.json"
	cp -r "$WORLD/bundle" "$WORLD/bundle-stay"
	cp "$WORLD/stay" "$WORLD/bundle-stay/rootfs/stay"
	jq '.process.args = ["/stay"]' "$WORLD/bundle/config.json" >"$WORLD/bundle-stay/config.json"
	names=$(runtimes)
	for name in dolium-oci $names; do
		life "$name" "${PROGRAM[$name]}"
		stay "$name" "${PROGRAM[$name]}"
	done
	# shellcheck disable=SC2086 # words
	{
		oci_times $names
		oci_counts $names
		oci_crowds $names
	}
	for name in dolium-oci $names; do
		"${PROGRAM[$name]}" --root "$WORLD/$name" delete --force "stay-$name"
	done
}

# --- dolium beside podman and docker

dolium() { in_net "$BIN/dolium" --root "$WORLD/dolium-root" --run-root "$WORLD/dolium-run" "$@"; }

peers_once() {
	local tool
	[ -z "${PEERS:-}" ] || return 0
	for tool in nsenter docker-registry skopeo; do
		have "$tool" || die "needs $tool: 'make bench' installs it"
	done
	peers_start
	hub_start || die "the registry does not start: $(tail -n 3 "$HUB_LOG")"
	DOCKER=
	if ! have dockerd; then
		note "docker is not installed"
	elif peers_docker_start; then
		DOCKER=1
	else
		note "dockerd does not start here: $(tail -n 1 "$PEERS/dockerd.log")"
	fi
	PODMAN=
	if have podman; then PODMAN=1; else note "podman is not installed"; fi
}

# Scripts, so that what is measured is one command with its environment.
script() { # NAME: a script from stdin
	{ echo '#!/bin/sh'; cat; } >"$WORLD/$1"
	chmod +x "$WORLD/$1"
}
podman_words() {
	echo "nsenter --net=/run/netns/$PEERS_NET podman --root $PEERS/podman --runroot $PEERS/podman-run --cgroup-manager cgroupfs --events-backend none"
}

part_engine() {
	local -a commands
	peers_once
	image_busybox
	hub_push busybox "$IMAGES/busybox:latest"
	dolium pull -q --tls-verify=false "$HUB/busybox" >/dev/null
	commands=(-- "dolium run" "$BIN/dolium" --root "$WORLD/dolium-root" --run-root "$WORLD/dolium-run"
		run --rm --network none "$HUB/busybox" true)
	if [ -n "$PODMAN" ]; then
		peers_podman pull -q --tls-verify=false "$HUB/busybox" >/dev/null
		script podman-run <<-END
			export CONTAINERS_CONF=$PEERS/containers.conf
			exec $(podman_words) run --rm --network none $HUB/busybox true
		END
		commands+=(-- "podman run (runc)" "$WORLD/podman-run")
	fi
	if [ -n "$DOCKER" ]; then
		peers_docker pull -q "$HUB/busybox" >/dev/null
		commands+=(-- "docker run (client)" docker -H "unix://$PEERS/docker.sock" run --rm --network none "$HUB/busybox" true)
	fi
	echo "run --rm --network none busybox true, $((ROUNDS / 4 + 3)) rounds:"
	measure -n $((ROUNDS / 4 + 3)) -p 50 "${commands[@]}" | table "dolium run"
	echo
}

part_pull() {
	local -a commands
	peers_once
	image_big
	hub_push big "$IMAGES/big:latest"
	# Each pull begins with an empty store and with nothing of the last one's writing left to do.
	script dolium-pull <<-END
		exec nsenter --net=/run/netns/$PEERS_NET $BIN/dolium --root $WORLD/pull-root --run-root $WORLD/pull-run pull -q --tls-verify=false $HUB/big
	END
	script dolium-forget <<-END
		rm -rf $WORLD/pull-root $WORLD/pull-run $WORLD/pull-podman $WORLD/pull-podman-run
		docker -H unix://$PEERS/docker.sock rmi -f $HUB/big >/dev/null 2>&1
		sync
	END
	"$WORLD/dolium-forget"
	commands=(-- "dolium pull" "$WORLD/dolium-pull")
	if [ -n "$PODMAN" ]; then
		script podman-pull <<-END
			export CONTAINERS_CONF=$PEERS/containers.conf
			exec nsenter --net=/run/netns/$PEERS_NET podman --root $WORLD/pull-podman --runroot $WORLD/pull-podman-run \
				--events-backend none pull -q --tls-verify=false $HUB/big
		END
		commands+=(-- "podman pull" "$WORLD/podman-pull")
	fi
	if [ -n "$DOCKER" ]; then
		commands+=(-- "docker pull (client)" docker -H "unix://$PEERS/docker.sock" pull -q "$HUB/big")
	fi
	echo "pull of a big image from a registry on loopback, $((ROUNDS / 10 + 1)) rounds:"
	measure -n $((ROUNDS / 10 + 1)) -w 0 -c "$WORLD/dolium-forget" "${commands[@]}" | table "dolium pull"
	echo
}

compile measure
if [ -n "${BENCH_OUT:-}" ]; then
	mkdir -p "$BENCH_OUT"
	exec > >(tee "$BENCH_OUT/$(date -u +%Y-%m-%d).txt")
fi
echo "$(date -u '+%Y-%m-%d'), $(nproc) cpus, Linux $(uname -r), load $(cut -d ' ' -f 1 /proc/loadavg)"
echo
for part in $PARTS; do
	case $part in
	oci | engine | pull) "part_$part" ;;
	*) die "no such part: '$part' (oci engine pull)" ;;
	esac
done
