"""root and mounts: what the program finds where."""
import ctypes

from harness import *

libc = ctypes.CDLL(None, use_errno=True)
MS_RDONLY, MS_BIND, MS_REC = 1, 4096, 16384
MS_PRIVATE, MS_SHARED = 1 << 18, 1 << 20
PROPAGATIONS = {"private": MS_PRIVATE, "shared": MS_SHARED}


def mount(source, at, kind=None, flags=0, data=None):
    words = [w.encode() if w else None for w in (source, at, kind)]
    check(libc.mount(*words, flags, data.encode() if data else None) == 0,
          f"the test cannot mount {at}: {os.strerror(ctypes.get_errno())}")


def tmpfs(box, name, propagation="private", flags=0):
    """A file system of the host's below the box's directory, which goes with the box."""
    at = box.make(name)
    mount("tmpfs", at, "tmpfs", flags)
    mount(None, at, None, PROPAGATIONS[propagation])
    box.at_end.append(lambda: libc.umount2(at.encode(), 2))
    return at


# ---- root

case("root-path-relative", "Root: a relative path begins in the bundle", setup=lambda b: (
    b.make("bundle/deep/tree"), os.link(b.suite.probe, b.bundle + "/deep/tree/probe"), b.make("bundle/deep/tree/mark", "x")),
    change={"root.path": "deep/tree"}, tries=[(["read", "/mark"], {"text": "x"})])
case("root-path-absolute", "Root: path may be absolute", setup=lambda b: (
    b.make("elsewhere/mark", "x"), os.link(b.suite.probe, b.dir + "/elsewhere/probe")),
    change={"root.path": "{dir}/elsewhere"}, tries=[(["read", "/mark"], {"text": "x"})])
case("root-path-missing", "Root: a directory must exist at path", change={"root.path": "nowhere"}, refuses=True)
case("root-path-file", "Root: path is a directory", setup=lambda b: b.make("bundle/file", "x"),
     change={"root.path": "file"}, refuses=True)
case("root-path-symlink", "Root: path may be a symbolic link to a directory of the host",
     setup=lambda b: (b.make("elsewhere/mark", "x"), os.link(b.suite.probe, b.dir + "/elsewhere/probe"),
                      os.symlink(b.dir + "/elsewhere", b.bundle + "/link")),
     change={"root.path": "link"}, tries=[(["read", "/mark"], {"text": "x"})])
case("root-absent", "Root: root is required", change={"root": GONE}, refuses=True)
case("root-readonly", "Root: readonly makes the root read-only inside", change={"root.readonly": True},
     tries=[(["write", "/file", "x"], "EROFS")])
case("root-writable", "Root: without readonly the root can be written, and it is the bundle's", base={"root.readonly": True},
     change={"root.readonly": GONE}, tries=[(["write", "/file", "x"], "ok")],
     after=lambda b, r: equal(os.path.exists(b.rootfs + "/file"), True, "the file is in the bundle"))
case("root-is-the-top", "Root: nothing of the host's tree is above or behind it", setup=lambda b: b.make("bundle/rootfs/mark", "x"),
     base={"root.path": "rootfs"}, tries=[(["read", "/../../mark"], {"text": "x"}), (["list", "/.."], {"names": has("mark")})],
     mutant='sed:run:s/"mark"/"other"/')
case("root-mounts-of-the-host", "Root: the host's mounts are not in the container's mount table",
     see={"mounts": that("only its own", lambda v: set(v) <= {"/", "/proc", "/dev", "/dev/pts", "/dev/console", "/proc/kcore",
                                                            "/proc/keys", "/proc/sys", "/proc/sysrq-trigger"})},
     mutant="sed:run:s,/dev/pts,/mnt/host,")

# ---- where mounts go


def mount_change(**mount_parts):
    return {"mounts+": [{"destination": "/m", "type": "tmpfs", "source": "tmpfs", **mount_parts}]}


def bind(options=(), source="{dir}/source", **parts):
    return mount_change(type="bind", source=source, options=["bind", *options], **parts)


def source(box):
    box.make("source/sub")
    box.make("source/file", "from the host")


