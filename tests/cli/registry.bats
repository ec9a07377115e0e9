#!/usr/bin/env bats
# What registries do, good and bad: logins, tokens, mirrors, certificates; connections that break, servers that
# lie. A real registry stands behind a proxy that does what each test wants (tests/lib/registry_proxy.py).

load ../lib/common
load ../lib/registry

setup_file() {
	world_new
	image_busybox
	hub_start
	hub_push busybox "$IMAGES/busybox:latest"
	# Five layers of noise, the largest of 6 MB: something to be cut in the middle of.
	for n in 1 2 3 4 5; do
		[ -f "$WORLD/noise$n" ] || head -c $((n * 1200000)) /dev/urandom >"$WORLD/noise$n"
		[ $n = 1 ] || echo layer
		echo "copy noise$n $WORLD/noise$n 0644"
	done >"$WORLD/noise.txt"
	mkimage "$WORLD/noise:latest" <"$WORLD/noise.txt"
	hub_push noise "$WORLD/noise:latest"
	proxy_start main
	export PROXY PROXY_LOG
}

teardown_file() {
	proxy_stop_all
	hub_stop
	world_done
}

setup() {
	export DOLIUM_ROOT=$BATS_TEST_TMPDIR/root DOLIUM_RUN_ROOT=$BATS_TEST_TMPDIR/run
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$HOME"
	rm -f "$WORLD"/proxy/*/rules.json
	for log in "$WORLD"/proxy/*/log; do : >"$log"; done
}

NOISE_BYTES=18000000
biggest() { jq -r '.layers | max_by(.size).digest' "$WORLD/noise/blobs/sha256/$(jq -r '.manifests[0].digest' "$WORLD/noise/index.json" | cut -d: -f2)"; }
# Nothing half-made, and no image
nothing_is_left() {
	run -0 dolium images -q
	is ""
	equal "$(find "$DOLIUM_ROOT/tmp" "$DOLIUM_ROOT/trash" "$DOLIUM_ROOT/blobs/sha256" -mindepth 1 -maxdepth 1 2>/dev/null)" ""
}

# ------------------------------------------------------------------- logins

@test "basic authentication: refused without, let in with credentials from the command or from a login" {
	proxy_rules main '{"auth": "basic"}'
	run dolium pull -q "$PROXY/busybox"
	refuses "not logged in"
	says "dolium login $PROXY"
	run dolium pull -q --creds alice:wrong "$PROXY/busybox"
	refuses "does not let 'alice' have"
	nothing_is_left

	run -0 dolium pull -q --creds alice:s3cret:with:colons "$PROXY/busybox"
	run dolium login -u alice -p wrong "$PROXY"
	refuses "does not know the user or the password"
	[ ! -e "$HOME/.docker/config.json" ]
	echo s3cret:with:colons | dolium login -u alice --password-stdin "$PROXY"
	equal "$(stat -c %a "$HOME/.docker/config.json")" 600
	run -0 dolium pull -q "$PROXY/busybox"
	run -0 dolium logout "$PROXY"
	run dolium pull -q "$PROXY/noise"
	refuses "not logged in"
	run dolium logout "$PROXY"
	refuses "not logged in to '$PROXY'"
}

