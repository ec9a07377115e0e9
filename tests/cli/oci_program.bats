#!/usr/bin/env bats
# The run-time's own program file, out of reach of whoever is in a container (CVE-2019-5736, CVE-2016-9962):
# for run, create and start, exec; with and without a user namespace; in a pid namespace that others are in.

load ../lib/common
load ../lib/oci

setup() {
	oci_setup
	ATTACKER=$TEST_CACHE/exe-attacker
	[ "$ATTACKER" -nt "$TESTLIB/exe_attacker.c" ] || cc -D_GNU_SOURCE -static -O2 -o "$ATTACKER" "$TESTLIB/exe_attacker.c"
	OCI=$DOLIUM_BIN/dolium-oci
	INODE=$(stat -c %i "$OCI")
	BEFORE=$(sha256sum <"$OCI")
}
teardown() {
	oci_teardown
	equal "$(sha256sum <"$OCI")" "$BEFORE"
}

# All that this machine has: what --privileged gives.
ALL_CAPS='(["CHOWN","DAC_OVERRIDE","DAC_READ_SEARCH","FOWNER","FSETID","KILL","SETGID","SETUID","SETPCAP","LINUX_IMMUTABLE",
	"NET_ADMIN","NET_RAW","SYS_MODULE","SYS_RAWIO","SYS_CHROOT","SYS_PTRACE","SYS_ADMIN","SYS_BOOT","SYS_NICE","MKNOD","LEASE",
	"SETFCAP","SYSLOG","BPF","PERFMON","CHECKPOINT_RESTORE"] | map("CAP_" + .)) as $all |
	.process.capabilities |= {bounding: $all, effective: $all, permitted: $all} | .process.noNewPrivileges = false'

# attack [JQ]: a container whose first process is the attacker. Then: finish_attack
attack() {
	bundle ".process.args=[\"/attacker\",\"${SECONDS_OF_ATTACK:-3}\",\"$INODE\"] | .root.readonly=false | $ALL_CAPS ${1:+| $1}"
	cp "$ATTACKER" "$B/rootfs/attacker"
	[[ "$*" != *uidMappings* ]] || chown -R 100000:100000 "$B/rootfs"
	oci run -d --pid-file "$B/pid" -b "$B" "$ID" </dev/null >"$B/said" 2>&1 3>&-
	wait_for 5 grep -q ready "$B/said"
}
finish_attack() {
	wait_for 20 grep -q reached "$B/said"
	cat "$B/said"
	! grep CAN "$B/said"
}

# The other one, in the pid namespace of the attacker.
victim() { # JQ
	second_bundle "(.linux.namespaces[] | select(.type==\"pid\")).path=\"/proc/$(cat "$B/pid")/ns/pid\" | $1"
}

@test "exec: a privileged container cannot write or run the program of who enters it" {
	attack
	for _ in $(seq 20); do
		oci exec "$ID" /bin/true
	done
	finish_attack
}

@test "exec: in a user namespace nobody can even look at it" {
	attack "$USERNS"
	for _ in $(seq 20); do
		oci exec "$ID" /bin/true
	done
	finish_attack
	grep -qx "reached 0" "$B/said"
}

@test "create, start: who waits in a shared pid namespace is reached, and nothing can be done" {
	SECONDS_OF_ATTACK=6 attack # its end is the end of all in there
	victim '.process.args=["true"]'
	oci create -b "$B2" "$ID-b" </dev/null >/dev/null 2>&1 3>&-
	sleep 1
	oci start "$ID-b"
	for _ in $(seq 10); do
		oci run -b "$B2" "$ID-c" </dev/null
	done
	finish_attack
	[ "$(tail -n 1 "$B/said")" != "reached 0" ]
	oci delete -f "$ID-b"
}

@test "create: who waits in a shared pid namespace cannot be looked at without CAP_SYS_PTRACE" {
	attack '.process.capabilities|=map_values(map(select(.!="CAP_SYS_PTRACE")))'
	victim '.process.args=["true"]'
	oci create -b "$B2" "$ID-b" </dev/null >/dev/null 2>&1 3>&-
	finish_attack
	grep -qx "reached 0" "$B/said"
	oci delete -f "$ID-b"
}

@test "/proc/self/exe is no program to run, by no way and in no namespace" {
	for walls in . "$USERNS" '.linux.namespaces|=map(select(.type!="pid"))'; do
		bundle "$walls"
		printf '#!/proc/self/exe\n' >"$B/rootfs/script"
		chmod +x "$B/rootfs/script"
		ln -sf /proc/self/exe "$B/rootfs/link"
		for entry in /script /link /proc/self/exe; do
			bundle "$walls | .process.args=[\"$entry\",\"--version\"]"
			run oci run -b "$B" "$ID"
			refuses "permission denied"
			# The file itself is refused at once; who reads the script is the kernel, later.
			if oci create -b "$B" "$ID" </dev/null >"$B/log" 2>&1 3>&-; then
				run oci start "$ID"
				refuses "permission denied"
			else
				grep -q "permission denied" "$B/log"
			fi
			oci delete -f "$ID"
		done
		bundle "$walls | .process.args=[\"sleep\",\"100\"]"
		oci run -d -b "$B" "$ID" </dev/null >/dev/null 2>&1 3>&-
		for entry in /script /link /proc/self/exe; do
			run oci exec "$ID" "$entry" --version
			status_is 255
			says "permission denied"
		done
		oci delete -f "$ID"
	done
}

@test "a container that waits for its start holds no fd of the host, and no more than it must" {
	bundle '.process.args=["true"]'
	oci create --preserve-fds 2 -b "$B" "$ID" </dev/null >/dev/null 2>&1 3<"$B/config.json" 4>&- 7</
	pid=$(oci state "$ID" | jq .pid)
	for fd in /proc/"$pid"/fd/*; do
		case $(readlink "$fd") in
		/dev/null | "$B/config.json" | "$R/$ID"/*.fifo) ;;
		*) readlink "$fd"; false ;;
		esac
	done
	oci delete -f "$ID"
}

@test "an fd of ours among those to preserve is not preserved" {
	bundle '.process.args=["ls","-l","/proc/self/fd"]'
	run oci run --preserve-fds 9 -b "$B" "$ID" 3>&- 4</dev/null 5>&-
	succeeds
	lacks "$R"
	lacks cgroup
	says " 4 -> /dev/null"
	bundle '.process.args=["sleep","100"]'
	oci run -d -b "$B" "$ID" </dev/null >/dev/null 2>&1 3>&-
	run oci exec --preserve-fds 9 "$ID" ls -l /proc/self/fd 3>&- 4</dev/null 5>&-
	succeeds
	lacks "$R"
	says " 4 -> /dev/null"
	oci delete -f "$ID"
}

@test "a program file that was started by fd, from a mount of somebody else's, leaves that mount as it was" {
	# fexecve(3) of a file that is a mount of its own, read-only: no container, no business of ours.
	mkdir -p "$B"
	bundle '.process.args=["true"]'
	unshare -m sh -euc '
		touch "$1/program"
		mount --bind "$2" "$1/program"
		mount -o remount,ro,bind "$1/program"
		python3 -c "import os,sys; os.execve(os.open(sys.argv[1], os.O_RDONLY), sys.argv[1:], os.environ)" \
			"$1/program" --root "$3" run -b "$1" "$4"
		"$1/program" --version' sh "$B" "$OCI" "$R" "$ID"
}
