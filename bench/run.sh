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

finish() {
	set +e
	[ -z "${PEERS:-}" ] || { hub_stop; peers_stop; }
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

part_oci() {
	local names name oci=$BIN/dolium-oci
	local -a commands lives
	printf 'int main(void) { return 0; }\n' >"$WORLD/true.c"
	cc -static -Os -s -o "$WORLD/true" "$WORLD/true.c"
	compile floor
	bundle "$WORLD/bundle"
	names=$(runtimes)
	commands=(-- "floor" "$WORLD/floor" "$WORLD/bundle/rootfs" /true)
	if [ -e /sys/fs/cgroup/memory/tasks ]; then
		commands+=(-- "floor, and 8 cgroups" "$WORLD/floor" -t "$WORLD/bundle/rootfs" /true)
	fi
	commands+=(-- "dolium-oci run" "$oci" --root "$WORLD/dolium-oci" run --bundle "$WORLD/bundle" bench-dolium)
	# The same with podman's profile of 437 system calls: the floor installs none.
	cp -r "$WORLD/bundle" "$WORLD/bundle-seccomp"
	jq --slurpfile p "$HERE/podman-seccomp.json" '.linux.seccomp = $p[0]' "$WORLD/bundle/config.json" >"$WORLD/bundle-seccomp/config.json"
	commands+=(-- "dolium-oci run, seccomp" "$oci" --root "$WORLD/dolium-oci" run --bundle "$WORLD/bundle-seccomp" bench-dolium)
	lives=()
	for name in $names; do
		commands+=(-- "$name run" "$name" --root "$WORLD/$name" run --bundle "$WORLD/bundle" "bench-$name"
			-- "$name run, seccomp" "$name" --root "$WORLD/$name" run --bundle "$WORLD/bundle-seccomp" "bench-$name")
		life "$name" "$name"
		lives+=(-- "$name create, start, delete" "$WORLD/life-$name")
	done
	life dolium "$oci"
	echo "dolium-oci run of a static program that does nothing, default specification, $ROUNDS rounds:"
	measure -n "$ROUNDS" -p 20 "${commands[@]}" | table floor
	echo
	echo "create + start + delete, three commands by a shell:"
	measure -n "$ROUNDS" -p 20 -- "dolium-oci create, start, delete" "$WORLD/life-dolium" "${lives[@]}" |
		table "dolium-oci create, start, delete"
	echo
	if have strace; then
		echo "system calls of one run:"
		printf '  %-34s %6s\n' floor "$(calls "$WORLD/floor" "$WORLD/bundle/rootfs" /true)"
		printf '  %-34s %6s\n' dolium-oci "$(calls "$oci" --root "$WORLD/dolium-oci" run --bundle "$WORLD/bundle" bench-dolium)"
		printf '  %-34s %6s\n' "dolium-oci, seccomp" "$(calls "$oci" --root "$WORLD/dolium-oci" run --bundle "$WORLD/bundle-seccomp" bench-dolium)"
		for name in $names; do
			printf '  %-34s %6s\n' "$name" "$(calls "$name" --root "$WORLD/$name" run --bundle "$WORLD/bundle" "bench-$name")"
		done
	else
		note "strace is not installed: no counts of system calls"
	fi
	echo
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
