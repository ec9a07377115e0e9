#!/usr/bin/env bats
# Layers that are never unpacked: the driver erofs shows what the driver overlay shows, file by file, and refuses what that
# refuses, in the same words. What is derived may be lost, and comes back. Containers of one image share one mount.

load ../lib/common
load ../lib/images

setup() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	TOOL=$DOLIUM_BIN/../tests/unit/store-tool
	INDEX=$DOLIUM_BIN/../tests/unit/erofs-tool
	for tool in "$TOOL" "$INDEX"; do
		[ -x "$tool" ] || { echo "no $tool: build first" >&2; return 1; }
	done
	test_program tree
	cd "$BATS_TEST_TMPDIR"
	unset DOLIUM_STORAGE_DRIVER
	export DOLIUM_ROOT=$BATS_TEST_TMPDIR/erofs DOLIUM_RUN_ROOT=$BATS_TEST_TMPDIR/run
	DOLIUM_STORAGE_DRIVER=erofs tool erofs sweep || skip "no store here"
	run "$DOLIUM_BIN/dolium" info --format '{{.Driver}}'
	[ "$output" = erofs ] || skip "EROFS cannot be mounted here"
}

teardown() {
	for root in erofs overlay; do
		[ ! -d "$root" ] || tool $root sweep
		[ ! -d "$root" ] || [ -z "$(find $root/tmp $root/trash -mindepth 1 | head -3)" ]
	done
}

# tool ROOT ARGUMENT...: the driver of a store is its name
tool() {
	local root=$1
	shift
	DOLIUM_STORAGE_DRIVER=${root%%.*} timeout 120 "$TOOL" "$DOLIUM_BIN/dolium-unpack" "$root" "$@"
}
# listing ROOT DIFFID...: what an image of these layers looks like
listing() {
	local root=$1
	shift
	mkdir -p at
	# shellcheck disable=SC2016
	DOLIUM_STORAGE_DRIVER=${root%%.*} unshare -m --propagation private sh -c '
		tool=$1 worker=$2 root=$3 tree=$4; shift 4
		"$tool" "$worker" "$root" show at "$@" && cd at && "$tree" .' \
		sh "$TOOL" "$DOLIUM_BIN/dolium-unpack" "$root" "$PROGRAMS/tree" "$@" |
		sed '1s/ t[0-9.]*//' # the root is the writable part's, and was made just now
}
# both FILE COMPRESSION: into both stores; $output is what both said
both() {
	local said
	run tool overlay unpack "$2" "$1"
	said="$status $output"
	run tool erofs unpack "$2" "$1"
	equal "$status $output" "$said"
}
dolium() { timeout 60 "$DOLIUM_BIN/dolium" "$@"; }

@test "every nasty layer is refused in the same words, or shows the same tree" {
	local kind n=0
	for kind in $(python3 "$TESTLIB/nasty_tar.py"); do
		case $kind in *bomb* | *huge* | million | deep) continue ;; esac # too long, for what they test
		python3 "$TESTLIB/nasty_tar.py" "$kind" >layer
		both layer plain || { echo "$kind"; return 1; }
		[ "$status" -eq 0 ] || continue
		listing overlay "$output" >want || { cat want; echo "$kind"; return 1; }
		listing erofs "$output" >got || { cat got; echo "$kind"; return 1; }
		same_tree want got || { echo "$kind"; return 1; }
		n=$((n + 1))
	done
	[ "$n" -ge 12 ] || { echo "only $n layers were good"; return 1; }
}

# same_image NAME: all layers of an image of the tests
same_image() {
	local blobs=$IMAGES/$1/blobs/sha256 manifest blob ids=()
	manifest=$(jq -r '.manifests[0].digest' "$IMAGES/$1/index.json")
	while read -r blob; do
		both "$blobs/${blob#sha256:}" gzip
		equal "$status" 0
		ids+=("$output")
	done < <(jq -r '.layers[].digest' "$blobs/${manifest#sha256:}")
	listing overlay "${ids[@]}" >want
	listing erofs "${ids[@]}" >got
	[ "$(wc -l <want)" -gt "$2" ]
	same_tree want got
}

@test "busybox is the same" {
	image_busybox
	same_image busybox 100
}

@test "the big image is the same: 15,000 files of six layers, every attribute" {
	image_big
	same_image big 14000
}