FROM_THE_HOST = (["read", "/m/file"], {"text": "from the host"})

case("mount-destination-made", "Mounts: a destination that is not there is made", change=mount_change(destination="/a/b/c"),
     see={"mounts /a/b/c type": "tmpfs"})
case("mount-destination-there", "Mounts: a mount covers what is in the root at its destination",
     setup=lambda b: b.make("bundle/rootfs/m/covered", "x"), change=mount_change(), tries=[(["stat", "/m/covered"], "ENOENT")])
case("mount-destination-file", "Mounts: a file that is bound has a file made for it", setup=source,
     change=bind(source="{dir}/source/file", destination="/etc/made"),
     tries=[(["read", "/etc/made"], {"text": "from the host"})])
case("mount-order", "Mounts: the run-time mounts in the order that is listed", setup=source, base=mount_change(destination="/m"),
     change={"mounts+": [{"destination": "/m/in", "type": "tmpfs", "source": "x"},
                         {"destination": "/m", "type": "bind", "source": "{dir}/source", "options": ["bind"]}]},
     tries=[FROM_THE_HOST, (["stat", "/m/in"], "ENOENT")])
case("mount-same-destination", "Mounts: of two mounts at one place the later is on top", setup=source, base=mount_change(),
     change=bind(), tries=[FROM_THE_HOST])
case("mount-source-relative", "Mounts: a relative source of a bind begins in the bundle",
     setup=lambda b: b.make("bundle/data/file", "from the host"), change=bind(source="data"), tries=[FROM_THE_HOST])
case("mount-source-missing", "Mounts: a bind of what is not there is an error", change=bind(source="{dir}/nowhere"), refuses=True)
case("mount-source-symlink", "Mounts: a source that is a symbolic link is its target", setup=lambda b: (
    source(b), os.symlink("source", b.dir + "/link")), change=bind(source="{dir}/link"), tries=[FROM_THE_HOST])
case("mount-type-unknown", "Mounts: a type that the kernel has not is an error", change=mount_change(type="nofs"), refuses=True)
case("mount-destination-symlink", "Mounts: a symbolic link on the way is followed inside the root",
     setup=lambda b: (b.make("bundle/rootfs/real"), os.symlink("/real", b.rootfs + "/m")), change=mount_change(),
     see={"mounts /real type": "tmpfs"})
case("mount-destination-symlink-out", "Mounts: a link that leads out of the root leads to the same name inside",
     setup=lambda b: (source(b), os.symlink("../../../../../../../../inside", b.rootfs + "/m")), change=bind(),
     see={"mounts /inside": THERE})
case("mount-destination-symlink-host", "Mounts: a link to a directory of the host never mounts over the host's",
     setup=lambda b: (b.make("target/here", "x"), os.symlink(b.dir + "/target", b.rootfs + "/m")), change=mount_change(),
     see={"mounts": lambda v, b: b.dir + "/target" in v}, after=lambda b, r: equal(
         os.listdir(b.dir + "/target"), ["here"], "the host's directory"))
case("mount-destination-symlink-parent", "Mounts: directories are never made outside of the root through a link (CVE-2024-45310)",
     setup=lambda b: (b.make("target"), os.symlink(b.dir + "/target", b.rootfs + "/out")),
     change=mount_change(destination="/out/made"), exit=among(0, 1),
     after=lambda b, r: equal((os.listdir(b.dir + "/target"), b.dir + "/target/made" in r.said[0]["report"]["mounts"]),
                              ([], True), "what is outside"), see={"mounts": THERE})
case("mount-over-proc", "Security: a mount over /proc is refused (CVE-2019-16884)", setup=source,
     change={"mounts+": [{"destination": "/proc", "type": "bind", "source": "{dir}/source", "options": ["bind"]}]},
     refuses=True)
case("mount-below-proc", "Security: a mount at /proc/self/attr is refused (CVE-2019-16884)",
     change=mount_change(destination="/proc/self/attr"), refuses=True)