@test "a login keeps what else is in config.json, and others' logins are read" {
	proxy_rules main '{"auth": "basic"}'
	mkdir -p "$HOME/.docker"
	echo '{"auths":{"other:1":{"auth":"YTpi"}},"psFormat":"x"}' >"$HOME/.docker/config.json"
	dolium login -u alice -p s3cret:with:colons "$PROXY"
	equal "$(jq -r '.psFormat, .auths["other:1"].auth, (.auths[env.PROXY].auth | @base64d)' "$HOME/.docker/config.json")" \
		"$(printf 'x\nYTpi\nalice:s3cret:with:colons')"
	# auth.json, as podman and skopeo write it, and a file that is named
	rm -r "$HOME/.docker"
	mkdir -p "$XDG_RUNTIME_DIR/containers"
	skopeo login --tls-verify=false --authfile "$BATS_TEST_TMPDIR/auth.json" -u alice -p s3cret:with:colons "$PROXY" >/dev/null
	run dolium pull -q "$PROXY/busybox"
	refuses
	run -0 dolium pull -q --authfile "$BATS_TEST_TMPDIR/auth.json" "$PROXY/busybox"
	mv "$BATS_TEST_TMPDIR/auth.json" "$XDG_RUNTIME_DIR/containers/auth.json"
	run -0 dolium pull -q "$PROXY/noise"
	rm "$XDG_RUNTIME_DIR/containers/auth.json"
}

@test "credential helpers are asked, and keep what a login brings" {
	proxy_rules main '{"auth": "basic"}'
	mkdir -p "$BATS_TEST_TMPDIR/bin" "$HOME/.docker"
	cat >"$BATS_TEST_TMPDIR/bin/docker-credential-box" <<-END
		#!/bin/sh
		box=$BATS_TEST_TMPDIR/box
		case \$1 in
		store) cat >\$box ;;
		get) read -r server; [ ! -s \$box.token ] || { cat \$box.token; exit; }; [ -s \$box ] && grep -q "\$server" \$box && cat \$box || { echo credentials not found in native keychain; exit 1; } ;;
		erase) rm \$box ;;
		esac
	END
	chmod +x "$BATS_TEST_TMPDIR/bin/docker-credential-box"
	export PATH=$BATS_TEST_TMPDIR/bin:$PATH
	echo '{"credsStore":"box"}' >"$HOME/.docker/config.json"
	run dolium pull -q "$PROXY/busybox"
	refuses "not logged in"
	dolium login -u alice -p s3cret:with:colons "$PROXY"
	equal "$(jq -r .Username "$BATS_TEST_TMPDIR/box")" alice
	equal "$(cat "$HOME/.docker/config.json")" '{"credsStore":"box"}'
	run -0 dolium pull -q "$PROXY/busybox"
	dolium logout "$PROXY"
	[ ! -e "$BATS_TEST_TMPDIR/box" ]
	proxy_rules main '{"auth": "token"}'
	echo '{"Username":"<token>","Secret":"identity-of-alice"}' >"$BATS_TEST_TMPDIR/box.token"
	run -0 dolium pull -q "$PROXY/noise"
	echo '{"credsStore":"../evil"}' >"$HOME/.docker/config.json"
	run dolium pull -q "$PROXY/busybox"
	refuses "no name for a credential helper"
}

@test "token authentication, with and without a login, and a token that wears out in the middle" {
	proxy_rules main '{"auth": "token"}' '{"anonymous": true}'
	run -0 dolium pull -q "$PROXY/busybox"
	rm -rf "$DOLIUM_ROOT"

	proxy_rules main '{"auth": "token"}'
	run dolium pull -q "$PROXY/busybox"
	refuses "not logged in"
	dolium login -u alice -p s3cret:with:colons "$PROXY"
	run -0 dolium pull -q "$PROXY/busybox"
	# The password goes to the token server and nowhere else.
	equal "$(proxy_log main '[.[] | select(.authorization | startswith("Basic")) | .path | startswith("/token")] | unique | tostring')" '"[true]"'

	proxy_rules main '{"auth": "token", "uses": 3}'
	run -0 dolium pull -q "$PROXY/noise"
	[ "$(proxy_log main '[.[] | select(.path | startswith("/token")) | select(.status == 200)] | length')" -ge 3 ]
}

@test "an identity token is exchanged for a token" {
	proxy_rules main '{"auth": "token"}'
	mkdir -p "$HOME/.docker"
	jq -n '{auths: {(env.PROXY): {identitytoken: "identity-of-alice"}}}' >"$HOME/.docker/config.json"
	run -0 dolium pull -q "$PROXY/busybox"
	jq -n '{auths: {(env.PROXY): {identitytoken: "stolen"}}}' >"$HOME/.docker/config.json"
	run dolium pull -q "$PROXY/noise"
	refuses "does not let 'the identity token' have"
}