@test "Debian is the same" {
	need_debian
	same_image debian 5000
}

@test "holes of sparse files stay holes, in every form that GNU tar has for them" {
	local form
	mkdir in
	truncate -s 100M in/file
	printf 'in the middle' | dd of=in/file bs=1 seek=50000000 conv=notrunc status=none
	printf 'at the end' | dd of=in/file bs=1 seek=104857590 conv=notrunc status=none
	truncate -s 12345 in/hole
	for form in 0.0 0.1 1.0 old; do
		if [ $form = old ]; then
			tar --format=gnu -S -cf layer -C in .
		else
			tar --format=posix --sparse-version=$form -S -cf layer -C in .
		fi
		[ "$(stat -c %s layer)" -lt 100000 ] || { echo "$form is not sparse"; return 1; }
		both layer plain
		equal "$status" 0
		listing overlay "$output" >want
		listing erofs "$output" >got
		same_tree want got || { echo "$form"; return 1; }
	done
}

# a directory with a bit of everything, as two layers
two_layers() {
	mkdir -p low/d/e high/d
	echo one >low/d/one
	ln low/d/one low/d/hard
	ln -s one low/d/link
	printf 'x%.0s' $(seq 3000) >low/d/long
	ln -s "$(cat low/d/long)" low/d/longlink
	for i in $(seq 300); do echo "$i" >"low/d/e/file$i"; done
	setfattr -n user.note -v hi low/d/one low/d/e/file1
	truncate -s 1M low/sparse
	echo two >high/d/two
	: >high/d/.wh.one
	chmod 1777 high/d
	tar --format=posix --xattrs -S -cf low.tar -C low .
	tar --format=posix --xattrs -S -cf high.tar -C high .
}

@test "fsck.erofs and dump.erofs find nothing wrong" {
	command -v fsck.erofs >/dev/null || skip "no erofs-utils"
	local version
	two_layers
	version=$(fsck.erofs -V 2>&1 | grep -o '[0-9]*\.[0-9]*' | head -1)
	"$INDEX" image index low.tar high.tar
	if [ "$(printf '%s\n1.7\n' "$version" | sort -V | head -1)" != 1.7 ]; then
		# Before 1.7 they read no blocks but of 4096 bytes: of files without data.
		find low high -type f ! -name '.wh.*' -exec truncate -s 0 {} +
		for dir in low high; do tar --format=posix --xattrs -cf $dir.tar -C $dir .; done
		"$INDEX" image4k index low.tar high.tar
	fi
	fsck.erofs --device=low.tar --device=high.tar index
	run -0 dump.erofs --device=low.tar --device=high.tar --path=/d/e/file1 index
	[[ $output == *"regular file"* ]]
	printf '\377' | dd of=index bs=1 seek=1100 conv=notrunc status=none
	run fsck.erofs --device=low.tar --device=high.tar index
	[ "$status" -ne 0 ] || [[ $output == *rror* ]] || true
}

@test "the same layers give the same index, byte by byte" {
	two_layers
	"$INDEX" image one low.tar high.tar
	"$INDEX" image two low.tar high.tar
	cmp one two
}

@test "an index and its tars, one after the other, are one disk" {
	local at=0 part
	two_layers
	"$INDEX" image index low.tar high.tar
	: >disk
	for part in index low.tar high.tar; do
		dd if=$part of=disk bs=4096 conv=sync,notrunc oflag=append status=none
	done
	mkdir at
	# shellcheck disable=SC2016
	run unshare -m --propagation private sh -c 'mount -t erofs -o ro,loop disk at && cat at/d/two at/d/hard && ls at/d'
	equal "$status" 0
	equal "$(echo "$output" | head -2)" "two
one"
	[[ $output != *$'\n'one$'\n'*one$'\n'* ]]
}

# --- with the engine

