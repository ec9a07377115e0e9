# For tests of dolium-oci under other people's engines, as Debian packages them: `load ../lib/callers` after common.
#
#   setup_file() { callers_start; callers_conf /etc/docker/daemon.json; ... callers_daemon NAME CMD...; }
#   teardown_file() { callers_stop; }
#
# Each file has a world of its own (callers_world.sh): daemons, their state, networks and cgroups are in it, their
# settings are the blocks of docs/callers.md, word for word, and all of it ends with the world.

CALLERS_DOC=$TOP/docs/callers.md

# in_world CMD...: what it starts dies with the world at the latest.
in_world() { "$TESTLIB/callers_world.sh" --in "$CALLERS" "$@" 3>&-; }

callers_start() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	[ -x "$DOLIUM_BIN/dolium-oci" ] || { echo "no $DOLIUM_BIN/dolium-oci: build first" >&2; return 1; }
	export CALLERS=$BATS_FILE_TMPDIR/world HOME=$BATS_FILE_TMPDIR
	mkdir -p "$CALLERS"
	setsid setpriv --pdeathsig KILL "$TESTLIB/callers_world.sh" "$CALLERS" </dev/null >"$CALLERS/log" 2>&1 3>&- &
	wait_for 20 test -s "$CALLERS/pid" || { cat "$CALLERS/log" >&2; return 1; }
	in_world cp "$DOLIUM_BIN/dolium-oci" /usr/local/bin/
}

# Whatever a test left running ends here; what is still in a cgroup then has escaped.
callers_stop() {
	local at
	[ -s "${CALLERS:-/none}/pid" ] || return 0
	kill -KILL "$(cat "$CALLERS/pid")" 2>/dev/null || :
	wait_for 10 callers_swept || { echo "cgroups left behind: $(callers_cgroups)" >&2; return 1; }
	at=$(awk -v w="$CALLERS/" 'index($5, w) == 1 { print $5 }' /proc/self/mountinfo)
	[ -z "$at" ] || { echo "mounts left behind: $at" >&2; return 1; }
}
callers_cgroups() { find /sys/fs/cgroup -type d -path "*/$(cat "$CALLERS/cgroup")"; }
callers_swept() {
	"$TESTLIB/callers_world.sh" --end "$CALLERS"
	[ -z "$(callers_cgroups)" ]
}

# callers_daemon NAME CMD...: its words are in $CALLERS/NAME.log
callers_daemon() {
	local name=$1
	shift
	setsid "$TESTLIB/callers_world.sh" --in "$CALLERS" "$@" </dev/null >"$CALLERS/$name.log" 2>&1 3>&- &
}

# The block of docs/callers.md that stands under ```KIND NAME.
callers_block() {
	awk -v name="$1" '/^```/ { if (on) exit; if ($2 == name) { on = found = 1; next } } on { print } END { exit !found }' "$CALLERS_DOC" ||
		{ echo "docs/callers.md has no block '$1'" >&2; return 1; }
}
# A file of the documentation, where the documentation says.
callers_conf() {
	in_world mkdir -p "$(dirname "$1")" && callers_block "$1" | in_world tee "$1" >/dev/null
}
# Commands of the documentation, typed as they stand there.
callers_type() { callers_block "$1" >"$CALLERS/typed" && in_world sh -e "$CALLERS/typed"; }

# The busybox image as a file that an engine can load: callers_image oci|docker -> $CALLERS/busybox.tar
callers_image() {
	image_busybox
	skopeo --insecure-policy copy -q "oci:$IMAGES/busybox:latest" "$1-archive:$CALLERS/busybox.tar:docker.io/library/busybox:latest" 3>&-
}

# dolium-oci under the file names that callers know.
callers_names() {
	mkdir -p "$CALLERS/names"
	ln -sf /usr/local/bin/dolium-oci "$CALLERS/names/runc"
	ln -sf /usr/local/bin/dolium-oci "$CALLERS/names/crun"
}

# Slurm: munged with a key of its own, slurmctld, and two slurmd that are the nodes n1 and n2 of this host.
callers_slurm() {
	local host
	host=$(hostname)
	mkdir -p "$CALLERS/ctld" "$CALLERS/n1" "$CALLERS/n2"
	in_world sh -c 'mkdir -p /run/munge /etc/slurm /var/log/munge /var/lib/munge; cd /run/munge
		(umask 077; head -c 64 /dev/urandom >key)
		exec munged --key-file "$PWD/key" --seed-file "$PWD/seed" --log-file "$PWD/log" --pid-file "$PWD/pid"' </dev/null
	in_world tee /etc/slurm/slurm.conf >/dev/null <<-END2
		ClusterName=callers
		SlurmctldHost=$host(127.0.0.1)
		SlurmUser=root
		AuthType=auth/munge
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_Core
		StateSaveLocation=$CALLERS/ctld
		SlurmdSpoolDir=$CALLERS/%n
		SlurmdPidFile=/run/slurmd-%n.pid
		SlurmctldPidFile=/run/slurmctld.pid
		SlurmdLogFile=$CALLERS/slurmd-%n.log
		SlurmctldLogFile=$CALLERS/slurmctld.log
		SlurmdDebug=debug
		ReturnToService=2
		KillWait=1
		NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=17001 CPUs=2 State=UNKNOWN
		NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=17002 CPUs=2 State=UNKNOWN
		PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
	END2
	callers_conf /etc/slurm/oci.conf
	callers_daemon ctld slurmctld -D
	callers_daemon n1 slurmd -D -N n1
	callers_daemon n2 slurmd -D -N n2
	wait_for 30 callers_slurm_is_up
}
callers_slurm_is_up() { [ "$(in_world sinfo -h -o '%T %D')" = "idle 2" ]; }
