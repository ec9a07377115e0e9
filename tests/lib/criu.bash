# A CRIU that can work on this kernel, for tests of checkpoint and restore.

# criu_real: puts one in front of $PATH, or skips. Debian 12's (3.17) is too old; Debian 13's is unpacked beside it
# and run by its own dynamic linker.
criu_real() {
	local root=$TEST_CACHE/criu-trixie log
	if ! criu_works criu; then
		if [ ! -x "$root/bin/criu" ]; then
			rm -rf "$root.new"
			log=$(timeout 300 mmdebstrap --quiet --variant=extract --include=criu trixie "$root.new" 2>&1 </dev/null) ||
				{ rm -rf "$root.new"; skip "no CRIU 4 here, and Debian 13's cannot be had: $(tail -n 1 <<<"$log")"; }
			mkdir -p "$root.new/bin"
			cat >"$root.new/bin/criu" <<-END
				#!/bin/sh
				usr=$root/usr
				exec "\$(echo \$usr/lib64/ld-linux-*)" --library-path "\$(echo \$usr/lib/*-linux-gnu)" "\$usr/sbin/criu" "\$@"
			END
			chmod +x "$root.new/bin/criu"
			rm -rf "$root"
			mv "$root.new" "$root"
		fi
		PATH=$root/bin:$PATH
	fi
	criu_works criu || skip "this kernel is not one for CRIU: $(criu check 2>&1 | head -n 1)"
}
criu_works() { "$1" --version 2>/dev/null | grep -q '^Version: [4-9]' && "$1" check >/dev/null 2>&1; }

# criu_fake MODE: tests/lib/fake_criu.py in front of $PATH.
criu_fake() {
	mkdir -p "$BATS_TEST_TMPDIR/fake"
	cp "$TESTLIB/fake_criu.py" "$BATS_TEST_TMPDIR/fake/criu"
	PATH=$BATS_TEST_TMPDIR/fake:$PATH
	export FAKE_CRIU=$1 FAKE_CRIU_LOG=$BATS_TEST_TMPDIR/asked
}
