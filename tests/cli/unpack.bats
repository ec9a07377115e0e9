#!/usr/bin/env bats
# Layers that lie, leave their root, or are bombs: each is refused with a sentence that names the entry, and
# nothing is left behind. And what is unpacked right is file by file what GNU tar makes of it.

load ../lib/common

setup() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	TOOL=$DOLIUM_BIN/../tests/unit/store-tool
	[ -x "$TOOL" ] || { echo "no $TOOL: build first" >&2; return 1; }
	# Into trees: what becomes of the same layers in an index is erofs.bats' question.
	export DOLIUM_STORAGE_DRIVER=overlay
	ROOT=$BATS_TEST_TMPDIR/store
	LAYER=$BATS_TEST_TMPDIR/layer
}

teardown() {
	[ -d "${ROOT:-/nowhere}" ] || return 0
	"$TOOL" "$DOLIUM_BIN/dolium-unpack" "$ROOT" sweep
	local left
	left=$(find "$ROOT/tmp" "$ROOT/trash" -mindepth 1 | head -5)
	[ -z "$left" ] || { echo "left behind: $left"; return 1; }
}

store() { "$TOOL" "$DOLIUM_BIN/dolium-unpack" "$ROOT" "$@"; }
nasty() { python3 "$TESTLIB/nasty_tar.py" "$1" >"$LAYER"; }
# unpack KIND [COMPRESSION [DIFFID BYTES ENTRIES RATIO [forbid]]]
unpack() {
	local what=$1 compression=${2:-plain}
	shift; shift || true
	nasty "$what"
	run timeout 120 "$TOOL" "$DOLIUM_BIN/dolium-unpack" "$ROOT" unpack "$compression" "$LAYER" "$@"
}
refused() {
	[ "$status" -eq 1 ] || { echo "status $status: $output"; return 1; }
	[[ $output == *"$1"* ]] || { echo "said: $output"; return 1; }
	[ -z "$(ls "$ROOT/layers")" ] || { echo "a layer was made"; return 1; }
	[ -z "$(ls "$ROOT/tmp")" ] || { echo "tmp/ is not empty"; return 1; }
}
tree() { echo "$ROOT"/layers/*/tree; }
unpacked() {
	if [ "$status" -ne 0 ] || [ ! -d "$(tree)" ]; then
		echo "status $status: $output"
		return 1
	fi
}

# --- names that lead out

@test "a name with .. is refused" {
	unpack dotdot
	refused "entry '../evil' leads out of the layer by '..'"
}

@test "a name with .. in its middle is refused" {
	unpack dotdot-inside
	refused "entry 'a/../../evil' leads out of the layer by '..'"
}

@test "an absolute name is made inside the layer" {
	unpack absolute
	unpacked
	[ "$(cat "$(tree)/abs/file")" = inside ]
	[ ! -e /abs/file ]
}

@test "an entry beneath a symlink is refused and nothing is made outside" {
	rm -f /tmp/evil
	unpack symlink-parent
	refused "entry 'out/evil' goes through something that is not a directory"
	[ ! -e /tmp/evil ]
}

@test "an entry beneath a symlink to .. is refused" {
	unpack symlink-parent-relative
	refused "entry 'a/up/evil' goes through something that is not a directory"
}

@test "a directory that turns into a symlink does not let the next entry through" {
	rm -f /tmp/evil
	unpack symlink-swapped
	refused "entry 'd/evil' goes through something that is not a directory"
	[ ! -e /tmp/evil ]
}

@test "an entry of the name of a symlink replaces it and does not write through it" {
	echo untouched >/tmp/dolium-nasty-target
	unpack write-through-symlink
	unpacked
	[ "$(cat /tmp/dolium-nasty-target)" = untouched ]
	rm -f /tmp/dolium-nasty-target
	[ "$(cat "$(tree)/l")" = plain ] && [ ! -L "$(tree)/l" ]
}

@test "a part of 256 bytes in a name is refused, one of 255 is not" {
	unpack part-256
	refused "has a part of more than 255 bytes in its name"
	unpack part-255
	unpacked
}

@test "a name of 4096 bytes is refused, one of 4095 is not" {
	unpack name-4096
	refused "its name is longer than 4095 bytes"
	unpack name-4095
	unpacked
}

@test "a name with a NUL in it is refused" {
	unpack nul-in-name
	refused "a name with a NUL in it"
}

@test "control characters of a name do not reach the terminal" {
	unpack control-in-name
	refused "entry '?[31mred/../../evil' leads out"
}

# --- hard links

@test "a hard link that leads out is refused" {
	unpack hardlink-outside
	refused "entry 'h' leads out of the layer by '..'"
}

@test "a hard link to an absolute name means the layer's own file" {
	unpack hardlink-absolute
	refused "entry 'h' is a hard link to something that is not in the layer"
}

@test "a hard link through a symlink is refused" {
	unpack hardlink-through-symlink
	refused "entry 'h' is a hard link to something that is not in the layer"
}

@test "a hard link to a directory is refused" {
	unpack hardlink-to-directory
	refused "entry 'h' is a hard link to a directory"
}

@test "a hard link to itself is refused" {
	unpack hardlink-to-itself
	refused "entry 'h' is a hard link to itself"
}

@test "an entry beneath a hard link is refused" {
	unpack hardlink-parent
	refused "entry 'h/evil' goes through something that is not a directory"
}

@test "an entry that replaces a hard link leaves the other name alone" {
	unpack write-through-hardlink
	unpacked
	[ "$(cat "$(tree)/a")" = one ] && [ "$(cat "$(tree)/b")" = two ]
}

# --- devices and whiteouts

@test "a device is made where devices are allowed" {
	unpack device
	unpacked
	[ "$(stat -c '%F %t:%T' "$(tree)/disk")" = "block special file 8:0" ]
}

@test "a device is refused where they are forbidden" {
	unpack device plain "" 0 0 0 forbid
	refused "entry 'disk' is a device, and devices are forbidden here"
}

@test "the device that overlayfs takes for a whiteout is refused" {
	unpack whiteout-device
	refused "entry 'gone' is the device 0:0"
}

@test "a whiteout of .. is refused" {
	unpack whiteout-outside
	refused "entry '.wh...' is a whiteout of something outside"
}

@test "a whiteout of nothing is refused" {
	unpack whiteout-empty
	refused "entry '.wh.' is a whiteout of something outside"
}

@test "an entry beneath a whiteout is refused" {
	unpack whiteout-parent
	refused "entry 'd/.wh.../x' lies beneath a whiteout"
}

@test "a hard link to a whiteout is refused" {
	unpack hardlink-to-whiteout
	refused "entry 'h' is a hard link to a whiteout"
}

@test "whiteouts become overlayfs' own" {
	unpack whiteouts
	unpacked
	[ "$(stat -c '%F %t:%T' "$(tree)/d/gone")" = "character special file 0:0" ]
	[ "$(getfattr --only-values -n trusted.overlay.opaque "$(tree)/o")" = y ]
	[ "$(getfattr --only-values -n trusted.overlay.opaque "$(tree)/both")" = y ]
	[ "$(cat "$(tree)/o/kept")" = k ]
	[ -z "$(find "$(tree)" -name '.wh.*')" ]
}

# --- extended attributes

@test "overlayfs' own attributes are refused" {
	unpack overlay-xattr
	refused "entry 'd/' has an extended attribute that only overlayfs may set"
	unpack user-overlay-xattr
	refused "entry 'd/' has an extended attribute that only overlayfs may set"
}

@test "hundreds of extended attributes are refused" {
	unpack xattr-flood
	refused "entry 'f': more than 256 extended attributes"
}

@test "an extended attribute of more than 64 KiB is refused" {
	unpack xattr-huge
	refused "entry 'f' has an extended attribute of more than 64 KiB"
}

@test "a pax header of more than 1 MiB is refused" {
	unpack meta-huge
	refused "a header of more than 1 MiB"
}

# --- bombs

@test "a gzip bomb is refused by its ratio" {
	unpack gzip-bomb gzip "" 0 0 100
	refused "unpack to more than 100 times as many"
}

@test "a gzip bomb is refused by its size" {
	unpack gzip-bomb gzip "" 100000000
	refused "more than 100000000 bytes"
}

@test "eight exbibytes of holes are refused" {
	unpack sparse-bomb
	refused "with entry 'f' its files have more than"
}

@test "a million entries are refused by their number" {
	unpack million plain "" 0 20000
	refused "it has more than 20000 entries"
}

@test "two thousand directories in each other are made and swept" {
	unpack deep
	unpacked
	run store collect
	[ "$status" -eq 0 ] && [ -z "$(ls "$ROOT/layers")" ]
}

# --- damaged bytes

@test "sizes that are no sizes are refused" {
	unpack negative-size
	refused "entry 'f': its size is not a number"
	unpack huge-size
	refused "with entry 'f' its files have more than"
}

@test "a file that is cut off is refused" {
	for what in size-beyond-the-end pax-size-lies cut-data; do
		unpack $what
		refused "the tar is cut off in the middle of 'f'"
	done
	unpack cut-header
	refused "the tar is cut off in the middle of a header"
}

@test "damaged headers are refused" {
	unpack bad-checksum
	refused "the checksum of a header is wrong"
	unpack garbage
	refused "the checksum of a header is wrong"
	unpack unknown-type
	refused "entry 'f': it is of a kind that layers do not have"
	unpack behind-zeros
	refused "something stands behind a block of zeros"
	unpack pax-length-lies
	refused "a pax record of a wrong length"
	unpack sparse-map-lies
	refused "its sparse map is not in order"
	unpack root-is-a-file
	refused "entry '.' is the layer's root, and no directory"
	unpack owner-is-minus-one
	refused "its owner is not a number that an owner can be"
}

@test "damaged compression is refused" {
	unpack gzip-trailing gzip
	refused "its gzip stream is broken"
	unpack gzip-bad-sum gzip
	refused "its gzip stream is broken"
	nasty everything
	gzip -c "$LAYER" | head -c 100000 >"$LAYER.gz"
	run store unpack gzip "$LAYER.gz"
	refused "its gzip stream is cut off"
	zstd -q -c "$LAYER" | head -c 100000 >"$LAYER.zst"
	run store unpack zstd "$LAYER.zst"
	refused "its zstd stream is cut off"
	run store unpack zstd "$LAYER"
	refused "its zstd stream is broken"
}

@test "a layer that is not the one it should be is refused" {
	unpack good plain "sha256:$(printf x | sha256sum | cut -c1-64)"
	refused "refused layer: it should unpack to 'sha256:2d71"
}

# --- what is right

@test "plain, gzip of several members and zstd of several frames give the same layer" {
	nasty everything
	id=sha256:$(sha256sum <"$LAYER" | cut -c1-64)
	half=$(($(stat -c %s "$LAYER") / 2 / 512 * 512))
	{ head -c $half "$LAYER" | gzip; tail -c +$((half + 1)) "$LAYER" | gzip; } >"$LAYER.gz"
	{ head -c $half "$LAYER" | zstd; tail -c +$((half + 1)) "$LAYER" | zstd; } >"$LAYER.zst"
	for form in plain: gzip:.gz zstd:.zst; do
		run store unpack "${form%%:*}" "$LAYER${form#*:}" "$id"
		[ "$output" = "$id" ] || { echo "$output"; return 1; }
		[ "$(cat "$ROOT"/layers/*/record.json)" = '{"format":1,"tar_bytes":'"$(stat -c %s "$LAYER")"',"disk_bytes":3200044,"n_entries":31}' ] || { cat "$ROOT"/layers/*/record.json; return 1; }
		run store collect
	done
}

