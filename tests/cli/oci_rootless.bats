#!/usr/bin/env bats
# dolium-oci as a plain user: no root anywhere but inside. The user is uid 4321, who has an entry in a
# passwd and a subuid of the test's own, so that it does not matter who lives on this machine.

load ../lib/common
load ../lib/oci

setup() {
	oci_setup
	U=$BATS_TEST_TMPDIR/user
	mkdir -p "$U/xdg"
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR/.." "$BATS_TEST_TMPDIR" "$U" 2>/dev/null || true
	cp "$DOLIUM_BIN/dolium-oci" "$U/"
	mkdir "$U/etc"
	printf 'root:x:0:0::/root:/bin/sh\nplain:x:4321:4321::/home/plain:/bin/sh\n' >"$U/etc/passwd"
	echo 'plain:200000:65536' | tee "$U/etc/subuid" >"$U/etc/subgid"
	bundle .
	cp -a "$B/rootfs" "$U/"
	echo "cd $U; export XDG_RUNTIME_DIR=$U/xdg; O=./dolium-oci; exec 2>&1" >"$U/begin"
	chown -R 4321:4321 "$U"
	chmod 700 "$U/xdg"
	skip_unless "no user namespaces for plain users here" as_user 'unshare -U true'
}
teardown() {
	[ ! -d "${U:-}/xdg/dolium-oci" ] || for id in "$U"/xdg/dolium-oci/*; do
		[ ! -d "$id" ] || "$DOLIUM_BIN/dolium-oci" --root "$U/xdg/dolium-oci" delete -f "${id##*/}" || true
	done
	oci_teardown
}

# as_user SCRIPT: $O is the program, the current directory the bundle
as_user() {
	cat "$U/begin" - >"$U/script" <<<"$1"
	# /etc with the test's own users on top, seen by this process alone.
	# shellcheck disable=SC2016
	unshare -m sh -ec 'mount -t overlay overlay -o "lowerdir=$0/etc:/etc" /etc
		exec setpriv --reuid 4321 --regid 4321 --clear-groups --inh-caps=-all sh "$0/script" </dev/null' "$U"
}
# As `spec --rootless` writes it, changed by jq.
config() {
	rm -f "$U/config.json"
	as_user '$O spec --rootless'
	jq ".process.terminal=false | $1" "$U/config.json" >"$U/new" && mv "$U/new" "$U/config.json"
	chmod 644 "$U/config.json"
}
MANY='.linux.uidMappings=[{containerID:0,hostID:4321,size:1},{containerID:1,hostID:200000,size:65535}] | .linux.gidMappings=.linux.uidMappings'

@test "spec --rootless works as it is: root inside, the user outside" {
	config '.process.args=["sh","-c","id -u; cat /proc/self/uid_map /proc/self/setgroups; ls -A /dev/null /dev/tty; echo /proc/[0-9]*; touch /x"]'
	run as_user '$O run '"$ID"'; echo over'
	matches "^0"
	matches "0 +4321 +1"
	says deny
	says /dev/null
	# The host's processes are not there, and the root is read-only.
	matches "
/proc/1
"
	says "/x: Read-only file system"
}

@test "create, start, state, exec, kill and delete, by the user's own directory of state" {
	config '.process.args=["sleep","1000"]'
	run as_user "\$O create $ID >/dev/null; \$O state $ID | grep status; \$O start $ID; \$O state $ID | grep status; \$O list -q; \$O exec $ID sh -c 'id -u; echo in'; \$O exec $ID true; \$O ps $ID || true; \$O kill $ID KILL; sleep 0.3; \$O state $ID | grep status; \$O delete $ID; ls xdg/dolium-oci"
	succeeds
	says '"created"'
	says '"running"'
	says "$ID"
	says "0
in"
	says '"stopped"'
	[ -z "$(ls "$U/xdg/dolium-oci")" ]
}

@test "delete -f ends what runs; nothing of it is left" {
	config '.process.args=["sleep","1000"]'
	run as_user "\$O run -d --pid-file pid $ID >/dev/null; \$O delete -f $ID; ls xdg/dolium-oci"
	succeeds
	is ""
	is_gone "$(cat "$U/pid")"
}

@test "more ids by newuidmap; files of other users of the container have their ids" {
	skip_unless "no newuidmap (Debian's uidmap)" command -v newuidmap
	config ".process.args=[\"sh\",\"-c\",\"id -u; id -g; cat /proc/self/uid_map; echo >/tmp/by1000\"] | .process.user={uid:1000,gid:1000,additionalGids:[7]} | $MANY"
	mkdir -p "$U/rootfs/tmp" && chmod 1777 "$U/rootfs/tmp"
	jq '.root.readonly=false' "$U/config.json" >"$U/new" && mv "$U/new" "$U/config.json"
	run as_user "\$O run $ID"
	succeeds
	says "1000
1000"
	equal "$(stat -c %u:%g "$U/rootfs/tmp/by1000")" 200999:200999
}

