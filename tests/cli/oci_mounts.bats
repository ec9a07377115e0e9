#!/usr/bin/env bats
# dolium-oci: mounts, their options and their propagation, as the container sees them.

load ../lib/common
load ../lib/oci

setup() { oci_setup; }
teardown() {
	oci_teardown
	awk -v t="$BATS_TEST_TMPDIR/" 'index($5, t) == 1 { print $5 }' /proc/self/mountinfo | sort -r | xargs -r umount -l
}

# The options of the mount at $1, inside: two columns of mountinfo, and what it shares.
show() { echo ".process.args=[\"sh\",\"-c\",\"grep ' $1 ' /proc/self/mountinfo\"]"; }
bind() { # bind DESTINATION SOURCE OPTIONS...: an entry of .mounts
	local destination=$1 source=$2
	shift 2
	jq -nc --arg d "$destination" --arg s "$source" '{destination:$d,source:$s,type:"bind",options:$ARGS.positional}' --args "$@"
}

@test "a source is relative to the bundle, a destination to the root" {
	mkdir -p "$B/data"
	echo here >"$B/data/file"
	bundle ".mounts+=[$(bind mnt/in data bind)] | .process.args=[\"cat\",\"/mnt/in/file\"] | .root.readonly=false"
	run oci run -b "$B" "$ID"
	succeeds
	is here
}

@test "a bind keeps its source's flags unless they are taken back" {
	mkdir -p "$B/data"
	mount -t tmpfs -o ro,nosuid,nodev,noexec none "$B/data"
	bundle ".mounts+=[$(bind /mnt "$B/data" rbind)] | $(show /mnt)"
	run oci run -b "$B" "$ID"
	matches " ro,nosuid,nodev,noexec,"
	bundle ".mounts+=[$(bind /mnt "$B/data" rbind rw exec)] | $(show /mnt)"
	run oci run -b "$B" "$ID"
	matches " rw,nosuid,nodev,relatime "
	umount "$B/data"
}

@test "what a user namespace may not take back stays, and is no error" {
	mkdir -p "$B/data"
	mount -t tmpfs -o ro,nosuid,noatime none "$B/data"
	# The outer container's mounts are locked for the one inside it, as a plain user's are.
	bundle ".mounts+=[$(bind /mnt "$B/data" rbind rw nodev strictatime)] | (.mounts[]|select(.destination==\"/dev/pts\")).options-=[\"gid=5\"] | $(show /mnt)"
	run unshare -U --map-root-user -m "$DOLIUM_BIN/dolium-oci" --root "$R" run -b "$B" "$ID"
	succeeds
	matches " ro,nosuid,nodev,noatime "
	umount "$B/data"
}

@test "remount changes what is there" {
	bundle ".mounts+=[{destination:\"/mnt\",type:\"tmpfs\",options:[\"ro\",\"nosuid\"]},{destination:\"/mnt\",type:\"tmpfs\",options:[\"remount\",\"rw\",\"noexec\"]}] | $(show /mnt)"
	run oci run -b "$B" "$ID"
	succeeds
	matches " rw,nosuid,noexec,relatime "
}

@test "the recursive words reach the mounts below, and the others do not" {
	mkdir -p "$B/data"
	mount -t tmpfs none "$B/data" && mkdir "$B/data/sub" && mount -t tmpfs none "$B/data/sub"
	bundle ".mounts+=[$(bind /mnt "$B/data" rbind rro rnosuid rnodev rnoexec rnoatime rnodiratime rnosymfollow)] | $(show /mnt/sub)"
	run oci run -b "$B" "$ID"
	matches " ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow "
	bundle ".mounts+=[$(bind /mnt "$B/data" rbind ro nosuid)] | $(show /mnt/sub)"
	run oci run -b "$B" "$ID"
	matches " rw,relatime "
	umount -R "$B/data"
}

@test "copy-symlink makes a link of a link; src-nofollow and dest-nofollow mean the link itself" {
	mkdir -p "$B/data"
	ln -s /somewhere "$B/data/link"
	bundle ".mounts+=[$(bind /mnt/a "$B/data/link" bind copy-symlink),$(bind /mnt/b "$B/data" bind copy-symlink)] | .process.args=[\"sh\",\"-c\",\"readlink /mnt/a; ls /mnt/b\"] | .root.readonly=false"
	run oci run -b "$B" "$ID"
	succeeds
	is "/somewhere
link"
	# Again, on what is there already; but nothing else is replaced.
	run oci run -b "$B" "$ID"
	succeeds
	ln -sfn /elsewhere "$B/data/link"
	run oci run -b "$B" "$ID"
	refuses "cannot make the link '/mnt/a'"
	bundle ".mounts+=[$(bind /mnt/c "$B/data/link" bind src-nofollow)] | .process.args=[\"readlink\",\"/mnt/c\"]"
	run oci run -b "$B" "$ID"
	refuses "mnt/c" || is /elsewhere
	echo mine >"$B/data/file"
	ln -s /etc/nothing "$B/rootfs/mnt/d"
	bundle ".mounts+=[$(bind /mnt/d "$B/data/file" bind dest-nofollow)] | .process.args=[\"cat\",\"/mnt/d\"]"
	run oci run -b "$B" "$ID"
	succeeds
	is mine
	[ ! -e "$B/rootfs/etc/nothing" ]
}

