#!/usr/bin/env bats
# views: v2
# dolium-oci exec, pause and resume, from outside.

load ../lib/common
load ../lib/oci

setup() { oci_setup; }
teardown() { oci_teardown; }

begin() { # begin [JQ]: a container that sleeps
	bundle ".process.args=[\"sleep\",\"1000\"] | ${1:-.}"
	[[ "${1:-}" != *uidMappings* ]] || chown -R 100000:100000 "$B/rootfs"
	oci run -d --pid-file "$B/init" -b "$B" "$ID" </dev/null >/dev/null 2>&1
}

exec_refuses() { status_is 255 && says "$1"; }

state_is() { [ "$(oci state "$ID" | jq -r .status)" = "$1" ]; }
no_cgroups() { [ -z "$(find /sys/fs/cgroup -name "$ID")" ]; }

# --- exec

@test "exec gives the program's output and its exit status" {
	begin
	run oci exec "$ID" sh -c 'echo hello; exit 7'
	status_is 7
	is hello
	run oci exec "$ID" sh -c 'kill -9 $$'
	status_is 137
}

@test "exec is in the container's namespaces, all of them" {
	begin "$USERNS"' | .hostname="inside"'
	for ns in cgroup ipc mnt net pid user uts; do
		equal "$(oci exec "$ID" readlink /proc/self/ns/$ns)" "$(readlink "/proc/$(cat "$B/init")/ns/$ns")"
	done
	equal "$(oci exec "$ID" hostname)" inside
	equal "$(oci exec "$ID" id -u)" 0
}

@test "exec is in the container's cgroups" {
	begin
	oci exec -d --pid-file "$B/pid" "$ID" sleep 1000 </dev/null >/dev/null 2>&1
	equal "$(grep -v : <"/proc/$(cat "$B/init")/cgroup"; cat "/proc/$(cat "$B/pid")/cgroup")" \
		"$(cat "/proc/$(cat "$B/init")/cgroup")"
	grep -q "$ID" "/proc/$(cat "$B/pid")/cgroup"
	oci delete -f "$ID"
	is_gone "$(cat "$B/pid")"
	no_cgroups
}

@test "exec without a mount namespace is in the container's root" {
	begin '.linux.namespaces|=map(select(.type!="mount")) | del(.mounts,.linux.maskedPaths,.linux.readonlyPaths) | .root.readonly=false'
	touch "$B/rootfs/only-here"
	run oci exec "$ID" ls /only-here
	succeeds
	is /only-here
}

@test "exec without any namespace works" {
	begin '.linux.namespaces=[] | del(.hostname,.mounts,.linux.maskedPaths,.linux.readonlyPaths) | .root.readonly=false'
	run oci exec "$ID" pwd
	succeeds
	is /
}

@test "exec: user, groups, directory and environment" {
	begin '.process.env+=["A=old","KEPT=yes"] | .process.cwd="/bin"'
	equal "$(oci exec -u 1000:1001 -g 5 -g 6 "$ID" id)" "uid=1000 gid=1001 groups=5,6"
	equal "$(oci exec --user=7 "$ID" id -u)" 7
	equal "$(oci exec "$ID" pwd)" /bin
	equal "$(oci exec --cwd /dev "$ID" pwd)" /dev
	run oci exec --cwd /none "$ID" pwd
	exec_refuses 'chdir to cwd ("/none") set in config.json failed: no such file or directory'
	[ ! -e "$B/rootfs/none" ]
	run oci exec -e A=new --env B=b=c "$ID" env
	succeeds
	says A=new
	says B=b=c
	says KEPT=yes
	lacks A=old
}

@test "exec --user takes numbers and nothing else" {
	begin
	for user in 1000: :5 : 0x0 "" " 0" -1 1:2:3 4294967295 4294967296 99999999999999999999 root 1e3; do
		run oci exec --user="$user" "$ID" id
		status_is 255
		says "not an id"
	done
	run oci exec -g x "$ID" id
	exec_refuses "not an id"
}

@test "exec says the container's capabilities, and those of --cap, never inheritable" {
	begin
	run oci exec "$ID" grep ^Cap /proc/self/status
	says "CapEff:	0000000020000420"
	run oci exec --cap CAP_CHOWN "$ID" grep ^Cap /proc/self/status
	says "CapInh:	0000000000000000"
	says "CapEff:	0000000020000421"
	says "CapBnd:	0000000020000421"
	run oci exec --cap CAP_NONE "$ID" true
	succeeds
	says "no such capability: 'CAP_NONE'"
}

