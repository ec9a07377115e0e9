#!/usr/bin/env bats
# Containers as objects with a life: what is on the disk, who holds it, what a kill leaves.

load ../lib/common

setup_file() {
	world_new
	world_images busybox
	mkdir "$WORLD/share"
	echo outside >"$WORLD/share/file"
	chown 1000:1000 "$WORLD/share/file"
}

teardown_file() {
	world_done
}

teardown() {
	local id
	for id in $(dolium ps -aq); do dolium rm -f "$id" >/dev/null; done
}

containers_on_disk() { find "$DOLIUM_ROOT/containers" -mindepth 1 -maxdepth 1 -not -name names | wc -l; }
names_on_disk() { find "$DOLIUM_ROOT/containers/names" -mindepth 1 | wc -l; }
# Starts a container that sleeps, in the background, and waits until it runs.
start_sleeper() { # start_sleeper NAME [OPTION...]
	local name=$1
	shift
	dolium run --name "$name" --network none "$@" busybox sleep 60 >/dev/null 2>&1 3>&- &
	SLEEPER=$!
	wait_for 10 bash -c "[ \"\$('$DOLIUM_BIN/dolium' ps -q -f name=$name | wc -l)\" = 1 ]"
}
inspect_of() { dolium inspect "$1" | jq -r ".[0]$2"; }

# ---------------------------------------------------------------- names and ids

@test "a name is taken once, and free again when its container is gone" {
	run -0 dolium create --name twin busybox true
	first=$output
	run dolium create --name twin busybox true
	refuses "the name 'twin' is in use by container ${first:0:12}"
	equal "$(containers_on_disk)" 1
	run -0 dolium rm twin
	run -0 dolium create --name twin busybox true
}

@test "who gives no name gets one of two words, and no two are alike" {
	for _ in 1 2 3 4 5; do dolium create busybox true >/dev/null; done
	run -0 dolium ps -a --format '{{.Names}}'
	[ "$(sort -u <<<"$output" | grep -cE '^[a-z]+_[a-z]+[0-9]*$')" = 5 ]
}

@test "a container is found by name, by id and by the beginning of its id; an ambiguous one is refused" {
	id=$(dolium create --name findme busybox true)
	equal "$(inspect_of findme .Id)" "$id"
	equal "$(inspect_of "$id" .Name)" /findme
	equal "$(inspect_of "${id:0:12}" .Name)" /findme
	for _ in $(seq 17); do dolium create busybox true >/dev/null; done
	twice=$(find "$DOLIUM_ROOT/containers" -mindepth 1 -maxdepth 1 -not -name names -printf '%f\n' | cut -c1 | sort | uniq -d | head -n 1)
	run dolium inspect "$twice"
	fails
	says "several containers have an id that begins with '$twice'"
}

@test "fifteen at once that want one name: one gets it" {
	for i in $(seq 15); do
		dolium create --name wanted busybox true >"$BATS_TEST_TMPDIR/$i" 2>/dev/null 3>&- &
	done
	wait
	equal "$(cat "$BATS_TEST_TMPDIR"/* | grep -c .)" 1
	equal "$(containers_on_disk) $(names_on_disk)" "1 1"
}

# ---------------------------------------------------------------- life

@test "created, running, exited: ps and inspect agree" {
	dolium create --name life busybox sh -c 'exit 7' >/dev/null
	equal "$(inspect_of life '.State | "\(.Status) \(.Running) \(.Pid) \(.StartedAt)"')" "created false 0 0001-01-01T00:00:00Z"
	run -0 dolium ps -a -f name=life --format '{{.State}} {{.Status}}'
	is "created Created"
	run dolium start -a life
	status_is 7
	equal "$(inspect_of life '.State | "\(.Status) \(.ExitCode)"')" "exited 7"
	run -0 dolium ps -a -f name=life --format '{{.Status}}'
	matches '^Exited \(7\) .* ago$'
	run -0 dolium ps -q
	is ""
	start_sleeper awake
	equal "$(inspect_of awake '.State | "\(.Status) \(.Running)"')" "running true"
	[ -d "/proc/$(inspect_of awake .State.Pid)" ]
	run -0 dolium ps --format '{{.Names}} {{.Status}} {{.Isolation}}'
	matches '^awake Up .* container$'
}

