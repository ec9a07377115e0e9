#!/usr/bin/env bats
# Images and programs that mean harm, through `dolium run`: each test is an attack that once worked
# somewhere (CVE numbers where there is one). The victim is a directory and a file outside; an attack may be
# refused with a sentence or come to nothing inside, but what is outside stays as it was.

load ../lib/common

setup_file() {
	world_new
	world_images busybox
	test_program probe
	export VICTIM=$WORLD/victim
	mkdir "$VICTIM"
}

teardown_file() {
	world_done
}

setup() {
	rm -rf "$VICTIM"
	mkdir "$VICTIM"
	echo untouched >"$VICTIM/file"
}

# Whatever the test did: the victim is as it was.
teardown() {
	equal "$(cd "$VICTIM" && find . | sort | tr '\n' ' ')" ". ./file "
	equal "$(cat "$VICTIM/file")" untouched
}

# image TAG < description: makes it, brings it into the store, leaves its id in $IMAGE.
image() {
	mkimage "$WORLD/layout:$1" || return
	dolium pull -q "oci:$WORLD/layout:$1" >/dev/null || return
	IMAGE=$(layout_id "$WORLD/layout" "$1")
}

programs_hash() { find "$DOLIUM_BIN" -maxdepth 1 -type f -name 'dolium*' | sort | xargs sha256sum; }

# probe VERB...: in a container with the default walls. probe_with "OPTION..." VERB...
probe_with() {
	local options=$1
	shift
	# shellcheck disable=SC2086 # a list of options
	run -0 timeout -k 5 60 "$DOLIUM_BIN/dolium" run --rm --network none -v "$PROGRAMS:/probes:ro" $options busybox \
		/probes/probe "$@"
}
probe() { probe_with "" "$@"; }

# ---------------------------------------------------------------- file trees of hostile images

@test "a /dev that is a symlink makes no device node outside (CVE-2026-41579)" {
	image dev-link <<-END
		busybox
		dir etc
		symlink dev $VICTIM
	END
	run run_in "$IMAGE" true
}

@test "a /proc that is a symlink is refused, or masked all the same (CVE-2019-19921)" {
	image proc-link <<-END
		busybox
		dir etc
		dir elsewhere
		symlink proc elsewhere
	END
	run run_in "$IMAGE" sh -c 'echo 1 > /proc/sys/kernel/printk && echo reached'
	fails
	lacks reached
	run run_in "$IMAGE" sh -c 'test -s /proc/kcore && echo reached'
	lacks reached
}

@test "a /proc that points out of the image is not followed" {
	image proc-out <<-END
		busybox
		dir etc
		symlink proc $VICTIM
	END
	run run_in "$IMAGE" true
}

@test "a /sys that is a symlink is not followed out of the image" {
	image sys-link <<-END
		busybox
		dir etc
		symlink sys $VICTIM
	END
	run run_in "$IMAGE" true
}

@test "an /etc that points out does not get hosts, hostname and resolv.conf" {
	for target in "$VICTIM" "../../../../../../../../..$VICTIM"; do
		image etc-link <<-END
			busybox
			symlink etc $target
		END
		run run_in "$IMAGE" true
	done
}

@test "an /etc/hosts and resolv.conf that point out are not written through (CVE-2024-45310)" {
	image hosts-link <<-END
		busybox
		dir etc
		symlink etc/hosts $VICTIM/file
		symlink etc/resolv.conf $VICTIM/made
		symlink etc/hostname ../../../../../..$VICTIM/made
	END
	run run_in --add-host other:10.1.2.3 --dns 10.1.2.4 "$IMAGE" true
}

@test "a working directory behind a symlink is made inside only" {
	image workdir-link <<-END
		busybox
		etc
		symlink link $VICTIM
		config {"WorkingDir": "/link/new/dir"}
	END
	run run_in "$IMAGE" pwd
	run run_in -w /link/other "$IMAGE" pwd
}

