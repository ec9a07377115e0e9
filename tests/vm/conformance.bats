#!/usr/bin/env bats
# vm: --memory 1500
# The cases of tests/conformance that want controllers of cgroup2, which a hybrid machine does not have there.

@test "the limits of a configuration are those of the container, where cgroup2 has all controllers" {
	run "$BATS_TEST_DIRNAME/../conformance/run" --runtime "$DOLIUM_BIN/dolium-oci" --view v2 -j 2 \
		-f '^(v2|limit|update-v2|cgroup|scheduler|rlimit|events-stats)'
	echo "$output" | grep -v '^ok '
	[ "$status" = 0 ]
	# All of them: a controller that is not there would be a case that says nothing.
	[[ $output != *"# SKIP cgroup2 has no"* ]]
}