# Everything that stat and getfattr know, but for the times of directories that no entry speaks of.
listing() {
	(
		cd "$1" || exit
		find . -printf '%P|%y|%m|%U|%G|%n|%l|%T@|' \( -type d -printf '-' -o -printf '%s' \) -printf '\n' |
			grep -v '^deep' | sort
		find . -type b -o -type c | sort | xargs stat -c '%n %t:%T'
		getfattr -R -h -d -m - -e hex . 2>/dev/null | grep -v trusted.dolium
		find . -type f -print0 | sort -z | xargs -0 sha256sum
	)
}

@test "a tree with everything is the one that GNU tar unpacks" {
	unpack everything
	unpacked
	mkdir "$BATS_TEST_TMPDIR/gnu"
	tar -C "$BATS_TEST_TMPDIR/gnu" --xattrs --xattrs-include='*' --acls -p --numeric-owner -xf "$LAYER"
	# GNU tar sets the time of usr/bin before it replaces a file in it, and reads ACLs in its own form only.
	touch -d @12345 "$BATS_TEST_TMPDIR/gnu/usr/bin"
	run getfattr --only-values -n system.posix_acl_access -e hex "$(tree)/acl"
	[ "$status" -eq 0 ]
	[ "$(getfacl -cn "$(tree)/acl" 2>/dev/null | grep user:1000)" = user:1000:r-- ]
	setfacl -b "$(tree)/acl"
	diff <(listing "$BATS_TEST_TMPDIR/gnu") <(listing "$(tree)")
	[ "$(stat -c %b "$(tree)/sparse")" -lt 100 ]
}