# --------------------------------------------------------- bad connections

@test "a cut connection: the layer goes on where it was, by range" {
	proxy_rules main '{"match": "'"/blobs/$(biggest)"'", "cut": 1000000, "times": 3}'
	run -0 dolium pull "$PROXY/noise"
	says "Retrying"
	equal "$(proxy_log main '[.[] | select(.range != "") | .range] | length')" 3
	# No byte came twice.
	sent=$(proxy_sent main)
	[ "$sent" -le $((NOISE_BYTES + 100000)) ] || { echo "sent $sent"; false; }
}

@test "a server that ignores ranges is read from the start again; one that answers others is not used" {
	proxy_rules main '{"match": "'"/blobs/$(biggest)"'", "cut": 1000000, "times": 1}' '{"no_range": true}'
	run -0 dolium pull -q "$PROXY/noise"
	rm -rf "$DOLIUM_ROOT"
	proxy_rules main '{"match": "'"/blobs/$(biggest)"'", "cut": 1000001, "times": 1}' '{"wrong_range": true, "cut": 99999999}'
	run dolium pull -q "$PROXY/noise"
	refuses "other bytes than were asked for"
}

@test "429 and 503 are tried again, after the time that the server says" {
	proxy_rules main '{"match": "/manifests/", "status": 429, "retry_after": 1, "times": 2}' \
		'{"match": "/blobs/", "status": 503, "times": 2}'
	began=$SECONDS
	run -0 dolium pull -q "$PROXY/busybox"
	[ $((SECONDS - began)) -ge 2 ]
	rm -rf "$DOLIUM_ROOT"
	proxy_rules main '{"match": "/manifests/", "status": 429, "retry_after": 86400}'
	run timeout 20 "$DOLIUM_BIN/dolium" pull -q "$PROXY/busybox"
	refuses "answers 429"
	says "not now"
}

@test "a server that stalls is given up on, and one that nobody finds at once" {
	mkdir -p "$HOME/.config/dolium"
	printf 'stall-seconds 1\nretries 1 # few\n' >"$HOME/.config/dolium/registries.conf"
	proxy_rules main '{"match": "/manifests/", "slow": 0.2}'
	run timeout 30 "$DOLIUM_BIN/dolium" pull -q "$PROXY/busybox"
	refuses "broke off while it sent"
	run timeout 30 "$DOLIUM_BIN/dolium" pull -q 127.0.0.1:1/busybox
	refuses "cannot reach '127.0.0.1:1'"
	proxy_rules main
	run dolium pull -q "$PROXY/nothing:here"
	refuses "has no $PROXY/nothing:here"
	echo 'miror a = b' >"$HOME/.config/dolium/registries.conf"
	run dolium pull -q "$PROXY/busybox"
	refuses "registries.conf:1: not a setting: 'miror a = b'"
}

@test "kill -9 in the middle of a layer: the next pull goes on from there" {
	proxy_rules main '{"match": "'"/blobs/$(biggest)"'", "pace": 1000000}'
	setsid "$DOLIUM_BIN/dolium" pull -q "$PROXY/noise" >/dev/null 2>&1 3>&- &
	pid=$!
	partial=$DOLIUM_ROOT/blobs/partial/$(biggest | cut -d: -f2)
	# shellcheck disable=SC2016
	wait_for 20 bash -c '[ "$(stat -c %s "'"$partial"'")" -gt 1500000 ]'
	kill -9 $pid
	wait $pid || :
	wait_for 10 bash -c "! pgrep -g $pid >/dev/null"
	have=$(stat -c %s "$partial")
	proxy_rules main
	: >"$PROXY_LOG"
	run -0 dolium pull -q "$PROXY/noise"
	equal "$(proxy_log main '[.[] | select(.path | endswith("'"$(biggest)"'")) | .range]' | jq -c .)" "[\"bytes=$have-\"]"
}

