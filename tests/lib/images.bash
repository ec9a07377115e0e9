# Images for tests, made here, without a network: each image_NAME makes $IMAGES/NAME, an OCI layout with the
# tag `latest`, once for all test runs. (debian needs a package mirror and skips where there is none.)

IMAGES=$TEST_CACHE/images
# What made an image decides whether one that is there is still good; a Debian stays good.
images_version() {
	case $1 in
	big) cat "$TESTLIB/mkbig.py" "$TESTLIB/mkimage.py" ;;
	debian) echo 1 ;;
	*) cat "$TESTLIB/mkimage.py" && declare -f "$1_make" ;;
	esac | sha256sum | cut -c1-12
}

# image_make NAME CMD...: CMD makes the layout in the directory that is its last argument. Two test
# files at once wait for one another; a half-made image is never seen.
image_make() {
	local name=$1 version fd
	shift
	version=$(images_version "$name")
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

# --- a real registry on loopback: Debian's docker-registry. What was pushed is kept in the cache.

# hub_start: $HUB is its HOST:PORT, $HUB_LOG has a line for each request.
hub_start() {
	local port
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	export HUB=127.0.0.1:$port HUB_LOG=$WORLD/hub.log
	mkdir -p "$TEST_CACHE/hub"
	cat >"$WORLD/hub.yml" <<-END
		version: 0.1
		log: {level: info, formatter: json}
		storage: {filesystem: {rootdirectory: $TEST_CACHE/hub}, delete: {enabled: true}}
		http: {addr: "$HUB"}
	END
	# shellcheck disable=SC2086 # HUB_PREFIX: nothing, or a command that brings it into another namespace
	OTEL_TRACES_EXPORTER=none ${HUB_PREFIX:-} docker-registry serve "$WORLD/hub.yml" </dev/null >"$HUB_LOG" 2>&1 3>&- &
	echo $! >"$WORLD/hub.pid"
	# shellcheck disable=SC2086
	wait_for 20 ${HUB_PREFIX:-} curl -fsS "http://$HUB/v2/"
}
hub_stop() {
	[ ! -s "$WORLD/hub.pid" ] || kill "$(cat "$WORLD/hub.pid")" 2>/dev/null || :
	rm -f "$WORLD/hub.pid"
}
# hub_push NAME[:TAG] LAYOUT[:TAG] [skopeo's options]
hub_push() {
	local to=$1 from=$2
	shift 2
	# shellcheck disable=SC2086
	${HUB_PREFIX:-} skopeo --insecure-policy copy -q --dest-tls-verify=false "$@" "oci:$from" "docker://$HUB/$to" 3>&-
}
# Bytes of blobs that the registry sent since line N of its log: hub_sent N [DIGEST]
hub_sent() {
	tail -n "+$(($1 + 1))" "$HUB_LOG" | jq -rR 'fromjson? | select(.msg == "response completed" and ."http.request.method" == "GET" and
		(."http.request.uri" | contains("/blobs/'"${2:-}"'"))) | ."http.response.written"' | awk '{ n += $1 } END { print n + 0 }'
}
hub_lines() { wc -l <"$HUB_LOG"; }

# --- trees

# What an engine mounts or fills itself is left out of listings; so is /tmp, where the lister comes in.
TREE_EXCEPT=(-x ./dev -x ./proc -x ./sys -x ./tmp -x ./etc/hosts -x ./etc/hostname -x ./etc/resolv.conf)

# tree_umoci NAME: how umoci unpacks the cached image, as a listing in $TREE
tree_umoci() {
	local work
	"image_$1" || return
	TREE=$IMAGES/$1/.tree
	test_program tree || return
	[ ! "$TREE" -nt "$PROGRAMS/tree" ] || return 0
	work=$(mktemp -d "$TEST_CACHE/umoci.XXXXXX")
	umoci unpack --image "$IMAGES/$1:latest" "$work/bundle" >/dev/null 2>&1 3>&- &&
		"$PROGRAMS/tree" "$work/bundle/rootfs" "${TREE_EXCEPT[@]}" | tail -n +2 >"$TREE.new"
	rm -rf "$work"
	[ -s "$TREE.new" ] && mv "$TREE.new" "$TREE"
}
# tree_dolium IMAGE [OPTION...]: the same, seen from inside a container, into $TREE
tree_dolium() {
	local image=$1
	shift
	TREE=$WORLD/tree
	run_in -v "$PROGRAMS:/tmp:ro" "$@" --entrypoint /tmp/tree "$image" / "${TREE_EXCEPT[@]}" | tail -n +2 >"$TREE"
	[ -s "$TREE" ]
}
# same_tree WANTED GOT: shows the first differences
same_tree() {
	cmp -s "$1" "$2" && return
	echo "trees differ: wanted <, got > ($(diff "$1" "$2" | grep -c '^[<>]') lines)"
	diff "$1" "$2" | cut -c1-300 | head -n 20
	return 1
}
