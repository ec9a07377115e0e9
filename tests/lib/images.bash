# Images for tests, made here, without a network: each image_NAME makes $IMAGES/NAME, an OCI layout with the
# tag `latest`, once for all test runs. (debian needs a package mirror and skips where there is none.)

IMAGES=$TEST_CACHE/images
# What made an image decides whether one that is there is still good.
images_version() { cat "$TESTLIB/mkimage.py" "$TESTLIB/mkbig.py" "$TESTLIB/images.bash" | sha256sum | cut -c1-12; }

# image_make NAME CMD...: CMD makes the layout in the directory that is its last argument. Two test
# files at once wait for one another; a half-made image is never seen.
image_make() {
	local name=$1 version fd
	shift
	version=$(images_version)
	[ "$(cat "$IMAGES/$name/.made" 2>/dev/null)" != "$version" ] || return 0
	mkdir -p "$IMAGES"
	exec {fd}>"$IMAGES/$name.lock"
	flock "$fd"
	if [ "$(cat "$IMAGES/$name/.made" 2>/dev/null)" != "$version" ]; then
		rm -rf "${IMAGES:?}/$name" "$IMAGES/$name.new"
		mkdir -p "$IMAGES/$name.new"
		if ! "$@" "$IMAGES/$name.new" 3>&-; then
			exec {fd}>&-
			return 1
		fi
		echo "$version" >"$IMAGES/$name.new/.made"
		mv "$IMAGES/$name.new" "$IMAGES/$name"
	fi
	exec {fd}>&-
}

# The id of an image in a layout is the digest of its config, as docker and podman have it.
layout_id() { # DIR TAG
	local manifest
	manifest=$(jq -r --arg t "$2" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $t).digest' \
		"$1/index.json")
	jq -r .config.digest "$1/blobs/sha256/${manifest#sha256:}" | cut -d: -f2
}
image_id() { layout_id "$IMAGES/$1" "${2:-latest}"; }

# mkimage DIR:TAG [options] < description
mkimage() {
	local at=$1
	shift
	python3 "$TESTLIB/mkimage.py" "${at%:*}" "${at##*:}" "$@"
}

image_busybox() { image_make busybox busybox_make; }
busybox_make() {
	mkimage "$1:latest" <<-'END'
		busybox
		etc
	END
}

# >= 300 MB of compressed layers that hold everything a layer may hold: see mkbig.py.
image_big() { image_make big python3 "$TESTLIB/mkbig.py"; }

# A real one. Needs a package mirror the first time.
image_debian() { image_make debian debian_make; }
debian_make() {
	local tar
	tar=$(mktemp "$TEST_CACHE/debian.XXXXXX.tar")
	if timeout 600 mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$tar" 2>"$tar.log" </dev/null; then
		printf 'tar %s\nconfig {"Cmd":["bash"]}\n' "$tar" | mkimage "$1:latest" && rm -f "$tar" "$tar.log"
	else
		tail -n 3 "$tar.log" >&2
		rm -f "$tar" "$tar.log"
		return 1
	fi
}
# In setup: skips the test when there is no Debian and no way to get one.
need_debian() { image_debian || skip "no package mirror can be reached to make the debian image"; }

# test_program NAME: compiles tests/lib/NAME.c, static, into $PROGRAMS, when it is new.
PROGRAMS=$TEST_CACHE/programs
test_program() {
	local out=$PROGRAMS/$1
	[ "$out" -nt "$TESTLIB/$1.c" ] && return 0
	mkdir -p "$PROGRAMS"
	cc -std=gnu17 -D_GNU_SOURCE -O1 -Wall -static -o "$out.$$" "$TESTLIB/$1.c" && mv "$out.$$" "$out"
}
