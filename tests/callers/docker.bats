#!/usr/bin/env bats
# dolium-oci as the run-time of dockerd 20.10, its default one and by --runtime. See tests/lib/callers.bash.

load ../lib/common
load ../lib/callers

setup_file() {
	callers_start
	callers_conf /etc/docker/daemon.json
	callers_image docker
	callers_names
	# Checkpoints are for daemons with experimental features. The same binary under two more names, and Debian's runc beside them.
	in_world sh -c 'jq --arg n "$1" ".experimental = true | .runtimes += {\"as-runc\": {path: (\$n + \"/runc\")}, \"as-crun\": {path: (\$n + \"/crun\")}}" \
		/etc/docker/daemon.json >/etc/docker/new && mv /etc/docker/new /etc/docker/daemon.json' _ "$CALLERS/names"
	callers_daemon dockerd dockerd --log-level warn
	wait_for 60 docker version
	docker load -q -i "$CALLERS/busybox.tar" >/dev/null
}
teardown_file() { callers_stop; }
setup() { C=t$BATS_TEST_NUMBER; }
teardown() { docker rm -fv "$C" >/dev/null 2>&1 || :; }

docker() { in_world docker "$@"; }
docker_pty() { # docker_pty STEP... -- ARGUMENT-OF-DOCKER...
	local steps=()
	while [ "$1" != -- ]; do
		steps+=("$1")
		shift
	done
	shift
	pty "${steps[@]}" -- "$TESTLIB/callers_world.sh" --in "$CALLERS" docker "$@"
}
once() { docker run --rm --network none "$@"; }
state_is() { [ "$(docker inspect -f '{{.State.Status}}' "$C")" = "$1" ]; }
health_is() { [ "$(docker inspect -f '{{.State.Health.Status}}' "$C")" = "$1" ]; }
no_state() { [ -z "$(in_world sh -c 'ls /run/docker/runtime-*/moby 2>/dev/null')" ]; }

@test "dolium is the default run-time, and its version is known" {
	run docker info --format '{{.DefaultRuntime}} {{(index .Runtimes "dolium").Path}} {{.RuncCommit.ID}}'
	matches '^dolium /usr/local/bin/dolium-oci dolium-[0-9]'
	run docker version --format '{{range .Server.Components}}{{.Name}} {{end}}'
	says "dolium"
}

@test "the commands of the documentation" {
	run callers_type docker
	succeeds
	says "hello"
}

@test "output, errors and stdin keep apart" {
	run --separate-stderr bash -c 'echo line | "$0" --in "$1" docker run -i --rm --network none busybox sh -c "cat; echo bad >&2"' \
		"$TESTLIB/callers_world.sh" "$CALLERS"
	succeeds
	is line
	equal "$stderr" bad
	no_state
}

@test "exit status: the program's, 128+n, 127, 126, 125" {
	run once busybox sh -c 'exit 7'
	status_is 7
	run once busybox sh -c 'sh -c "kill -KILL \$\$"; exit $?'
	status_is 137
	run -127 once busybox nosuch
	says 'exec: "nosuch": executable file not found in $PATH'
	run -127 once busybox /no/such
	says 'exec: "/no/such": no such file or directory'
	run once busybox /etc/passwd
	status_is 126
	says 'exec: "/etc/passwd": permission denied'
	run once busybox /etc
	status_is 126
	run once -v /etc/passwd:/etc busybox true
	status_is 125
	says "Are you trying to mount a directory onto a file (or vice-versa)?"
	run once --ipc host --sysctl kernel.msgmax=65536 busybox true
	status_is 125
	says "sysctl"
	no_state
}

@test "a terminal: run -it, and its size follows" {
	run docker_pty --size 33x101 -- run -it --rm --network none busybox sh -c 'tty; sleep 0.5; stty size; exit 4'
	status_is 4
	says "/dev/pts/0"
	says "33 101"
}

@test "a published port answers" {
	docker run -d --name "$C" -p 127.0.0.1:8080:80 busybox sh -c 'echo page >/index.html; exec httpd -f -p 80 -h /' >/dev/null
	wait_for 10 in_world curl -fsS http://127.0.0.1:8080/
	equal "$(in_world curl -fsS http://127.0.0.1:8080/)" page
}