case("mount-proc-symlink", "Security: a /proc that is a symbolic link is refused or stays a link (CVE-2019-19921)",
     setup=lambda b: (os.path.isdir(b.rootfs + "/proc") or True, b.make("bundle/rootfs/evil"),
                      os.symlink("/evil", b.rootfs + "/proc")) if b.mutant != "drop" else None,
     change={"annotations": {}}, refuses=True)

# ---- kinds of mounts

for kind in ("sysfs", "tmpfs", "mqueue", "devpts"):
    case(f"mount-type-{kind}", f"Mounts: type {kind}", change=mount_change(type=kind, source=kind), see={"mounts /m type": kind})
case("mount-type-proc", "Mounts: type proc shows the container's own processes", see={"mounts /proc type": "proc"},
     tries=[(["list", "/proc"], {"names": both(has("1"), lacks("2"))})], mutant='sed:run:s/"1"/"2"/g')
case("mount-type-bind", "Mounts: a bind shows the host's directory", setup=source, change=bind(), tries=[FROM_THE_HOST])
case("mount-bind-without-option", "Mounts: type bind alone is a bind", setup=source,
     change=mount_change(type="bind", source="{dir}/source"), tries=[FROM_THE_HOST])
case("mount-bind-without-type", "Mounts: the option bind makes a bind, whatever the type", setup=source,
     change={"mounts+": [{"destination": "/m", "source": "{dir}/source", "options": ["bind"]}]}, tries=[FROM_THE_HOST])
case("mount-bind-type-none", "Mounts: of a bind the type is ignored", setup=source,
     change=mount_change(type="none", source="{dir}/source", options=["bind"]), tries=[FROM_THE_HOST])
case("mount-rbind", "Mounts: rbind takes what is mounted below with it",
     setup=lambda b: (source(b), tmpfs(b, "source/sub"), b.make("source/sub/deep", "deep")),
     change=mount_change(type="none", source="{dir}/source", options=["rbind"]), tries=[(["read", "/m/sub/deep"], {"text": "deep"})])
case("mount-bind-not-recursive", "Mounts: bind leaves what is mounted below",
     setup=lambda b: (source(b), tmpfs(b, "source/sub"), b.make("source/sub/deep", "deep")),
     base=mount_change(type="none", source="{dir}/source", options=["rbind"]),
     change={"mounts-": "/m", **bind()}, tries=[(["read", "/m/sub/deep"], "ENOENT")])
case("mount-bind-writes", "Mounts: what is written through a bind is the host's", setup=source, base=bind(["ro"]),
     change={"mounts-": "/m", **bind()}, tries=[(["write", "/m/new", "x"], "ok")],
     after=lambda b, r: equal(os.path.exists(b.dir + "/source/new"), True, "the file on the host"))
case("mount-tmpfs-size", "Mounts: unknown options are the file system's: size", change=mount_change(options=["size=4m"]),
     see={"mounts /m super": has("size=4096k")})
case("mount-tmpfs-mode", "Mounts: unknown options are the file system's: mode, uid and gid",
     change=mount_change(options=["mode=1700", "uid=5", "gid=6"]), tries=[(["stat", "/m"], {"mode": 0o1700, "uid": 5, "gid": 6})])
case("mount-option-bad-value", "Mounts: an option that the file system refuses is an error",
     change=mount_change(options=["size=abc"]), refuses=True)
case("mount-option-nobody-knows", "Mounts: an option that nobody knows reaches the file system, which refuses it",
     change=mount_change(options=["unheardof"]), refuses=True)
case("mount-tmpcopyup", "Mounts: tmpcopyup copies what the root has there", setup=lambda b: b.make("bundle/rootfs/m/inner/file", "copied"),
     base=mount_change(), change={"mounts-": "/m", **mount_change(options=["tmpcopyup"])},
     tries=[(["read", "/m/inner/file"], {"text": "copied"}), (["write", "/m/inner/file", "new"], "ok")],
     after=lambda b, r: equal(open(b.rootfs + "/m/inner/file").read(), "copied", "the root's own file"))
case("mount-devpts-newinstance", "Mounts: devpts is an instance of its own", see={"mounts /dev/pts type": "devpts"},
     tries=[(["list", "/dev/pts"], {"names": ["ptmx"]})], mutant='sed:run:s/"ptmx"/"ptmx","0"/')
