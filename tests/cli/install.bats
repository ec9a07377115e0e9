#!/usr/bin/env bats
# `make install DESTDIR=`: everything in its place, and it works from there.

load ../lib/common

setup_file() {
	world_new
	export DEST=$WORLD/dest
	BUILD=$(cd "$DOLIUM_BIN/.." && pwd)
	env -u MAKEFLAGS -u MAKELEVEL make -s -C "$TOP" install BUILD="$BUILD" DESTDIR="$DEST" >"$WORLD/install.log" 2>&1 3>&- ||
		{ cat "$WORLD/install.log"; return 1; }
	export PLACE=$DEST/usr/local
}

teardown_file() {
	world_done
}

@test "programs, helpers, pages and completion are where they belong, and nothing lies outside the prefix" {
	for file in bin/dolium bin/dolium-oci share/man/man1/dolium.1 share/bash-completion/completions/dolium \
		share/zsh/site-functions/_dolium share/fish/vendor_completions.d/dolium.fish; do
		[ -s "$PLACE/$file" ] || [ -s "$PLACE/$file.gz" ] || { echo "missing: $file"; find "$DEST" -type f; return 1; }
	done
	run -0 find "$DEST" -type f -not -path "$PLACE/*"
	is ""
}

@test "what was installed runs, with its helpers beside it" {
	run -0 "$PLACE/bin/dolium" run --rm hello
	matches .
	image_busybox
	run -0 "$PLACE/bin/dolium" pull -q "oci:$IMAGES/busybox:latest"
	run -0 "$PLACE/bin/dolium" run --rm --init "$(image_id busybox)" echo works
	is works
}

@test "the programs that start often are static and hardened" {
	for program in dolium dolium-oci; do
		run -0 readelf -lW "$PLACE/bin/$program"
		lacks INTERP
		says GNU_RELRO
		lacks "GNU_STACK      0x000000 0x0000000000000000 0x0000000000000000 0x000000 0x000000 RWE"
	done
}

@test "the man pages render without a complaint" {
	run -0 bash -c 'find "$0" -name "*.[1-8]" | xargs -r mandoc -T utf8' "$PLACE/share/man"
	says DOLIUM
}
