#!/usr/bin/env bats
# What lists and inspections print, of real images and containers, in every form that a script may ask for.

load ../lib/common

setup_file() {
	world_new
	world_images busybox
	dolium create --name web -l tier=front -e A=1 busybox sh -c 'exit 3' >"$WORLD/id"
	dolium create --name a-long-command busybox sh -c 'echo one two three four five' >/dev/null
	dolium start -a web || [ $? = 3 ]
}

teardown_file() {
	dolium rm -f web a-long-command >/dev/null 2>&1
	world_done
}

setup() {
	ID=$(cat "$WORLD/id")
}

@test "create prints the whole id" {
	[[ "$ID" =~ ^[0-9a-f]{64}$ ]]
}

@test "ps lists what runs, ps -a all, the newest first" {
	run -0 dolium ps
	is "$(dolium ps | head -n 1)"
	matches '^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +ISOLATION +PORTS +NAMES$'
	run -0 dolium ps -a
	matches "${ID:0:12} +busybox +\"sh -c .*\" .*Exited \(3\) .* container .* web"
	equal "$(dolium ps -a | sed -n 2p | awk '{ print $NF }')" a-long-command
	equal "$(dolium ps -a | wc -l)" 3
}

@test "ps -q prints ids, short or long; -n and -l the last ones" {
	run -0 dolium ps -aq --filter name=web
	is "${ID:0:12}"
	run -0 dolium ps -aq --no-trunc --filter name=web
	is "$ID"
	equal "$(dolium ps -l --format '{{.Names}}')" a-long-command
	equal "$(dolium ps -n 2 -q | wc -l)" 2
}

@test "ps cuts a long command with an ellipsis, and --no-trunc does not" {
	run -0 dolium ps -a --filter name=a-long --format '{{.Command}}'
	equal "${#output}" 22
	says '…"'
	run -0 dolium ps -a --filter name=a-long --no-trunc --format '{{.Command}}'
	says 'echo one two three four five'
}

@test "filters of ps" {
	for filter in status=exited label=tier label=tier=front "id=${ID:0:6}" exited=3 name=we; do
		run -0 dolium ps -a --filter "$filter" --format '{{.Names}}'
		is web
	done
	run -0 dolium ps -aq --filter label=tier=back
	is ""
	run -0 dolium ps -a --filter ancestor=busybox -q
	equal "${#lines[@]}" 2
	run dolium ps --filter nonsense=1
	status_is 1
	says nonsense
}

@test "ps --format: a template, a table, json" {
	run -0 dolium ps -a --filter name=web --format '{{.ID}}|{{.Names}}|{{.Isolation}}|{{.State}}'
	is "${ID:0:12}|web|container|exited"
	run -0 dolium ps -a --filter name=web --format 'table {{.Names}}\t{{.ID}}'
	is $'NAMES     CONTAINER ID\nweb       '"${ID:0:12}"
	run -0 dolium ps -a --filter name=web --format '{{upper .Names}}{{"\t"}}{{json .Image}}'
	is $'WEB\t"busybox"'
	dolium ps -a --format json | jq -es 'length == 2 and (map(.Names) | index("web"))' >/dev/null
	run dolium ps --format '{{nonsense .ID}}'
	status_is 1
	says nonsense
}

@test "images: columns, digests, quiet, one name, formats" {
	run -0 dolium images
	matches '^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE'
	matches 'busybox +latest +[0-9a-f]{12} .* [0-9.]+[kM]B'
	run -0 dolium images --digests
	matches '^REPOSITORY +TAG +DIGEST +IMAGE ID '
	run -0 dolium images -q --no-trunc busybox
	is "sha256:$(image_id busybox)"
	run -0 dolium images nothing
	equal "${#lines[@]}" 1
	run -0 dolium images --filter reference=busybox --format '{{.Repository}}:{{.Tag}}'
	is busybox:latest
	dolium images --format json | jq -es 'all(.ID | length == 12)' >/dev/null
}

@test "inspect prints an array of JSON, indented by four, of containers and images" {
	run -0 dolium inspect web
	equal "${lines[0]}|${lines[1]}" "[|    {"
	says $'\n        "Id": "'"$ID"
	equal "$(dolium inspect web busybox | jq length)" 2
	run -0 dolium inspect -f '{{.State.ExitCode}} {{.Config.Labels.tier}}' web
	is "3 front"
	run -0 dolium inspect --type image -f '{{.Os}}' busybox
	is linux
	run dolium inspect --type container busybox
	status_is 1
	equal "$(dolium inspect -f json web | wc -l)" 1
}

