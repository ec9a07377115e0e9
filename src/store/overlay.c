/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The overlay driver: unpacked trees under overlayfs
 *
 * home/ has upper/ and work/. Everything is told to the kernel by fds of
 * detached mounts, so no path is looked up twice and nothing is seen in any mount
 * table.
 *
 * Shifted ids: each layer and the home are cloned as idmapped mounts, and
 * overlayfs is made on the clones. It works with the ids of who makes it. For
 * those uid 0 would be nobody (it is not in the map) and could not even make its
 * work directory; so the caller becomes, in fsuid and fsgid alone and for that one
 * call, the container's root, and takes back the capabilities that this change
 * drops. Which id that is, an idmapped directory of uid 0 says itself. On disk all
 * ids stay the container's.
 */
#include "store/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "os/file.h"
#include "store/layer.h"
#include "store/snapshot.h"
#include "store/untar.h"

#ifndef AT_RECURSIVE
#	define AT_RECURSIVE 0x8000
#endif

#define FORM_UNKNOWN (-ENOSYS) /* this kernel wants to be told of layers in an older way */
#define LAYERS_MAX   500 /* the kernel's own ceiling */

/* ---- system calls that Debian 12's libc has no names for ---- */

static int fs_open(const char *type)
{
	long r = syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);

	return r < 0 ? -errno : (int)r;
}

static int fs_config(int fs, unsigned command, const char *key, const void *value, int aux)
{
	return syscall(SYS_fsconfig, fs, command, key, value, aux) < 0 ? -errno : 0;
}

static int fs_mount(int fs, unsigned attributes)
{
	long r = syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes);

	return r < 0 ? -errno : (int)r;
}

static int clone_mount(int fd)
{
	long r =
	    syscall(SYS_open_tree, fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	return r < 0 ? -errno : (int)r;
}

static int set_mount(int fd, struct mount_attr *attr)
{
	return syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, attr, sizeof(*attr)) < 0 ? -errno
	                                                                                  : 0;
}

/* A detached clone of where `fd` is, with ids shifted. */
static int clone_shifted(int fd, int userns_fd)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP,
		.userns_fd = (uint64_t)userns_fd,
	};
	AUTO_FD int clone = clone_mount(fd);
	int r;

	/* Before Linux 6.15 a detached mount cannot be cloned; but it can be shifted itself. */
	if (clone == -EINVAL)
		clone = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (clone < 0)
		return clone;
	r = set_mount(clone, &attr);
	return r < 0 ? r : TAKE_FD(clone);
}

/* ---- what a mount is made of ---- */

struct parts {
	int *lowers; /* highest first; opened here where `own` says so */
	bool *own;
	size_t n_lowers;
	int home; /* clone of the home, or a copy of its fd */
	int upper, work; /* -1: read-only */
};

static void parts_done(struct parts *p)
{
	for (size_t i = 0; i < p->n_lowers; i++) {
		if (p->own[i] && p->lowers[i] >= 0)
			close(p->lowers[i]);
	}
	free(p->lowers);
	free(p->own);
	if (p->home >= 0)
		close(p->home);
	if (p->upper >= 0)
		close(p->upper);
	if (p->work >= 0)
		close(p->work);
}

static inline void parts_done_at(struct parts *p)
{
	parts_done(p);
}

static int cannot(struct err *e, int code)
{
	return err_set(e, code, "cannot put a root file system together");
}

static int add_lower(struct parts *p, int fd, bool own)
{
	p->lowers[p->n_lowers] = fd;
	p->own[p->n_lowers] = own;
	p->n_lowers++;
	return 0;
}

static bool hides_all_below(int layer_fd)
{
	char value[2];

	return fgetxattr(layer_fd, "trusted.overlay.opaque", value, sizeof(value)) == 1 &&
	    value[0] == 'y';
}

/* overlayfs takes no notice of an opaque mark on the root of a layer, so the stack ends there. */
static int add_layers(struct parts *p, const struct snapshot_stack *stack, int userns_fd)
{
	for (size_t i = stack->n_layers; i-- > 0;) {
		int fd = stack->layer_fds[i];

		if (userns_fd >= 0) {
			fd = clone_shifted(fd, userns_fd);
			if (fd < 0)
				return fd;
		}
		add_lower(p, fd, userns_fd >= 0);
		if (i > 0 && hides_all_below(stack->layer_fds[i]))
			break;
	}
	return 0;
}

