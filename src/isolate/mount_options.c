/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of a mount
 *
 * One table. A word that is not in it is for the file system (mode=755).
 */
#include "isolate/mount_options.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/err.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#	define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

enum effect {
	EFFECT_NOTHING, /* "defaults" */
	EFFECT_SET, /* a flag of the mount */
	EFFECT_CLEAR,
	EFFECT_SET_BELOW, /* and of what is below */
	EFFECT_CLEAR_BELOW,
	EFFECT_ATIME, /* one of several: the others go */
	EFFECT_ATIME_BELOW,
	EFFECT_PROPAGATION,
	EFFECT_PROPAGATION_BELOW,
	EFFECT_SWITCH, /* a bool, `value` is where */
	EFFECT_DATA, /* the kernel takes it as an option of the file system */
	EFFECT_NO_DATA, /* takes such a one back: the name of it begins at `value` of its own */
	EFFECT_NO_ATIME, /* takes one of several back: the kernel's default is in force */
	EFFECT_NO_ATIME_BELOW,
};

#define AT(field) offsetof(struct mount_options, field)

static const struct word {
	const char *name;
	enum effect effect;
	uint64_t value;
} words[] = {
	{ "async", EFFECT_NO_DATA, sizeof("a") - 1 },
	{ "atime", EFFECT_ATIME, MOUNT_ATTR_RELATIME },
	{ "bind", EFFECT_SWITCH, AT(bind) },
	{ "copy-symlink", EFFECT_SWITCH, AT(copy_symlink) },
	{ "defaults", EFFECT_NOTHING, 0 },
	{ "dest-nofollow", EFFECT_SWITCH, AT(target_nofollow) },
	{ "dev", EFFECT_CLEAR, MOUNT_ATTR_NODEV },
	{ "diratime", EFFECT_CLEAR, MOUNT_ATTR_NODIRATIME },
	{ "dirsync", EFFECT_DATA, 0 },
	{ "exec", EFFECT_CLEAR, MOUNT_ATTR_NOEXEC },
	{ "idmap", EFFECT_SWITCH, AT(idmap) },
	{ "iversion", EFFECT_NOTHING, 0 },
	{ "lazytime", EFFECT_DATA, 0 },
	{ "loud", EFFECT_NOTHING, 0 },
	{ "mand", EFFECT_NOTHING, 0 },
	{ "noatime", EFFECT_ATIME, MOUNT_ATTR_NOATIME },
	{ "nodev", EFFECT_SET, MOUNT_ATTR_NODEV },
	{ "nodiratime", EFFECT_SET, MOUNT_ATTR_NODIRATIME },
	{ "noexec", EFFECT_SET, MOUNT_ATTR_NOEXEC },
	{ "noiversion", EFFECT_NOTHING, 0 },
	{ "nolazytime", EFFECT_NO_DATA, sizeof("no") - 1 },
	{ "nomand", EFFECT_NOTHING, 0 },
	{ "norelatime", EFFECT_NOTHING, 0 },
	{ "nostrictatime", EFFECT_NO_ATIME, MOUNT_ATTR_STRICTATIME },
	{ "nosuid", EFFECT_SET, MOUNT_ATTR_NOSUID },
	{ "nosymfollow", EFFECT_SET, MOUNT_ATTR_NOSYMFOLLOW },
	{ "private", EFFECT_PROPAGATION, MS_PRIVATE },
	{ "ratime", EFFECT_ATIME_BELOW, MOUNT_ATTR_RELATIME },
	{ "rbind", EFFECT_SWITCH, AT(bind_below) },
	{ "rdev", EFFECT_CLEAR_BELOW, MOUNT_ATTR_NODEV },
	{ "rdiratime", EFFECT_CLEAR_BELOW, MOUNT_ATTR_NODIRATIME },
	{ "relatime", EFFECT_ATIME, MOUNT_ATTR_RELATIME },
	{ "remount", EFFECT_SWITCH, AT(remount) },
	{ "rexec", EFFECT_CLEAR_BELOW, MOUNT_ATTR_NOEXEC },
	{ "ridmap", EFFECT_SWITCH, AT(idmap_below) },
	{ "rnoatime", EFFECT_ATIME_BELOW, MOUNT_ATTR_NOATIME },
	{ "rnodev", EFFECT_SET_BELOW, MOUNT_ATTR_NODEV },
	{ "rnodiratime", EFFECT_SET_BELOW, MOUNT_ATTR_NODIRATIME },
	{ "rnoexec", EFFECT_SET_BELOW, MOUNT_ATTR_NOEXEC },
	{ "rnorelatime", EFFECT_NOTHING, 0 },
	{ "rnostrictatime", EFFECT_NO_ATIME_BELOW, MOUNT_ATTR_STRICTATIME },
	{ "rnosuid", EFFECT_SET_BELOW, MOUNT_ATTR_NOSUID },
	{ "rnosymfollow", EFFECT_SET_BELOW, MOUNT_ATTR_NOSYMFOLLOW },
	{ "ro", EFFECT_SET, MOUNT_ATTR_RDONLY },
	{ "rprivate", EFFECT_PROPAGATION_BELOW, MS_PRIVATE },
	{ "rrelatime", EFFECT_ATIME_BELOW, MOUNT_ATTR_RELATIME },
	{ "rro", EFFECT_SET_BELOW, MOUNT_ATTR_RDONLY },
	{ "rrw", EFFECT_CLEAR_BELOW, MOUNT_ATTR_RDONLY },
	{ "rshared", EFFECT_PROPAGATION_BELOW, MS_SHARED },
	{ "rslave", EFFECT_PROPAGATION_BELOW, MS_SLAVE },
	{ "rstrictatime", EFFECT_ATIME_BELOW, MOUNT_ATTR_STRICTATIME },
	{ "rsuid", EFFECT_CLEAR_BELOW, MOUNT_ATTR_NOSUID },
	{ "rsymfollow", EFFECT_CLEAR_BELOW, MOUNT_ATTR_NOSYMFOLLOW },
	{ "runbindable", EFFECT_PROPAGATION_BELOW, MS_UNBINDABLE },
	{ "rw", EFFECT_CLEAR, MOUNT_ATTR_RDONLY },
	{ "shared", EFFECT_PROPAGATION, MS_SHARED },
	{ "silent", EFFECT_NOTHING, 0 },
	{ "slave", EFFECT_PROPAGATION, MS_SLAVE },
	{ "src-nofollow", EFFECT_SWITCH, AT(source_nofollow) },
	{ "strictatime", EFFECT_ATIME, MOUNT_ATTR_STRICTATIME },
	{ "suid", EFFECT_CLEAR, MOUNT_ATTR_NOSUID },
	{ "symfollow", EFFECT_CLEAR, MOUNT_ATTR_NOSYMFOLLOW },
	{ "sync", EFFECT_DATA, 0 },
	{ "tmpcopyup", EFFECT_SWITCH, AT(copy_up) },
	{ "unbindable", EFFECT_PROPAGATION, MS_UNBINDABLE },
};

