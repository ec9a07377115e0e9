#!/usr/bin/env bats
# What every test in a VM may count on.
# vm: --disk 64M --disk 100M --module btrfs

@test "a VM has cgroup v2, all its controllers, and no other cgroups" {
	[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]
	[ "$(cat /sys/fs/cgroup/cgroup.controllers)" = "cpuset cpu io memory hugetlb pids rdma misc" ]
	[ "$(cat /proc/self/cgroup)" = 0::/ ]
}

@test "the host's tree is there and writes to it vanish" {
	[ -x "$DOLIUM_BIN/dolium-oci" ]
	echo here >/etc/written-in-a-vm
	[ "$(cat /etc/written-in-a-vm)" = here ]
	[ "$(stat -f -c %T "$TMPDIR")" = tmpfs ]
}

@test "the disks that were asked for are there, and so are modules" {
	[ "$(cat /sys/block/vda/size)" = 131072 ]
	[ "$(cat /sys/block/vdb/size)" = 204800 ]
	[ -d /sys/module/btrfs ]
	modprobe dm_thin_pool
}

@test "the kernel knows pressure" {
	[ -r /proc/pressure/memory ]
}
