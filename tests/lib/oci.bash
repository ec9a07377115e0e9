# For tests of dolium-oci: a bundle with busybox in it, made anew for each test.
#
#   setup() { oci_setup; }; teardown() { oci_teardown; }
#   bundle '.process.args=["true"]'      # config.json of `dolium-oci spec`, changed by jq
#   run oci run -b "$B" "$ID"

oci_setup() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	[ -x "$DOLIUM_BIN/dolium-oci" ] || { echo "no $DOLIUM_BIN/dolium-oci: build first" >&2; return 1; }
	B=$BATS_TEST_TMPDIR/bundle B2=$BATS_TEST_TMPDIR/bundle2 R=$BATS_TEST_TMPDIR/run
	# shellcheck disable=SC2034
	ID=t$$-$BATS_TEST_NUMBER
	TRUE_STATIC=$TEST_CACHE/true-static
	[ -x "$TRUE_STATIC" ] || { echo 'int main(void){return 0;}' | cc -x c -static -O2 -o "$TRUE_STATIC" -; }
	mkdir -p "$B" "$R"
}

# Whatever a test did, nothing of it stays.
oci_teardown() {
	local id
	for id in "$R"/*; do
		[ -d "$id" ] && oci delete -f "${id##*/}" >/dev/null 2>&1
	done
	return 0
}

oci_bin() { exec "$DOLIUM_BIN/dolium-oci" "$@"; }
oci() { "$DOLIUM_BIN/dolium-oci" --root "$R" "$@"; }

# As `dolium-oci spec` writes it, without a terminal.
bundle_in() { # bundle_in DIR JQ
	local name
	if [ ! -d "$1/rootfs" ]; then
		mkdir -p "$1/rootfs/bin"
		cp /bin/busybox "$1/rootfs/bin/"
		for name in sh ls cat id ps grep sleep stat touch echo true readlink hostname stty tty mkdir \
			head tail wc rm ping pwd env tr kill chmod test; do
			ln -s busybox "$1/rootfs/bin/$name"
		done
		oci spec -b "$1"
		mv "$1/config.json" "$1/spec.json"
	fi
	jq ".process.terminal=false | $2" "$1/spec.json" >"$1/config.json"
}
bundle() { bundle_in "$B" "$1"; }
second_bundle() { mkdir -p "$B2" && bundle_in "$B2" "$1"; }

# shellcheck disable=SC2034
USERNS='.linux.namespaces+=[{"type":"user"}] | .linux.uidMappings=[{"containerID":0,"hostID":100000,"size":65536}] | .linux.gidMappings=.linux.uidMappings'

# Not every view of a host's cgroups (tests/lib/view) has every controller.
needs_controllers() {
	local c
	for c in "$@"; do
		[ -d "/sys/fs/cgroup/$c" ] || grep -qsw "$c" /sys/fs/cgroup/cgroup.controllers ||
			skip "no cgroup controller '$c' in this view"
	done
}

# No such process, or one that is dead and that its parent has not asked about yet.
is_gone() { ! grep -q '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status" 2>/dev/null; }