@test "what runs is not removed, but by force; and cannot be started twice" {
	start_sleeper busy
	run dolium rm busy
	fails
	says "cannot remove container 'busy': it is running"
	run dolium start -a busy
	fails
	says "container 'busy' runs already"
	run -0 dolium rm -f busy
	wait $SLEEPER || :
	equal "$(containers_on_disk) $(names_on_disk)" "0 0"
}

@test "a start that failed says why, and the container can be tried again" {
	run -127 dolium run --name try --network none busybox no-such-program
	equal "$(inspect_of try '.State | "\(.Status) \(.ExitCode)"')" "created 127"
	[[ "$(inspect_of try .State.Error)" == *no-such-program* ]]
	run -127 dolium start -a try
}

@test "kill -9 of dolium leaves the container running: it is seen, its end is noted, and rm -f ends it" {
	start_sleeper orphan
	kill -9 $SLEEPER
	wait $SLEEPER || :
	run -0 dolium ps --format '{{.Names}}'
	is orphan
	kill -9 "$(inspect_of orphan .State.Pid)"
	wait_for 5 bash -c "[ \"\$('$DOLIUM_BIN/dolium' inspect orphan | jq -r '.[0].State.Status')\" = exited ]"
	equal "$(inspect_of orphan .State.ExitCode)" 137
	run -0 dolium rm orphan
}

@test "kill -9 of dolium and dolium-oci: exited with 137, and it can be started again" {
	start_sleeper lost
	pid=$(inspect_of lost .State.Pid)
	oci=$(ps -o pid= --ppid $SLEEPER | tr -d ' ')
	kill -9 $SLEEPER "$oci"
	wait $SLEEPER || :
	kill -9 "$pid" 2>/dev/null || :
	wait_for 5 bash -c "[ \"\$('$DOLIUM_BIN/dolium' inspect lost | jq -r '.[0].State | \"\\(.Status) \\(.ExitCode)\"')\" = 'exited 137' ]"
	timeout 2 "$DOLIUM_BIN/dolium" start -a lost 3>&- &
	again=$!
	wait_for 5 bash -c "[ \"\$('$DOLIUM_BIN/dolium' ps -q -f name=lost | wc -l)\" = 1 ]"
	dolium rm -f lost >/dev/null
	wait $again || :
}

# ps -a sees no container, and has taken away what is left of any
nothing_left() {
	[ -z "$(dolium ps -aq)" ] && [ "$(containers_on_disk) $(names_on_disk)" = "0 0" ]
}

@test "run that is killed at any moment leaves nothing to the next ps -a" {
	for ms in $(seq 1 30); do
		timeout -s KILL "0.0$(printf %02d "$ms")" "$DOLIUM_BIN/dolium" run --rm --network none busybox true || true
	done
	# A process that was killed holds its locks until the kernel is done with it: so ask until it is.
	wait_for 10 nothing_left
}

@test "what create made stays, though nobody holds it and it never ran" {
	dolium create --rm --name waits busybox true
	equal "$(dolium ps -a --format '{{.Names}} {{.State}}')" "waits created"
}

@test "a container of --rm whose commands were killed is taken away by the next ps -a" {
	start_sleeper gone --rm
	pid=$(inspect_of gone .State.Pid)
	oci=$(ps -o pid= --ppid $SLEEPER | tr -d ' ')
	kill -9 $SLEEPER "$oci"
	wait $SLEEPER || :
	kill -9 "$pid" 2>/dev/null || :
	wait_for 10 nothing_left
}

