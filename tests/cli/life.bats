#!/usr/bin/env bats
# The life of a container that its keeper stays with: in the background, attached to, stopped, started again.

load ../lib/common

setup_file() {
	world_new
	world_images busybox
}

teardown_file() {
	world_done
}

teardown() {
	local id
	for id in $(dolium ps -aq); do dolium rm -f "$id" >/dev/null; done
}

detached() { dolium run -d --network none "$@" 3>&-; }
state_of() { dolium inspect "$1" | jq -r '.[0].State | "\(.Status) \(.ExitCode)"'; }
is_state() { [ "$(state_of "$1")" = "$2" ]; }
keeper_of() { # the pid of the process that has the container's first one as its child
	ps -o ppid= -p "$(dolium inspect "$1" | jq -r '.[0].State.Pid')" | tr -d ' '
}
log_of() { jq -j .log "$DOLIUM_ROOT/containers/$(dolium inspect "$1" | jq -r '.[0].Id')/log"; }

# ---------------------------------------------------------------- in the background

@test "run -d prints the id at once, and the container goes on" {
	id=$(detached --name back busybox sleep 60)
	[[ $id =~ ^[0-9a-f]{64}$ ]]
	equal "$(dolium ps -q --no-trunc)" "$id"
	run -0 dolium kill back
	is back
	equal "$(state_of back)" "exited 137"
}

@test "run -d of what cannot be started says why, with docker's status" {
	run dolium run -d --network none busybox no-such-program
	status_is 127
	says "executable file not found"
	run dolium run -d --network none busybox /etc
	status_is 126
}

@test "--rm in the background: the keeper removes it" {
	detached --rm --name gone busybox sleep 0.2
	wait_for 5 bash -c "[ -z \"\$('$DOLIUM_BIN/dolium' ps -aq)\" ]"
	equal "$(find "$DOLIUM_ROOT/containers" -mindepth 1 | wc -l)" 1
}

@test "what it writes is kept, line by line, with stream and time" {
	detached --name writes busybox sh -c 'echo one; echo two >&2; printf three'
	equal "$(dolium wait writes)" 0
	log=$DOLIUM_ROOT/containers/$(dolium inspect writes | jq -r '.[0].Id')/log
	equal "$(jq -c '[.log,.stream]' "$log" | sort)" "$(printf '%s\n' '["one\n","stdout"]' '["three","stdout"]' '["two\n","stderr"]' | sort)"
	jq -r .time "$log" | grep -Eqx '20[0-9-]+T[0-9:]+\.[0-9]{9}Z'
}

@test "--log-driver k8s-file and none, --log-opt max-size and max-file" {
	detached --name k8s --log-driver k8s-file busybox sh -c 'echo a line; printf rest'
	equal "$(dolium wait k8s)" 0
	dir=$DOLIUM_ROOT/containers/$(dolium inspect k8s | jq -r '.[0].Id')
	grep -Eq '^20[^ ]+ stdout F a line$' "$dir/log"
	grep -Eq '^20[^ ]+ stdout P rest$' "$dir/log"
	detached --name nothing --log-driver none busybox echo x
	equal "$(dolium wait nothing)" 0
	[ ! -e "$DOLIUM_ROOT/containers/$(dolium inspect nothing | jq -r '.[0].Id')/log" ]
	detached --name turns --log-opt max-size=2k --log-opt max-file=3 busybox sh -c 'for i in $(seq 100); do echo line $i; done'
	equal "$(dolium wait turns)" 0
	dir=$DOLIUM_ROOT/containers/$(dolium inspect turns | jq -r '.[0].Id')
	equal "$(cd "$dir" && ls log*)" "$(printf 'log\nlog.1\nlog.2')"
	[ "$(stat -c %s "$dir/log.1")" -le 2048 ]
	equal "$(tail -n 1 "$dir/log" | jq -r .log)" "line 100"
	run dolium run -d --network none --log-opt colour=red busybox true
	status_is 125
	says "has no option 'colour=red'"
}

# ---------------------------------------------------------------- streams

