/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock: a process takes the file system away from itself
 *
 * Numbers newer than the headers of Debian 12 are written out here, with the
 * version of Landlock that brought them. What the kernel does not know yet must
 * not be asked for, so each word is cut down to its version first.
 */
#include "os/landlock.h"

#include <errno.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"

#define FS_READ    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_REFER   (1ULL << 13) /* version 2 */
#define FS_TRUNC   (1ULL << 14) /* version 3 */
#define FS_IOCTL   (1ULL << 15) /* version 5 */
#define FS_DEVICES (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)
#define FS_WRITE                                                           \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |   \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | \
	    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |   \
	    LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM | FS_REFER | FS_TRUNC)
#define FS_ALL (FS_READ | FS_WRITE | FS_DEVICES | LANDLOCK_ACCESS_FS_EXECUTE | FS_IOCTL)
/* What a rule on a file, not a directory, may hold. */
#define FS_OF_A_FILE                                                    \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	    LANDLOCK_ACCESS_FS_EXECUTE | FS_TRUNC | FS_IOCTL)

#define NET_BIND    (1ULL << 0) /* version 4 */
#define NET_CONNECT (1ULL << 1)
#define SCOPE_ALL   ((1ULL << 0) | (1ULL << 1)) /* abstract sockets, signals: version 6 */

/* The kernel's struct landlock_ruleset_attr as of version 6. */
struct ruleset {
	uint64_t fs, net, scoped;
};

/* The version of Landlock in this kernel; 0: it has none, or it is switched off. */
static int landlock_version(void)
{
	long r =
	    syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);

	return r < 0 ? 0 : (int)r;
}

static uint64_t known_fs(int version)
{
	uint64_t all = FS_ALL;

	if (version < 2)
		all &= ~FS_REFER;
	if (version < 3)
		all &= ~FS_TRUNC;
	if (version < 5)
		all &= ~FS_IOCTL;
	return all;
}

static uint64_t fs_rights(unsigned rights)
{
	uint64_t bits = 0;

	if (rights & LANDLOCK_READ)
		bits |= FS_READ;
	if (rights & LANDLOCK_WRITE)
		bits |= FS_WRITE;
	if (rights & LANDLOCK_DEVICES)
		bits |= FS_DEVICES;
	if (rights & LANDLOCK_EXECUTE)
		bits |= LANDLOCK_ACCESS_FS_EXECUTE;
	return bits;
}

static int add_rule(int ruleset_fd, const struct landlock_rule *rule, uint64_t known)
{
	struct landlock_path_beneath_attr beneath = { .parent_fd = rule->fd };
	struct stat st;

	if (fstat(rule->fd, &st) < 0)
		return -errno;
	beneath.allowed_access = fs_rights(rule->rights) & known;
	if (!S_ISDIR(st.st_mode))
		beneath.allowed_access &= FS_OF_A_FILE;
	if (!beneath.allowed_access)
		return 0;
	if (syscall(SYS_landlock_add_rule, ruleset_fd, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) < 0)
		return -errno;
	return 0;
}

int landlock_confine(const struct landlock_rule *rules, size_t n_rules, enum landlock_net net)
{
	AUTO_FD int ruleset_fd = -1;
	struct ruleset ruleset = { 0 };
	size_t size = sizeof(ruleset.fs);
	int version = landlock_version();

	if (version == 0)
		return -EOPNOTSUPP;

	ruleset.fs = known_fs(version);
	if (version >= 4) {
		size = offsetof(struct ruleset, scoped);
		if (net == LANDLOCK_NET_NONE)
			ruleset.net = NET_BIND | NET_CONNECT;
		else if (net == LANDLOCK_NET_CONNECT)
			ruleset.net = NET_BIND;
	}
	if (version >= 6) {
		size = sizeof(ruleset);
		ruleset.scoped = SCOPE_ALL;
	}

	ruleset_fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, size, 0);
	if (ruleset_fd < 0)
		return -errno;
	for (size_t i = 0; i < n_rules; i++) {
		int r = add_rule(ruleset_fd, &rules[i], ruleset.fs);

		if (r < 0)
			return r;
	}
	return syscall(SYS_landlock_restrict_self, ruleset_fd, 0) < 0 ? -errno : 0;
}