@test "exec says the container's limits and seccomp profile; --no-new-privs is set" {
	begin '.process.noNewPrivileges=false | .process.rlimits=[{"type":"RLIMIT_NOFILE","soft":77,"hard":88}]
		| .linux.seccomp={"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":95}]}'
	equal "$(oci exec "$ID" sh -c 'ulimit -n; ulimit -Hn' | xargs)" "77 88"
	run oci exec "$ID" mkdir /dev/x
	status_is 1
	says "not supported"
	equal "$(oci exec "$ID" grep NoNewPrivs /proc/self/status)" "NoNewPrivs:	0"
	equal "$(oci exec --no-new-privs "$ID" grep NoNewPrivs /proc/self/status)" "NoNewPrivs:	1"
}

@test "exec --process says all of it" {
	begin '.process.env+=["A=of the container"]'
	echo '{"args":["sh","-c","id -u; pwd; env; exit 3"],"cwd":"/dev","env":["PATH=/bin","X=y"],"user":{"uid":12,"gid":13}}' >"$B/process.json"
	run oci exec --process "$B/process.json" "$ID"
	status_is 3
	says 12
	says /dev
	says X=y
	lacks "of the container"
	run oci exec -p "$B/process.json" "$ID" true
	exec_refuses "exclude each other"
	echo '{"args":["true"],"cwd":5}' >"$B/process.json"
	run oci exec -p "$B/process.json" "$ID"
	exec_refuses "process.json: cwd"
	run oci exec -p "$B/nonesuch" "$ID"
	exec_refuses "nonesuch"
}

@test "exec: options end at the id" {
	begin
	equal "$(oci exec "$ID" echo -e -u --cwd x)" "-u --cwd x"
	equal "$(oci exec "$ID" sh -c 'echo $1' -- -t)" "-t"
}

@test "exec: what is wrong is told as runc tells it, with status 255" {
	begin
	run oci exec "$ID" nonesuch
	status_is 255
	says 'exec failed: unable to start container process: exec: "nonesuch": executable file not found in $PATH'
	run oci exec "$ID" /nonesuch
	says 'exec: "/nonesuch": no such file or directory'
	run oci exec "$ID" /dev
	says 'exec: "/dev":'
	run oci exec "$ID"
	exec_refuses "process args cannot be empty"
	run oci exec nonesuch true
	exec_refuses "container does not exist"
	run oci exec --apparmor some "$ID" true
	exec_refuses apparmor
	oci exec --apparmor "" --process-label "" "$ID" true
	oci kill "$ID" KILL
	wait_for 5 state_is stopped
	run oci exec "$ID" true
	exec_refuses "container not running"
}

@test "exec: no fd of the host's reaches the program; --preserve-fds passes those it is told" {
	begin '.mounts|=map(select(.destination=="/proc"))'
	exec 7</etc/passwd 8</etc/group
	run oci exec "$ID" ls /proc/self/fd
	is "$(printf '0\n1\n2\n3')"
	exec 7<&- 8<&-
	run bash -c 'exec 3</etc/hostname; exec "$@" 3</etc/hostname' - "$DOLIUM_BIN/dolium-oci" --root "$R" exec --preserve-fds 1 "$ID" cat /proc/self/fd/3
	succeeds
	is "$(cat /etc/hostname)"
}

@test "exec: a directory out of the container is refused" {
	begin
	for fd in 3 4 5 6 7 8 9; do
		# One of them may be the container's own root, which is a directory as any other.
		run oci exec --cwd "/proc/self/fd/$fd" "$ID" sh -c '[ . -ef / ]'
		[ "$status" = 0 ] || status_is 255
	done
	run oci exec --cwd /proc/1/cwd/../../.. "$ID" ls /
	lacks usr
}

@test "nobody in the container can look into who enters it" {
	begin '.process.capabilities|=map_values(["CAP_SYS_PTRACE","CAP_KILL"]) | .process.args=["sh","-c","while :; do for p in /proc/[0-9]*; do ls -l $p/fd; readlink $p/exe $p/cwd $p/root; done >>/dev/shm/seen 2>/dev/null; done"]'" | $USERNS"
	for _ in 1 2 3 4 5; do oci exec "$ID" true; done
	oci exec "$ID" cat /dev/shm/seen >"$B/seen"
	[ -s "$B/seen" ]
	! grep -E "dolium|cgroup|tasks|state.json|$B" "$B/seen"
}

@test "exec -d returns at once; --pid-file says the host's pid" {
	begin
	oci exec -d --pid-file "$B/pid" "$ID" sleep 777 </dev/null >/dev/null 2>&1
	equal "$(tr '\0' ' ' <"/proc/$(cat "$B/pid")/cmdline")" "sleep 777 "
}

@test "exec passes signals on" {
	begin
	oci_bin --root "$R" exec "$ID" sh -c 'trap "echo term; exit 3" TERM; echo ready; while :; do sleep 0.1; done' >"$B/out" 2>&1 </dev/null 3>&- &
	keeper=$!
	wait_for 5 grep -q ready "$B/out"
	kill -TERM "$keeper"
	status=0
	wait "$keeper" || status=$?
	equal "$status" 3
}