@test "a download that was kept and is wrong is fetched anew, without blaming the server" {
	mkdir -p "$DOLIUM_ROOT/blobs/partial"
	dolium images >/dev/null
	head -c 500000 /dev/zero >"$DOLIUM_ROOT/blobs/partial/$(biggest | cut -d: -f2)"
	run -0 dolium pull -q "$PROXY/noise"
	equal "$(ls "$DOLIUM_ROOT/blobs/partial")" ""
}

# -------------------------------------------------------------------- liars

@test "a layer whose bytes are others than the manifest says is refused, and nothing is left" {
	proxy_rules main '{"match": "'"/blobs/$(biggest)"'", "flip": true}'
	run dolium pull -q "$PROXY/noise"
	refuses "the manifest says $(biggest), the bytes are sha256:"
	[ ! -e "$DOLIUM_ROOT/blobs/partial/$(biggest | cut -d: -f2)" ]
	nothing_is_left
}

@test "a layer that is longer or shorter than the manifest says is refused" {
	proxy_rules main '{"match": "'"/blobs/$(biggest)"'", "longer": 5}'
	run dolium pull -q "$PROXY/noise"
	refuses "larger than"
	[ ! -e "$DOLIUM_ROOT/blobs/partial/$(biggest | cut -d: -f2)" ]
	mkdir -p "$HOME/.config/dolium"
	echo 'retries 1' >"$HOME/.config/dolium/registries.conf"
	proxy_rules main '{"match": "'"/blobs/$(biggest)"'", "shorter": 5}'
	run dolium pull -q "$PROXY/noise"
	refuses
	nothing_is_left
}

@test "a manifest or configuration that is not what its digest says is refused" {
	digest=$(jq -r '.manifests[0].digest' "$WORLD/noise/index.json")
	proxy_rules main '{"match": "/manifests/", "flip": true}'
	run dolium pull -q "$PROXY/noise@$digest"
	refuses "the bytes are sha256:"
	config=$(jq -r .config.digest "$WORLD/noise/blobs/sha256/${digest#sha256:}")
	proxy_rules main '{"match": "'"$config"'", "flip": true}'
	run dolium pull -q "$PROXY/noise"
	refuses "the image's configuration is to be $config, the bytes are sha256:"
	nothing_is_left
	proxy_rules main
	run -0 dolium pull -q "$PROXY/noise@$digest"
	is "$digest"
}

@test "floods: headers without end, a manifest without end, Docker's schema 1, and what is no manifest" {
	proxy_rules main '{"match": "/manifests/", "flood": 4000000}'
	run dolium pull -q "$PROXY/busybox"
	refuses "headers are too large"
	proxy_rules main '{"match": "/manifests/", "longer": 5000000}'
	run dolium pull -q "$PROXY/busybox"
	refuses "is too large"
	proxy_rules main '{"match": "/manifests/", "body": "{\"schemaVersion\":1,\"name\":\"busybox\",\"tag\":\"latest\",\"fsLayers\":[]}", "type": "application/vnd.docker.distribution.manifest.v1+prettyjws"}'
	run dolium pull -q "$PROXY/busybox"
	refuses "schema 1"
	proxy_rules main '{"match": "/manifests/", "body": "<html>"}'
	run dolium pull -q "$PROXY/busybox"
	refuses
	nothing_is_left
}

# ------------------------------------------------- elsewhere: redirects, mirrors, TLS, proxies

