#!/usr/bin/env bats
# `dolium run` as people type it: each option does inside what Docker's users expect of it.

load ../lib/common

setup_file() {
	world_new
	world_images busybox
	test_program probe
	mkdir "$WORLD/data"
}

teardown_file() {
	world_done
}

# ---------------------------------------------------------------- images without a network

@test "hello says what it can see from inside" {
	run -0 dolium run --rm hello
	matches '[Pp]id'
	[ "$(grep -c . <<<"$output")" -ge 4 ]
}

@test "host is the machine itself, and rm touches nothing outside" {
	victim=$(mktemp /var/tmp/dolium-test.XXXXXX)
	run dolium run --rm host sh -c "test -e $victim && rm $victim && test ! -e $victim && echo gone; cat /etc/os-release"
	there=$([ -e "$victim" ] && echo yes)
	rm -f "$victim"
	succeeds
	says gone
	says "$(head -n 1 /etc/os-release)"
	equal "$there" yes
}

@test "host runs the machine's own programs, as root inside" {
	run -0 dolium run --rm host sh -c 'id -u; mkdir /new && echo x > /etc/new-file && cat /etc/new-file; bash --version | head -n 1'
	says 0
	says "GNU bash"
	[ ! -e /new ] && [ ! -e /etc/new-file ]
}

# ---------------------------------------------------------------- exit codes and stdio

@test "the exit code is the program's" {
	run run_in busybox sh -c 'exit 7'
	status_is 7
	run run_in busybox true
	status_is 0
}

@test "125, 126, 127 and 128+n mean what they mean to Docker" {
	run run_in --no-such-option busybox true
	status_is 125
	run -127 run_in busybox /no/such/program
	status_is 127
	run -127 run_in busybox no-such-program
	status_is 127
	run run_in busybox /etc
	status_is 126
	run run_in busybox /etc/passwd
	status_is 126
	run run_in -v "$PROGRAMS:/probes:ro" busybox /probes/probe crash
	status_is 139
	run dolium run --rm --pull never no.such.host.invalid/image true
	status_is 125
}

@test "stdout and stderr stay apart, and nothing is added" {
	run --separate-stderr run_in busybox sh -c 'echo out; echo err >&2'
	equal "$output|$stderr" "out|err"
}

@test "with -a only the streams that were named are connected" {
	run -0 --separate-stderr run_in -a stdout busybox sh -c 'echo out; echo err >&2'
	equal "$output|$stderr" "out|"
	run -0 --separate-stderr run_in -a stderr busybox sh -c 'echo out; echo err >&2'
	equal "$output|$stderr" "|err"
}

@test "stdin reaches the program with -i, byte for byte, and is empty without" {
	sum=$(head -c 3000000 /dev/urandom | tee "$WORLD/bytes" | sha256sum)
	run -0 bash -c '"$0" run --rm -i --network none busybox sha256sum <"$1"' "$DOLIUM_BIN/dolium" "$WORLD/bytes"
	is "$sum"
	run -0 bash -c 'echo text | "$0" run --rm --network none busybox wc -c' "$DOLIUM_BIN/dolium"
	is 0
}

@test "much output does not get lost at the end" {
	run -0 bash -c '"$0" run --rm --network none busybox sh -c "seq 1 300000" | tail -n 1' "$DOLIUM_BIN/dolium"
	is 300000
	run -0 bash -c '"$0" run --rm --network none busybox seq 1 300000 | head -n 1' "$DOLIUM_BIN/dolium"
	is 1
}

@test "a terminal has the size of the one outside, and follows it" {
	run -0 pty --size 31x97 -- "$DOLIUM_BIN/dolium" run --rm -it --network none busybox sh -c 'stty size; tty'
	says "31 97"
	says "/dev/pts/0"
	run -0 pty --size 31x97 --expect ready --resize 40x120 --sleep 0.3 --send 'go\r' -- "$DOLIUM_BIN/dolium" run --rm -it --network none \
		busybox sh -c 'echo ready; read x; stty size'
	says "40 120"
}

@test "a terminal's control characters work inside" {
	run pty --expect 'started' --send '\x03' -- "$DOLIUM_BIN/dolium" run --rm -it --network none busybox \
		sh -c 'trap "echo interrupted; exit 9" INT; echo started; while :; do sleep 0.1; done'
	says interrupted
	status_is 9
	lacks "left changed"
}

@test "signals are sent on, and the code tells of them" {
	"$DOLIUM_BIN/dolium" run --rm --network none busybox sh -c 'trap "exit 33" TERM; echo up; while :; do sleep 0.05; done' >"$WORLD/out" 3>&- &
	pid=$!
	wait_for 10 grep -q up "$WORLD/out"
	kill -TERM $pid
	code=0
	wait $pid || code=$?
	equal "$code" 33
}