@test "exec -t says a terminal of the container's" {
	begin
	run oci exec -t "$ID" sh -c 'tty; stty size; test -t 0 && test -t 1 && test -t 2 && echo all' </dev/null
	succeeds
	says /dev/pts/0
	says all
	run oci exec -t -d "$ID" tty
	exec_refuses "console socket"
}

@test "exec: --console-socket receives the terminal, --pidfd-socket the pidfd" {
	begin
	python3 "$BATS_TEST_DIRNAME/../lib/console.py" "$B/socket" >"$B/out" 3>&- &
	server=$!
	wait_for 5 test -S "$B/socket"
	oci exec -t -d --console-socket "$B/socket" "$ID" echo over there
	wait "$server"
	grep -q "over there" "$B/out"
	python3 - "$B/pidfd" >"$B/out" 3>&- <<-'P' &
		import array, os, socket, sys
		s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(1)
		c = s.accept()[0]
		_, control, _, _ = c.recvmsg(4096, socket.CMSG_SPACE(4))
		fd = array.array("i", control[0][2][:4])[0]
		print([l.split()[1] for l in open("/proc/self/fdinfo/%d" % fd) if l.startswith("Pid:")][0])
	P
	server=$!
	wait_for 5 test -S "$B/pidfd"
	oci exec -d --pid-file "$B/pid" --pidfd-socket "$B/pidfd" "$ID" sleep 100 </dev/null >/dev/null 2>&1
	wait "$server"
	equal "$(cat "$B/out")" "$(cat "$B/pid")"
}

@test "exec --cgroup is below the container's, and never above" {
	begin
	dir=$(find /sys/fs/cgroup/pids -name "$ID" 2>/dev/null) || skip "pids is not a v1 controller here"
	mkdir "$dir/below"
	oci exec -d --cgroup pids:below --pid-file "$B/pid" "$ID" sleep 100 </dev/null >/dev/null 2>&1
	grep -q "pids:.*/$ID/below" "/proc/$(cat "$B/pid")/cgroup"
	run oci exec --cgroup pids:../.. "$ID" true
	exec_refuses "not below"
	run oci exec --cgroup pids:none "$ID" true
	exec_refuses "cannot find the cgroup"
	oci delete -f "$ID"
	no_cgroups
}

@test "exec --cgroup is below the container's on cgroup v2, too" {
	[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || skip "no cgroup v2"
	begin
	dir=$(find /sys/fs/cgroup -name "$ID")
	mkdir "$dir/below"
	oci exec -d --cgroup below --pid-file "$B/pid" "$ID" sleep 100 </dev/null >/dev/null 2>&1
	grep -q "/$ID/below" "/proc/$(cat "$B/pid")/cgroup"
	run oci exec --cgroup ../.. "$ID" true
	exec_refuses "not below"
	oci delete -f "$ID"
	no_cgroups
}

# --- pause and resume

@test "pause stops all, resume lets it go on" {
	bundle '.process.args=["sh","-c","while :; do echo x; sleep 0.02; done"]'
	oci run -d -b "$B" "$ID" </dev/null >"$B/out" 2>&1
	wait_for 5 test -s "$B/out"
	oci pause "$ID"
	equal "$(oci state "$ID" | jq -r .status)" paused
	equal "$(oci list -f json | jq -r '.[0].status')" paused
	size=$(stat -c %s "$B/out")
	sleep 0.2
	equal "$(stat -c %s "$B/out")" "$size"
	run oci pause "$ID"
	refuses "container not running or created: paused"
	run oci exec "$ID" true
	exec_refuses "cannot exec in a paused container"
	run oci delete "$ID"
	refuses "that is not stopped: paused"
	oci resume "$ID"
	equal "$(oci state "$ID" | jq -r .status)" running
	wait_for 5 eval '[ "$(stat -c %s "$B/out")" -gt "$size" ]'
	run oci resume "$ID"
	refuses "container not paused"
	oci exec "$ID" true
}

@test "a paused container is deleted by force, and dies of SIGKILL" {
	begin
	oci pause "$ID"
	oci kill "$ID" KILL
	wait_for 5 state_is stopped
	oci delete "$ID"
	no_cgroups
	begin
	oci pause "$ID"
	oci delete -f "$ID"
	is_gone "$(cat "$B/init")"
	no_cgroups
}

@test "a run that was paused leaves no cgroup" {
	bundle '.process.args=["sleep","1000"]'
	oci_bin --root "$R" run -b "$B" "$ID" </dev/null >/dev/null 2>&1 3>&- &
	keeper=$!
	wait_for 5 state_is running
	oci pause "$ID"
	oci resume "$ID"
	oci kill "$ID" KILL
	wait "$keeper" || true
	no_cgroups
	[ ! -e "$R/$ID" ]
}