@test "a volume at a symlinked place is mounted inside only (CVE-2021-30465)" {
	image volume-link <<-END
		busybox
		etc
		symlink link $VICTIM
		symlink up ../../../../../../..$VICTIM
	END
	mkdir -p "$WORLD/data"
	for place in /link/a /up/b /link /up; do
		run run_in -v "$WORLD/data:$place" "$IMAGE" true
		run run_in --tmpfs "$place" "$IMAGE" true
		equal "$(grep -c "$VICTIM" /proc/self/mountinfo)" 0
	done
}

@test "a VOLUME of the image at a symlinked place is mounted inside only" {
	image volume-link-2 <<-END
		busybox
		etc
		symlink link $VICTIM
		config {"Volumes": {"/link/a": {}, "/link": {}}}
	END
	run run_in "$IMAGE" true
}

@test "a VOLUME over /proc does not hide the real one (CVE-2019-16884)" {
	image proc-volume <<-'END'
		busybox
		etc
		dir proc
		file proc/fake 0644 0:0 fake
		config {"Volumes": {"/proc": {}}}
	END
	run run_in "$IMAGE" sh -c 'cat /proc/fake; stat -f -c %T /proc'
	[ "$status" -ne 0 ] || says proc
	lacks fake
}

@test "a bind mount over /proc or a part of it is refused" {
	mkdir -p "$WORLD/data"
	for place in /proc /proc/self /proc/1 /proc/sys/kernel /proc/../proc; do
		run run_in -v "$WORLD/data:$place" busybox true
		refuses
	done
}

@test "a mask is not turned into a way out by a /dev/null that is a symlink (CVE-2025-31133)" {
	image null-link <<-END
		busybox
		etc
		symlink dev/null $VICTIM/file
		symlink dev/console $VICTIM/made
		symlink dev/pts $VICTIM
		symlink dev/shm $VICTIM
		symlink dev/ptmx $VICTIM/file
	END
	run run_in "$IMAGE" sh -c 'cat /proc/kcore /proc/keys 2>/dev/null; echo more > /dev/null; echo done'
	succeeds
	is "done"
	run pty -- "$DOLIUM_BIN/dolium" run --rm -it --network none "$IMAGE" sh -c 'echo more > /dev/console; echo ok'
	says ok
}

# ---------------------------------------------------------------- users

@test "a user that is named 1000 and has uid 0 does not make user 1000 root (CVE-2016-3697)" {
	image numeric-name <<-'END'
		busybox
		dir etc
		file etc/passwd 0644 0:0 "root:x:0:0:root:/root:/bin/sh\n1000:x:0:0:evil:/root:/bin/sh\n"
		file etc/group 0644 0:0 "root:x:0:\n1000:x:0:\n"
	END
	run -0 run_in -u 1000 "$IMAGE" id -u
	is 1000
	run -0 run_in -u 1000:1000 "$IMAGE" id -g
	is 1000
}

@test "users that are no numbers and no names are refused (CVE-2026-30892)" {
	for user in ":" "0x0" "1000 " "-1" "4294967295" "4294967296" "99999999999999999999" "nosuch" "alice:nosuch" \
		"$(printf 'alice\nroot')" "1000:1000:0"; do
		run run_in -u "$user" busybox id -u
		[ "$status" -eq 125 ] || [ "$status" -eq 126 ] || { echo "user '$user'"; seen; }
		[ "$output" != 0 ]
	done
}

@test "a passwd that is a fifo, a device or a directory does not hang" {
	for kind in "fifo etc/passwd" "chr etc/passwd 1 5" "dir etc/passwd" "symlink etc/passwd passwd"; do
		image odd-passwd <<-END
			busybox
			dir etc
			$kind
		END
		run timeout -k 5 20 "$DOLIUM_BIN/dolium" run --rm --network none -u alice "$IMAGE" id -u
		refuses
		run timeout -k 5 20 "$DOLIUM_BIN/dolium" run --rm --network none -u 1000 "$IMAGE" true
		[ "$status" -ne 124 ] && [ "$status" -ne 137 ]
	done
}