@test "sparse files in all the forms that GNU tar has keep their bytes and their holes" {
	local dir=$BATS_TEST_TMPDIR/sparse form sum
	mkdir "$dir"
	# Thirty parts: the maps of all forms need more than one block.
	python3 -c '
import os, sys
f = open(sys.argv[1], "wb")
for i in range(60):
    f.seek(i * 200000)
    f.write(os.urandom(4096))
f.truncate(60 * 200000 + 12345)' "$dir/file"
	sum=$(sha256sum <"$dir/file")
	for form in gnu pax:0.0 pax:0.1 pax:1.0; do
		if [ $form = gnu ]; then
			tar -C "$dir" -S --format=gnu -cf "$LAYER" file
		else
			tar -C "$dir" -S --format=pax --sparse-version="${form#*:}" -cf "$LAYER" file
		fi
		[ "$(stat -c %s "$LAYER")" -lt 1000000 ] || { echo "$form is not sparse"; return 1; }
		run store unpack plain "$LAYER"
		unpacked
		[ "$(sha256sum <"$(tree)/file")" = "$sum" ] || { echo "$form"; return 1; }
		[ "$(stat -c %b "$(tree)/file")" -lt 2000 ]
		run store collect
	done
}

@test "old and new forms of tar give the same tree" {
	local dir=$BATS_TEST_TMPDIR/forms form
	mkdir -p "$dir/d/$(printf 'n%.0s' {1..90})/$(printf 'm%.0s' {1..90})"
	echo x >"$dir/d/file"
	ln -s file "$dir/d/sym"
	ln "$dir/d/file" "$dir/d/hard"
	chmod 4711 "$dir/d/file"
	# Whole seconds, as the old forms have no others.
	find "$dir" -exec touch -h -d @1000000000 {} +
	for form in ustar oldgnu gnu pax v7; do
		tar -C "$dir" --sort=name --format=$form -cf "$LAYER" d 2>/dev/null || [ $form = v7 ]
		run store unpack plain "$LAYER"
		unpacked
		[ $form = v7 ] || diff <(listing "$dir/d") <(listing "$(tree)/d")
		[ "$(cat "$(tree)/d/hard")" = x ]
		run store collect
	done
}