@test "inspect prints what it finds and says what it does not" {
	run --separate-stderr dolium inspect web nothing
	status_is 1
	equal "$(jq length <<<"$output")" 1
	equal "$stderr" "dolium: no such container or image: 'nothing'"
	run --separate-stderr dolium inspect nothing
	is "[]"
}

@test "a short id and a name are the same container" {
	equal "$(dolium inspect -f '{{.Id}}' "${ID:0:6}")" "$ID"
	equal "$(dolium inspect -f '{{.Name}}' "$ID")" /web
}

@test "a container or image that is nearly one is suggested" {
	run dolium rm wbe
	status_is 1
	says "did you mean 'web'?"
	run dolium rmi bsuybox
	status_is 1
	says "did you mean 'busybox"
	run dolium run --pull never busybxo true
	status_is 125
	says "did you mean 'busybox"

	# What is here, and cannot be had as it was asked for, is no slip of a name.
	run dolium run --rm --platform nonsense --pull never localhost/busybox true
	fails
	lacks "did you mean"
}

@test "rm -f of what is not there is no failure, rm is one; others are removed all the same" {
	dolium create --name to-go busybox >/dev/null
	run dolium rm nothing to-go
	status_is 1
	says to-go
	run -0 dolium rm -f nothing
	run dolium inspect to-go
	status_is 1
}

@test "history of an image in every form" {
	run -0 dolium history busybox
	matches '^IMAGE +CREATED +CREATED BY +SIZE +COMMENT'
	equal "$(dolium history -q --no-trunc busybox | head -n 1)" "sha256:$(image_id busybox)"
	run -0 dolium history --format '{{.ID}}' busybox
	equal "${#lines[0]}" 12
	run dolium history nothing
	status_is 1
}

@test "completion knows the names of containers and images" {
	run -0 dolium __complete -- rm we
	equal "${lines[0]}" $'web\tcontainer'
	run -0 dolium __complete -- run busy
	matches '^busybox'
	run -0 env -u DOLIUM_ROOT "$DOLIUM_BIN/dolium" --run-root "$DOLIUM_RUN_ROOT" __complete -- --root "$DOLIUM_ROOT" rm we
	equal "${lines[0]}" $'web\tcontainer'
}

@test "--root is as good as DOLIUM_ROOT" {
	run -0 env -u DOLIUM_ROOT -u DOLIUM_RUN_ROOT "$DOLIUM_BIN/dolium" --root "$DOLIUM_ROOT" --run-root="$DOLIUM_RUN_ROOT" \
		ps -aq --no-trunc --filter name=web
	is "$ID"
}

@test "a pull on a terminal is redrawn in place and fits; elsewhere it is lines" {
	run -0 pty --size 24x60 -- env DOLIUM_ROOT="$BATS_TEST_TMPDIR/r" "$DOLIUM_BIN/dolium" pull "oci:$IMAGES/busybox:latest"
	says $'\033[K'
	says "Pull complete"
	# No picture may be wider than the window: a line that wraps cannot be redrawn.
	widest=$(tr '\r' '\n' <<<"$output" | sed 's/\x1b\[[0-9]*[A-Z]//g' | grep ': ' | grep -v '^Digest\|^Status' | awk '{ print length }' |
		sort -n | tail -n 1)
	[ "$widest" -lt 60 ]
	run -0 env DOLIUM_ROOT="$BATS_TEST_TMPDIR/r2" "$DOLIUM_BIN/dolium" pull "oci:$IMAGES/busybox:latest"
	lacks $'\033'
	says "Pull complete"
	says "Digest: sha256:"
	says "Status: Downloaded newer image for "
}

@test "login asks, without an echo, and leaves the terminal as it was" {
	run pty --expect 'Username: ' --send 'me\r' --expect 'Password: ' --send 'secret\r' -- \
		bash -c '"$0" login 127.0.0.1:1; stty -a' "$DOLIUM_BIN/dolium"
	says "Password: "
	lacks secret
	matches '[ ;]echo'
	# And where it is given up in the middle.
	run pty --expect 'Username: ' --send 'me\r' --expect 'Password: ' --send '\x03' --expect 'speed' -- \
		bash -c 'trap : INT; "$0" login 127.0.0.1:1; echo "status $?"; stty -a' "$DOLIUM_BIN/dolium"
	says "status 130"
	matches '[ ;]echo'
	run dolium login 127.0.0.1:1 </dev/null
	status_is 1
	says "--password-stdin"
}

@test "info has what the host can do, and a format takes it apart" {
	run -0 dolium info
	says "Driver: "
	run -0 dolium info --format '{{.ServerVersion}}'
	is "$(dolium version --format '{{.Version}}')"
}