@test "a process of another id is entered, killed and deleted by the user" {
	skip_unless "no newuidmap (Debian's uidmap)" command -v newuidmap
	config ".process.args=[\"sleep\",\"1000\"] | .process.user={uid:1000,gid:1000} | $MANY"
	run as_user "\$O run -d --pid-file pid $ID >/dev/null; \$O exec $ID id -u; \$O exec -u 7 $ID id -u; \$O delete -f $ID; ls xdg/dolium-oci"
	succeeds
	is "1000
7"
	is_gone "$(cat "$U/pid")"
}

@test "ids that are not the user's are refused, and nothing is left" {
	skip_unless "no newuidmap (Debian's uidmap)" command -v newuidmap
	config '.process.args=["true"] | .linux.uidMappings=[{containerID:0,hostID:300000,size:10}] | .linux.gidMappings=.linux.uidMappings'
	run as_user "\$O run $ID"
	fails
	says "may not have these id mappings"
	[ -z "$(ls "$U/xdg/dolium-oci" 2>/dev/null)" ]
}

@test "without a user namespace there is no container for a plain user" {
	config '.process.args=["true"] | .linux.namespaces|=map(select(.type!="user"))'
	run as_user "\$O run $ID"
	fails
	says "rootless container requires user namespaces"
}

@test "limits that were asked for and are not the user's to set are an error, not left out" {
	config '.process.args=["true"] | .linux.resources={memory:{limit:10000000}}'
	run as_user "\$O run $ID"
	fails
	says "cgroup"
	[ -z "$(ls "$U/xdg/dolium-oci" 2>/dev/null)" ]
}

@test "cgroups are read-only, however they are shown (CVE-2023-25809)" {
	config '.process.args=["sh","-c","for f in $(find /sys/fs/cgroup -name cgroup.procs -o -name tasks -o -name release_agent 2>/dev/null | head -40); do (echo 0 >$f) 2>/dev/null && echo WRITTEN $f; done; grep -v \" ro,\" /proc/mounts | grep /sys/; true"]'
	ln -sf busybox "$U/rootfs/bin/find"
	# A cgroup of the user's, as systemd delegates them.
	for dir in /sys/fs/cgroup /sys/fs/cgroup/unified; do
		[ ! -e "$dir/cgroup.controllers" ] || OWN=$dir/dolium-test-$$
	done
	[ -n "${OWN:-}" ] && mkdir "$OWN" && chown -R 4321 "$OWN"
	run as_user "\$O run $ID"
	jq 'del(.linux.namespaces[]|select(.type=="cgroup")) | .mounts|=map(select(.type!="cgroup"))' "$U/config.json" >"$U/new" && mv "$U/new" "$U/config.json"
	first=$output
	run as_user "\$O run $ID"
	[ -z "${OWN:-}" ] || rmdir "$OWN"
	is ""
	equal "$first" ""
}

@test "what waits for the start does not run from the user's own file, which he could change" {
	config '.process.args=["sleep","1000"]'
	run as_user "\$O create --pid-file pid $ID >/dev/null 2>&1"
	succeeds
	run readlink "/proc/$(cat "$U/pid")/exe"
	lacks "$U/dolium-oci"
}

@test "root of a user namespace that somebody else made needs none of the container's own" {
	config '.process.args=["sh","-c","id -u; echo x >/dev/null; cat /dev/zero | head -c 3 | wc -c; ls /sys | head -1"] | .linux.namespaces|=map(select(.type!="user")) | del(.linux.uidMappings,.linux.gidMappings) | .linux.resources={devices:[{allow:false,access:"rwm"}]} | .linux.devices=[{path:"/dev/zero2",type:"c",major:1,minor:5}] | (.mounts[]|select(.destination=="/sys"))={destination:"/sys",type:"sysfs",source:"sysfs",options:["ro"]}'
	run as_user "unshare -U --map-root-user -m \$O --root $U/xdg/dolium-oci run $ID"
	succeeds
	is "0
3
block"
	jq '.linux.namespaces+=[{type:"network"}] | .process.args=["ls","/sys/class/net"]' "$U/config.json" >"$U/new" && mv "$U/new" "$U/config.json"
	run as_user "unshare -U --map-root-user -m \$O --root $U/xdg/dolium-oci run $ID"
	succeeds
	says lo
	lacks eth
}
