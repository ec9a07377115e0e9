#!/usr/bin/env bats
# dolium-oci as the run-time of podman 4.3 and buildah 1.28, by conmon. See tests/lib/callers.bash.

load ../lib/common
load ../lib/callers

setup_file() {
	callers_start
	callers_conf /etc/containers/containers.conf.d/dolium.conf
	callers_names
	# Without CAP_SYS_RESOURCE the limits that podman gives by itself would fail each run; Debian has no systemd here.
	in_world tee /etc/containers/containers.conf.d/world.conf >/dev/null <<-'END2'
		[containers]
		default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
		[engine]
		events_logger = "file"
		cgroup_manager = "cgroupfs"
	END2
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' | in_world tee /etc/containers/policy.json >/dev/null
	image_busybox
	in_world skopeo copy -q "oci:$IMAGES/busybox:latest" containers-storage:docker.io/library/busybox:latest
}
teardown_file() { callers_stop; }
setup() { C=t$BATS_TEST_NUMBER; }
teardown() {
	podman rm -fv -t 0 "$C" >/dev/null 2>&1 || :
	podman pod rm -f -t 0 "$C-pod" >/dev/null 2>&1 || :
}

podman() { in_world podman "$@"; }
buildah() { in_world buildah "$@"; }
in_pty() { # in_pty STEP... -- CMD... in the world
	local steps=()
	while [ "$1" != -- ]; do
		steps+=("$1")
		shift
	done
	shift
	pty "${steps[@]}" -- "$TESTLIB/callers_world.sh" --in "$CALLERS" "$@"
}
once() { podman run --rm --network none "$@"; }
state_is() { [ "$(podman inspect -f '{{.State.Status}}' "$C")" = "$1" ]; }
no_state() { [ -z "$(in_world sh -c 'ls /run/dolium-oci 2>/dev/null')" ]; }

@test "dolium is the default run-time, and the commands of the documentation work" {
	run podman info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}} {{.Host.OCIRuntime.Version}}'
	says "dolium-oci /usr/local/bin/dolium-oci dolium-oci version "
	says "spec: 1."
	run callers_type podman
	succeeds
	says hello
	no_state
}

@test "exit status: the program's, 128+n, 127, 126, 125" {
	run once busybox sh -c 'exit 7'
	status_is 7
	run once busybox sh -c 'sh -c "kill -KILL \$\$"; exit $?'
	status_is 137
	run -127 once busybox nosuch
	says 'exec: "nosuch": executable file not found in $PATH: OCI runtime attempted to invoke a command that was not found'
	run -127 once busybox /no/such
	says "no such file or directory: OCI runtime attempted to invoke a command that was not found"
	run once busybox /etc/passwd
	status_is 126
	says "permission denied: OCI permission denied"
	run once busybox /etc
	status_is 126
	says "OCI permission denied"
	run once -v /etc/passwd:/etc busybox true
	status_is 126
	says "not a directory"
	run once --nosuch busybox true
	status_is 125
	no_state
}

@test "output, errors and stdin keep apart; a terminal has a size" {
	run --separate-stderr bash -c 'echo line | "$0" --in "$1" podman run -i --rm --network none busybox sh -c "cat; echo bad >&2"' \
		"$TESTLIB/callers_world.sh" "$CALLERS"
	succeeds
	is line
	equal "$stderr" bad
	run in_pty --size 33x101 -- podman run -it --rm --network none busybox sh -c 'tty; sleep 0.5; stty size; exit 4'
	status_is 4
	says "/dev/pts/0"
	says "33 101"
}

@test "a published port answers" {
	podman run -d --name "$C" -p 127.0.0.1:8080:80 busybox sh -c 'echo page >/index.html; exec httpd -f -p 80 -h /' >/dev/null
	wait_for 10 in_world curl -fsS http://127.0.0.1:8080/
	equal "$(in_world curl -fsS http://127.0.0.1:8080/)" page
}

@test "exec: status, user, directory, environment, stdin, a terminal, preserved files, words of failure" {
	podman run -d --name "$C" --network none busybox sleep 1000 >/dev/null
	run podman exec "$C" sh -c 'echo in; exit 4'
	status_is 4
	is in
	run podman exec -u 1000 -w /tmp -e A=b "$C" sh -c 'id -u; pwd; echo $A'
	is "1000
/tmp
b"
	run bash -c 'echo line | "$0" --in "$1" podman exec -i "$2" cat' "$TESTLIB/callers_world.sh" "$CALLERS" "$C"
	is line
	run bash -c 'exec 3< <(echo preserved); exec nsenter -t "$(cat "$1/pid")" -m -n -p podman exec --preserve-fds 1 "$2" sh -c "cat <&3"' \
		_ "$CALLERS" "$C"
	is preserved
	run -127 podman exec "$C" nosuch
	says "OCI runtime attempted to invoke a command that was not found"
	run podman exec "$C" /etc
	status_is 126
	run -127 podman exec -w /nosuch "$C" true
	says 'chdir to cwd ("/nosuch") set in config.json failed: no such file or directory'
	run in_pty --expect 'name: ' --send 'world\r' -- podman exec -it "$C" sh -c 'tty; printf "name: "; read -r n; echo "hello $n"; exit 6'
	status_is 6
	says "hello world"
	run podman exec -d "$C" sh -c 'echo detached >/tmp/d'
	succeeds
	wait_for 5 podman exec "$C" test -s /tmp/d
}