@test "much goes through in both directions at once" {
	equal "$(head -c 20000000 /dev/urandom | tee "$BATS_TEST_TMPDIR/sent" | dolium run --rm -i --network none busybox cat | sha256sum)" "$(sha256sum <"$BATS_TEST_TMPDIR/sent")"
}

@test "a reader who goes away does not stop the program" {
	run -0 bash -c "'$DOLIUM_BIN/dolium' run --name on --network none busybox sh -c 'seq 100000; exit 4' | head -n 1"
	is 1
	wait_for 10 is_state on "exited 4"
	equal "$(log_of on | tail -n 1)" 100000
}

@test "attach: several at once see what is written, and get its status" {
	detached --name talks busybox sh -c 'sleep 1; echo hello; exit 6'
	dolium attach talks >"$BATS_TEST_TMPDIR/a" 2>&1 3>&- & first=$!
	dolium attach --no-stdin talks >"$BATS_TEST_TMPDIR/b" 2>&1 3>&- & second=$!
	status=0; wait $first || status=$?
	equal $status 6
	status=0; wait $second || status=$?
	equal $status 6
	equal "$(cat "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b")" "$(printf 'hello\nhello')"
	run dolium attach talks
	status_is 1
	says "is not running"
}

@test "the detach keys leave it running, and attach comes back to it" {
	run -0 pty --expect '# ' --send 'A=kept\r' --expect '# ' --send '\x10\x11' --sleep 0.2 -- "$DOLIUM_BIN/dolium" run -it --name shell --network none busybox sh
	equal "$(state_of shell)" "running 0"
	run pty --sleep 0.3 --send 'echo "<$A>"; exit 9\r' -- "$DOLIUM_BIN/dolium" attach --detach-keys ctrl-x shell
	status_is 9
	says "<kept>"
}

@test "a detach key that is typed alone goes to the program" {
	run pty --expect '# ' --send 'cat -v\r' --sleep 0.3 --send '\x10a\r' --expect '\^Pa' --send '\x04' --sleep 0.2 --send 'exit 3\r' -- "$DOLIUM_BIN/dolium" run -it --rm --network none busybox sh
	status_is 3
}

@test "stdin ends for the program when its giver is gone" {
	echo word | dolium run -i --name reads --network none busybox sh -c 'cat; echo end' >"$BATS_TEST_TMPDIR/out"
	equal "$(cat "$BATS_TEST_TMPDIR/out")" "$(printf 'word\nend')"
}

# ---------------------------------------------------------------- stop, kill, restart, wait

@test "stop: its signal, then KILL; one that does not run is left alone" {
	detached --name polite busybox sh -c 'trap "exit 5" TERM; while :; do sleep 0.05; done'
	run -0 dolium stop polite
	equal "$(state_of polite)" "exited 5"
	run -0 dolium stop polite
	detached --name deaf --stop-signal INT busybox sh -c 'trap "" INT TERM; while :; do sleep 0.05; done'
	run -0 dolium stop -t 1 deaf
	equal "$(state_of deaf)" "exited 137"
	detached --name other --stop-signal USR1 busybox sh -c 'trap "exit 8" USR1; while :; do sleep 0.05; done'
	run -0 dolium stop other
	equal "$(state_of other)" "exited 8"
}

@test "a stop whose command is killed is carried out" {
	detached --name deaf busybox sh -c 'trap "" TERM; while :; do sleep 0.05; done'
	timeout -s KILL 0.3 "$DOLIUM_BIN/dolium" stop -t 1 deaf || true
	wait_for 5 is_state deaf "exited 137"
}

@test "kill sends any signal, and refuses what does not run" {
	detached --name hears busybox sh -c 'trap "echo got it" USR2; while :; do sleep 0.05; done'
	sleep 0.2
	run -0 dolium kill -s USR2 hears
	wait_for 5 bash -c "grep -q 'got it' '$DOLIUM_ROOT'/containers/*/log"
	run -0 dolium kill hears
	run dolium kill hears
	status_is 1
	says "is not running"
	run dolium kill --signal NONE hears
	status_is 1
	says "no such signal"
}