case("mount-sysfs-network", "Mounts: sysfs shows the container's network alone", change={"mounts+": [{"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["ro"]}]},
     tries=[(["list", "/sys/class/net"], {"names": only("lo")})])

# ---- options of a mount; what it is without the option is the mutant

PER_MOUNT = {"ro": "ro", "nosuid": "nosuid", "nodev": "nodev", "noexec": "noexec", "noatime": "noatime",
             "nodiratime": "nodiratime", "nosymfollow": "nosymfollow"}
for option, shown in PER_MOUNT.items():
    case(f"mount-option-{option}", f"Mounts: the option {option} on a new file system", change=mount_change(options=[option]),
         base=mount_change(), see={"mounts /m options": has(shown)})
    case(f"mount-bind-option-{option}", f"Mounts: the option {option} on a bind", setup=source, base=bind(),
         change={"mounts-": "/m", **bind([option])}, see={"mounts /m options": has(shown)},
         after=lambda b, r: equal(os.access(b.dir + "/source/file", os.W_OK), True, "the host's own mount"))
for option, undoes in {"rw": "ro", "suid": "nosuid", "dev": "nodev", "exec": "noexec", "atime": "noatime",
                       "diratime": "nodiratime", "symfollow": "nosymfollow"}.items():
    case(f"mount-option-{option}", f"Mounts: the option {option} undoes {undoes}", base=mount_change(options=[undoes]),
         change={"mounts-": "/m", **mount_change(options=[undoes, option])}, see={"mounts /m options": lacks(undoes)})
case("mount-option-relatime", "Mounts: the option relatime", base=mount_change(options=["noatime"]),
     change={"mounts-": "/m", **mount_change(options=["relatime"])}, see={"mounts /m options": has("relatime")})
case("mount-option-strictatime", "Mounts: the option strictatime", base=mount_change(),
     change={"mounts-": "/m", **mount_change(options=["strictatime"])}, see={"mounts /m options": lacks("relatime", "noatime")})
case("mount-option-nostrictatime", "Mounts: the option nostrictatime is the kernel's default again", base=mount_change(options=["strictatime"]),
     change={"mounts-": "/m", **mount_change(options=["strictatime", "nostrictatime"])}, see={"mounts /m options": has("relatime")})
case("mount-option-norelatime", "Mounts: the option norelatime is no error", base=mount_change(options=["ro"]),
     change={"mounts-": "/m", **mount_change(options=["norelatime"])}, see={"mounts /m options": lacks("ro")})
for option, shown in {"sync": "sync", "dirsync": "dirsync", "lazytime": "lazytime"}.items():
    case(f"mount-super-{option}", f"Mounts: the option {option} of a new file system is the file system's", base=mount_change(),
         change={"mounts-": "/m", **mount_change(options=[option])}, see={"mounts /m super": has(shown)})
for option, undoes in {"async": "sync", "nolazytime": "lazytime"}.items():
    case(f"mount-super-{option}", f"Mounts: the option {option} undoes {undoes}", base=mount_change(options=[undoes]),
         change={"mounts-": "/m", **mount_change(options=[undoes, option])}, see={"mounts /m super": lacks(undoes)})
# What the kernel shows nowhere: it must be taken, and not end up as the file system's data.
for option in ("defaults", "silent", "loud", "mand", "nomand", "iversion", "noiversion"):
    case(f"mount-option-{option}", f"Mounts: the option {option} is known, and no file system's", base=mount_change(options=["nosuid"]),
         change={"mounts-": "/m", **mount_change(options=[option, "noexec"])}, see={"mounts /m options": both(has("noexec"), lacks("nosuid"))})
case("mount-option-remount", "Mounts: remount changes what is mounted", base=mount_change(),
     change={"mounts+": [{"destination": "/m", "type": "tmpfs", "source": "tmpfs", "options": ["remount", "ro"]}]},
     tries=[(["write", "/m/file", "x"], "EROFS")])
case("mount-bind-ro-file", "Mounts: a file bound read-only cannot be written", setup=source,
     base={"mounts+": [{"destination": "/f", "type": "bind", "source": "{dir}/source/file", "options": ["bind"]}]},
     change={"mounts-": "/f", "mounts+": [{"destination": "/f", "type": "bind", "source": "{dir}/source/file", "options": ["bind", "ro"]}]},
     tries=[(["write", "/f", "x"], "EROFS")])

# ---- recursive options


def nested(box):
    source(box)
    tmpfs(box, "source/sub")


for shown in PER_MOUNT.values():
    option = "r" + shown
    case(f"mount-recursive-{option}", f"Mounts: the option {option} reaches the mounts below a bind", setup=nested,
         base=mount_change(type="bind", source="{dir}/source", options=["rbind"]),
         change={"mounts-": "/m", **mount_change(type="bind", source="{dir}/source", options=["rbind", option])},
         see={"mounts /m options": has(shown), "mounts /m/sub options": has(shown)})
# MS_RDONLY and so on: how the mount below is on the host
for option, (flag, undoes) in {"rrw": (1, "ro"), "rsuid": (2, "nosuid"), "rdev": (4, "nodev"), "rexec": (8, "noexec"),
                               "ratime": (1024, "noatime"), "rdiratime": (2048, "nodiratime"), "rsymfollow": (256, "nosymfollow")}.items():
    case(f"mount-recursive-{option}", f"Mounts: the option {option} takes {undoes} from the mounts below a bind",
         setup=lambda b, flag=flag: (source(b), tmpfs(b, "source/sub", flags=flag)),
         base=mount_change(type="bind", source="{dir}/source", options=["rbind"]),
         change={"mounts-": "/m", **mount_change(type="bind", source="{dir}/source", options=["rbind", option])},
         see={"mounts /m/sub options": lacks(undoes)})
case("mount-recursive-rrelatime", "Mounts: the option rrelatime reaches the mounts below a bind",
     setup=lambda b: (source(b), tmpfs(b, "source/sub", flags=1024)),  # MS_NOATIME
     base=mount_change(type="bind", source="{dir}/source", options=["rbind"]),
     change={"mounts-": "/m", **mount_change(type="bind", source="{dir}/source", options=["rbind", "rrelatime"])},
     see={"mounts /m/sub options": has("relatime")})
case("mount-recursive-rstrictatime", "Mounts: the option rstrictatime reaches the mounts below a bind", setup=nested,
     base=mount_change(type="bind", source="{dir}/source", options=["rbind"]),
     change={"mounts-": "/m", **mount_change(type="bind", source="{dir}/source", options=["rbind", "rstrictatime"])},
     see={"mounts /m/sub options": lacks("relatime", "noatime")})
case("mount-ro-not-recursive", "Mounts: ro of an rbind is that of the top alone", setup=nested,
     base=mount_change(type="bind", source="{dir}/source", options=["rbind", "rro"]),
     change={"mounts-": "/m", **mount_change(type="bind", source="{dir}/source", options=["rbind", "ro"])},
     see={"mounts /m options": has("ro"), "mounts /m/sub options": lacks("ro")})

# ---- propagation

def tags(prefix):
    return that(f"a tag {prefix}", lambda v: v is not None and any(t.startswith(prefix) for t in v))


NO_TAGS = that("no tag", lambda v: v == [])
for recursive in ("", "r"):
    for option, want in {"shared": tags("shared:"), "unbindable": tags("unbindable")}.items():
        below = {"mounts /m/sub tags": want} if recursive else {}
        case(f"mount-propagation-{recursive}{option}", f"Mounts: the option {recursive}{option}", setup=nested,
             base=mount_change(type="bind", source="{dir}/source", options=["rbind"]),
             change={"mounts-": "/m", **mount_change(type="bind", source="{dir}/source", options=["rbind", recursive + option])},
             see={"mounts /m tags": want, **below})
    case(f"mount-propagation-{recursive}slave", f"Mounts: the option {recursive}slave", base={
        "linux.rootfsPropagation": "rslave", **mount_change(type="bind", source="{dir}/source", options=["rbind", "rprivate"])},
         setup=lambda b: (b.make("source"), tmpfs(b, "source", "shared"), b.make("source/sub"), tmpfs(b, "source/sub", "shared")),
         change={"mounts-": "/m", **mount_change(type="bind", source="{dir}/source", options=["rbind", recursive + "slave"])},
         see={"mounts /m tags": tags("master:"), **({"mounts /m/sub tags": tags("master:")} if recursive else {})})
    case(f"mount-propagation-{recursive}private", f"Mounts: the option {recursive}private",
         base=mount_change(type="bind", source="{dir}/source", options=["rbind", "rshared"]), setup=nested,
         change={"mounts-": "/m", **mount_change(type="bind", source="{dir}/source", options=["rbind", recursive + "private"])},
         see={"mounts /m tags": NO_TAGS, **({"mounts /m/sub tags": NO_TAGS} if recursive else {})})


def slave_sees(box):
    """What the host mounts later below the source is seen inside."""
    tmpfs(box, "source", "shared")
    box.make("source/later")
    box.actions(["wait"], ["read", "/m/later/file"])
    running = box.create()
    box.start()
    running.said(1)
    tmpfs(box, "source/later")
    box.make("source/later/file", "later")
    box.good("kill", box.id, "TERM")
    equal(running.said(3)[2].get("text"), "later", "what was mounted later")


case("mount-propagation-slave-works", "Mounts: what the host mounts later below a slave is seen inside", flow=slave_sees,
     base={"linux.rootfsPropagation": "rslave",
           **mount_change(type="bind", source="{dir}/source", options=["rbind", "rprivate"])},
     change={"mounts-": "/m", **mount_change(type="bind", source="{dir}/source", options=["rbind", "rslave"])})

for propagation, want in {"private": NO_TAGS, "shared": tags("shared:"), "unbindable": tags("unbindable")}.items():
    case(f"rootfs-propagation-{propagation}", f"Linux: rootfsPropagation {propagation}",
         base={"linux.rootfsPropagation": "shared" if propagation != "shared" else "private"},
         change={"linux.rootfsPropagation": propagation}, see={"mounts / tags": want})
case("rootfs-propagation-unknown", "Linux: a rootfsPropagation that is none is an error",
     change={"linux.rootfsPropagation": "friendly"}, refuses=True)

# ---- id-mapped mounts

MAPS = {"uidMappings": [{"containerID": 0, "hostID": 5000, "size": 1000}],
        "gidMappings": [{"containerID": 0, "hostID": 6000, "size": 1000}]}
case("mount-idmap", "Mounts: uidMappings and gidMappings of a mount shift its owners", setup=source, base=bind(),
     change={"mounts-": "/m", **bind(["idmap"], **MAPS)}, tries=[(["stat", "/m/file"], {"uid": 5000, "gid": 6000})])
case("mount-idmap-no-option", "Mounts: mappings without the option idmap shift as well", setup=source, base=bind(),
     change={"mounts-": "/m", **bind(**MAPS)}, tries=[(["stat", "/m/file"], {"uid": 5000, "gid": 6000})])
case("mount-idmap-not-recursive", "Mounts: idmap is for the mount alone", setup=nested,
     base=mount_change(type="bind", source="{dir}/source", options=["rbind"]),
     change={"mounts-": "/m", **mount_change(type="bind", source="{dir}/source", options=["rbind", "idmap"], **MAPS)},
     tries=[(["stat", "/m/file"], {"uid": 5000}), (["stat", "/m/sub"], {"uid": 0})])
case("mount-ridmap", "Mounts: ridmap is for what is mounted below as well", setup=nested,
     base=mount_change(type="bind", source="{dir}/source", options=["rbind"]),
     change={"mounts-": "/m", **mount_change(type="bind", source="{dir}/source", options=["rbind", "ridmap"], **MAPS)},
     tries=[(["stat", "/m/file"], {"uid": 5000}), (["stat", "/m/sub"], {"uid": 5000})])
case("mount-idmap-userns", "Mounts: idmap without mappings takes those of the container's user namespace", setup=source,
     base={**USER_NAMESPACE, **bind()}, change={"mounts-": "/m", **bind(["idmap"])},
     tries=[(["stat", "/m/file"], {"uid": 0, "gid": 0})])
case("mount-idmap-half", "Mounts: uidMappings without gidMappings are an error", setup=source,
     change=bind(["idmap"], uidMappings=MAPS["uidMappings"]), refuses=True)

# ---- masked and read-only paths

case("masked-file", "Linux: a masked file reads as empty", setup=lambda b: b.make("bundle/rootfs/secret", "secret"),
     change={"linux.maskedPaths": ["/secret"]}, tries=[(["read", "/secret"], {"errno": "ok", "text": ""})])
case("masked-directory", "Linux: a masked directory is empty and cannot be written",
     setup=lambda b: b.make("bundle/rootfs/secret/file", "secret"), change={"linux.maskedPaths": ["/secret"]},
     tries=[(["list", "/secret"], {"names": []}), (["write", "/secret/new", "x"], "EROFS")])
case("masked-missing", "Linux: a masked path that is not there is no error", change={"linux.maskedPaths": ["/nowhere", "/probe"]},
     base={"mounts+": [{"destination": "/keep", "type": "bind", "source": "{probe}", "options": ["bind"]}],
           "process.args": ["/keep", "stat", "/probe", ";", "stat", "/nowhere"]},
     tries=[(["stat", "/probe"], {"type": "c"}), (["stat", "/nowhere"], "ENOENT")])
case("masked-proc", "Linux: files of /proc are masked", change={"linux.maskedPaths": ["/proc/timer_list", "/proc/scsi", "/proc/keys"]},
     base={"linux.maskedPaths": []}, tries=[(["stat", "/proc/keys"], {"type": "c", "major": 1, "minor": 3})])
case("masked-relative", "Linux: masked paths are absolute", change={"linux.maskedPaths": ["proc/keys"]}, refuses=True)
case("masked-dev-null-link", "Security: a /dev/null that is a link of the image's masks nothing but what it should (CVE-2025-31133)",
     setup=lambda b: (b.make("bundle/rootfs/dev"), b.mutant == "drop" or os.symlink("/target", b.rootfs + "/dev/null"), b.make("bundle/rootfs/target", "x"),
                      b.make("bundle/rootfs/secret", "secret")),
     base={"mounts": BASE["mounts"][:1], "linux.readonlyPaths": [],
                              "process.args": ["/probe", "read", "/secret"]}, change={"linux.maskedPaths": ["/secret"]},
     exit=among(0, 1), after=lambda b, r: equal([l["text"] for l in r.said if l["text"]], [], "what it could read"))
case("readonly-path", "Linux: a read-only path cannot be written", setup=lambda b: b.make("bundle/rootfs/etc/file", "x"),
     change={"linux.readonlyPaths": ["/etc"]}, tries=[(["write", "/etc/file", "y"], "EROFS")])
case("readonly-file", "Linux: a read-only path may be a file", setup=lambda b: b.make("bundle/rootfs/file", "x"),
     change={"linux.readonlyPaths": ["/file"]}, tries=[(["write", "/file", "y"], "EROFS")])
case("readonly-missing", "Linux: a read-only path that is not there is no error", setup=lambda b: b.make("bundle/rootfs/file", "x"),
     change={"linux.readonlyPaths": ["/nowhere", "/file"]}, tries=[(["write", "/file", "y"], "EROFS"), (["stat", "/nowhere"], "ENOENT")])
case("readonly-keeps-flags", "Linux: a path that is made read-only keeps the other options of its mount",
     base=mount_change(options=["nosuid", "nodev", "noexec"]), change={"linux.readonlyPaths": ["/m"]},
     see={"mounts /m options": has("ro", "nosuid", "nodev", "noexec")})
case("readonly-proc-sys", "Linux: /proc/sys read-only", base={"linux.readonlyPaths": []},
     change={"linux.readonlyPaths": ["/proc/sys"]}, tries=[(["write", "/proc/sys/kernel/domainname", "x"], "EROFS")])