@test "a passwd of 200 MB does not hang, and is not read into memory" {
	image huge-passwd <<-END
		busybox
		dir etc
		zeros etc/passwd 200000000
	END
	run timeout -k 5 30 "$DOLIUM_BIN/dolium" run --rm --network none -u alice "$IMAGE" id -u
	refuses
	run timeout -k 5 30 bash -c 'ulimit -v 400000; "$0" run --rm --network none -u alice '"$IMAGE"' id -u' "$DOLIUM_BIN/dolium"
	refuses
}

@test "a passwd that points out is not the host's" {
	echo "mallory:x:0:0::/:/bin/sh" >"$WORLD/passwd-outside"
	for target in "$WORLD/passwd-outside" "../../../../../../../..$WORLD/passwd-outside"; do
		image passwd-out <<-END
			busybox
			dir etc
			symlink etc/passwd $target
		END
		run run_in -u mallory "$IMAGE" id -u
		refuses mallory
	done
}

@test "no group of the caller comes along" {
	run -0 setpriv --groups 27,33,1234 "$DOLIUM_BIN/dolium" run --rm --network none busybox id -G
	is 0
	run -0 setpriv --groups 27,33,1234 "$DOLIUM_BIN/dolium" run --rm --network none -u 4000:4000 busybox id -G
	is 4000
}

@test "root inside is nobody outside" {
	run -0 run_in busybox cat /proc/self/uid_map
	read -r inside outside length <<<"$output"
	equal "$inside $length" "0 65536"
	[ "$outside" -ge 100000 ]
}

@test "two containers at once have different users outside" {
	"$DOLIUM_BIN/dolium" run --rm --network none --name first busybox sh -c 'cat /proc/self/uid_map; sleep 3' >"$WORLD/first" 3>&- &
	wait_for 5 test -s "$WORLD/first"
	run -0 run_in busybox cat /proc/self/uid_map
	[ "$output" != "$(cat "$WORLD/first")" ]
	wait $!
}

# ---------------------------------------------------------------- the program that starts it

@test "an entry point that is /proc/self/exe does not get at dolium's own programs (CVE-2019-5736)" {
	image self-exe <<-'END'
		busybox
		etc
		file entry 0755 0:0 "#!/proc/self/exe\n"
		config {"Entrypoint": ["/entry"], "Cmd": []}
	END
	before=$(programs_hash)
	run timeout -k 5 20 "$DOLIUM_BIN/dolium" run --rm --network none "$IMAGE"
	fails
	[ "$status" -ne 124 ] && [ "$status" -ne 137 ]
	run timeout -k 5 20 "$DOLIUM_BIN/dolium" run --rm --network none --entrypoint /proc/self/exe "$IMAGE" version
	[ "$status" -ne 124 ] && [ "$status" -ne 137 ]
	equal "$(programs_hash)" "$before"
}

@test "no program that can be seen from inside can be written to" {
	run -0 run_in --userns host -v "$PROGRAMS:/probes:ro" busybox sh -c \
		'for p in /proc/[0-9]*; do /probes/probe openw $p/exe; done'
	lacks ok
}

@test "a working directory in /proc/self/fd leads nowhere (CVE-2024-21626)" {
	echo canary >"$WORLD/canary"
	for n in 0 1 2 3 4 5 6 7 8 9 10 11 12; do
		run run_in -w "/proc/self/fd/$n" busybox cat "../../../../../../../../..$WORLD/canary"
		lacks canary-
		[ "$output" != canary ]
		fails
	done
	image fd-cwd <<-'END'
		busybox
		etc
		config {"WorkingDir": "/proc/self/fd/7"}
	END
	run run_in "$IMAGE" pwd
	refuses
}

