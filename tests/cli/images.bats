#!/usr/bin/env bats
# Images from a real registry into the store and out again: what is unpacked is what others unpack, two pulls do
# the work once, and a kill at any moment leaves nothing broken, nothing leaked, and no byte fetched twice.

load ../lib/common

setup_file() {
	world_new
	image_busybox
	image_big
	test_program tree
	hub_start
	hub_push busybox "$IMAGES/busybox:latest"
	hub_push big "$IMAGES/big:latest"
	dolium pull -q "$HUB/busybox" >/dev/null
}

teardown_file() {
	hub_stop
	world_done
}

# A store of its own for a test that breaks things.
own_store() {
	export DOLIUM_ROOT=$BATS_TEST_TMPDIR/root DOLIUM_RUN_ROOT=$BATS_TEST_TMPDIR/run
}
# Nothing half-made: what is in tmp/ and trash/ after a command has ended.
garbage() { find "$DOLIUM_ROOT/tmp" "$DOLIUM_ROOT/trash" -mindepth 1 -maxdepth 1 2>/dev/null; }
# Commands that change the store take garbage away, each for a bounded time: all is gone after a few of them.
swept() {
	for _ in 1 2 3 4 5 6 7 8; do
		dolium image prune -f >/dev/null || return
		[ -n "$(garbage)" ] || return 0
	done
	echo "still there:" && garbage
	return 1
}
# Layers that are there
n_layers() { find "$DOLIUM_ROOT/layers" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l; }

@test "pull -q prints the digest of the manifest, and images lists what came" {
	run -0 dolium pull -q "$HUB/busybox"
	matches 'sha256:[0-9a-f]{64}$'
	run -0 dolium images
	matches "$HUB/busybox +latest"
	run -0 dolium images -q --no-trunc
	says "sha256:$(image_id busybox)"
	run -0 dolium inspect --format '{{.Id}} {{.Os}}/{{.Architecture}}' "$HUB/busybox"
	is "sha256:$(image_id busybox) linux/amd64"
}

@test "a second pull fetches no layer" {
	from=$(hub_lines)
	run -0 dolium pull "$HUB/busybox"
	says "up to date"
	# Its manifest says which they are; its configuration may come again.
	[ "$(hub_sent "$from")" -lt 4096 ]
}

@test "the big image is unpacked as umoci unpacks it: 15,000 files, every attribute" {
	dolium pull -q "$HUB/big" >/dev/null
	tree_umoci big
	wanted=$TREE
	[ "$(wc -l <"$wanted")" -gt 14000 ]
	tree_dolium "$HUB/big"
	same_tree "$wanted" "$TREE"
	tree_dolium "$HUB/big" --userns host
	same_tree "$wanted" "$TREE"
}

@test "layers that name files but not their directories are put together all the same" {
	# (What mode such a directory has is open: layers are unpacked without knowing what is below them.)
	mkimage "$WORLD/implicit:latest" <<-'END'
		busybox
		etc
		dir opt
		dir opt/a
		file opt/a/old 0600 0:0 old
		file opt/a/kept 0640 0:0 kept
		layer
		file opt/a/new 0600 1:2 new
		whiteout opt/a/old
		layer
		file opt/a/b/c/newer 0600 0:0 newer
	END
	dolium pull -q "oci:$WORLD/implicit:latest" >/dev/null
	run -0 run_in "$(layout_id "$WORLD/implicit" latest)" sh -c \
		'stat -c "%n %a %u:%g" /opt /opt/a /opt/a/kept /opt/a/new /opt/a/b /opt/a/b/c/newer; ls /opt/a'
	is "$(printf '%s\n' '/opt 755 0:0' '/opt/a 755 0:0' '/opt/a/kept 640 0:0' '/opt/a/new 600 1:2' '/opt/a/b 755 0:0' \
		'/opt/a/b/c/newer 600 0:0' b kept new)"
}

@test "a change inside a container leaves the image as it was" {
	dolium pull -q "$HUB/big" >/dev/null
	tree_dolium "$HUB/big"
	mv "$TREE" "$WORLD/before"
	run -0 run_in "$HUB/big" sh -c 'rm -rf /opt /srv; chown -R 33 /usr/lib/more; echo x > /etc/passwd; rm /bin/vi; test ! -e /opt'
	tree_dolium "$HUB/big"
	same_tree "$WORLD/before" "$TREE"
}

@test "a real Debian is unpacked as umoci unpacks it, and runs" {
	need_debian
	hub_push debian "$IMAGES/debian:latest"
	dolium pull -q "$HUB/debian" >/dev/null
	tree_umoci debian
	wanted=$TREE
	tree_dolium "$HUB/debian"
	# It has no /etc/hosts: that it gets one is seen in the time of /etc.
	grep -v '^\./etc d' "$wanted" >"$WORLD/wanted"
	grep -v '^\./etc d' "$TREE" >"$WORLD/got"
	same_tree "$WORLD/wanted" "$WORLD/got"
	run -0 run_in "$HUB/debian" bash -c '. /etc/os-release; echo $ID; id -un; dpkg -s bash | grep -c ^Version'
	is "$(printf 'debian\nroot\n1')"
}