@test "a network by name, where names are looked up" {
	docker network create net1 >/dev/null
	docker run -d --name "$C" --network net1 busybox sh -c 'exec httpd -f -p 80 -h /etc' >/dev/null
	run docker run --rm --network net1 busybox wget -qO- "http://$C/hostname"
	succeeds
	matches '^[0-9a-f]{12}$'
	docker rm -f "$C"
	docker network rm net1
}

@test "exec: status, user, directory, environment, stdin, words of failure" {
	docker run -d --name "$C" --network none busybox sleep 1000 >/dev/null
	run docker exec "$C" sh -c 'echo in; exit 4'
	status_is 4
	is in
	run docker exec -u 1000 -w /tmp -e A=b "$C" sh -c 'id -u; pwd; echo $A'
	is "1000
/tmp
b"
	run bash -c 'echo line | "$0" --in "$1" docker exec -i "$2" cat' "$TESTLIB/callers_world.sh" "$CALLERS" "$C"
	is line
	run docker exec "$C" nosuch
	status_is 126
	says 'executable file not found in $PATH'
	run docker exec -w /nosuch "$C" true
	status_is 126
	says 'chdir to cwd ("/nosuch") set in config.json failed: no such file or directory'
	run docker exec --privileged "$C" grep CapEff /proc/self/status
	succeeds
	run docker_pty --expect 'name: ' --send 'world\r' -- exec -it "$C" sh -c 'tty; printf "name: "; read -r n; echo "hello $n"; exit 6'
	status_is 6
	says "hello world"
}

@test "top and stats see the processes" {
	docker run -d --name "$C" --network none busybox sh -c 'sleep 999 & sleep 1000' >/dev/null
	wait_for 5 bash -c '"$0" --in "$1" docker top "$2" -o pid,args | grep -q "sleep 999"' "$TESTLIB/callers_world.sh" "$CALLERS" "$C"
	equal "$(docker top "$C" -o pid | wc -l)" 3
	equal "$(docker stats --no-stream --format '{{.PIDs}}' "$C")" 2
}

@test "pause, unpause, restart, stop, start, kill, wait, logs" {
	docker run -d --name "$C" --network none busybox \
		sh -c 'echo started; trap "echo bye; exit 3" TERM; while :; do sleep 0.1; done' >/dev/null
	docker pause "$C"
	state_is paused
	run docker exec "$C" true
	fails
	docker unpause "$C"
	state_is running
	docker restart -t 5 "$C"
	equal "$(docker exec "$C" echo again)" again
	docker stop -t 5 "$C"
	equal "$(docker wait "$C")" 3
	equal "$(docker logs "$C")" "started
bye
started
bye"
	docker start "$C"
	docker kill "$C"
	wait_for 5 state_is exited
	equal "$(docker inspect -f '{{.State.ExitCode}}' "$C")" 137
	no_state
}

@test "limits are there, and update changes them while it runs" {
	limits() {
		docker exec "$C" sh -c 'cd /sys/fs/cgroup; if [ -d memory ]; then
			cat memory/memory.limit_in_bytes pids/pids.max cpu/cpu.cfs_quota_us cpuset/cpuset.cpus
		else cat memory.max pids.max cpu.max cpuset.cpus; fi' | cut -d' ' -f1 | paste -sd' '
	}
	docker run -d --name "$C" --network none -m 64m --memory-swap 64m --pids-limit 20 --cpus 0.5 --cpuset-cpus 0 busybox sleep 1000 >/dev/null
	equal "$(limits)" "67108864 20 50000 0"
	docker update -m 100m --memory-swap 100m --pids-limit 50 --cpus 0.25 --cpuset-cpus 0-1 "$C"
	equal "$(limits)" "104857600 50 25000 0-1"
}

@test "out of memory: it is killed, and docker knows why" {
	docker run --name "$C" --network none -m 20m --memory-swap 20m busybox tail /dev/zero || [ $? = 137 ]
	equal "$(docker inspect -f '{{.State.ExitCode}} {{.State.OOMKilled}}' "$C")" "137 true"
}