@test "top and stats see the processes" {
	podman run -d --name "$C" --network none busybox sh -c 'sleep 999 & sleep 1000' >/dev/null
	wait_for 5 bash -c '"$0" --in "$1" podman top "$2" args | grep -q "sleep 999"' "$TESTLIB/callers_world.sh" "$CALLERS" "$C"
	equal "$(podman top "$C" pid | wc -l)" 3
	equal "$(podman stats --no-stream --format '{{.PIDs}}' "$C")" 2
}

@test "pause, unpause, restart, stop, start, kill, wait, logs, healthcheck" {
	podman run -d --name "$C" --network none --health-cmd true --health-interval disable busybox \
		sh -c 'echo started; trap "echo bye; exit 3" TERM; while :; do sleep 0.1; done' >/dev/null
	podman healthcheck run "$C"
	podman pause "$C"
	state_is paused
	run podman exec "$C" true
	fails
	podman unpause "$C"
	state_is running
	podman restart -t 5 "$C"
	podman stop -t 5 "$C"
	equal "$(podman wait "$C")" 3
	equal "$(podman logs "$C" | sort)" "bye
bye
started
started"
	podman start "$C"
	podman kill "$C"
	wait_for 5 state_is exited
	equal "$(podman inspect -f '{{.State.ExitCode}}' "$C")" 137
	run podman kill "$C"
	fails
}

@test "limits are there, and update changes them while it runs" {
	podman run -d --name "$C" --network none -m 64m --pids-limit 20 --cpus 0.5 busybox sleep 1000 >/dev/null
	limits() {
		podman exec "$C" sh -c 'cd /sys/fs/cgroup; if [ -d memory ]; then
			cat memory/memory.limit_in_bytes pids/pids.max cpu/cpu.cfs_quota_us
		else cat memory.max pids.max cpu.max; fi' | cut -d' ' -f1 | paste -sd' '
	}
	equal "$(limits)" "67108864 20 50000"
	podman update -m 100m --cpus 0.25 "$C"
	equal "$(limits)" "104857600 20 25000"
}

@test "--init, --user, --read-only, --cap-drop, --security-opt, --hostname, --tmpfs, --mount" {
	run once --init --user 1000:50 --read-only --cap-drop ALL --security-opt no-new-privileges --hostname box --tmpfs /t:size=1m \
		--mount type=bind,src=/etc/hostname,dst=/h,ro=true busybox \
		sh -c 'tr "\0" " " </proc/1/cmdline; id; touch /x; touch /t/y && echo tmpfs; hostname; cat /h; grep -E "^(CapBnd|NoNewPrivs|Seccomp):" /proc/self/status'
	says "podman-init"
	says "uid=1000(alice) gid=50(staff)"
	says "Read-only file system"
	says "tmpfs
box"
	says "CapBnd:	0000000000000000"
	says "NoNewPrivs:	1"
	says "Seccomp:	2"
	run once --tmpfs /root:size=1m busybox stat -c %a /root
	is 700
}

@test "a user namespace of its own" {
	run once --uidmap 0:100000:65536 busybox sh -c 'cat /proc/self/uid_map; id -u; touch /made && stat -c %u /made'
	succeeds
	matches '0 +100000 +65536.0.0$'
}

@test "--cgroups=disabled, --cgroups=no-conmon, --cgroupns=host, --cgroup-parent" {
	for option in --cgroups=disabled --cgroups=no-conmon --cgroupns=host --cgroup-parent=/dolium/below; do
		run once $option busybox echo "$option"
		succeeds
		is "$option"
	done
	no_state
}

@test "namespaces of another container" {
	podman run -d --name "$C" --ipc shareable busybox sleep 1000 >/dev/null
	run podman run --rm --pid "container:$C" --network "container:$C" --ipc "container:$C" busybox ps
	succeeds
	says "sleep 1000"
}

@test "a pod: shared names, pause, stop" {
	podman pod create --name "$C-pod" --hostname podname >/dev/null
	podman run -d --pod "$C-pod" --name "$C" busybox sleep 1000 >/dev/null
	equal "$(podman run --rm --pod "$C-pod" busybox hostname)" podname
	podman pod pause "$C-pod"
	state_is paused
	podman pod unpause "$C-pod"
	podman pod stop -t 0 "$C-pod"
	podman pod rm -f "$C-pod"
	no_state
}