int mount_options_list(struct strv *names)
{
	int r = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && r >= 0; i++)
		r = strv_add(names, words[i].name);
	return r;
}

static const struct word *find_word(const char *name)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].name, name) == 0)
			return &words[i];
	}
	return NULL;
}

static void forget(struct strv *texts, const char *text)
{
	size_t kept = 0;

	for (size_t i = 0; i < texts->n; i++) {
		if (strcmp(texts->items[i], text) == 0)
			free(texts->items[i]);
		else
			texts->items[kept++] = texts->items[i];
	}
	for (size_t i = kept; i < texts->n; i++)
		texts->items[i] = NULL;
	texts->n = kept;
}

static int apply(struct mount_options *o, const struct word *word, const char *text)
{
	if (!word)
		return strv_add(&o->data, text);

	switch (word->effect) {
	case EFFECT_NOTHING:
		break;
	case EFFECT_SET:
		o->set |= word->value;
		o->clear &= ~word->value;
		break;
	case EFFECT_CLEAR:
		/* A bind keeps those flags of its source of which nothing is said. */
		o->set &= ~word->value;
		o->clear |= word->value;
		break;
	case EFFECT_SET_BELOW:
		o->set_below |= word->value;
		o->clear_below &= ~word->value;
		break;
	case EFFECT_CLEAR_BELOW:
		o->clear_below |= word->value;
		o->set_below &= ~word->value;
		break;
	case EFFECT_ATIME:
		o->clear |= MOUNT_ATTR__ATIME;
		o->set = (o->set & ~(uint64_t)MOUNT_ATTR__ATIME) | word->value;
		break;
	case EFFECT_ATIME_BELOW:
		o->clear_below |= MOUNT_ATTR__ATIME;
		o->set_below = (o->set_below & ~(uint64_t)MOUNT_ATTR__ATIME) | word->value;
		break;
	case EFFECT_PROPAGATION:
		o->propagation = word->value;
		o->propagation_below = false;
		break;
	case EFFECT_PROPAGATION_BELOW:
		o->propagation = word->value;
		o->propagation_below = true;
		break;
	case EFFECT_SWITCH:
		*(bool *)((char *)o + word->value) = true;
		break;
	case EFFECT_DATA:
		return strv_add(&o->data, text);
	case EFFECT_NO_DATA:
		forget(&o->data, text + word->value);
		break;
	case EFFECT_NO_ATIME:
		if ((o->set & MOUNT_ATTR__ATIME) == word->value)
			o->set = (o->set & ~(uint64_t)MOUNT_ATTR__ATIME) | MOUNT_ATTR_RELATIME;
		break;
	case EFFECT_NO_ATIME_BELOW:
		if ((o->set_below & MOUNT_ATTR__ATIME) == word->value)
			o->set_below =
			    (o->set_below & ~(uint64_t)MOUNT_ATTR__ATIME) | MOUNT_ATTR_RELATIME;
		break;
	}
	return 0;
}

int mount_options_read(const struct strv *options, struct mount_options *ret, struct err *e)
{
	struct mount_options o = { 0 };

	strv_for_each (at, options) {
		int r = apply(&o, find_word(*at), *at);

		if (r < 0) {
			mount_options_done(&o);
			return err_set(e, r, "cannot read the options of a mount");
		}
	}
	o.bind |= o.bind_below;
	o.idmap |= o.idmap_below;
	*ret = o;
	return 0;
}

void mount_options_done(struct mount_options *o)
{
	strv_done(&o->data);
	*o = (struct mount_options){ 0 };
}
