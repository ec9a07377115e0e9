#!/bin/bash
# A world for other people's engines: namespaces (mount, network, pid, cgroup) of their own, in which /etc, /run,
# /var/lib, /var/log and /usr/local/bin can be written without the machine seeing it, and all cgroups lie below one folder.
#
#   callers_world.sh DIR            stays; "DIR/pid" is the first process of the world. Its death ends all in it.
#   callers_world.sh --in DIR CMD...   runs CMD in the world
#
# The first form is to be started by `setpriv --pdeathsig KILL`, so that the world ends with the test file.
set -eu

# A place below each hierarchy's folder "dolium".
cgroup_name() { echo "dolium/callers-$(basename "$1" | tr -c 'A-Za-z0-9\n' -)-$2"; }

hierarchies() {
	awk '$(NF-2) ~ /^cgroup2?$/ { print $5 }' /proc/self/mountinfo
}

# A fresh cpuset has no CPUs and would take nobody.
fill_cpuset() {
	local file
	for file in cpuset.cpus cpuset.mems; do
		[ ! -e "$1/$file" ] || cat "$1/../$file" >"$1/$file"
	done
}

join() { # join PATH-BELOW-EACH-HIERARCHY
	local at up
	for at in $(hierarchies); do
		up=$at
		local IFS=/
		for part in $1; do
			up=$up/$part
			[ -d "$up" ] || mkdir "$up"
			[ -s "$up/cpuset.cpus" ] || fill_cpuset "$up"
		done
		unset IFS
		if [ -e "$at/$1/tasks" ]; then echo 0 >"$at/$1/tasks"; else echo 0 >"$at/$1/cgroup.procs"; fi
	done
}

# Empty cgroups are all that a killed world leaves in the kernel.
sweep() { # sweep PATH-BELOW-EACH-HIERARCHY
	local at
	for at in $(hierarchies); do
		[ ! -d "$at/$1" ] || find "$at/$1" -depth -type d -exec rmdir {} + 2>/dev/null || :
	done
}
# Those of worlds whose keeper was killed.
sweep_old() {
	local at name
	for at in $(hierarchies); do
		for name in "$at"/dolium/callers-*; do
			[ ! -d "$name" ] || kill -0 "${name##*-}" 2>/dev/null || sweep "${name#"$at/"}"
		done
	done
}

case $1 in
--in)
	dir=$2
	shift 2
	join "$(cat "$dir/cgroup")"
	ulimit -c 0
	exec nsenter -t "$(cat "$dir/pid")" -m -n -p -C -W "$PWD" -- "$@"
	;;
--first)
	# Inside: cgroups as if there were no others, what is private made so, and then nothing but reaping.
	dir=$2
	mount --make-rprivate /
	mount -t proc proc /proc
	awk '$(NF-2) ~ /^cgroup2?$/ { print $5, $(NF-2), $NF }' /proc/self/mountinfo | while read -r at kind options; do
		options=$(echo "$options" | tr , '\n' | grep -vxE 'rw|ro' | paste -sd,)
		umount -l "$at"
		mount -t "$kind" ${options:+-o "$options"} "$kind" "$at"
	done
	mkdir -p "$dir/etc" "$dir/etc.work"
	mount -t overlay -o "lowerdir=/etc,upperdir=$dir/etc,workdir=$dir/etc.work" overlay /etc
	mkdir -p "$dir/varlib"
	mount --bind "$dir/varlib" /var/lib
	mkdir -p "$dir/varlog"
	mount --bind "$dir/varlog" /var/log
	mount -t tmpfs -o mode=755 run /run
	mkdir /run/lock
	mount -t tmpfs -o mode=755 bin /usr/local/bin
	mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts /dev/pts
	mount --make-rshared /
	ip link set lo up
	# An address besides loopback, and no route to anywhere: look-ups of names fail at once.
	ip link add d0 type veth peer name d1
	ip addr add 198.51.100.2/24 dev d0
	ip link set d0 up
	ip link set d1 up
	touch "$dir/ready"
	while :; do
		sleep 3600 &
		wait $! || :
	done
	;;
--end)
	sweep "$(cat "$2/cgroup")"
	;;
*)
	dir=$1
	sweep_old
	cgroup_name "$dir" $$ >"$dir/cgroup"
	join "$(cat "$dir/cgroup")"
	unshare --mount --net --pid --cgroup --fork --kill-child --propagation private "$0" --first "$dir" &
	until [ -e "$dir/ready" ]; do
		kill -0 $! || exit 1
		sleep 0.05
	done
	pgrep -P $! >"$dir/pid"
	wait $!
	;;
esac