@test "credentials do not go along with a redirect to another host" {
	main=$PROXY
	proxy_start other
	proxy_rules main '{"auth": "basic"}' '{"match": "/blobs/", "redirect": "http://'"$PROXY"'"}'
	run -0 dolium pull -q --creds alice:s3cret:with:colons "$main/busybox"
	[ "$(proxy_log other length)" -ge 2 ]
	equal "$(proxy_log other '[.[].authorization] | unique')" "$(jq -n '[""]')"
	rm -rf "$DOLIUM_ROOT"
	: >"$WORLD/proxy/other/log"
	proxy_rules main '{"auth": "token"}' '{"match": "/blobs/", "redirect": "http://'"$PROXY"'"}'
	run -0 dolium pull -q --creds alice:s3cret:with:colons "$main/busybox"
	equal "$(proxy_log other '[.[].authorization] | unique')" "$(jq -n '[""]')"
	proxy_rules main '{"redirect": "http://'"$main"'"}'
	run dolium pull -q "$main/busybox"
	refuses "redirects"
}

@test "mirrors: from the command, from registries.conf, and what is asked when one fails" {
	hub_push library/busybox "$IMAGES/busybox:latest"
	run -0 dolium pull -q --mirror "docker.io=http://$PROXY" busybox
	run -0 dolium images --format '{{.Repository}}:{{.Tag}}'
	is "busybox:latest"
	rm -rf "$DOLIUM_ROOT"
	mkdir -p "$HOME/.config/dolium"
	printf '# ours\nmirror registry.example.com:99 = http://127.0.0.1:1\nmirror registry.example.com:99 = %s/library\n' \
		"$PROXY" >"$HOME/.config/dolium/registries.conf"
	run -0 dolium pull -q registry.example.com:99/busybox
	rm -rf "$DOLIUM_ROOT"
	# A mirror that has not got it: the registry itself.
	printf 'mirror %s = http://127.0.0.1:1\n' "$PROXY" >"$HOME/.config/dolium/registries.conf"
	run -0 dolium pull -q "$PROXY/busybox"
	# A mirror that breaks in the middle: layers come from the next.
	rm -rf "$DOLIUM_ROOT"
	main=$PROXY
	proxy_start other
	proxy_rules other '{"match": "/blobs/'"$(biggest)"'", "status": 404}'
	run -0 dolium pull -q --mirror "$main=http://$PROXY" "$main/noise"
	equal "$(proxy_log main '[.[] | .path | select(endswith("'"$(biggest)"'"))] | length')" 1
}

# certificate NAME: an authority, and a key pair for 127.0.0.1 and localhost that it signed
certificate() {
	local at=$BATS_TEST_TMPDIR/$1
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$at-ca.key" -out "$at-ca.crt" -days 2 -subj "/CN=$1 authority" 2>/dev/null
	openssl req -newkey rsa:2048 -nodes -keyout "$at.key" -out "$at.csr" -subj /CN=127.0.0.1 2>/dev/null
	openssl x509 -req -in "$at.csr" -CA "$at-ca.crt" -CAkey "$at-ca.key" -CAcreateserial -days 2 -out "$at.crt" \
		-extfile <(echo "subjectAltName=IP:127.0.0.1,DNS:localhost") 2>/dev/null
}

@test "TLS: an unknown authority is refused; certs.d, --cert-dir and --tls-verify=false let it in" {
	certificate good
	proxy_start tls --cert "$BATS_TEST_TMPDIR/good.crt" --key "$BATS_TEST_TMPDIR/good.key"
	run dolium pull -q "$PROXY/busybox"
	refuses "the certificate of '$PROXY' is not accepted"
	says "certs.d/$PROXY/ca.crt"
	run -0 dolium pull -q --tls-verify=false "$PROXY/busybox"
	rm -rf "$DOLIUM_ROOT"
	export XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config
	mkdir -p "$XDG_CONFIG_HOME/containers/certs.d/$PROXY"
	cp "$BATS_TEST_TMPDIR/good-ca.crt" "$XDG_CONFIG_HOME/containers/certs.d/$PROXY/ca.crt"
	# The token server is this one too: its certificate is looked up behind the walls of the worker.
	proxy_rules tls '{"auth": "token"}'
	run -0 dolium pull -q --tls-verify=true --creds alice:s3cret:with:colons "$PROXY/busybox"
	rm -rf "$DOLIUM_ROOT" "$XDG_CONFIG_HOME"
	proxy_rules tls
	mkdir "$BATS_TEST_TMPDIR/certs"
	cp "$BATS_TEST_TMPDIR/good-ca.crt" "$BATS_TEST_TMPDIR/certs/"
	run -0 dolium pull -q --cert-dir "$BATS_TEST_TMPDIR/certs" "$PROXY/busybox"
	run dolium pull -q --tls-verify=true "$HUB/busybox"
	refuses "speaks no TLS"
}