@test "restart starts it anew; wait waits, for its next end as well" {
	detached --name again busybox sh -c 'sleep 0.5; exit 2'
	first=$(dolium inspect again | jq -r '.[0].State.Pid')
	run -0 dolium restart -t 0 again
	[ "$(dolium inspect again | jq -r '.[0].State.Pid')" != "$first" ]
	equal "$(dolium wait again)" 2
	equal "$(dolium wait again)" 2
	dolium wait --condition next-exit again >"$BATS_TEST_TMPDIR/status" 3>&- & waiter=$!
	sleep 0.1
	run -0 dolium start again
	wait $waiter
	equal "$(cat "$BATS_TEST_TMPDIR/status")" 2
}

# ---------------------------------------------------------------- restart policies

@test "on-failure:N starts it again N times; always until it is stopped" {
	detached --name fails --restart on-failure:2 busybox sh -c 'echo try; exit 3'
	wait_for 10 bash -c "[ \"\$(grep -c try '$DOLIUM_ROOT'/containers/*/log)\" = 3 ]"
	wait_for 5 is_state fails "exited 3"
	sleep 0.5
	equal "$(log_of fails)" "$(printf 'try\ntry\ntry')"
	detached --name good --restart on-failure busybox true
	wait_for 5 is_state good "exited 0"
	dolium rm fails good
	detached --name ever --restart always busybox sh -c 'echo try; sleep 0.1'
	wait_for 10 bash -c "[ \"\$(grep -c try '$DOLIUM_ROOT'/containers/*/log)\" -ge 3 ]"
	run -0 dolium stop -t 0 ever
	n=$(log_of ever | wc -l)
	sleep 0.5
	equal "$(log_of ever | wc -l)" "$n"
	run dolium run --rm --restart always busybox true
	status_is 125
}

@test "while it waits to start again it is restarting, and rm -f ends that" {
	detached --name slow --restart always busybox false
	wait_for 10 bash -c "'$DOLIUM_BIN/dolium' ps -a --format '{{.State}}' | grep -qx restarting"
	wait_for 10 dolium rm -f slow
	sleep 0.5
	equal "$(dolium ps -aq)" ""
}

# ---------------------------------------------------------------- who is killed

@test "kill -9 of the command that started it: it goes on, and ends with its own status" {
	dolium run --name orphan --network none busybox sh -c 'sleep 1; exit 4' >/dev/null 2>&1 3>&- &
	wait_for 5 is_state orphan "running 0"
	kill -9 $!
	equal "$(state_of orphan)" "running 0"
	equal "$(dolium wait orphan)" 4
}

@test "kill -9 of the keeper: the container ends with it, and can be started again" {
	detached --name headless busybox sleep 60
	pid=$(dolium inspect headless | jq -r '.[0].State.Pid')
	kill -9 "$(keeper_of headless)"
	wait_for 5 is_state headless "exited 137"
	[ ! -e "/proc/$pid" ] || [ "$(awk '/^State/{print $2}' "/proc/$pid/status")" = Z ]
	run -0 dolium start headless
	equal "$(state_of headless)" "running 0"
	kill -9 "$(keeper_of headless)"
	wait_for 5 is_state headless "exited 137"
	id=$(dolium inspect headless | jq -r '.[0].Id')
	[ -n "$(find /sys/fs/cgroup -name "$id" -type d)" ]
	run -0 dolium rm headless
	equal "$(find /sys/fs/cgroup "$DOLIUM_RUN_ROOT" -name "$id" -type d)" ""
}

@test "a keeper has little memory of its own, and no timer" {
	detached --name idle busybox sleep 60
	keeper=$(keeper_of idle)
	[ "$(awk '/^Private_Dirty/{print $2}' "/proc/$keeper/smaps_rollup")" -le 300 ]
	equal "$(readlink /proc/"$keeper"/fd/* | grep -c timerfd)" 0
}

# ---------------------------------------------------------------- one more program