@test "a half-made container and a name without one are no obstacle" {
	id=$(printf 'ab%.0s' $(seq 32))
	mkdir "$DOLIUM_ROOT/containers/$id"
	ln -s "$id" "$DOLIUM_ROOT/containers/names/halfway"
	run -0 dolium ps -a
	lacks halfway
	run -0 dolium create --name halfway busybox true
	equal "$(containers_on_disk)" 1
}

@test "a damaged record is told of, and rm -f takes the container" {
	id=$(dolium create --name broken busybox true)
	echo '{"format":1,"id":' >"$DOLIUM_ROOT/containers/$id/state.json"
	run dolium inspect broken
	fails
	says "the record of container ${id:0:12}"
	run dolium rm broken
	fails
	run -0 dolium rm -f broken
	equal "$(containers_on_disk)" 0
}

@test "filters of ps: name, id, status, label, ancestor, exited, isolation; an unknown one is refused" {
	id=$(dolium create --name red --label colour=red --isolation chroot busybox true)
	dolium create --name blue --label colour=blue --label size busybox true >/dev/null
	dolium run --name ended --network none busybox sh -c 'exit 4' || :
	equal "$(dolium ps -a -f name=re --format '{{.Names}}')" red
	equal "$(dolium ps -a -f "id=${id:0:8}" --format '{{.Names}}')" red
	equal "$(dolium ps -a -f label=colour=blue --format '{{.Names}}')" blue
	equal "$(dolium ps -a -f label=colour -f label=size --format '{{.Names}}')" blue
	equal "$(dolium ps -a -f status=exited --format '{{.Names}}')" ended
	equal "$(dolium ps -a -f exited=4 --format '{{.Names}}')" ended
	equal "$(dolium ps -a -f isolation=chroot --format '{{.Names}}')" red
	equal "$(dolium ps -a -f ancestor=busybox -q | wc -l)" 3
	equal "$(dolium ps -a -f ancestor=nothing -q | wc -l)" 0
	run dolium ps -a -f nonsense=1
	refuses "invalid filter 'nonsense=1'"
}

# ---------------------------------------------------------------- ids

@test "keep-id: the caller's id is the same inside, and root inside is nobody outside" {
	mkdir -p "$WORLD/share/mine"
	chown 1000:1000 "$WORLD/share/mine"
	export SUDO_UID=1000 SUDO_GID=1000
	run -0 run_in --userns keep-id -v "$WORLD/share/mine:/m" busybox sh -c 'id -u; echo x > /m/made; stat -c %u /m/made'
	is "$(printf '1000\n1000')"
	equal "$(stat -c %u:%g "$WORLD/share/mine/made")" 1000:1000
	run -0 run_in --userns keep-id busybox cat /proc/self/uid_map
	matches '1000 +1000 +1'
	run -0 run_in --userns keep-id -u 0 busybox awk '$1 == 0 { print ($2 >= 1610612736) }' /proc/self/uid_map
	is 1
	unset SUDO_UID SUDO_GID
	run run_in --userns keep-id busybox true
	refuses "not root's"
}

@test "a file keeps its owner through a bind mount, in both directions, for any id" {
	run -0 run_in -v "$WORLD/share:/s" busybox sh -c 'stat -c %u:%g /s/file; touch /s/root; touch /s/other; chown 4711:42 /s/other'
	is 1000:1000
	equal "$(stat -c %u:%g "$WORLD/share/root") $(stat -c %u:%g "$WORLD/share/other")" "0:0 4711:42"
}

@test "what a container writes is on the disk with the container's ids" {
	dolium run --name ids --network none busybox sh -c 'touch /mine; chown 33:34 /mine'
	id=$(inspect_of ids .Id)
	equal "$(stat -c %u:%g "$DOLIUM_ROOT/containers/$id/upper/mine")" 33:34
}

# ---------------------------------------------------------------- volumes