# ---------------------------------------------------------------- process

@test "-e, --env-file and a bare name set the environment" {
	printf 'A=from file\n# comment\nHERE\n' >"$WORLD/env"
	HERE=outside run -0 run_in --env-file "$WORLD/env" -e B=2 -e HERE -e C= busybox sh -c 'echo "$A|$B|$HERE|$C|$PATH"'
	is "from file|2|outside||/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}

@test "--env-host brings all of the caller's, and HOME, HOSTNAME and TERM are as Docker sets them" {
	FROM_CALLER=x run -0 run_in --env-host busybox sh -c 'echo $FROM_CALLER'
	is x
	run -0 run_in --hostname box -u alice busybox sh -c 'echo $HOME $HOSTNAME'
	is "/home/alice box"
}

@test "-w and -u: places that are not there are made, users have their groups" {
	run -0 run_in -w /new/place busybox pwd
	is /new/place
	run -0 run_in -u alice busybox id
	says "uid=1000(alice) gid=1000(alice)"
	says "50(staff)"
	says "29(audio)"
	run -0 run_in -u bob:audio busybox sh -c 'id -u; id -g'
	is "$(printf '1001\n29')"
	run -0 run_in -u 4321:8765 busybox sh -c 'id -u; id -g'
	is "$(printf '4321\n8765')"
	run -0 run_in -u alice --group-add 777 --group-add tty busybox id -G
	says 777
	says 5
}

@test "--entrypoint replaces the image's, and the image's command goes with it" {
	run -0 run_in --entrypoint echo busybox a b
	is "a b"
	run run_in --entrypoint '' busybox echo c
	is c
}

@test "--init puts an init before the program that reaps and passes signals on" {
	run -0 run_in --init busybox sh -c 'echo $$; cat /proc/1/comm'
	says dolium-init
	[ "$(head -n 1 <<<"$output")" != 1 ]
	run -0 run_in --init busybox sh -c '(sleep 0.1 &) ; sleep 0.4; ps | grep -c "[Z]  " ; true'
	is 0
}

@test "the program is pid 1, its umask is 0022, and no one else is there" {
	run -0 run_in busybox sh -c 'echo $$; umask; set -- /proc/[0-9]*; echo $#'
	is "$(printf '1\n0022\n1')"
}

@test "--hostname, --add-host and --dns are what programs see" {
	run -0 run_in --hostname name1 --add-host db:10.0.0.7 --dns 10.0.0.53 --dns-search corp.example busybox \
		sh -c 'hostname; cat /etc/hostname; grep db /etc/hosts; cat /etc/resolv.conf'
	matches $'^name1\nname1\n'
	matches '10\.0\.0\.7[[:space:]]+db'
	says "nameserver 10.0.0.53"
	says "search corp.example"
}

@test "without --hostname the name is the first twelve digits of the id" {
	id=$(dolium create --network none busybox hostname)
	run -0 dolium start -a "$id"
	is "${id:0:12}"
	dolium rm "$id"
}

# ---------------------------------------------------------------- files

@test "what a container writes is its own, and gone with it" {
	run -0 run_in busybox sh -c 'echo x > /root/file; rm /bin/vi; ls /root'
	is file
	run -0 run_in busybox sh -c 'ls /root; ls /bin/vi'
	is /bin/vi
}

@test "a bind mount shows the same files with the same owners on both sides" {
	mkdir -p "$WORLD/data/bind"
	echo outside >"$WORLD/data/bind/from-host"
	chown 1000:1000 "$WORLD/data/bind/from-host"
	run -0 run_in -v "$WORLD/data/bind:/mnt" busybox sh -c \
		'stat -c "%u:%g" /mnt/from-host; cat /mnt/from-host; echo inside > /mnt/by-root; touch /mnt/by-alice; chown alice:audio /mnt/by-alice'
	is "$(printf '1000:1000\noutside')"
	equal "$(stat -c '%u:%g' "$WORLD/data/bind/by-root" "$WORLD/data/bind/by-alice" | tr '\n' ' ')" "0:0 1000:29 "
	equal "$(cat "$WORLD/data/bind/by-root")" inside
}

@test "a bind mount may be read-only, a file, and by --mount" {
	mkdir -p "$WORLD/data/ro"
	echo one >"$WORLD/data/ro/f"
	run run_in -v "$WORLD/data/ro:/mnt:ro" busybox sh -c 'cat /mnt/f; touch /mnt/new'
	fails
	says one
	says "Read-only"
	run -0 run_in -v "$WORLD/data/ro/f:/etc/one-file" busybox cat /etc/one-file
	is one
	run -0 run_in --mount "type=bind,source=$WORLD/data/ro,target=/x,readonly" busybox cat /x/f
	is one
	run run_in --mount "type=bind,source=$WORLD/no-such,target=/x" busybox true
	refuses no-such
	[ ! -e "$WORLD/no-such" ]
	run -0 run_in -v "$WORLD/data/made:/x" busybox true
	[ -d "$WORLD/data/made" ]
}

@test "a volume keeps what was written, and starts with what the image has there" {
	run -0 run_in -v keep:/var/keep busybox sh -c 'echo kept > /var/keep/file'
	run -0 run_in -v keep:/elsewhere busybox cat /elsewhere/file
	is kept
	run -0 run_in -v filled:/home busybox ls /home
	says alice
	run -0 run_in -v filled:/home busybox sh -c 'stat -c %u:%g /home/alice'
	is 1000:1000
}

@test "--tmpfs, --mount type=tmpfs and --shm-size have their size and options" {
	run -0 run_in --tmpfs /t:size=1m,mode=1777 --mount type=tmpfs,target=/u,tmpfs-size=2m --shm-size 3m busybox \
		sh -c 'df -k /t /u /dev/shm | tail -n +2 | tr -s " " | cut -d" " -f2,6; stat -c %a /t; dd if=/dev/zero of=/t/x bs=1k count=2000 2>&1 | grep -c "No space"'
	is "$(printf '1024 /t\n2048 /u\n3072 /dev/shm\n1777\n1')"
}

@test "--read-only leaves only mounts writable" {
	run run_in --read-only --tmpfs /tmp busybox sh -c 'touch /tmp/ok && echo tmp; touch /x'
	fails
	says tmp
	says "Read-only"
}

@test "a device that is given can be used by root inside, as far as it was given" {
	run run_in busybox sh -c 'ls /dev/fuse /dev/loop0'
	fails
	run -0 run_in --device /dev/fuse busybox sh -c 'exec 3<>/dev/fuse && stat -c %u:%g /dev/fuse; ls /dev/loop0 /dev/kmsg 2>&1; true'
	says 0:0
	says "/dev/loop0: No such"
	says "/dev/kmsg: No such"
	[ -b /dev/loop0 ] || skip "the machine has no /dev/loop0"
	run -0 run_in --device /dev/loop0:/dev/l:r busybox sh -c 'exec 3</dev/l && echo read; (exec 4<>/dev/l) || echo no'
	says read
	says no
	run -0 run_in --privileged busybox sh -c 'exec 3</dev/loop0 && echo opened'
	says opened
}

@test "a device can be given, and only that" {
	run -0 run_in --device /dev/fuse busybox sh -c 'test -c /dev/fuse && echo there'
	is there
	run -0 run_in --device /dev/null:/dev/mine:r busybox sh -c 'cat /dev/mine; echo read; echo x > /dev/mine || echo no'
	says read
}

# ---------------------------------------------------------------- limits

@test "limits are the kernel's: memory, cpus, shares, pids" {
	run -0 run_in --memory 64m --memory-swap 64m --cpus 0.5 --cpu-shares 512 --pids-limit 77 --cpuset-cpus 0 busybox sh -c '
		cd /sys/fs/cgroup
		cat memory/memory.limit_in_bytes memory.max 2>/dev/null
		cat cpu/cpu.cfs_quota_us cpu.max cpu,cpuacct/cpu.cfs_quota_us 2>/dev/null | head -n 1
		cat pids/pids.max pids.max 2>/dev/null
		nproc'
	matches $'67108864\n50000( 100000)?\n77\n1$'
}

@test "--ulimit, --oom-score-adj and --sysctl" {
	run -0 run_in --ulimit nofile=512:1024 --ulimit core=0 --oom-score-adj 500 --sysctl net.ipv4.ip_default_ttl=99 busybox sh -c \
		'ulimit -Sn; ulimit -Hn; ulimit -c; cat /proc/self/oom_score_adj /proc/sys/net/ipv4/ip_default_ttl'
	is "$(printf '512\n1024\n0\n500\n99')"
}

# ---------------------------------------------------------------- walls that are taken down on purpose

@test "host namespaces are the host's when asked for" {
	for kind in net:--network ipc:--ipc uts:--uts pid:--pid; do
		name=${kind%%:*}
		run -0 dolium run --rm ${kind#*:} host busybox readlink /proc/self/ns/$name
		is "$(readlink /proc/self/ns/$name)"
		run -0 run_in busybox readlink /proc/self/ns/$name
		[ "$output" != "$(readlink /proc/self/ns/$name)" ]
	done
	run -0 run_in --userns host busybox cat /proc/self/uid_map
	matches '^ +0 +0 +4294967295$'
}

@test "capabilities are added and dropped" {
	run -0 run_in --cap-drop ALL --cap-add NET_BIND_SERVICE busybox grep CapEff /proc/self/status
	says 0000000000000400
	run -0 run_in --cap-add CAP_NET_ADMIN busybox sh -c 'ip link set lo mtu 1400 && ip link show lo'
	says "mtu 1400"
	run run_in --cap-add NO_SUCH busybox true
	refuses NO_SUCH
}

@test "--privileged works where the kernel lets it, with a user namespace around it" {
	run -0 run_in --privileged busybox sh -c 'mount -t tmpfs none /home && touch /home/x && echo mounted'
	says mounted
}

@test "--security-opt seccomp=FILE is used" {
	cat >"$WORLD/seccomp.json" <<-'END'
		{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
		 "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}
	END
	run run_in --security-opt "seccomp=$WORLD/seccomp.json" busybox mkdir /x
	fails
	says "not supported"
	run run_in --security-opt "seccomp=$WORLD/no-such.json" busybox true
	refuses no-such.json
}

@test "--isolation chroot changes only the file tree" {
	run -0 dolium run --rm --isolation chroot busybox sh -c 'ls /home; readlink /proc/self/ns/pid; readlink /proc/self/ns/net'
	says alice
	says "$(readlink /proc/self/ns/pid)"
	says "$(readlink /proc/self/ns/net)"
	run dolium run --rm --isolation chroot busybox sh -c 'exit 5'
	status_is 5
	run run_in --isolation vm busybox true
	refuses
	run run_in --isolation nonsense busybox true
	refuses nonsense
}

@test "--isolation chroot refuses the walls that it does not have" {
	local wall
	for wall in network=none pid=private uts=private ipc=private userns=auto userns=keep-id cgroupns=private hostname=q; do
		run dolium run --rm --isolation chroot "--$wall" busybox true
		refuses "--${wall/=/ } needs --isolation container"
	done
	run -0 dolium run --rm --isolation chroot --network host --pid host --uts host --ipc host --userns host busybox echo fine
	is fine
}

@test "root in a chroot cannot make devices nor chroot again; --cap-add gives that back" {
	run dolium run --rm --isolation chroot busybox mknod /n c 1 3
	fails
	run dolium run --rm --isolation chroot busybox chroot / true
	fails
	run -0 dolium run --rm --isolation chroot --cap-add SYS_CHROOT busybox chroot / echo again
	is again
	run -0 dolium run --rm --isolation chroot busybox grep CapBnd /proc/self/status
	says 00000000000005db
}

# ---------------------------------------------------------------- create, start, ps, inspect, rm

@test "create, start, ps, inspect and rm are a container's life" {
	run -0 dolium create --name life --network none --label k=v busybox sh -c 'echo ran; exit 3'
	matches '^[0-9a-f]{64}$'
	id=$output
	run dolium create --name life busybox true
	refuses life
	run -0 dolium ps -a --format '{{.Names}} {{.Image}} {{.State}}'
	says "life busybox created"
	run dolium start -a life
	status_is 3
	is ran
	run -0 dolium ps -a --format '{{.Names}} {{.Status}}'
	matches 'life Exited \(3\)'
	run -0 dolium inspect --format '{{.Id}} {{.State.ExitCode}} {{index .Config.Labels "k"}} {{.Name}}' life
	matches "^$id 3 v /?life$"
	run -0 dolium rm "${id:0:8}"
	run -0 dolium ps -aq
	lacks "${id:0:12}"
	run dolium rm life
	refuses life
}

@test "ps shows what runs, and how it is isolated" {
	"$DOLIUM_BIN/dolium" run --rm --network none --name running busybox sleep 20 3>&- &
	wait_for 10 sh -c '"$0" ps -q | grep -q .' "$DOLIUM_BIN/dolium"
	run -0 dolium ps
	matches 'running'
	matches 'container'
	run dolium rm running
	refuses running
	run -0 dolium rm -f running
	wait $! || :
	run -0 dolium ps -aq
	is ""
}

@test "a stopped container keeps its files until it is removed" {
	dolium create --name again --network none busybox sh -c 'echo x >> /log; wc -l </log' >/dev/null
	run -0 dolium start -a again
	is 1
	run -0 dolium start -a again
	is 2
	run -0 dolium rm again
}

@test "an unknown command, option, image or container suggests the nearest" {
	run dolium rnu busybox
	refuses "run"
	run run_in --memroy 3 busybox true
	refuses "--memory"
	run dolium run --rm --pull never busybos true
	refuses "busybox"
}

@test "fifty containers, eight at a time, leave nothing" {
	seq 1 50 | xargs -P 8 -I{} "$DOLIUM_BIN/dolium" run --rm --network none "$(own_cgroups)" busybox sh -c 'exit 0' 3>&-
	run -0 dolium ps -aq
	is ""
	[ -n "$(find /sys/fs/cgroup -name "test-$$-$BATS_TEST_NUMBER")" ]
	equal "$(cgroups_left)" ""
}