@test "HTTP is for this machine alone, unless it is said" {
	run dolium pull -q --tls-verify=true "$HUB/busybox"
	refuses "no TLS"
	# An address that is this machine's and does not look so: no HTTP there but on request, or by the settings.
	ip -br addr show | grep -q . || skip "no ip(8)"
	address=$(ip -br -4 addr show scope global | awk '{ sub("/.*", "", $3); print $3; exit }')
	[ -n "$address" ] || skip "this machine has no address but loopback"
	python3 - "$address" "$BATS_TEST_TMPDIR/port" <<-'END' 3>&- &
		import http.server, sys
		class Handler(http.server.BaseHTTPRequestHandler):
		    def do_GET(self):
		        self.send_error(404)
		server = http.server.HTTPServer((sys.argv[1], 0), Handler)
		open(sys.argv[2], "w").write(str(server.server_address[1]))
		server.serve_forever()
	END
	wait_for 10 test -s "$BATS_TEST_TMPDIR/port"
	far=$address:$(cat "$BATS_TEST_TMPDIR/port")
	run dolium pull -q "$far/busybox"
	refuses "speaks no TLS"
	run dolium pull -q --tls-verify=false "$far/busybox"
	refuses "has no $far/busybox"
	mkdir -p "$HOME/.config/dolium"
	echo "insecure $far" >"$HOME/.config/dolium/registries.conf"
	run dolium pull -q "$far/busybox"
	refuses "has no $far/busybox"
	kill $!
}

@test "the proxy variables are honoured" {
	http_proxy=http://127.0.0.1:1 no_proxy='' run dolium pull -q "$PROXY/busybox"
	refuses "cannot reach"
	HTTP_PROXY=http://127.0.0.1:1 NO_PROXY=127.0.0.1 run -0 dolium pull -q "$PROXY/busybox"
}

# ---------------------------------------------------------------- platforms

@test "the platform's image out of an index, and what is said when there is none" {
	for arch in amd64 arm64; do
		printf 'file arch 0644 0:0 %s\n' "$arch" | mkimage "$BATS_TEST_TMPDIR/multi-$arch:$arch"
		hub_push "multi:$arch" "$BATS_TEST_TMPDIR/multi-$arch:$arch"
	done
	# An index over both, put where a tag is.
	for arch in amd64 arm64; do
		jq -c --arg a "$arch" '.manifests[0] | del(.annotations) | .platform = {os: "linux", architecture: $a}' \
			"$BATS_TEST_TMPDIR/multi-$arch/index.json"
	done | jq -s '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: .}' >"$BATS_TEST_TMPDIR/index"
	curl -fsS -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' --data-binary "@$BATS_TEST_TMPDIR/index" \
		"http://$HUB/v2/multi/manifests/all"

	run -0 dolium pull -q --platform linux/arm64 "$HUB/multi:all"
	is "sha256:$(sha256sum <"$BATS_TEST_TMPDIR/index" | cut -d' ' -f1)"
	run -0 dolium images -q --no-trunc
	is "sha256:$(layout_id "$BATS_TEST_TMPDIR/multi-arm64" arm64)"
	run -0 dolium pull -q --platform linux/amd64 "$HUB/multi:all"
	run -0 dolium images -q --no-trunc
	says "sha256:$(layout_id "$BATS_TEST_TMPDIR/multi-amd64" amd64)"
	run dolium pull -q --platform linux/s390x "$HUB/multi:all"
	refuses "linux/arm64"
	run dolium pull -q --platform linux/arm64 "$HUB/busybox"
	refuses "not for linux/arm64"
	# By the index's digest: the engine checks that one leads to the other.
	run -0 dolium pull -q "$HUB/multi@sha256:$(sha256sum <"$BATS_TEST_TMPDIR/index" | cut -d' ' -f1)"
}