@test "layers in Docker's media types, in zstd and without compression give the same image" {
	hub_push busybox:v2s2 "$IMAGES/busybox:latest" --format v2s2
	hub_push busybox:zstd "$IMAGES/busybox:latest" --dest-compress --dest-compress-format zstd
	printf 'busybox\netc\n' | mkimage "$WORLD/plain:latest" --compress none
	tree_umoci busybox
	wanted=$TREE
	own_store
	for image in "$HUB/busybox:v2s2" "$HUB/busybox:zstd" "oci:$WORLD/plain:latest"; do
		run -0 dolium pull -q "$image"
		case $image in
		oci:*) image=$(layout_id "$WORLD/plain" latest) ;;
		esac
		tree_dolium "$image"
		same_tree "$wanted" "$TREE"
	done
	# The same bytes unpacked: one layer on disk, not three.
	equal "$(n_layers)" 1
}

@test "archives: oci-archive, docker-archive, load from a pipe, import of a tar" {
	own_store
	tar -C "$IMAGES/busybox" -cf "$BATS_TEST_TMPDIR/oci.tar" oci-layout index.json blobs
	skopeo --insecure-policy copy -q "oci:$IMAGES/busybox:latest" "docker-archive:$BATS_TEST_TMPDIR/docker.tar:bb:1" \
		--additional-tag bb:2 3>&-
	run -0 dolium pull -q "oci-archive:$BATS_TEST_TMPDIR/oci.tar"
	run -0 run_in "$(image_id busybox)" echo from-oci
	is from-oci
	run -0 dolium pull -q "docker-archive:$BATS_TEST_TMPDIR/docker.tar"
	run -0 run_in bb:1 echo from-docker
	is from-docker
	dolium rmi -f bb:1 bb:2 >/dev/null
	run -0 bash -c 'gzip -1 <"$1" | "$0" load' "$DOLIUM_BIN/dolium" "$BATS_TEST_TMPDIR/docker.tar"
	says "Loaded image: bb:1"
	says "Loaded image: bb:2"
	run -0 run_in bb:1 true
	run -0 bash -c 'dd if="$1" status=none | "$0" load' "$DOLIUM_BIN/dolium" "$BATS_TEST_TMPDIR/docker.tar"

	mkdir -p "$BATS_TEST_TMPDIR/fs/bin"
	cp /bin/busybox "$BATS_TEST_TMPDIR/fs/bin/sh"
	tar -C "$BATS_TEST_TMPDIR/fs" -cf "$BATS_TEST_TMPDIR/fs.tar" .
	run -0 dolium import --change 'CMD ["sh", "-c", "echo imported"]' "$BATS_TEST_TMPDIR/fs.tar" mine:1
	run -0 run_in mine:1
	is imported
}

@test "tag gives a second name, rmi takes one, and the last name takes the image" {
	own_store
	dolium pull -q "$HUB/busybox" >/dev/null
	run -0 dolium tag "$HUB/busybox" other:v1
	run -0 dolium rmi "$HUB/busybox"
	says Untagged
	lacks Deleted
	run -0 run_in other:v1 true
	run -0 dolium rmi other:v1
	says Deleted
	run -0 dolium images -q
	is ""
	swept
	equal "$(n_layers)" 0
	run dolium rmi other:v1
	refuses "other:v1"
}

@test "an image that a container uses is not removed, but by force" {
	own_store
	dolium pull -q "$HUB/busybox" >/dev/null
	id=$(dolium create --network none "$HUB/busybox" true)
	run dolium rmi "$HUB/busybox"
	refuses "${id:0:12}"
	run -0 dolium rm "$id"
	run -0 dolium rmi "$HUB/busybox"
}

@test "image prune gives back a partial download of any age, and not one that somebody writes" {
	own_store
	dolium images >/dev/null
	dir=$DOLIUM_ROOT/blobs/partial
	mkdir -p "$dir"
	free=$dir/$(printf 'ab%.0s' $(seq 32)) held=$dir/$(printf 'cd%.0s' $(seq 32))
	head -c 1000 /dev/zero | tee "$free" >"$held"
	flock "$held" "$DOLIUM_BIN/dolium" image prune -f
	[ ! -e "$free" ] && [ -e "$held" ]
}