@test "an entry point in /proc/self/fd runs nothing of the host (CVE-2024-21626)" {
	local n up=../../../../../../../../..
	image fd-entry <<-END
		busybox
		etc
		file by-3 755 0:0 "#!/proc/self/fd/3/$up/bin/busybox echo\\n"
		file by-8 755 0:0 "#!/proc/self/fd/8/$up/bin/busybox echo\\n"
	END
	for walls in auto host; do
		for n in 3 4 5 6 7 8 9 10 11 12 13 14; do
			run -127 run_in --userns "$walls" --entrypoint "/proc/self/fd/$n/$up/bin/busybox" hello echo
		done
		run -127 run_in --userns "$walls" "$IMAGE" /by-3
		run -127 run_in --userns "$walls" "$IMAGE" /by-8
	done
	run -127 run_in -e "PATH=/proc/self/fd/3/$up/bin" --userns host --entrypoint busybox hello echo
}

@test "no file descriptor leaks in, neither dolium's nor the caller's" {
	run -0 bash -c 'exec 7</etc/passwd 9</; exec "$0" run --rm --network none -v "$1:/probes:ro" busybox /probes/probe fds' \
		"$DOLIUM_BIN/dolium" "$PROGRAMS"
	is listed
	run -0 pty -- "$DOLIUM_BIN/dolium" run --rm -it --network none -v "$PROGRAMS:/probes:ro" busybox /probes/probe fds
	is listed
}

@test "the caller's environment stays outside" {
	SECRET_OF_CALLER=42 run -0 run_in busybox sh -c 'env; cat /proc/1/environ'
	lacks SECRET_OF_CALLER
	lacks DOLIUM
}

@test "an image cannot preload a library into dolium" {
	image preload <<-'END'
		busybox
		etc
		config {"Env": ["LD_PRELOAD=/evil.so", "PATH=/bin", "DOLIUM_ROOT=/tmp/dolium-env-out", "NOEQUALS", "=empty", "A=1\nB=2"]}
	END
	run run_in "$IMAGE" true
	[ "$status" -lt 126 ]
	[ ! -e /tmp/dolium-env-out ]
}

# ---------------------------------------------------------------- names and what is printed

@test "hostnames, names and ids that are paths or lines are refused" {
	for bad in "$(printf 'a\nb')" ../x a/b . .. "" "$(printf 'e\033[31m')" "$(head -c 4096 /dev/zero | tr '\0' a)"; do
		if [ -n "$bad" ]; then
			run run_in --hostname "$bad" busybox hostname
			[ "$bad" = "." ] || [ "$bad" = ".." ] || refuses
			run run_in --name "$bad" busybox true
			refuses
		fi
		run dolium rm "$bad"
		refuses
		run dolium inspect "$bad"
		refuses
	done
	[ -d "$DOLIUM_ROOT" ]
}

@test "what a container is called cannot draw on the terminal of who lists it" {
	id=$(dolium create --network none --label "$(printf 'l=x\033[2J\nFAKE ROW')" busybox sh -c "$(printf 'a\nFAKE\033[2J\rb')")
	run -0 dolium ps -a --no-trunc
	lacks $'\033'
	lacks $'\r'
	equal "$(grep -c . <<<"$output")" 2
	run -0 dolium inspect "$id"
	lacks $'\033'
	dolium rm "$id" >/dev/null
}

@test "what an image says of itself cannot draw on the terminal of who lists it" {
	image escapes <<-'END'
		busybox
		etc
		config {"Labels": {"k": "\u001b[2J\nFAKE"}, "Cmd": ["\u001b[31m", "a\nb"]}
	END
	run -0 dolium images
	lacks $'\033'
	run -0 dolium history "$IMAGE"
	lacks $'\033'
	run -0 dolium inspect "$IMAGE"
	lacks $'\033'
	run run_in "$IMAGE"
	fails
	lacks $'\033'
}

@test "an error message does not repeat escapes" {
	run dolium run "$(printf 'no\033[31msuch\nimage')"
	refuses
	lacks $'\033'
	run dolium run --rm busybox "$(printf '/no\033[31msuch\nprogram')"
	status_is 127
	lacks $'\033'
}

# ---------------------------------------------------------------- system calls