@test "a later entry replaces an earlier one of any kind" {
	unpack file-over-directory
	unpacked
	[ "$(cat "$(tree)/d")" = file ]
	rm -rf "$ROOT"
	unpack directory-over-file
	unpacked
	[ "$(cat "$(tree)/d/f")" = x ]
}

@test "parents that no entry speaks of are made" {
	unpack missing-parents
	unpacked
	[ "$(stat -c '%a %u %g' "$(tree)/a/b")" = "755 0 0" ]
	[ "$(stat -c '%u' "$(tree)/a/b/c/file")" = 5 ]
}

# --- kill -9, and two at once

big_layer() {
	python3 - "$1" <<'END'
import random, sys, tarfile, io
rng = random.Random(3)
with tarfile.open(sys.argv[1], "w") as t:
    for i in range(3000):
        x = tarfile.TarInfo("d%d/f%d" % (i % 50, i))
        data = rng.randbytes(rng.randrange(30000))
        x.size = len(data)
        t.addfile(x, io.BytesIO(data))
END
}

@test "killed at any moment, an unpack leaves nothing, and the next one works" {
	big_layer "$LAYER"
	id=sha256:$(sha256sum <"$LAYER" | cut -c1-64)
	for ms in 1 3 5 10 20 30 40 60 80 100 130 160 200 250 300; do
		"$TOOL" "$DOLIUM_BIN/dolium-unpack" "$ROOT" unpack plain "$LAYER" "$id" >/dev/null 2>&1 3>&- &
		sleep "$(printf '0.%03d' $ms)"
		kill -9 $! 2>/dev/null || true
		wait $! 2>/dev/null || true
		# The worker dies with its parent; a layer that has a name is whole.
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			store sweep
			[ -n "$(find "$ROOT/tmp" "$ROOT/trash" -mindepth 1 | head -1)" ] || break
			sleep 0.05
		done
		[ -z "$(find "$ROOT/tmp" "$ROOT/trash" -mindepth 1)" ] || { echo "left after $ms ms"; find "$ROOT/tmp" "$ROOT/trash" -mindepth 1 | head; return 1; }
		if [ -n "$(ls "$ROOT/layers")" ]; then
			[ "$(find "$(tree)" -type f | wc -l)" = 3000 ]
			store collect
		fi
	done
	run store unpack plain "$LAYER" "$id"
	[ "$output" = "$id" ]
	[ "$(find "$(tree)" -type f | wc -l)" = 3000 ]
}

