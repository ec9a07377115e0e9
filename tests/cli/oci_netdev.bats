#!/usr/bin/env bats
# dolium-oci: linux.netDevices. Each test is a host of its own: a network namespace with a veth pair,
# "va" with addresses, and "vb".

load ../lib/common
load ../lib/oci

setup() {
	oci_setup
	skip_unless "no veth here" unshare -n ip link add va type veth peer name vb
}
teardown() { oci_teardown; }

# `host SCRIPT`: with dolium-oci and its directory as $OCI and $B.
host() {
	# shellcheck disable=SC2016
	OCI="$DOLIUM_BIN/dolium-oci --root $R" B=$B ID=$ID unshare -n sh -ec '
		ip link set lo up
		ip link add va type veth peer name vb
		ip link set va mtu 1400 address 02:00:00:00:00:05
		ip link set vb up
		ip addr add 192.0.2.5/24 brd + dev va
		ip addr add 192.0.2.6/32 dev va
		ip -6 addr add 2001:db8::5/64 nodad dev va
		ip addr add 192.0.2.77/24 dev va valid_lft 600 preferred_lft 600
		ip addr add 127.3.3.3/8 scope host dev va
		ip link set va up
		'"$1"
}
with_ip() { # with_ip JQ
	bundle "$1"
	ln -sf busybox "$B/rootfs/bin/ip"
}

@test "an interface is moved and renamed, is up, and keeps its lasting addresses" {
	with_ip '.process.args=["ip","addr"] | .linux.netDevices={"va":{"name":"eth9"}}'
	# shellcheck disable=SC2016
	run host '$OCI run -b $B $ID; ip -o link show va 2>&1 || true'
	succeeds
	says "eth9@"
	says "mtu 1400"
	matches "<[^>]*UP[^>]*>"
	says "02:00:00:00:00:05"
	says "inet 192.0.2.5/24 brd 192.0.2.255 scope global eth9"
	says "inet 192.0.2.6/32 scope global eth9"
	says "inet6 2001:db8::5/64 scope global"
	# Neither one that ends by itself nor one of the host's own.
	lacks 192.0.2.77
	lacks 127.3.3.3
	says 'Device "va" does not exist'
}

@test "without a name it keeps its own; a template finds the first that is free" {
	with_ip '.process.args=["ip","link"] | .linux.netDevices={"va":{},"vb":{"name":"v%d"}}'
	# shellcheck disable=SC2016
	run host '$OCI run -b $B $ID'
	succeeds
	matches " va@"
	matches " v0@"
}

@test "an interface is moved into a namespace given by its path, and stays there" {
	with_ip '.process.args=["ip","-4","addr"] | .linux.netDevices={"va":{"name":"eth9"}} | (.linux.namespaces[]|select(.type=="network")).path="'"$B"'/net"'
	# shellcheck disable=SC2016
	run host 'touch $B/net; unshare -n mount --bind /proc/self/ns/net $B/net; $OCI run -b $B $ID; nsenter --net=$B/net ip -o -4 addr show eth9; umount $B/net'
	succeeds
	equal "$(grep -c 'inet 192.0.2.5/24' <<<"$output")" 2
}

@test "in a user namespace, with create and start" {
	with_ip ".process.args=[\"ip\",\"-4\",\"addr\"] | .linux.netDevices={\"va\":{\"name\":\"eth9\"}} | $USERNS"
	chown -R 100000:100000 "$B/rootfs"
	# shellcheck disable=SC2016
	run host '$OCI create -b $B --pid-file $B/pid $ID </dev/null >$B/out 2>&1; nsenter -t $(cat $B/pid) -n ip -o link show eth9; $OCI start $ID; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; grep -q 192.0.2.5 $B/out && break; done; cat $B/out; $OCI delete -f $ID'
	succeeds
	says "inet 192.0.2.5/24"
}

@test "a name that is missing or taken is refused, and nothing has moved" {
	with_ip '.process.args=["true"] | .linux.netDevices={"va":{"name":"eth9"},"vc":{}}'
	# shellcheck disable=SC2016
	run host '$OCI run -b $B $ID || true; ip -o link show va'
	succeeds
	says "linux.netDevices: the host has no interface 'vc'"
	says "va@vb"
	with_ip '.process.args=["true"] | .linux.netDevices={"va":{"name":"lo"}}'
	# shellcheck disable=SC2016
	run host '$OCI run -b $B $ID || true; ip -o link show va'
	succeeds
	says "linux.netDevices: the container has an interface 'lo' already"
	says "va@vb"
	[ ! -e "$R/$ID" ]
}

@test "kernel parameters of an interface that was moved can be set" {
	with_ip '.process.args=["cat","/proc/sys/net/ipv4/conf/eth9/rp_filter"] | .linux.netDevices={"va":{"name":"eth9"}} | .linux.sysctl={"net/ipv4/conf/eth9/rp_filter":"2"}'
	# shellcheck disable=SC2016
	run host '$OCI run -b $B $ID'
	succeeds
	is 2
}