static int open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int open_home(struct parts *p, const struct snapshot_stack *stack,
    const struct snapshot_attach *how, struct err *e)
{
	p->home = how->userns_fd >= 0 ? clone_shifted(stack->home_fd, how->userns_fd)
	                              : fcntl(stack->home_fd, F_DUPFD_CLOEXEC, 3);
	if (p->home < 0)
		return cannot(e, p->home);
	p->upper = open_dir(p->home, "upper");
	if (p->upper < 0)
		return cannot(e, p->upper);
	/* Read-only, the upper is one more layer to look through: nothing may be made in it. */
	if (how->read_only)
		return add_lower(p, TAKE_FD(p->upper), true);
	p->work = open_dir(p->home, "work");
	return p->work < 0 ? cannot(e, p->work) : 0;
}

static int gather(struct parts *p, const struct snapshot_stack *stack,
    const struct snapshot_attach *how, struct err *e)
{
	int r;

	*p = (struct parts){ .home = -1, .upper = -1, .work = -1 };
	if (stack->n_layers == 0)
		return err_refuse(e, -EINVAL, "cannot put a root together of no layers");
	if (stack->n_layers >= LAYERS_MAX)
		return err_refuse(e, -E2BIG, "cannot put a root together of %zu layers: %d at most",
		    stack->n_layers, LAYERS_MAX - 1);
	p->lowers = calloc(stack->n_layers + 1, sizeof(*p->lowers));
	p->own = calloc(stack->n_layers + 1, sizeof(*p->own));
	if (!p->lowers || !p->own)
		return cannot(e, -ENOMEM);
	r = open_home(p, stack, how, e);
	if (r < 0)
		return r;
	r = add_layers(p, stack, how->userns_fd);
	if (r == -EINVAL && how->userns_fd >= 0)
		return err_refuse(e, -EOPNOTSUPP,
		    "cannot shift ids: the file system of the store or of a layer has no idmapped "
		    "mounts");
	return r < 0 ? cannot(e, r) : 0;
}

/* ---- telling the kernel ---- */

static int add_by_fd(int fs, const struct parts *p)
{
	int r = 0;

	for (size_t i = 0; i < p->n_lowers && r >= 0; i++)
		r = fs_config(fs, FSCONFIG_SET_FD, "lowerdir+", NULL, p->lowers[i]);
	if (r >= 0 && p->upper >= 0)
		r = fs_config(fs, FSCONFIG_SET_FD, "upperdir", NULL, p->upper);
	if (r >= 0 && p->work >= 0)
		r = fs_config(fs, FSCONFIG_SET_FD, "workdir", NULL, p->work);
	return r;
}

static int add_by_name(int fs, const char *key, int fd)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fs_config(fs, FSCONFIG_SET_STRING, key, path, 0);
}

/*
 * One text of at most 255 bytes. Names relative to /proc/self/fd keep it short
 * enough for 60 layers and more; who can have more has a newer kernel.
 */
static int add_by_list(int fs, const struct parts *p, struct err *e)
{
	AUTO_BUF struct buf list = { 0 };
	int r;

	for (size_t i = 0; i < p->n_lowers; i++)
		buf_addf(&list, "%s%d", i ? ":" : "", p->lowers[i]);
	if (buf_error(&list) < 0)
		return buf_error(&list);
	if (list.len > 255)
		return err_refuse(e, -E2BIG,
		    "cannot put a root together of %zu layers: before Linux 6.8 fewer fit",
		    p->n_lowers);
	r = fs_config(fs, FSCONFIG_SET_STRING, "lowerdir", buf_text(&list), 0);
	if (r >= 0 && p->upper >= 0)
		r = add_by_name(fs, "upperdir", p->upper);
	if (r >= 0 && p->work >= 0)
		r = add_by_name(fs, "workdir", p->work);
	return r;
}