# What has a name is whole.
layer_is_whole() { # DIFFID
	local dir
	dir=$(echo "$ROOT"/layers/*)
	[ -f "$dir/record.json" ] || return 1
	[ ! -d "$dir/tree" ] || { [ -p "$dir/tree/pipe" ]; return; }
	[ "sha256:$(sha256sum <"$dir/tar" | cut -c1-64)" = "$1" ] && [ -n "$(echo "$dir"/index.[0-9]*)" ]
}

killed_at_each_call() {
	command -v strace >/dev/null || skip "needs strace"
	nasty everything
	local id call n killed=0
	id=sha256:$(sha256sum <"$LAYER" | cut -c1-64)
	store sweep
	# Without -f: the worker is not traced, and dies because its parent does.
	strace -qq -o "$BATS_TEST_TMPDIR/calls" "$TOOL" "$DOLIUM_BIN/dolium-unpack" "$ROOT" unpack plain "$LAYER" "$id"
	store collect >/dev/null
	# Each call from the opening of the store on, as strace counts them: by name.
	while read -r call n; do
		strace -qq -o /dev/null -e "inject=$call:signal=KILL:when=$n" "$TOOL" "$DOLIUM_BIN/dolium-unpack" "$ROOT" unpack plain "$LAYER" "$id" >/dev/null 2>&1 && continue
		killed=$((killed + 1))
		if [ -n "$(ls "$ROOT/layers")" ]; then
			layer_is_whole "$id"
			store collect >/dev/null
		fi
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			store sweep
			[ -n "$(find "$ROOT/tmp" "$ROOT/trash" -mindepth 1 | head -1)" ] || break
			sleep 0.02
		done
		[ -z "$(find "$ROOT/tmp" "$ROOT/trash" -mindepth 1)" ] || { echo "left after $call $n"; return 1; }
	done < <(awk -F'(' '/^[a-z]/ { n[$1]++; if (/store"/) on = 1; if (on && !/^exit/) print $1, n[$1] }' "$BATS_TEST_TMPDIR/calls")
	run store unpack plain "$LAYER" "$id"
	[ "$status" -eq 0 ] && [ "$output" = "$id" ]
	[ "$killed" -gt 40 ] || { echo "killed $killed times only"; return 1; }
}

@test "killed at each of its system calls, the store is whole and the next command cleans up" {
	killed_at_each_call
}

@test "killed at each of its system calls while it keeps a tar, the same" {
	export DOLIUM_STORAGE_DRIVER=erofs
	"$TOOL" "$DOLIUM_BIN/dolium-unpack" "$ROOT" sweep
	run store unpack plain /dev/null
	[[ $output != *"cannot be mounted here"* ]] && [[ $output != *"has no EROFS"* ]] || skip "$output"
	rm -rf "$ROOT"
	killed_at_each_call
}

@test "a layer is on the disk before it has its name" {
	command -v strace >/dev/null || skip "needs strace"
	nasty everything
	strace -f -qq -y -e trace=syncfs,fsync,renameat2 -o "$BATS_TEST_TMPDIR/trace" "$TOOL" "$DOLIUM_BIN/dolium-unpack" "$ROOT" unpack plain "$LAYER"
	run sed -nE 's/^[0-9]+ +syncfs.*= 0$/sync/p; s/^[0-9]+ +fsync\(.*record\.json.*= 0$/record/p; s/^[0-9]+ +renameat2.*RENAME_NOREPLACE.*= 0$/name/p; s/^[0-9]+ +fsync\([0-9]+<.*layers>\).*= 0$/names/p' "$BATS_TEST_TMPDIR/trace"
	[ "$output" = $'sync\nrecord\nname\nnames' ] || { echo "$output"; cat "$BATS_TEST_TMPDIR/trace"; return 1; }
}

@test "two who unpack one layer at once do the work once" {
	big_layer "$LAYER"
	id=sha256:$(sha256sum <"$LAYER" | cut -c1-64)
	store unpack plain "$LAYER" "$id" >"$BATS_TEST_TMPDIR/1" 3>&- &
	one=$!
	store unpack plain "$LAYER" "$id" >"$BATS_TEST_TMPDIR/2" 3>&- &
	two=$!
	# While both run there is one directory that is filled.
	sleep 0.03
	[ "$(find "$ROOT/tmp" -mindepth 1 -maxdepth 1 -type d | wc -l)" -le 1 ]
	wait $one && wait $two
	[ "$(cat "$BATS_TEST_TMPDIR/1")" = "$id" ] && [ "$(cat "$BATS_TEST_TMPDIR/2")" = "$id" ]
}

@test "who waits for an unpacking that is killed does it himself" {
	big_layer "$LAYER"
	id=sha256:$(sha256sum <"$LAYER" | cut -c1-64)
	store sweep
	# Somebody has the lock, and no intention to unpack anything.
	flock "$ROOT/tmp/layer-${id#sha256:}" sleep 30 3>&- &
	holder=$!
	while [ ! -e "$ROOT/tmp/layer-${id#sha256:}" ]; do sleep 0.01; done
	sleep 0.1
	store unpack plain "$LAYER" "$id" >"$BATS_TEST_TMPDIR/out" 3>&- &
	waiter=$!
	sleep 0.3
	kill -0 $waiter
	[ -z "$(ls "$ROOT/layers")" ]
	pkill -9 -P $holder
	kill -9 $holder 2>/dev/null || true
	wait $waiter
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = "$id" ]
}

@test "a full disk is said, and leaves room again" {
	big_layer "$LAYER"
	mkdir -p "$ROOT"
	# shellcheck disable=SC2016
	run unshare -m --propagation private bash -c '
		mount -t tmpfs -o size=8m,mode=0700 dolium "$3" || exit 99
		"$1" "$2" "$3" unpack plain "$4"
		echo "status $?"
		"$1" "$2" "$3" sweep
		find "$3/tmp" "$3/trash" "$3/layers" -mindepth 1' _ "$TOOL" "$DOLIUM_BIN/dolium-unpack" "$ROOT" "$LAYER"
	[[ $output == *": No space left on device"*"status 1" ]] || { echo "$output"; return 1; }
	rmdir "$ROOT"
}

# --- the walls

@test "the worker can open nothing, make no process and no socket" {
	big_layer "$LAYER"
	command -v strace >/dev/null || skip "needs strace"
	strace -f -qq -o "$BATS_TEST_TMPDIR/trace" "$TOOL" "$DOLIUM_BIN/dolium-unpack" "$ROOT" unpack plain "$LAYER"
	# After the filter no path is opened that is absolute or leads out.
	sed -n '/SECCOMP_SET_MODE_FILTER/,$p' "$BATS_TEST_TMPDIR/trace" | grep -c openat >"$BATS_TEST_TMPDIR/n"
	[ "$(cat "$BATS_TEST_TMPDIR/n")" -gt 3000 ]
	worker=$(awk '/SECCOMP_SET_MODE_FILTER/ { print $1; exit }' "$BATS_TEST_TMPDIR/trace")
	run grep -E "^$worker (socket|connect|execve|clone|fork|ptrace|mount|unshare)\(" <(sed -n '/SECCOMP_SET_MODE_FILTER/,$p' "$BATS_TEST_TMPDIR/trace")
	[ -z "$output" ]
	grep -q 'landlock_restrict_self(.*) *= 0' "$BATS_TEST_TMPDIR/trace"
	grep -q 'chroot("\.") *= 0' "$BATS_TEST_TMPDIR/trace"
}