@test "hosts, hostname and resolv.conf stand in a mount on /etc as well, unless it is one on their very path" {
	run -0 run_in --hostname me -v bare:/etc:nocopy busybox sh -c 'cat /etc/hostname; grep -c me /etc/hosts; test -f /etc/resolv.conf'
	is "me
1"
	run -0 run_in --hostname me --tmpfs /etc busybox cat /etc/hostname
	is me
	echo mine >"$WORLD/my-hosts"
	run -0 run_in --hostname me -v bare:/etc:nocopy -v "$WORLD/my-hosts:/etc/hosts" busybox cat /etc/hosts /etc/hostname
	is "mine
me"
	mkdir "$WORLD/no-etc"
	run -0 run_in -v "$WORLD/no-etc:/etc:ro" busybox ls /etc
	is ""
}

@test "a volume is filled once, from the image, with owners, links and modes; nocopy leaves it empty" {
	run -0 run_in -v filled:/etc busybox sh -c 'ls /etc/passwd && echo more > /etc/more'
	run -0 run_in -v filled:/v busybox cat /v/more
	is more
	run -0 run_in --mount type=volume,source=empty,target=/etc,volume-nocopy busybox sh -c 'ls /etc | grep -vE "^(hosts|hostname|resolv.conf)$"; true'
	is ""
	run -0 run_in -v filled:/v:ro busybox sh -c 'touch /v/x 2>/dev/null || echo refused'
	is refused
}

@test "an anonymous volume goes with its container" {
	before=$(find "$DOLIUM_ROOT/volumes" -mindepth 1 -maxdepth 1 | wc -l)
	run -0 run_in -v /data busybox sh -c 'echo x > /data/x'
	equal "$(find "$DOLIUM_ROOT/volumes" -mindepth 1 -maxdepth 1 | wc -l)" "$before"
	dolium create --name keeps -v /data busybox true >/dev/null
	equal "$(find "$DOLIUM_ROOT/volumes" -mindepth 1 -maxdepth 1 | wc -l)" $((before + 1))
	dolium rm -v keeps >/dev/null
	equal "$(find "$DOLIUM_ROOT/volumes" -mindepth 1 -maxdepth 1 | wc -l)" "$before"
}

@test "inner mounts stand on outer ones, whatever the order they are given in" {
	mkdir -p "$WORLD/share/in"
	run -0 run_in -v "$WORLD/share/in:/a/b" --tmpfs /a busybox sh -c 'touch /a/x /a/b/y; ls /a'
	is "$(printf 'b\nx')"
	[ -e "$WORLD/share/in/y" ]
}

# ---------------------------------------------------------------- seccomp profiles

@test "a profile in Docker's form: conditions on capabilities and architectures are honoured" {
	cat >"$WORLD/profile.json" <<-END
		{"defaultAction": "SCMP_ACT_ALLOW",
		 "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]},
		             {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": []}],
		 "syscalls": [
		  {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28,
		   "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
		  {"names": ["symlinkat", "symlink"], "action": "SCMP_ACT_ERRNO", "includes": {"arches": ["s390x"]}}]}
	END
	run run_in --security-opt "seccomp=$WORLD/profile.json" busybox mkdir /d
	fails
	says "No space left"
	run -0 run_in --security-opt "seccomp=$WORLD/profile.json" busybox ln -s a /b
	run -0 run_in --cap-add SYS_ADMIN --security-opt "seccomp=$WORLD/profile.json" busybox mkdir /d
	echo '{"nothing":1}' >"$WORLD/bad.json"
	run run_in --security-opt "seccomp=$WORLD/bad.json" busybox true
	refuses "not a seccomp profile"
}

@test "the profile is kept: a later start needs the file no more" {
	echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}]}' >"$WORLD/once.json"
	dolium create --name once --network none --security-opt "seccomp=$WORLD/once.json" busybox mkdir /d >/dev/null
	rm "$WORLD/once.json"
	run dolium start -a once
	status_is 1
	says "Operation not permitted"
}

# ---------------------------------------------------------------- host