@test "image prune removes what has no name, and with -a what no container uses" {
	own_store
	dolium pull -q "$HUB/busybox" >/dev/null
	dolium pull -q "oci:$IMAGES/busybox:latest" >/dev/null
	run -0 dolium image prune -f
	run -0 dolium images -q
	matches .
	run -0 dolium image prune -a -f
	run -0 dolium images -q
	is ""
	swept
	equal "$(n_layers)" 0
}

@test "history tells of each layer" {
	dolium pull -q "$HUB/big" >/dev/null
	run -0 dolium history -q --no-trunc "$HUB/big"
	equal "$(grep -c . <<<"$output")" 6
	run -0 dolium history "$HUB/big"
	says "layer 5"
}

@test "two pulls of one image at once do the work once" {
	own_store
	from=$(hub_lines)
	"$DOLIUM_BIN/dolium" pull -q "$HUB/big" >"$BATS_TEST_TMPDIR/one" 2>&1 3>&- &
	first=$!
	"$DOLIUM_BIN/dolium" pull -q "$HUB/big" >"$BATS_TEST_TMPDIR/two" 2>&1 3>&- &
	second=$!
	wait $first
	wait $second
	equal "$(cat "$BATS_TEST_TMPDIR/one")" "$(cat "$BATS_TEST_TMPDIR/two")"
	size=$(du -b --apparent-size -s "$IMAGES/big/blobs" | cut -f1)
	[ "$(hub_sent "$from")" -le $((size + 100000)) ]
	swept
	equal "$(n_layers)" 6
}

# Kills the pull, and all that it started, when so many bytes lie in the store.
pull_killed_at() {
	local bytes=$1 pid
	setsid "$DOLIUM_BIN/dolium" pull -q "$HUB/big" >/dev/null 2>&1 3>&- &
	pid=$!
	while kill -0 $pid 2>/dev/null; do
		[ "$(du -bs "$DOLIUM_ROOT" 2>/dev/null | cut -f1 || echo 0)" -lt "$bytes" ] || break
	done
	# Its helpers are not killed with it here: they have to notice.
	kill -9 $pid 2>/dev/null || :
	wait $pid || :
	wait_for 10 bash -c "! pgrep -g $pid >/dev/null"
}

@test "kill -9 in the middle of a pull: the next one goes on, and fetches no byte twice" {
	own_store
	size=$(du -b --apparent-size -s "$IMAGES/big/blobs" | cut -f1)
	from=$(hub_lines)
	for bytes in 1000000 50000000 150000000 300000000; do
		pull_killed_at $bytes
		run -0 dolium images
		lacks "$HUB/big"
	done
	run -0 dolium pull -q "$HUB/big"
	# Each kill may lose what was on its way: a little, not a layer. The small leeway is for bytes that the
	# registry had sent and nobody had read.
	sent=$(hub_sent "$from")
	[ "$sent" -le $((size + 4 * 25000000)) ] || { echo "sent $sent for $size"; false; }
	swept
	equal "$(n_layers)" 6
	tree_umoci big
	wanted=$TREE
	tree_dolium "$HUB/big"
	same_tree "$wanted" "$TREE"
}

@test "kill -9 in the middle of rmi: the next command finishes it, and the image can come again" {
	own_store
	dolium pull -q "$HUB/big" >/dev/null
	dolium pull -q "$HUB/busybox" >/dev/null
	for delay in 0 0.003 0.01 0.03 0.1; do
		setsid "$DOLIUM_BIN/dolium" rmi "$HUB/big" >/dev/null 2>&1 3>&- &
		sleep $delay
		kill -9 $! 2>/dev/null || :
		wait $! || :
		run -0 dolium images
		run -0 run_in "$HUB/busybox" true
	done
	run dolium rmi "$HUB/big"
	run -0 dolium images
	lacks "$HUB/big"
	run -0 dolium image prune -f
	swept
	equal "$(n_layers)" 1
	run -0 dolium pull -q "$HUB/big"
	swept
	equal "$(n_layers)" 7
}

@test "kill -9 in the middle of run: what it left is seen by ps and taken away by rm" {
	own_store
	dolium pull -q "$HUB/busybox" >/dev/null
	for delay in 0.001 0.002 0.004 0.006 0.008 0.012 0.02 0.05; do
		setsid "$DOLIUM_BIN/dolium" run --rm --network none "$(own_cgroups)" "$HUB/busybox" sleep 30 >/dev/null 2>&1 3>&- &
		pid=$!
		sleep $delay
		kill -9 $pid 2>/dev/null || :
		wait $pid || :
	done
	for id in $(dolium ps -aq); do
		run -0 dolium rm -f "$id"
	done
	run -0 dolium ps -aq
	is ""
	swept
	equal "$(find "$DOLIUM_ROOT/containers" -mindepth 1 -maxdepth 1 -not -name names | wc -l)" 0
	equal "$(cgroups_left)" ""
}