busybox_here() {
	image_busybox
	tar -C "$IMAGES/busybox" -cf busybox.tar .
	run -0 dolium load -q -i busybox.tar
	ID=${output##*:}
}

@test "what is derived may be lost, or damaged, and is made again" {
	busybox_here
	rm -r erofs/images
	run -0 dolium run --rm "$ID" cat /etc/passwd
	[[ $output == root:* ]]
	rm erofs/images/* erofs/layers/*/index.*
	run -0 dolium run --rm "$ID" cat /etc/passwd
	[[ $output == root:* ]]
	for file in erofs/images/* erofs/layers/*/index.*; do
		dd if=/dev/zero of="$file" bs=1 seek=1024 count=40 conv=notrunc status=none
	done
	run -0 dolium run --rm "$ID" cat /etc/passwd
	[[ $output == root:* ]]
}

@test "a layer whose tar is gone or wrong is told of" {
	local tar
	busybox_here
	tar=$(echo erofs/layers/*/tar)
	printf X | dd of="$tar" bs=1 seek=5 conv=notrunc status=none
	rm erofs/images/* erofs/layers/*/index.*
	run dolium run --rm "$ID" true
	equal "$status" 125
	[[ $output == *"damaged tar: the checksum of a header is wrong"* ]]
	rm "$tar"
	run dolium run --rm "$ID" true
	equal "$status" 125
	[[ $output == *"no such layer: 'sha256:"* ]]
}

@test "containers of one image share one mount, whoever is killed" {
	local i pids=() names
	busybox_here
	mkfifo gate
	exec 7<>gate
	for i in 1 2 3 4 5 6; do
		"$DOLIUM_BIN/dolium" run --rm "$ID" sh -c 'stat -c %d /bin/busybox; sleep 30' >"out$i" 2>&1 3>&- 7>&- &
		pids+=($!)
	done
	for i in 1 2 3 4 5 6; do wait_for 20 test -s "out$i"; done
	exec 7>&-
	names=$(find run/images -type l -printf '%f\n')
	equal "$(wc -w <<<"$names")" 6
	# What a process has mounted has one device number, however it was cloned.
	for i in $names; do
		stat -L -c %d "/proc/${i%.*}/fd/${i#*.}"
	done | sort -u >devices
	equal "$(wc -l <devices)" 1
	kill -9 "${pids[0]}"
	wait "${pids[0]}" || :
	run -0 dolium run --rm "$ID" echo still
	equal "$output" still
	kill -9 "${pids[@]:1}"
	wait "${pids[@]:1}" || :
	dolium ps -aq | xargs -r "$DOLIUM_BIN/dolium" rm -f >/dev/null
	run -0 dolium run --rm "$ID" echo again
	equal "$output" again
	# A note of one that is no more is taken away by the next one.
	[ "$(find run/images -type l | wc -l)" -le 1 ]
}

@test "an image that is removed takes its index with it" {
	busybox_here
	equal "$(find erofs/images -type f | wc -l)" 1
	dolium rmi "$ID" >/dev/null
	equal "$(find erofs/images erofs/layers -mindepth 1)" ""
}

@test "a store remembers its driver, and says why it is that one" {
	busybox_here
	equal "$(readlink erofs/driver)" erofs
	run dolium --storage-driver overlay run --rm "$ID" true
	equal "$status" 125
	[[ $output == *"cannot use the storage driver 'overlay': what is in the store '$DOLIUM_ROOT' was made by 'erofs'"* ]]
	run dolium --storage-driver zfs info
	[[ $output == *"no such storage driver: 'zfs'"* ]]
	run -0 dolium info
	[[ $output == *"what is in the store was made by it"* ]]
	run -0 dolium --root "$PWD/other" --storage-driver overlay load -q -i busybox.tar
	equal "$(readlink other/driver)" overlay
	run -0 dolium --root "$PWD/other" run --rm "$ID" echo hi
	equal "$output" hi
	# A store from before there was a choice.
	rm other/driver
	run -0 dolium --root "$PWD/other" run --rm "$ID" echo hi
	equal "$output" hi
	run -0 dolium --root "$PWD/other" info --format '{{.Driver}}'
	equal "$output" overlay
}

@test "a store on a tmpfs is served over loop devices, which go with the last container" {
	local where
	where=$(mktemp -d /dev/shm/dolium-erofs.XXXXXX)
	image_busybox
	tar -C "$IMAGES/busybox" -cf busybox.tar .
	run -0 dolium --root "$where/store" load -q -i busybox.tar
	run dolium --root "$where/store" run --rm "${output##*:}" cat /etc/passwd
	local got="$status $output" driver
	driver=$(readlink "$where/store/driver")
	local left
	left=$(losetup -a | grep "$where" || :)
	rm -rf "$where"
	[[ $got == "0 root:"* ]]
	equal "$left" ""
	[ "$driver" = erofs ] || skip "no loop devices here: it is '$driver'"
}