@test "on the host's network names mean what they mean to the host" {
	run -0 dolium run --rm --network host --add-host extra:192.0.2.1 busybox cat /etc/hosts /etc/resolv.conf
	says "$(cat /etc/hosts)"
	says "$(cat /etc/resolv.conf)"
	says "$(printf '192.0.2.1\textra')"
}

@test "host has the machine's other disks, and changes nothing on them" {
	place=$(mktemp -d /var/tmp/dolium-test.XXXXXX)
	truncate -s 32M "$WORLD/disk.img"
	mkfs.ext4 -q "$WORLD/disk.img"
	mount -o loop "$WORLD/disk.img" "$place" || { rmdir "$place"; skip "no loop device here"; }
	echo keep >"$place/keep"
	run dolium run --rm host sh -c "cat $place/keep; rm -rf $place/*; echo new > $place/new; ls $place"
	after=$(ls "$place")
	umount "$place"
	rmdir "$place"
	succeeds
	is "$(printf 'keep\nnew')"
	equal "$after" "$(printf 'keep\nlost+found')"
}

@test "host does not show the store, nor what is in /tmp and /run" {
	run -0 dolium run --rm host sh -c "ls -A $DOLIUM_ROOT /tmp /run | grep -v : | grep . ; mount | grep -c ' $DOLIUM_ROOT '"
	lacks containers
	lacks dolium-test-cache
}

# ---------------------------------------------------------------- refusals

@test "a refusal costs nothing: no container, no volume, no directory" {
	while read -r options; do
		# shellcheck disable=SC2086 # they are several words
		run dolium create $options busybox true
		refuses || { echo "options: $options"; return 1; }
	done <<-END
		--memory 1m
		--memory 64m --memory-swap 32m
		--cpus 1000
		--cpuset-cpus x
		--ulimit nofile=2:1
		--ulimit nosuch=1
		-w relative
		--cap-add NOSUCH
		--security-opt nonsense
		--userns nosuch
		--network nosuch
		--stop-signal NOSUCH
		--sysctl kernel.hostname=x
		--sysctl net.ipv4.ip_forward=1 --network host
		--dns nowhere
		--add-host x
		--hostname -bad
		--oom-score-adj 2000
		-v /a:relative
		-v /a:/
		-v /a:/x -v /b:/x
		--mount type=bind,source=/no/such/place,target=/x
		--device relative
		--isolation vm
		--platform no/such/thing/at/all
		--pull sometimes
	END
	equal "$(containers_on_disk)" 0
	[ ! -e /no/such ]
}

@test "host and hello are names of dolium's own" {
	run dolium tag hello host
	[ "$status" -eq 1 ]
	[[ $output == *"cannot name an image 'host': that is an image of dolium's own"* ]]
	run dolium pull host
	[ "$status" -eq 1 ]
	[[ $output == *"'host' needs no pull: it is this machine itself"* ]]
}

@test "a platform that is none is refused before anybody is asked" {
	run dolium pull --platform nonsense 127.0.0.1:1/none
	[ "$status" -eq 1 ]
	[[ $output == *"not a platform: 'nonsense'"* ]]
}

@test "a plain user is told that dolium needs root" {
	local bin
	bin=$(mktemp -d)
	chmod 755 "$bin"
	cp "$DOLIUM_BIN/dolium" "$bin"
	run setpriv --reuid 65534 --clear-groups env -u DOLIUM_ROOT -u DOLIUM_RUN_ROOT "$bin/dolium" run --rm hello
	[ "$status" -eq 125 ]
	[[ $output == *"dolium needs root for now"*"hint: put 'sudo' before it"* ]]
	run setpriv --reuid 65534 --clear-groups "$bin/dolium" --version
	[ "$status" -eq 0 ]
	rm -rf "$bin"
}

@test "start says that there is no such container before it speaks of the background" {
	run dolium start nosuch
	[ "$status" -eq 1 ]
	[[ $output == *"no such container"* ]]
}
