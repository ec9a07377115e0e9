#!/usr/bin/env bats
# A hostile twin races dolium-oci: what a start looks up is swapped for links that lead out, while it does; and one inside
# lies in wait for whoever enters. tests/lib/oci_race.py says what is swapped and what is checked.
#
# Here each race has a few seconds. DOLIUM_RACE_STARTS=10000: so many starts each, for a night.

load ../lib/common
load ../lib/oci

setup_file() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	test_program twin
}

race() { # race NAME SECONDS
	local long=(--seconds "$2")
	[ -z "${DOLIUM_RACE_STARTS:-}" ] || long=(--starts "$DOLIUM_RACE_STARTS")
	# On a path that root alone can enter nothing would be caught.
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR"
	run python3 "$TESTLIB/oci_race.py" "$DOLIUM_BIN/dolium-oci" "$PROGRAMS/twin" "$BATS_TEST_TMPDIR/race" "$1" "${long[@]}"
	succeeds
	echo "$output"
}

@test "mount targets, masked and read-only paths and the working directory are swapped (CVE-2021-30465, CVE-2024-45310, CVE-2025-31133)" {
	race mounts 4
}

@test "/proc, /sys, /dev and what is made in it are swapped (CVE-2019-19921, CVE-2023-27561, CVE-2026-41579)" {
	race system 4
}

@test "/dev/console and /dev/pts are swapped (CVE-2025-52565)" {
	race console 4
}

@test "a volume that is shared with a twin leads mounts and masks into /proc (CVE-2021-30465, CVE-2025-52881)" {
	race volume 4
}

@test "all of it, in a user namespace" {
	race userns 4
}

@test "one who lies in wait inside gets nothing of an exec (CVE-2016-9962)" {
	race exec 2
	rm -rf "$BATS_TEST_TMPDIR/race"
	race exec-userns 2
}

@test "an exec that runs its own program file cannot be made to change it (CVE-2019-5736)" {
	race exec-self 2
}

@test "one who lies in wait gets nothing of a container that joins his pid namespace" {
	race join 2
}