@test "--init reaps; --user, --read-only, --cap-drop, --security-opt, --tmpfs, --ulimit, --shm-size, --hostname" {
	run once --init busybox sh -c 'tr "\0" " " </proc/1/cmdline'
	says "docker-init"
	run once --user 1000:50 --read-only --cap-drop ALL --security-opt no-new-privileges --tmpfs /t:size=1m,mode=1777 --ulimit nofile=100:200 \
		--shm-size 2m --hostname box --group-add 29 busybox sh -c 'id; touch /x; touch /t/y && echo tmpfs; ulimit -n; hostname
			grep -E "^(CapBnd|NoNewPrivs|Seccomp):" /proc/self/status; df -k /dev/shm | tail -n 1'
	says "uid=1000(alice) gid=50(staff) groups=29(audio),50(staff)"
	says "Read-only file system"
	matches $'tmpfs\n100\nbox\n'
	says "CapBnd:	0000000000000000"
	says "NoNewPrivs:	1"
	says "Seccomp:	2"
	matches '2048 +0 +2048'
}

@test "what a warning would be about is not said in the program's output" {
	run once --oom-score-adj=-500 busybox echo hello
	is hello
}

@test "a seccomp profile of the caller's" {
	echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}]}' >"$CALLERS/seccomp.json"
	run once --security-opt "seccomp=$CALLERS/seccomp.json" busybox mkdir /d
	status_is 1
	says "Operation not permitted"
	run once --security-opt seccomp=unconfined busybox grep Seccomp: /proc/self/status
	says "0"
}

@test "volumes, binds, read-only binds, devices, added hosts" {
	echo outside >"$CALLERS/file"
	run once -v vol1:/vol -v "$CALLERS/file:/f:ro" --device /dev/fuse --add-host far:1.2.3.4 busybox \
		sh -c 'echo kept >/vol/k; cat /f; echo no >/f; ls /dev/fuse; grep far /etc/hosts'
	says "outside"
	says "Read-only file system"
	says "/dev/fuse"
	says "1.2.3.4	far"
	equal "$(once -v vol1:/vol busybox cat /vol/k)" kept
	docker volume rm vol1
}

@test "namespaces of another container and of the host" {
	docker run -d --name "$C" --ipc shareable busybox sleep 1000 >/dev/null
	run docker run --rm --pid "container:$C" --network "container:$C" --ipc "container:$C" busybox ps
	succeeds
	says "sleep 1000"
	run docker run --rm --pid host --network host --uts host --ipc host --privileged busybox sh -c 'ip -o link show d0; ps'
	succeeds
	says dockerd
}

@test "health checks and restarts run through it" {
	docker run -d --name "$C" --network none --restart always --health-cmd true --health-interval 1s busybox \
		sh -c 'sleep 4; exit 1' >/dev/null
	wait_for 10 health_is healthy
	wait_for 15 bash -c '[ "$("$0" --in "$1" docker inspect -f "{{.RestartCount}}" "$2")" -gt 0 ]' "$TESTLIB/callers_world.sh" "$CALLERS" "$C"
}

@test "a checkpoint that cannot be made is refused, and the container goes on" {
	docker run -d --name "$C" --network none busybox sleep 1000 >/dev/null
	run docker checkpoint create "$C" one
	fails
	[[ "${output,,}" == *criu* || "${output,,}" == *checkpoint* ]] || seen
	says "dolium-oci"
	state_is running
}

@test "docker build and docker commit" {
	mkdir -p "$CALLERS/build"
	printf 'FROM busybox\nRUN echo built >/built\nUSER 1000\nRUN id -u >/tmp/uid\nCMD cat /built /tmp/uid\n' >"$CALLERS/build/Dockerfile"
	docker build -q --network none -t b1 "$CALLERS/build" >/dev/null
	equal "$(once b1)" "built
1000"
}

@test "under the names runc and crun" {
	equal "$(once --runtime as-runc busybox echo as runc)" "as runc"
	equal "$(once --runtime as-crun busybox echo as crun)" "as crun"
	run -127 once --runtime as-crun busybox nosuch
}

@test "20 at once: each has its own output, and nothing is left" {
	for i in $(seq 20); do
		once busybox echo "number $i" >"$CALLERS/out.$i" 2>&1 &
	done
	wait
	for i in $(seq 20); do
		equal "$(cat "$CALLERS/out.$i")" "number $i"
	done
	no_state
}
