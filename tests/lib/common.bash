# What every test from outside needs: `load ../lib/common` in tests/cli/NAME.bats, then
#
#   setup_file() { world_new; world_images busybox; }     # a store of its own, with images loaded
#   teardown_file() { world_done; }                        # and nothing may be left behind
#
# Tests are sentences. `run` catches output, is, says, lacks and status_is judge it and print what
# they saw. A test that cannot be run says why by `skip`, and only when that is the machine's fault.

bats_require_minimum_version 1.5.0

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export TOP
export DOLIUM_BIN=${DOLIUM_BIN:-$TOP/build/bin}
export TESTLIB=$TOP/tests/lib
# What is dear to make is made once and kept: images, the Debian tree, the test programs.
export TEST_CACHE=${DOLIUM_TEST_CACHE:-${TMPDIR:-/tmp}/dolium-test-cache}
mkdir -p "$TEST_CACHE"

# Whoever runs the tests may have settings of his own: none of them reaches a test.
unset DOLIUM_LIBEXEC DOLIUM_CONFIG REGISTRY_AUTH_FILE DOCKER_CONFIG
unset http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY all_proxy
export LC_ALL=C.UTF-8 TZ=UTC

# shellcheck source=tests/lib/images.bash
. "$TESTLIB/images.bash"

# --- the world of a test file

# A fresh root, run root and home below the directory that bats removes at the end of the file.
world_new() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	[ -x "$DOLIUM_BIN/dolium" ] || { echo "no $DOLIUM_BIN/dolium: build first" >&2; return 1; }
	WORLD=${BATS_FILE_TMPDIR:?}
	export WORLD
	export DOLIUM_ROOT=$WORLD/root DOLIUM_RUN_ROOT=$WORLD/run HOME=$WORLD/home
	export XDG_RUNTIME_DIR=$WORLD/xdg
	mkdir -p "$HOME" "$XDG_RUNTIME_DIR"
	# bats keeps fd 3 for itself: what outlives a test would hold it open and hang the run.
}

# Loads images into the store of this world: busybox, debian, or an OCI layout as DIR:TAG.
world_images() {
	local image
	for image in "$@"; do
		case $image in
		*:*) dolium pull -q "oci:$image" >/dev/null || return ;;
		*)
			"image_$image" || return
			dolium pull -q "oci:$IMAGES/$image:latest" >/dev/null || return
			dolium tag "$(image_id "$image")" "$image" || return
			;;
		esac
	done
}

# Nothing that a test file made may outlive it: mounts, cgroups, processes in them, garbage in tmp/.
world_done() {
	local left=0 mounts garbage
	[ -n "${WORLD:-}" ] || return 0
	mounts=$(awk -v w="$WORLD/" 'index($5, w) == 1 { print $5 }' /proc/self/mountinfo | sort -r)
	if [ -n "$mounts" ]; then
		echo "mounts left behind:" "$mounts" >&2
		# Before bats removes the directory, through what is mounted in it.
		echo "$mounts" | xargs -r umount -l
		left=1
	fi
	garbage=$(find "$DOLIUM_ROOT/tmp" -mindepth 1 -maxdepth 1 2>/dev/null)
	if [ -n "$garbage" ] && dolium images >/dev/null 2>&1; then
		garbage=$(find "$DOLIUM_ROOT/tmp" -mindepth 1 -maxdepth 1 2>/dev/null)
		[ -z "$garbage" ] || { echo "left in tmp/: $garbage" >&2; left=1; }
	fi
	return $left
}

# --- running things

dolium() { "$DOLIUM_BIN/dolium" "$@"; }
dolium_oci() { "$DOLIUM_BIN/dolium-oci" "$@"; }
# Most runs: no name, no network, removed at the end.
run_in() { dolium run --rm --network none "$@"; }

# Under a terminal of its own: pty [--size RxC] [--expect RE --send TEXT]... -- CMD. See ptyrun.py.
pty() { python3 "$TESTLIB/ptyrun.py" "$@"; }

# wait_for SECONDS CMD...: until CMD succeeds.
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		if [ $SECONDS -ge $end ]; then
			echo "waited in vain for: $*" >&2
			return 1
		fi
		sleep 0.05
	done
}

skip_unless() { # skip_unless REASON CMD...
	local reason=$1
	shift
	"$@" >/dev/null 2>&1 || skip "$reason"
}

# Options of `dolium run` for what is looked for by cgroups_left: its containers have cgroups below one of this test's
# own, so that other tests, and other people's containers, may come and go meanwhile.
own_cgroups() { echo "--cgroup-parent=/dolium/test-$$-${BATS_TEST_NUMBER:-0}"; }
cgroups_left() {
	local parent
	find /sys/fs/cgroup -type d -name "test-$$-${BATS_TEST_NUMBER:-0}" 2>/dev/null | while read -r parent; do
		find "$parent" -mindepth 1 -type d
		rmdir "$parent"
	done
}

# --- judging what `run` caught

seen() {
	echo "status: $status"
	echo "output:"
	echo "$output" | sed 's/^/    /'
	[ -z "${stderr:-}" ] || echo "$stderr" | sed 's/^/  ! /'
	return 1
}
status_is() { [ "$status" -eq "$1" ] || { echo "wanted status: $1"; seen; }; }
succeeds() { status_is 0; }
fails() { [ "$status" -ne 0 ] || { echo "wanted a failure"; seen; }; }
is() { [ "$output" = "$1" ] || { echo "wanted: $1"; seen; }; }
says() { [[ "$output" == *"$1"* ]] || { echo "wanted somewhere: $1"; seen; }; }
lacks() { [[ "$output" != *"$1"* ]] || { echo "wanted nowhere: $1"; seen; }; }
matches() { [[ "$output" =~ $1 ]] || { echo "wanted a match of: $1"; seen; }; }
# A refusal: not a crash, and a sentence that names the program.
refuses() {
	fails || return
	[ "$status" -lt 128 ] || { echo "wanted a refusal, not a signal"; seen; return; }
	[ $# = 0 ] || says "$1"
}
# Two values outside of `run`: equal GOT WANTED
equal() { [ "$1" = "$2" ] || { echo "got:    $1"; echo "wanted: $2"; return 1; }; }