@test "play kube: two containers, limits, a volume, one localhost; and down again" {
	cat >"$CALLERS/kube.yaml" <<-END2
		apiVersion: v1
		kind: Pod
		metadata: {name: $C-pod}
		spec:
		  containers:
		  - name: one
		    image: docker.io/library/busybox:latest
		    command: ["sh", "-c", "echo from one >/data/index.html; exec httpd -f -p 8080 -h /data"]
		    resources: {limits: {memory: 64Mi, cpu: 500m}}
		    volumeMounts: [{name: data, mountPath: /data}]
		  - name: two
		    image: docker.io/library/busybox:latest
		    command: ["sleep", "1000"]
		    securityContext: {readOnlyRootFilesystem: true, runAsUser: 1000, capabilities: {drop: [ALL]}}
		    volumeMounts: [{name: data, mountPath: /data}]
		  volumes:
		  - name: data
		    hostPath: {path: $CALLERS/kube-data, type: DirectoryOrCreate}
	END2
	podman play kube "$CALLERS/kube.yaml"
	wait_for 10 podman exec "$C-pod-two" wget -qO- http://127.0.0.1:8080/
	equal "$(podman exec "$C-pod-two" wget -qO- http://127.0.0.1:8080/)" "from one"
	equal "$(podman exec "$C-pod-two" id -u)" 1000
	equal "$(podman pod ps --format '{{.Status}} {{.NumberOfContainers}}')" "Running 3"
	podman play kube --down "$CALLERS/kube.yaml"
	equal "$(podman ps -aq)" ""
	no_state
}

@test "a checkpoint that cannot be made is refused, and the container goes on" {
	podman run -d --name "$C" --network none busybox sleep 1000 >/dev/null
	run podman container checkpoint "$C"
	status_is 125
	[[ "${output,,}" == *criu* || "${output,,}" == *checkpoint* ]] || seen
	state_is running
}

@test "under the names runc and crun" {
	equal "$(once --env A=1 busybox echo default)" default
	equal "$(podman --runtime "$CALLERS/names/runc" run --rm --network none busybox echo as runc)" "as runc"
	equal "$(podman --runtime "$CALLERS/names/crun" run --rm --network none --cgroups=disabled busybox echo as crun)" "as crun"
	run -127 podman --runtime "$CALLERS/names/crun" run --rm --network none busybox nosuch
	says 'executable file not found in $PATH: OCI runtime attempted to invoke a command that was not found'
	run -127 podman --runtime /usr/local/bin/dolium-oci run --rm --network none busybox nosuch
}

@test "conmon that is killed leaves a container that podman can remove" {
	podman run -d --name "$C" --network none busybox sleep 1000 >/dev/null
	pid=$(podman inspect -f '{{.State.Pid}}' "$C") id=$(podman inspect -f '{{.Id}}' "$C")
	in_world pkill -KILL -f "^/usr/bin/conmon .*-n $C "
	podman rm -f -t 0 "$C"
	run ! in_world test -d "/proc/$pid"
	# podman 4.3 does not ask the run-time to delete it then, whichever that is.
	in_world dolium-oci delete -f "$id"
	no_state
}

# --- buildah

@test "buildah: the commands of the documentation build and run" {
	mkdir -p "$CALLERS/build"
	cat >"$CALLERS/build/Dockerfile" <<-'END2'
		FROM docker.io/library/busybox:latest
		RUN echo built >/built && id -u >/uid
		RUN --mount=type=tmpfs,target=/t touch /t/x && ls /t >/listing
		RUN --mount=type=cache,target=/cache echo cached >/cache/f
		USER 1000
		RUN id -u >/tmp/uid2
		CMD ["cat", "/built", "/uid", "/listing", "/tmp/uid2"]
	END2
	in_world sh -c 'cd "$1" && sh -e "$2"' _ "$CALLERS/build" /dev/stdin < <(callers_block buildah)
	equal "$(once localhost/built)" "built
0
x
1000"
	no_state
}

@test "buildah run: status, stdin, user, bind, terminal, words of failure" {
	from=$(buildah from docker.io/library/busybox:latest)
	export BUILDAH_RUNTIME=/usr/local/bin/dolium-oci BUILDAH_ISOLATION=oci
	run buildah run "$from" sh -c 'echo in; exit 3'
	status_is 3
	run bash -c 'echo line | "$0" --in "$1" buildah run "$2" cat' "$TESTLIB/callers_world.sh" "$CALLERS" "$from"
	is line
	run buildah run --user 1000 -v /etc/hostname:/h:ro --cap-drop CAP_CHOWN "$from" sh -c 'id -u; cat /h'
	is "1000
$(hostname)"
	run in_pty -- buildah run -t "$from" tty
	says /dev/pts/0
	run buildah run "$from" nosuch
	status_is 1
	says 'exec: "nosuch": executable file not found in $PATH'
	buildah rm "$from"
	no_state
}

@test "podman build" {
	podman build -q --isolation oci --no-cache --network none -t b2 "$CALLERS/build" >/dev/null
	equal "$(once b2 | head -n 1)" built
}