static int add_parts(int fs, const struct parts *p, enum overlay_form form, struct err *e)
{
	int r = 0;

	if (form == OVERLAY_BY_FD)
		return add_by_fd(fs, p);
	if (form == OVERLAY_BY_LIST)
		return add_by_list(fs, p, e);
	for (size_t i = 0; i < p->n_lowers && r >= 0; i++)
		r = add_by_name(fs, "lowerdir+", p->lowers[i]);
	if (r >= 0 && p->upper >= 0)
		r = add_by_name(fs, "upperdir", p->upper);
	if (r >= 0 && p->work >= 0)
		r = add_by_name(fs, "workdir", p->work);
	return r;
}

static int add_options(int fs, const struct parts *p, const struct snapshot_attach *how)
{
	int r = fs_config(fs, FSCONFIG_SET_STRING, "source", "dolium", 0);

	if (r < 0 || p->upper < 0)
		return r;
	if (how->is_volatile) {
		r = fs_config(fs, FSCONFIG_SET_FLAG, "volatile", NULL, 0);
		if (r < 0)
			return r;
	}
	/*
	 * Renaming a directory of a layer works, and chown and chmod do not copy its data. Both
	 * write marks that mean something only above these layers; the upper never leaves them.
	 */
	r = fs_config(fs, FSCONFIG_SET_STRING, "redirect_dir", "on", 0);
	if (r >= 0)
		r = fs_config(fs, FSCONFIG_SET_STRING, "metacopy", "on", 0);
	return r;
}

/* ---- making it, as whoever the files on disk belong to ---- */