@test "dangerous system calls are refused" {
	# mount umount2 pivot_root swapon reboot sethostname setdomainname init_module delete_module kexec_load
	# add_key request_key keyctl unshare(NEWUSER) perf_event_open bpf userfaultfd open_by_handle_at setns
	# open_tree move_mount fsopen fsmount mount_setattr acct settimeofday lookup_dcookie iopl
	for nr in 165 166 155 167 169 170 171 175 176 246 248 249 250 298 321 323 304 428 429 430 432 442 163 164 212 172; do
		probe syscall "$nr"
		[ "$output" = EPERM ] || { echo "syscall $nr: $output"; return 1; }
	done
}

@test "namespaces cannot be made from inside" {
	for flag in 0x10000000 0x00020000 0x04000000 0x08000000 0x20000000 0x40000000 0x02000000; do
		probe unshare $flag
		is EPERM
		probe clone $flag
		is EPERM
	done
	probe syscall 435 # clone3: flags cannot be seen by a filter, so libraries must fall back to clone
	is ENOSYS
	probe mount /tmp
	is EPERM
}

@test "system calls that the profile does not know are ENOSYS, so that programs fall back" {
	for nr in 600 999 4095; do
		probe syscall $nr
		is ENOSYS
	done
}

@test "the x32 entry is no way around" {
	for nr in 165 272 250 248 155 169; do
		probe x32 $nr
		matches '^(EPERM|ENOSYS)$'
	done
}

@test "the 32-bit entry is no way around" {
	# mount umount2 unshare keyctl add_key pivot_root reboot init_module, as i386 numbers them
	for nr in 21 52 310 288 286 217 88 128; do
		probe i386 $nr 0x10000000
		matches '^(EPERM|SIGSEGV)$'
	done
	probe i386 20 # getpid: allowed there too
	matches '^(ok|SIGSEGV)$'
}

@test "even with every capability the profile's other walls hold, and unconfined takes it away" {
	probe_with "--security-opt seccomp=unconfined --userns host --cap-add SYS_ADMIN" mount /tmp
	is ok
	probe_with "--userns host" mount /tmp
	is EPERM
	run -0 run_in --security-opt seccomp=unconfined busybox grep Seccomp: /proc/self/status
	matches 'Seccomp:[[:space:]]*0'
	run -0 run_in busybox grep Seccomp: /proc/self/status
	matches 'Seccomp:[[:space:]]*2'
}

# ---------------------------------------------------------------- capabilities

@test "inheritable and ambient capabilities are empty (CVE-2022-24769, CVE-2016-8867)" {
	for user in 0 1000; do
		run -0 run_in -u $user --cap-add NET_ADMIN busybox grep -E '^Cap(Inh|Amb):' /proc/self/status
		equal "$(awk '{ print $2 }' <<<"$output" | sort -u)" 0000000000000000
	done
}

@test "a user that is not root has no capability, and root has Docker's" {
	run -0 run_in -u 1000 busybox grep -E '^Cap(Prm|Eff):' /proc/self/status
	equal "$(awk '{ print $2 }' <<<"$output" | sort -u)" 0000000000000000
	run -0 run_in busybox grep -E '^Cap(Prm|Eff|Bnd):' /proc/self/status
	equal "$(awk '{ print $2 }' <<<"$output" | sort -u)" 00000000a80425fb
}

@test "no-new-privileges keeps setuid programs down" {
	image setuid <<-'END'
		busybox
		etc
		copy suid-id /bin/busybox 4755
	END
	run -0 run_in --security-opt no-new-privileges -u 1000 "$IMAGE" grep NoNewPrivs /proc/self/status
	matches '1$'
}

# ---------------------------------------------------------------- the kernel's files

@test "/proc/sys and the other switches of the kernel cannot be written" {
	for path in /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname /proc/sys/vm/panic_on_oom /proc/sysrq-trigger \
		/proc/irq/default_smp_affinity /proc/bus/x /proc/fs/x /sys/kernel/uevent_helper /sys/power/state \
		/sys/kernel/mm/transparent_hugepage/enabled /proc/acpi/x /sys/fs/cgroup/cgroup.procs; do
		for userns in host auto; do
			probe_with "--userns $userns" openw $path
			matches '^(EROFS|EACCES|EPERM|ENOENT)$'
		done
	done
}

