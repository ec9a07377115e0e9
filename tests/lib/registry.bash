# A misbehaving registry before the real one ($HUB of images.bash): see registry_proxy.py.

# proxy_start NAME [--cert FILE --key FILE]: $PROXY is its HOST:PORT. Several may run at once.
proxy_start() {
	local name=$1
	shift
	[ ! -s "$WORLD/proxy/$name/pid" ] || kill "$(cat "$WORLD/proxy/$name/pid")" 2>/dev/null || :
	rm -rf "$WORLD/proxy/$name"
	mkdir -p "$WORLD/proxy/$name"
	python3 "$TESTLIB/registry_proxy.py" --upstream "$HUB" --state "$WORLD/proxy/$name" "$@" \
		</dev/null >"$WORLD/proxy/$name/out" 2>&1 3>&- &
	echo $! >"$WORLD/proxy/$name/pid"
	wait_for 20 test -s "$WORLD/proxy/$name/port"
	# shellcheck disable=SC2034 # for the test that called
	PROXY=127.0.0.1:$(cat "$WORLD/proxy/$name/port")
	PROXY_LOG=$WORLD/proxy/$name/log
	touch "$PROXY_LOG"
}
proxy_stop_all() {
	local pid
	for pid in "$WORLD"/proxy/*/pid; do
		[ ! -s "$pid" ] || kill "$(cat "$pid")" 2>/dev/null || :
	done
}
# proxy_rules NAME RULE...: what it does from now on, as JSON objects
proxy_rules() {
	local name=$1
	shift
	printf '%s\n' "$@" | jq -s . >"$WORLD/proxy/$name/rules.json"
}
# proxy_log NAME JQ-FILTER: over all requests, as one array. A request is written down when its answer has gone out,
# which may be a moment after the client has it: so wait until nothing is written for a while.
proxy_log() {
	local log=$WORLD/proxy/$1/log size tries
	for tries in 1 2 3 4 5 6 7 8 9 10; do
		size=$(stat -c %s "$log")
		sleep 0.2
		[ "$size" != "$(stat -c %s "$log")" ] || break
	done
	jq -s "$2" "$log"
}
# Bytes of blobs that NAME has sent
proxy_sent() { proxy_log "$1" '[.[] | select((.path | contains("/blobs/")) and .status < 300) | .sent] | add // 0'; }