# ----------------------------------------------------------------- archives

@test "docker-archive with layers that are links, as old docker wrote them" {
	mkdir -p "$BATS_TEST_TMPDIR/old/a" "$BATS_TEST_TMPDIR/old/b"
	cd "$BATS_TEST_TMPDIR/old"
	mkdir tree && echo hello >tree/file
	tar -C tree -cf a/layer.tar file
	ln -s ../a/layer.tar b/layer.tar
	diff=sha256:$(sha256sum <a/layer.tar | cut -d' ' -f1)
	jq -n --arg d "$diff" '{architecture: "amd64", os: "linux", config: {}, rootfs: {type: "layers", diff_ids: [$d, $d]}}' >c.json
	echo '[{"Config":"c.json","RepoTags":["old:1","old:2"],"Layers":["a/layer.tar","b/layer.tar"]}]' >manifest.json
	tar -cf ../old.tar manifest.json c.json a b
	run -0 dolium pull -q "docker-archive:$BATS_TEST_TMPDIR/old.tar"
	is "sha256:$(sha256sum <c.json | cut -d' ' -f1)"
	run -0 dolium images --format '{{.Repository}}:{{.Tag}}'
	says old:1
	says old:2
}

@test "archives that lie or lead outside are refused" {
	cd "$BATS_TEST_TMPDIR"
	mkdir lie && echo '[{"Config":"../../etc/passwd","Layers":[]}]' >lie/manifest.json
	tar -C lie -cf lie.tar manifest.json
	run dolium pull -q docker-archive:lie.tar
	refuses "names a configuration that is not there"
	ln -s /etc/passwd lie/c.json
	echo '[{"Config":"c.json","Layers":[]}]' >lie/manifest.json
	tar -C lie -cf lie.tar manifest.json c.json
	run dolium pull -q docker-archive:lie.tar
	refuses
	head -c 100000 /dev/urandom >noise
	run dolium load -i noise
	refuses
	gzip -c lie.tar | head -c 100 >cut.gz
	run dolium load -i cut.gz
	refuses "cut off"
	cp -r "$IMAGES/busybox" layout
	layer=$(find layout/blobs/sha256 -size +100k)
	printf x | dd of="$layer" bs=1 seek=5000 conv=notrunc status=none
	run dolium pull -q oci:layout
	refuses "the manifest says sha256:$(basename "$layer"), the bytes are sha256:"
	nothing_is_left
}

