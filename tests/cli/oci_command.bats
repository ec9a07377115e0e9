#!/usr/bin/env bats
# The command line of dolium-oci: each option as users of runc and of crun write it, and what it does.

load ../lib/common
load ../lib/oci

setup() { oci_setup; }
teardown() { oci_teardown; }

# --- global options

@test "with --cgroup-manager disabled the container stays in its caller's cgroups" {
	bundle '.process.args=["sh","-c","cat /proc/self/cgroup; sleep 1000"] | .linux.cgroupsPath="/dolium/test-'"$ID"'" | .linux.namespaces|=map(select(.type!="cgroup"))'
	oci --cgroup-manager disabled create -b "$B" "$ID" </dev/null >"$B/out" 2>&1
	[ -z "$(find /sys/fs/cgroup -name "test-$ID")" ]
	oci start "$ID"
	wait_for 5 grep -q ^0: "$B/out"
	equal "$(cat "$B/out")" "$(cat /proc/self/cgroup)"
	for command in pause "update --pids-limit 5" "events --stats" ps; do
		read -ra words <<<"$command"
		run oci "${words[@]}" "$ID"
		refuses "has no cgroups: they were disabled"
	done
	equal "$(oci state "$ID" | jq -r .status)" running
	run oci exec "$ID" cat /proc/self/cgroup
	is "$(cat /proc/self/cgroup)"
	oci kill --all "$ID" KILL
	oci delete -f "$ID"
	[ ! -e "$R/$ID" ]
}

# --- run and create

@test "--config is read in place of config.json, and is seen from where the caller is" {
	bundle '.process.args=["echo","usual"]'
	jq '.process.args=["echo","other"]' "$B/config.json" >"$BATS_TEST_TMPDIR/other.json"
	cd "$BATS_TEST_TMPDIR"
	run oci run -b "$B" -f other.json "$ID"
	is other
	run oci run -b "$B" --config "$BATS_TEST_TMPDIR/other.json" "$ID"
	is other
	run oci run -b "$B" --config nonesuch "$ID"
	refuses "cannot read 'nonesuch'"
	run oci run -b "$B" "$ID"
	is usual
}