@test "exec: its streams, its status, its user, its directory, its environment" {
	detached --name host -e A=container busybox sleep 60
	run -0 dolium exec host sh -c 'echo $A $PWD'
	is "container /"
	run -0 dolium exec -e A=b -e C -w /tmp -u 7:8 host sh -c 'echo $A ${C-none} $PWD $(id -u) $(id -g)'
	is "b none /tmp 7 8"
	C=ours run -0 dolium exec -e C host sh -c 'echo $C'
	is ours
	equal "$(echo given | dolium exec -i host cat)" given
	run dolium exec host sh -c 'exit 9'
	status_is 9
	run -127 dolium exec host no-such-program
	says "executable file not found"
	run dolium exec host /etc
	status_is 126
	dolium kill host
	run dolium exec host true
	status_is 1
	says "is not running"
}

@test "exec -it has a terminal, exec -d goes on alone" {
	detached --name host busybox sleep 60
	run pty --expect '# ' --send 'tty; exit 3\r' -- "$DOLIUM_BIN/dolium" exec -it host sh
	status_is 3
	says /dev/pts/
	run -0 dolium exec -d host sh -c 'sleep 0.2; echo done >/tmp/flag; sleep 60'
	wait_for 5 bash -c "'$DOLIUM_BIN/dolium' exec host cat /tmp/flag"
	run -0 dolium top host
	says "sleep 60"
}

@test "pause freezes all of it; exec says so; stop ends it all the same" {
	detached --name still busybox sh -c 'while :; do echo tick; sleep 0.05; done'
	sleep 0.2
	run -0 dolium pause still
	n=$(log_of still | wc -l)
	sleep 0.3
	equal "$(log_of still | wc -l)" "$n"
	run dolium exec still true
	status_is 1
	says paused
	run dolium pause still
	status_is 1
	run -0 dolium unpause still
	wait_for 5 bash -c "[ \$(grep -c tick '$DOLIUM_ROOT'/containers/*/log) -gt $n ]"
	run -0 dolium pause still
	run -0 dolium stop -t 1 still
	equal "$(state_of still)" "exited 137"
}

# ---------------------------------------------------------------- logs, rename, prune

@test "logs: both streams, the last ones, from when to when, and what comes" {
	detached --name says busybox sh -c 'echo one; echo two >&2; sleep 1; echo three'
	run --separate-stderr dolium logs -f says
	equal "$output" "$(printf 'one\nthree')"
	equal "$stderr" two
	equal "$(dolium logs -n 1 says 2>/dev/null)" three
	equal "$(dolium logs --tail 0 says 2>&1)" ""
	[[ "$(dolium logs -t -n 1 says)" =~ ^20[0-9TZ:.-]+\ three$ ]]
	at=$(dolium logs -t -n 1 says | cut -d' ' -f1)
	equal "$(dolium logs --since "$at" says 2>&1)" three
	equal "$(dolium logs --until "$at" says 2>&1 | wc -l)" 3
	equal "$(dolium logs --since 1h says 2>&1 | wc -l)" 3
	run dolium logs --since yesterday says
	status_is 1
	detached --name turns --log-driver k8s-file --log-opt max-size=1k --log-opt max-file=50 busybox sh -c 'for i in $(seq 100); do echo line $i; done'
	equal "$(dolium logs -f turns)" "$(printf 'line %d\n' $(seq 100))"
	detached --name silent --log-driver none busybox echo x
	run dolium logs silent
	status_is 1
	says "log driver none"
}

@test "rename while it runs; the old name is free, a taken one is refused" {
	detached --name first busybox sleep 60
	run -0 dolium rename first second
	equal "$(dolium ps --format '{{.Names}}')" second
	run -0 dolium create --name first busybox true
	run dolium rename second first
	status_is 1
	says "in use"
	run dolium rename second 'no good'
	status_is 1
	run -0 dolium exec second true
}

@test "container prune removes what does not run, by label" {
	detached --name runs busybox sleep 60
	dolium create --name keep --label stay=1 busybox true
	dolium create --name old busybox true
	run dolium container prune </dev/null
	status_is 1
	run -0 dolium container prune -f --filter label=stay=1
	equal "$(dolium ps -a --format '{{.Names}}' | sort)" "$(printf 'old\nruns')"
	run -0 dolium container prune -f
	says "Total reclaimed space"
	equal "$(dolium ps -a --format '{{.Names}}')" runs
}