static int create(int fs)
{
	return fs_config(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

/* Must not fail half-way: a thread that went on with the wrong ids would be a hole. */
static void must(int r)
{
	if (r < 0)
		abort();
}

static int create_as(int fs, uid_t uid, gid_t gid)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct before[2];
	int old_uid, old_gid, r;

	if (syscall(SYS_capget, &header, before) < 0)
		return -errno;
	old_gid = setfsgid(gid);
	old_uid = setfsuid(uid);
	/* Leaving fsuid 0 dropped the capabilities over files from the effective set. */
	must((int)syscall(SYS_capset, &header, before));
	/* setfsuid() reports nothing: ask what it is. */
	if (setfsuid((uid_t)-1) == (int)uid && setfsgid((gid_t)-1) == (int)gid)
		r = create(fs);
	else
		r = -EPERM;

	setfsuid((uid_t)old_uid);
	setfsgid((gid_t)old_gid);
	must((int)syscall(SYS_capset, &header, before));
	must(setfsuid((uid_t)-1) == old_uid && setfsgid((gid_t)-1) == old_gid ? 0 : -1);
	return r;
}

static int create_shifted(int fs, const struct parts *p)
{
	struct stat st;

	/* work/ was made by uid 0, so what it is seen as through the map is the container's root.
	 */
	if (fstatat(p->home, "work", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return create_as(fs, st.st_uid, st.st_gid);
}

static bool was_volatile(int home_fd)
{
	return faccessat(home_fd, "work/work/incompat/volatile", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int report_create(int r, const struct snapshot_stack *stack, struct err *e)
{
	if (was_volatile(stack->home_fd))
		return err_refuse(e, -ESTALE,
		    "this root was made to be thrown away, and cannot be used a second time");
	return cannot(e, r);
}

/* fs_config says -EINVAL to what this kernel does not know. */
static bool is_unknown(int r)
{
	return r == -EINVAL || r == -EBADF;
}

static int mount_parts(const struct parts *p, const struct snapshot_stack *stack,
    const struct snapshot_attach *how, enum overlay_form form, struct err *e)
{
	unsigned attributes = 0;
	AUTO_FD int fs = fs_open("overlay");
	int r;

	if (fs < 0)
		return cannot(e, fs);
	r = add_parts(fs, p, form, e);
	if (r < 0)
		return r == -E2BIG ? r : is_unknown(r) ? FORM_UNKNOWN : cannot(e, r);
	r = add_options(fs, p, how);
	if (r < 0)
		return cannot(e, r);
	r = how->userns_fd >= 0 ? create_shifted(fs, p) : create(fs);
	if (r < 0)
		return report_create(r, stack, e);

	if (how->read_only)
		attributes |= MOUNT_ATTR_RDONLY;
	/* A device node of an image is no way to a device of the host. */
	if (how->userns_fd >= 0)
		attributes |= MOUNT_ATTR_NODEV;
	r = fs_mount(fs, attributes);
	return r < 0 ? cannot(e, r) : r;
}

int overlay_attach_as(const struct snapshot_stack *stack, const struct snapshot_attach *how,
    enum overlay_form form, struct err *e)
{
	__attribute__((cleanup(parts_done_at))) struct parts p;
	AUTO_FD int cwd = -1, fds = -1;
	int r = gather(&p, stack, how, e);

	if (r < 0)
		return r;
	if (form != OVERLAY_BY_LIST)
		return mount_parts(&p, stack, how, form, e);

	cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	fds = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cwd < 0 || fds < 0 || fchdir(fds) < 0)
		return cannot(e, -errno);
	r = mount_parts(&p, stack, how, form, e);
	must(fchdir(cwd));
	return r;
}

/* ---- the driver ---- */

static int overlay_attach(
    const struct snapshot_stack *stack, const struct snapshot_attach *how, struct err *e)
{
	int r = FORM_UNKNOWN;

	for (int form = OVERLAY_BY_FD; form < OVERLAY_FORMS && r == FORM_UNKNOWN; form++)
		r = overlay_attach_as(stack, how, (enum overlay_form)form, e);
	return r == FORM_UNKNOWN ? cannot(e, -EOPNOTSUPP) : r;
}

static int overlay_probe(int store_fd, struct err *e)
{
	AUTO_FD int fs = fs_open("overlay");

	(void)store_fd;
	if (fs == -ENODEV)
		return err_refuse(e, -EOPNOTSUPP, "this kernel has no overlayfs");
	if (fs < 0)
		return err_set(e, fs, "cannot use overlayfs");
	return 0;
}

static unsigned overlay_capabilities(int store_fd)
{
	(void)store_fd;
	return SNAPSHOT_IDMAP_LOWER | SNAPSHOT_IDMAP_UPPER | SNAPSHOT_VOLATILE;
}

/* The root's owner, mode and time are those of the highest layer that says something of them. */
static int root_of(const struct snapshot_stack *stack, struct stat *ret)
{
	char value[2];
	size_t i = stack->n_layers;

	while (i-- > 1) {
		if (fgetxattr(stack->layer_fds[i], UNTAR_IMPLIED_ROOT, value, sizeof(value)) < 0)
			break;
	}
	return i == SIZE_MAX || fstat(stack->layer_fds[i], ret) < 0 ? -errno : 0;
}

static int make_dir(int home_fd, const char *name)
{
	return mkdirat(home_fd, name, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int overlay_prepare(const struct snapshot_stack *stack, struct err *e)
{
	AUTO_FD int upper = -1;
	struct stat st;
	int r;

	if (stack->n_layers == 0)
		return err_refuse(e, -EINVAL, "cannot put a root together of no layers");
	r = make_dir(stack->home_fd, "work");
	if (r >= 0)
		r = make_dir(stack->home_fd, "upper");
	if (r >= 0)
		r = root_of(stack, &st);
	if (r < 0)
		return cannot(e, r);
	upper = open_dir(stack->home_fd, "upper");
	if (upper < 0)
		return cannot(e, upper);
	if (((st.st_uid || st.st_gid) && fchown(upper, st.st_uid, st.st_gid) < 0) ||
	    fchmod(upper, st.st_mode & 07777) < 0)
		return cannot(e, -errno);
	return 0;
}

static int overlay_open(struct store *s, const struct digest *layers, size_t n_layers,
    struct snapshot_layers *ret_layers, struct err *e)
{
	struct snapshot_layers opened = { .fds = calloc(n_layers + 1, sizeof(int)) };

	if (!opened.fds)
		return cannot(e, -ENOMEM);
	while (opened.n < n_layers) {
		int fd = layer_open_tree(s, &layers[opened.n], e);

		if (fd < 0) {
			snapshot_layers_done(&opened);
			return fd;
		}
		opened.fds[opened.n++] = fd;
	}
	*ret_layers = opened;
	return 0;
}

const struct snapshot_driver snapshot_overlay = {
	.name = "overlay",
	.form = SNAPSHOT_OF_TREES,
	.probe = overlay_probe,
	.capabilities = overlay_capabilities,
	.open = overlay_open,
	.prepare = overlay_prepare,
	.attach = overlay_attach,
};