@test "idmap takes the mount's own maps, and the container's where it has none" {
	mkdir -p "$B/data"
	echo >"$B/data/file"
	chown 5:6 "$B/data/file"
	bundle ".mounts+=[$(bind /mnt data bind idmap) + {uidMappings:[{containerID:5,hostID:77,size:1}],gidMappings:[{containerID:6,hostID:88,size:1}]}] | .process.args=[\"stat\",\"-c\",\"%u:%g\",\"/mnt/file\"]"
	run oci run -b "$B" "$ID"
	succeeds
	is 77:88
	bundle ".mounts+=[$(bind /mnt data rbind ridmap)] | .process.args=[\"stat\",\"-c\",\"%u:%g\",\"/mnt/file\"] | $USERNS"
	chown -R 100000:100000 "$B/rootfs"
	run oci run -b "$B" "$ID"
	succeeds
	is 5:6
	bundle ".mounts+=[$(bind /mnt data bind idmap)] | .process.args=[\"true\"]"
	run oci run -b "$B" "$ID"
	refuses "'idmap' needs mappings or a new user namespace"
}

# --- propagation

# A mount that the host shares, and what the container's bind of it has to do with it.
@test "a bind hears from the host and tells it nothing, unless it or the root is to be otherwise" {
	mkdir -p "$B/data"
	mount -t tmpfs none "$B/data"
	mount --make-shared "$B/data"
	bundle ".mounts+=[$(bind /mnt "$B/data" rbind)] | $(show /mnt)"
	run oci run -b "$B" "$ID"
	says "master:"
	lacks "shared:"
	for word in shared rshared; do
		bundle ".mounts+=[$(bind /mnt "$B/data" rbind "$word")] | $(show /mnt)"
		run oci run -b "$B" "$ID"
		says "shared:"
	done
	bundle ".mounts+=[$(bind /mnt "$B/data" rbind rprivate)] | $(show /mnt)"
	run oci run -b "$B" "$ID"
	lacks "shared:"
	lacks "master:"
	bundle ".mounts+=[$(bind /mnt "$B/data" rbind)] | .linux.rootfsPropagation=\"rshared\" | $(show /mnt)"
	run oci run -b "$B" "$ID"
	says "shared:"
	bundle ".mounts+=[$(bind /mnt "$B/data" rbind)] | .linux.rootfsPropagation=\"rprivate\" | $(show /mnt)"
	run oci run -b "$B" "$ID"
	lacks "shared:"
	lacks "master:"
	umount "$B/data"
}

@test "the root has the propagation that rootfsPropagation says; with an r, so has all below" {
	for word in shared rshared; do
		bundle ".linux.rootfsPropagation=\"$word\" | $(show /)"
		run oci run -b "$B" "$ID"
		succeeds
		says "shared:"
	done
	for word in unbindable runbindable; do
		bundle ".linux.rootfsPropagation=\"$word\" | $(show /)"
		run oci run -b "$B" "$ID"
		succeeds
		says unbindable
	done
	for word in private rprivate slave rslave; do
		bundle ".linux.rootfsPropagation=\"$word\" | $(show /)"
		run oci run -b "$B" "$ID"
		succeeds
		lacks "shared:"
		lacks unbindable
	done
	bundle ".linux.rootfsPropagation=\"rshared\" | $(show /dev)"
	run oci run -b "$B" "$ID"
	says "shared:"
	bundle ".linux.rootfsPropagation=\"shared\" | $(show /dev)"
	run oci run -b "$B" "$ID"
	lacks "shared:"
}

@test "what the container mounts in a shared bind reaches the host, and nothing else does" {
	mkdir -p "$B/data"
	mount -t tmpfs none "$B/data"
	mount --make-shared "$B/data"
	mkdir "$B/data/in"
	bundle ".mounts+=[$(bind /mnt "$B/data" rbind rshared)] | .process.args=[\"sh\",\"-c\",\"mount -t tmpfs none /mnt/in; mount -t tmpfs none /tmp\"] | .process.capabilities.bounding+=[\"CAP_SYS_ADMIN\"] | .process.capabilities.permitted+=[\"CAP_SYS_ADMIN\"] | .process.capabilities.effective+=[\"CAP_SYS_ADMIN\"]"
	mkdir -p "$B/rootfs/tmp"
	ln -sf busybox "$B/rootfs/bin/mount"
	run oci run -b "$B" "$ID"
	succeeds
	grep -q " $B/data/in " /proc/self/mountinfo
	umount -R "$B/data"
	run grep -c "$B/rootfs" /proc/self/mountinfo
	is 0
}
