#!/usr/bin/env bats
# Containers as scopes of systemd's.
# vm: --systemd

load oci

setup_file() { vm_setup; }
setup() { MANAGER=systemd; }
teardown() { vm_teardown; }

unit() { systemctl show -P "$2" "$1"; }
no_unit() { [ -z "$(systemctl list-units --all --plain --no-legend "$1")" ]; }

@test "a container is a scope below the slice that was named, with its limits as properties" {
	LINUX='"cgroupsPath":"a-b.slice:web:one"' config '"memory":{"limit":67108864,"reservation":33554432,"swap":100663296},
		"cpu":{"shares":2048,"quota":25000,"period":50000,"cpus":"0"},"pids":{"limit":50},"blockIO":{"weight":500}' sleep 100
	begin
	equal "$(grep -c /a.slice/a-b.slice/web-one.scope /proc/"$(oci state "$ID" | sed -n 's/.*"pid": \([0-9]*\).*/\1/p')"/cgroup)" 1
	systemctl show web-one.scope >"$B/show"
	for line in MemoryMax=67108864 MemoryLow=33554432 MemorySwapMax=33554432 CPUWeight=174 CPUQuotaPerSecUSec=500ms \
		CPUQuotaPeriodUSec=50ms AllowedCPUs=0 TasksMax=50 IOWeight=4950 Slice=a-b.slice Delegate=yes; do
		grep -qx "$line" "$B/show" || { echo "not: $line"; grep "${line%=*}" "$B/show"; return 1; }
	done
	cd /sys/fs/cgroup/a.slice/a-b.slice/web-one.scope
	equal "$(cat memory.max memory.low memory.swap.max cpu.max pids.max cpuset.cpus | tr '\n' ' ')" \
		"67108864 33554432 33554432 25000 50000 50 0 "
	cd /
	oci delete -f "$ID"
	no_unit web-one.scope
	[ ! -e /sys/fs/cgroup/a.slice/a-b.slice/web-one.scope ]
}