@test "what tells of the host is masked" {
	run -0 run_in --userns host busybox sh -c 'cat /proc/kcore /proc/keys /proc/timer_list /proc/latency_stats /proc/sched_debug \
		2>/dev/null | wc -c; ls /proc/acpi /proc/scsi /sys/firmware 2>/dev/null | grep -v : | grep -c .; true'
	is "$(printf '0\n0')"
}

@test "release_agent and the cgroup tree cannot be written (CVE-2022-0492)" {
	run -0 run_in --userns host -v "$PROGRAMS:/probes:ro" busybox sh -c '
		for f in $(find /sys/fs/cgroup -name release_agent -o -name cgroup.procs -o -name tasks | head -n 50); do
			/probes/probe openw $f
		done; mkdir /sys/fs/cgroup/*/x /sys/fs/cgroup/x 2>/dev/null && echo ok; true'
	lacks ok
}

@test "a device node of an image, in its tree or its VOLUME, is no device" {
	image nodes <<-'END'
		busybox
		etc
		dir vol
		chr vol/null 1 3
		chr null 1 3
		config {"Volumes": {"/vol": {}}}
	END
	run run_in "$IMAGE" sh -c 'ls -l /vol/null /null; echo x >/null'
	fails
	says "can't create /null: Permission denied"
	run run_in "$IMAGE" sh -c 'echo x >/vol/null'
	fails
	says "can't create /vol/null: Permission denied"
}

@test "the console of the machine cannot be reached" {
	run run_in --userns host busybox sh -c 'mknod /c c 5 1 && ! timeout 2 head -c 1 /c'
	succeeds
	equal "$output" "head: /c: Operation not permitted"
}

@test "root with every capability cannot change the host's dolium-init" {
	before=$(programs_hash)
	run run_in --init --privileged busybox sh -c \
		'mount -o remount,rw,bind /dev/dolium-init; echo "#!/evil" >/dev/dolium-init'
	fails
	equal "$(programs_hash)" "$before"
}

@test "raw block devices cannot be reached, whatever node is made" {
	device=$(stat -c %d /)
	major=$(((device >> 8) & 0xfff)) minor=$((device & 0xff))
	probe node $major $minor
	is EPERM
	probe_with "--userns host" node $major $minor
	is EPERM
}

@test "/dev has what Docker's has, and nothing of the host" {
	run -0 run_in busybox sh -c 'ls /dev | sort | tr "\n" " "'
	is "core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero "
	for path in /dev/kmsg /dev/mem /dev/kvm /dev/fuse; do
		probe_with "--userns host" openw $path
		is ENOENT
	done
}

@test "the pid, network and ipc of the host are not seen" {
	run -0 run_in busybox sh -c 'set -- /proc/[0-9]*; echo $#; ls /sys/class/net; cat /proc/sysvipc/shm | wc -l'
	equal "$(head -n 1 <<<"$output")" 1
	equal "$(sed -n 2p <<<"$output")" lo
}

@test "sysctls that are not the container's own are refused" {
	for bad in kernel.core_pattern=x vm.swappiness=1 net.ipv4.ip_forward kernel.shm_rmid_forced/../../vm.swappiness=1 \
		"net.../kernel.core_pattern=x" "$(printf 'net.ipv4.ip_forward=1\nkernel.core_pattern=x')" =1 fs.file-max=9; do
		run run_in --sysctl "$bad" busybox true
		refuses
	done
	run run_in --network host --sysctl net.ipv4.ip_forward=0 busybox true
	refuses
	run run_in --ipc host --sysctl kernel.shmmax=1 busybox true
	refuses
	run -0 run_in --sysctl net.ipv4.ip_default_ttl=77 busybox cat /proc/sys/net/ipv4/ip_default_ttl
	is 77
}

# ---------------------------------------------------------------- terminals

@test "TIOCSTI reaches no terminal of the caller" {
	run -0 pty -- "$DOLIUM_BIN/dolium" run --rm --network none -v "$PROGRAMS:/probes:ro" busybox /probes/probe tiocsti X
	is "terminals reached: 0"
	# With -t it may type into the container's own pty, never the outer one: nothing is left to be read there.
	run -0 pty -- sh -c '"$0" run --rm -it --network none -v "$1:/probes:ro" busybox /probes/probe tiocsti X >/dev/null
		stty -icanon min 0 time 2; dd bs=16 count=1 2>/dev/null | tr X Y' "$DOLIUM_BIN/dolium" "$PROGRAMS"
	lacks Y
}

@test "the terminal is as it was after a container that was killed" {
	run pty --timeout 20 --expect started --sleep 0.2 --signal TERM -- \
		"$DOLIUM_BIN/dolium" run --rm -it --network none busybox sh -c 'trap "exit 3" TERM; stty raw -echo; echo started; while :; do sleep 0.1; done'
	lacks "left changed"
	status_is 3
}

# ---------------------------------------------------------------- exhausting the host

@test "a fork bomb ends at the pids limit" {
	probe_with "--pids-limit 20" fork 200
	[ "$output" -le 20 ]
}

@test "a program that eats memory is killed, with 137, and the host goes on" {
	run timeout -k 5 60 "$DOLIUM_BIN/dolium" run --rm --network none -m 32m --memory-swap 32m -v "$PROGRAMS:/probes:ro" busybox \
		/probes/probe eat 512
	status_is 137
}

@test "a memory limit too small to start in is an error, not a hang" {
	run timeout -k 5 60 "$DOLIUM_BIN/dolium" run --rm --network none -m 64k busybox true
	fails
	[ "$status" -ne 124 ] && [ "$status" -ne 137 ]
}

@test "a cgroup parent cannot climb out" {
	for parent in ../../.. /../../x a/../../b "$(printf 'a\nb')"; do
		run run_in --cgroup-parent "$parent" busybox true
		refuses
	done
}

@test "others on the host cannot reach what is in the store" {
	dolium create --name stored --network none busybox true >/dev/null
	for dir in layers containers blobs; do
		run setpriv --reuid 65534 --regid 65534 --clear-groups ls "$DOLIUM_ROOT/$dir"
		fails
	done
	dolium rm stored >/dev/null
}

# ---------------------------------------------------------------- a worker that was taken over

@test "a fetch worker that lies about what an image is made of is not believed" {
	local there=$BATS_TEST_TMPDIR/libexec
	export PINNED=sha256:1111111111111111111111111111111111111111111111111111111111111111
	mkdir "$there"
	ln -s "$DOLIUM_BIN"/dolium-* "$there/"
	ln -sf "$TESTLIB/lying_fetch.py" "$there/dolium-fetch"
	export DOLIUM_LIBEXEC=$there
	LIE=config run dolium pull localhost:1/lie
	fails
	says "a configuration that its manifest does not have"
	LIE=index run dolium pull "localhost:1/lie@$PINNED"
	fails
	says "its index is not what it says"
	LIE=no-manifest run dolium pull "localhost:1/lie@$PINNED"
	fails
	run dolium images
	lacks localhost:1/lie
}

# ---------------------------------------------------------------- other users of the host

@test "a run directory that another user made is refused" {
	local theirs=$BATS_TEST_TMPDIR/theirs
	mkdir "$theirs"
	chown 1000 "$theirs"
	DOLIUM_RUN_ROOT=$theirs run run_in hello
	refuses "cannot use '$theirs': it belongs to somebody else"
	chown 0 "$theirs"
	chmod 1777 "$theirs"
	DOLIUM_RUN_ROOT=$theirs run run_in hello
	refuses "others may write to it"
	[ -z "$(ls -A "$theirs")" ]
}