@test "the worker is behind walls: no capability, no file but its own, no other program" {
	proxy_rules main '{"match": "/blobs/", "pace": 300000}'
	cc -D_GNU_SOURCE -shared -fPIC -o "$BATS_TEST_TMPDIR/peek.so" "$TESTLIB/peek.c"
	mkdir "$HOME/.docker" && echo '{}' >"$HOME/.docker/config.json"
	# Something is in the store already: its database, which the worker must not see.
	tar -cf "$BATS_TEST_TMPDIR/empty.tar" -T /dev/null
	dolium import "$BATS_TEST_TMPDIR/empty.tar" empty >/dev/null
	PEEK_PROGRAM=dolium-fetch PEEK_LOG=$BATS_TEST_TMPDIR/log PEEK_MS=900 LD_PRELOAD=$BATS_TEST_TMPDIR/peek.so \
		PEEK_READ=/etc/shadow:$HOME/.docker/config.json:$DOLIUM_ROOT/dolium.db:/etc/resolv.conf \
		PEEK_WRITE=$BATS_TEST_TMPDIR/x:/etc/hosts:$DOLIUM_ROOT/blobs/sha256/x:$DOLIUM_ROOT/blobs/partial/x \
		"$DOLIUM_BIN/dolium" pull -q "$PROXY/busybox" >/dev/null 2>&1 3>&- &
	wait_for 10 pgrep -P $! dolium-fetch
	worker=$(pgrep -P $! dolium-fetch)
	wait_for 10 grep -q . "$BATS_TEST_TMPDIR/log"
	equal "$(awk '/^(CapEff|CapPrm|NoNewPrivs|Seccomp):/ { print $2 }' "/proc/$worker/status" | xargs)" "0000000000000000 0000000000000000 1 2"
	wait $!
	run cat "$BATS_TEST_TMPDIR/log"
	is "read /etc/shadow: Permission denied
read $HOME/.docker/config.json: Permission denied
read $DOLIUM_ROOT/dolium.db: Permission denied
read /etc/resolv.conf: done
write $BATS_TEST_TMPDIR/x: Permission denied
write /etc/hosts: Permission denied
write $DOLIUM_ROOT/blobs/sha256/x: Permission denied
write $DOLIUM_ROOT/blobs/partial/x: done
exec: Function not implemented"
}

# ------------------------------------------------------------------- import

@test "import: an image of one layer, its configuration as Dockerfile lines say" {
	mkdir "$BATS_TEST_TMPDIR/tree" && echo data >"$BATS_TEST_TMPDIR/tree/data"
	tar -C "$BATS_TEST_TMPDIR/tree" -cf "$BATS_TEST_TMPDIR/tree.tar" .
	import() {
		SOURCE_DATE_EPOCH=1700000000 dolium import -c 'CMD ["/bin/sh","-c","echo hi"]' -c 'ENTRYPOINT exec "$@"' \
			-c 'ENV A=1 B="two words"' -c 'ENV C three words' -c 'EXPOSE 80 53/udp' -c 'LABEL x=y' -c 'USER 33:33' \
			-c 'VOLUME ["/data"]' -c 'WORKDIR /srv' -c 'WORKDIR www' -c 'STOPSIGNAL SIGINT' -m 'from a test' "$@"
	}
	run -0 import "$BATS_TEST_TMPDIR/tree.tar" made:1
	first=$output
	run -0 dolium inspect made:1
	equal "$(jq -c '.[0].Config | [.Cmd, .Entrypoint, .ExposedPorts, .Labels, .User, .Volumes, .WorkingDir, .StopSignal]' <<<"$output")" \
		'[["/bin/sh","-c","echo hi"],["/bin/sh","-c","exec \"$@\""],{"53/udp":{},"80/tcp":{}},{"x":"y"},"33:33",{"/data":{}},"/srv/www","SIGINT"]' ||
		equal "$(jq -cS '.[0].Config.ExposedPorts' <<<"$output")" '{"53/udp":{},"80/tcp":{}}'
	equal "$(jq -c '.[0].Config.Env' <<<"$output")" '["A=1","B=two words","C=three words"]'
	# The same again, through a pipe and compressed: the same image.
	run -0 bash -c "$(declare -f import dolium); gzip -c '$BATS_TEST_TMPDIR/tree.tar' | import - made:2"
	equal "$output" "$first"
	run import -c 'RUN rm -rf /' "$BATS_TEST_TMPDIR/tree.tar" made:3
	refuses "no such change: 'RUN'"
	run import -c 'EXPOSE 99999' "$BATS_TEST_TMPDIR/tree.tar" made:3
	refuses "not in the form of a Dockerfile: 'EXPOSE 99999'"
}
