# podman and docker, set up beside dolium for comparison: a network namespace of their own with no way out, a
# registry in it, stores of their own below one directory, and settings that work without CAP_SYS_RESOURCE.
#
#   . tests/lib/common.bash-like users set TEST_CACHE, TESTLIB and WORLD, then
#   peers_start; hub_start (tests/lib/images.bash); peers_podman run ...; peers_docker_start; peers_docker run ...
#   peers_stop
#
# Everything that must see the registry runs by `in_net CMD`: dolium too.

PEERS_NET=dolium-peers-$$

in_net() { nsenter "--net=/run/netns/$PEERS_NET" "$@"; }

peers_start() {
	PEERS=${WORLD:?}/peers
	mkdir -p "$PEERS"
	ip netns add "$PEERS_NET" || return
	in_net ip link set lo up
	# dockerd wants an address that is not loopback. No default route: with one, lookups hang for a minute.
	in_net ip link add d0 type veth peer name d1
	in_net ip addr add 198.51.100.2/24 dev d0
	in_net ip link set d0 up
	in_net ip link set d1 up
	HUB_PREFIX="nsenter --net=/run/netns/$PEERS_NET"
	# Limits that root may not have here (a machine without CAP_SYS_RESOURCE) would fail each run.
	cat >"$PEERS/containers.conf" <<-END
		[containers]
		default_ulimits = ["nofile=$(ulimit -Hn | sed 's/unlimited/1048576/'):$(ulimit -Hn | sed 's/unlimited/1048576/')", "nproc=32768:32768"]
		[engine]
		runtime = "${PEERS_RUNTIME:-runc}"
	END
	cat >"$PEERS/policy.json" <<-'END'
		{"default": [{"type": "insecureAcceptAnything"}]}
	END
}

# podman with the run-time of PEERS_RUNTIME (default runc: crun refuses hybrid cgroups)
peers_podman() {
	CONTAINERS_CONF=$PEERS/containers.conf in_net podman --root "$PEERS/podman" --runroot "$PEERS/podman-run" \
		--cgroup-manager cgroupfs --events-backend none "$@"
}

peers_docker_start() {
	mkdir -p "$PEERS/docker"
	setsid nsenter "--net=/run/netns/$PEERS_NET" unshare -m --propagation private sh -c 'mount --make-rshared /; exec "$@"' _ \
		dockerd --data-root "$PEERS/docker" --exec-root "$PEERS/docker-exec" -H "unix://$PEERS/docker.sock" \
		--pidfile "$PEERS/dockerd.pid" --storage-driver overlay2 --insecure-registry "${HUB:-127.0.0.1:5000}" \
		--log-level=warn </dev/null >"$PEERS/dockerd.log" 2>&1 3>&- &
	wait_for 60 peers_docker version
}
peers_docker() { docker -H "unix://$PEERS/docker.sock" "$@"; }

peers_stop() {
	local mount
	if [ -s "$PEERS/dockerd.pid" ]; then
		kill "$(cat "$PEERS/dockerd.pid")" 2>/dev/null || :
		wait_for 20 test ! -e "$PEERS/dockerd.pid" || :
	fi
	awk -v w="$PEERS/" 'index($5, w) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while read -r mount; do
		umount -l "$mount"
	done
	ip netns del "$PEERS_NET" 2>/dev/null || :
}
