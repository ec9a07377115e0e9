/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits
 *
 * A start makes one directory per hierarchy that is worth it, writes what was
 * asked for, and opens what the child joins by. A controller that was asked
 * for must be there; one that would only be nice to have (to count, to kill,
 * to see an out-of-memory kill) is left out where the host has not got it or
 * does not let us.
 */
#include "isolate/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "format/oci_config.h"
#include "isolate/limits_group.h"
#include "isolate/limits_systemd.h"
#include "isolate/limits_values.h"
#include "os/cgroup.h"
#include "os/namespace.h"

/*
 * Joined without being asked for: to kill, to list, to see an out-of-memory kill.
 * Each v1 hierarchy costs a start some 0.1 ms. Who names a cgroup means to look
 * into it, and gets those that count and share out cpu time, too. A v1 freezer
 * is joined when somebody freezes.
 */
#define NICE_TO_HAVE       (CGROUP_BIT(CGROUP_MEMORY) | CGROUP_BIT(CGROUP_PIDS))
#define NICE_TO_HAVE_NAMED (CGROUP_BIT(CGROUP_CPU) | CGROUP_BIT(CGROUP_CPUACCT))
#define ALL_CONTROLLERS    (CGROUP_BIT(CGROUP_N_CONTROLLERS) - 1)

/* ---- the groups ---- */

const struct group *limits_group(const struct limits *l, enum cgroup_controller controller)
{
	for (size_t i = 0; i < l->paths.n; i++)
		if (l->groups[i].controllers & CGROUP_BIT(controller))
			return &l->groups[i];
	return NULL;
}

const struct group *limits_group_v2(const struct limits *l)
{
	for (size_t i = 0; i < l->paths.n; i++)
		if (l->groups[i].v2)
			return &l->groups[i];
	return NULL;
}

const struct group *limits_group_freezer(const struct limits *l)
{
	const struct group *g = limits_group(l, CGROUP_FREEZER);

	return g ? g : limits_group_v2(l);
}

static struct limits *limits_new(void)
{
	struct limits *l = calloc(1, sizeof(*l));

	if (l)
		l->v2_fd = -1;
	return l;
}

struct limits *limits_free(struct limits *l)
{
	if (!l)
		return NULL;
	for (size_t i = 0; i < l->n_join_fds; i++)
		close(l->join_fds[i]);
	if (l->v2_fd >= 0)
		close(l->v2_fd);
	limits_settle(l);
	strv_done(&l->paths);
	free(l->place);
	free(l->unit);
	free(l);
	return NULL;
}

int limits_add_group(
    struct limits *l, const struct cgroup_hierarchy *h, const char *path, struct group **ret_group)
{
	int r;

	if (l->paths.n == CGROUP_HIERARCHIES_MAX)
		return -E2BIG;
	r = strv_add(&l->paths, path);
	if (r < 0)
		return r;
	*ret_group = &l->groups[l->paths.n - 1];
	**ret_group = (struct group){
		.path = l->paths.items[l->paths.n - 1], .controllers = h->controllers, .v2 = h->v2
	};
	return 0;
}

/* A cgroup that was there before must be ours alone: else we would kill what is in it. */
static int check_empty(const char *path, struct err *e)
{
	AUTO_FREE pid_t *pids = NULL;
	size_t n = 0;
	int r = cgroup_pids(path, true, &pids, &n);

	if (r < 0)
		return err_set(e, r, "cannot look into cgroup '%s'", path);
	if (n > 0)
		return err_refuse(
		    e, -EBUSY, "cgroup '%s' has processes already (%d is one)", path, (int)pids[0]);
	if (cgroup_frozen(path) == 1)
		return err_refuse(e, -EBUSY, "cgroup '%s' is frozen", path);
	return 0;
}

/*
 * Makes the container's group in one hierarchy. 1: made, and is in `l`; 0: was
 * not to be had, and `must` did not ask for it.
 */
static int make_group(
    struct limits *l, const struct cgroup_hierarchy *h, const char *place, bool must, struct err *e)
{
	char path[PATH_MAX];
	struct group *group;
	int r, made;

	if (snprintf(path, sizeof(path), "%s%s", h->root, place) >= (int)sizeof(path))
		return err_refuse(e, -ENAMETOOLONG, "the path of the cgroup is too long");
	made = cgroup_make(h, path);
	if (made < 0) {
		if (must)
			return err_set(e, made, "cannot make cgroup '%s'", path);
		log_debug("without cgroup '%s': %s", path, strerror(-made));
		return 0;
	}
	/* A scope was there before, and has its keeper. systemd made sure that it is new. */
	r = made || l->unit ? 0 : check_empty(path, e);
	if (r < 0)
		return r;
	r = limits_add_group(l, h, path, &group);
	if (r < 0)
		return err_set(e, r, "cannot keep the path of cgroup '%s'", path);
	return 1;
}

static int make_v1_groups(struct limits *l, const struct cgroup_layout *layout, const char *place,
    uint32_t must, uint32_t wanted, struct err *e)
{
	int r;

	for (size_t i = 0; i < layout->n; i++) {
		const struct cgroup_hierarchy *h = &layout->items[i];

		if (h->v2 || !(h->controllers & wanted))
			continue;
		r = make_group(l, h, place, h->controllers & must, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Who is born below a frozen cgroup stands still, and so would who waits for him. */
static int check_thawed(const char *path, struct err *e)
{
	uint64_t frozen = 0;

	if (cgroup_read_key(path, "cgroup.events", "frozen", &frozen) < 0 || !frozen)
		return 0;
	return err_refuse(e, -EBUSY, "cgroup '%s' is frozen, or one above it", path);
}

static int make_v2_group(struct limits *l, const struct cgroup_layout *layout, const char *place,
    uint32_t must, uint32_t wanted, bool must_be, struct err *e)
{
	const struct cgroup_hierarchy *h = cgroup_find_v2(layout);
	struct group *group;
	int r;

	if (!h)
		return 0;
	/*
	 * On a hybrid host it often holds nothing that is wanted, and joining is not free. Where
	 * there is no v1 group it is what a container can be killed by.
	 */
	if (!must_be && !(h->controllers & wanted) && l->paths.n)
		return 0;
	r = make_group(l, h, place, must_be || (h->controllers & must), e);
	if (r <= 0)
		return r;
	group = &l->groups[l->paths.n - 1];
	r = check_thawed(group->path, e);
	if (r < 0)
		return r;
	r = cgroup_enable(h, group->path, wanted, &group->controllers);
	if (r < 0)
		return err_set(e, r, "cannot enable the controllers of cgroup '%s'", group->path);
	return 0;
}

/* ---- a start ---- */

int limits_prepare_join(struct limits *l, struct err *e)
{
	for (size_t i = 0; i < l->paths.n; i++) {
		const struct group *g = &l->groups[i];
		int fd;

		fd = g->v2 ? open(g->path, O_PATH | O_DIRECTORY | O_CLOEXEC)
		           : cgroup_open(g->path, "tasks");
		if (fd < 0)
			return err_set(e, g->v2 ? -errno : fd, "cannot open cgroup '%s'", g->path);
		if (g->v2)
			l->v2_fd = fd;
		else
			l->join_fds[l->n_join_fds++] = fd;
	}
	return 0;
}

/* Without root no device node can be made, and no rule for devices written. */
static bool wants_devices(const struct oci_resources *resources)
{
	return resources && resources->n_devices > 0 && geteuid() == 0 && namespace_user_is_first();
}

static uint32_t missing_of(const struct limits *l, uint32_t must)
{
	for (size_t i = 0; i < l->paths.n; i++)
		must &= ~l->groups[i].controllers;
	return must;
}

/*
 * Of v1, systemd looks at one that has no controller: who is not in there is in no scope for it. Of
 * a hybrid host, systemd may look at the v2 one instead: there the scope is then, too.
 */
static int make_scope_groups(struct limits *l, struct err *e)
{
	static const struct cgroup_hierarchy by_name = { .root = "/sys/fs/cgroup/systemd" };
	static const struct cgroup_hierarchy unified = { .root = "/sys/fs/cgroup/unified",
		.v2 = true };
	char path[PATH_MAX];
	struct err ignored = { 0 };
	int r = 0;

	if (!l->unit || cgroup_version("/sys/fs/cgroup") == 2)
		return 0;
	if (cgroup_version(by_name.root) == 1)
		r = make_group(l, &by_name, l->place, true, e);
	if (r < 0 || limits_group_v2(l))
		return r;
	snprintf(path, sizeof(path), "%s%s", unified.root, l->place);
	if (cgroup_version(path) != 2)
		return 0;
	r = make_group(l, &unified, l->place, false, &ignored);
	return r < 0 ? err_set(e, r, "cannot keep the path of cgroup '%s'", path) : 0;
}

static int make_groups(
    struct limits *l, bool named, const struct oci_resources *resources, struct err *e)
{
	const uint32_t must = limits_asked(resources), unified = limits_asked_unified(resources);
	const uint32_t devices = wants_devices(resources) ? CGROUP_BIT(CGROUP_DEVICES) : 0;
	const uint32_t wanted =
	    must | unified | devices | NICE_TO_HAVE | (named ? NICE_TO_HAVE_NAMED : 0);
	struct cgroup_layout layout;
	uint32_t missing;
	bool need_v2;
	int r;

	r = cgroup_probe(
	    wanted | (resources && resources->unified.n ? ALL_CONTROLLERS : 0), &layout);
	if (r < 0)
		return err_set(e, r, "cannot find out which cgroups this host has");
	r = make_v1_groups(l, &layout, l->place, must | devices, wanted, e);
	if (r < 0)
		return r;
	need_v2 = (resources && resources->unified.n) ||
	    (devices && !cgroup_find(&layout, CGROUP_DEVICES));
	r = make_v2_group(l, &layout, l->place, must | unified, wanted, need_v2, e);
	if (r >= 0)
		r = make_scope_groups(l, e);
	if (r < 0)
		return r;
	/* Devices and the unified map are not looked for here: they say what they miss. */
	missing = missing_of(l, must);
	return missing ? limits_refuse_missing(missing, e) : 0;
}

/* The container's place is known. */
static int fill(struct limits *l, bool named, const struct oci_resources *resources, struct err *e)
{
	int r = make_groups(l, named, resources, e);

	if (r >= 0 && resources)
		r = limits_put(l, resources, e);
	if (r >= 0 && wants_devices(resources))
		r = limits_put_devices(l, resources, e);
	if (r >= 0)
		r = limits_prepare_join(l, e);
	return r;
}

int limits_create(const char *cgroups_path, const char *id, const struct oci_resources *resources,
    struct limits **ret_limits, struct err *e)
{
	AUTO(limits_free) struct limits *l = limits_new();
	int r;

	if (!l)
		return err_set(e, -ENOMEM, "cannot limit container '%s'", id);
	r = limits_place(cgroups_path, id, &l->place, e);
	if (r >= 0)
		r = fill(l, cgroups_path && *cgroups_path, resources, e);
	if (r < 0) {
		for (size_t i = 0; i < l->paths.n; i++)
			cgroup_remove(l->paths.items[i]);
		return r;
	}
	*ret_limits = TAKE(l);
	return 0;
}

int limits_create_scope(const struct limits_scope *scope, const struct oci_resources *resources,
    struct limits **ret_limits, struct err *e)
{
	AUTO(limits_free) struct limits *l = limits_new();
	struct err ignored = { 0 };
	int r;

	if (!l)
		return err_set(e, -ENOMEM, "cannot limit container '%s'", scope->id);
	r = limits_adopt_unit(l, scope->unit, scope->user);
	if (r < 0)
		return err_set(e, r, "cannot limit container '%s'", scope->id);
	r = limits_scope_start(scope, resources, &l->keeper, &l->place, e);
	if (r < 0)
		return r;
	r = fill(l, true, resources, e);
	if (r < 0) {
		(void)limits_remove(l, &ignored);
		return r;
	}
	*ret_limits = TAKE(l);
	return 0;
}

void limits_settle(struct limits *l)
{
	limits_scope_end_keeper(l->keeper);
	l->keeper = 0;
}

int limits_adopt_unit(struct limits *l, const char *unit, bool user)
{
	l->unit = strdup(unit);
	l->user = user;
	return l->unit ? 0 : -ENOMEM;
}

/* Never the root itself: everything that runs on the host is in there. */
static bool is_below(const char *path, const char *root)
{
	const size_t len = strlen(root);

	return strncmp(path, root, len) == 0 && path[len] == '/' && path[len + 1] &&
	    path[len + 1] != '/' && !strstr(path, "/..");
}

/* The freezer is not in the state: it was joined later, or never. */
int limits_open_freezer(struct limits *l, const struct cgroup_layout *layout)
{
	const struct cgroup_hierarchy *h = cgroup_find(layout, CGROUP_FREEZER);
	struct group *group;
	char path[PATH_MAX];

	if (!h || h->v2 || !l->place || limits_group_freezer(l) ||
	    snprintf(path, sizeof(path), "%s%s", h->root, l->place) >= (int)sizeof(path) ||
	    cgroup_version(path) != 1)
		return 0;
	return limits_add_group(l, h, path, &group);
}

static const struct cgroup_hierarchy *hierarchy_of(
    const struct cgroup_layout *layout, const char *path)
{
	for (size_t i = 0; i < layout->n; i++)
		if (is_below(path, layout->items[i].root))
			return &layout->items[i];
	return NULL;
}

/* A path that is on no cgroup file system is not ours, whatever a state file says. */
static int open_group(struct limits *l, const struct cgroup_layout *layout, const char *path)
{
	const struct cgroup_hierarchy *h = hierarchy_of(layout, path);
	struct group *group;
	int r;

	if (!h)
		return 0;
	/* Also of one that is gone: the freezer beside it may still be there. */
	if (!l->place) {
		l->place = strdup(path + strlen(h->root));
		if (!l->place)
			return -ENOMEM;
	}
	r = cgroup_version(path);
	if (r < 0)
		return r == -ENOENT || r == -ENOTSUP ? 0 : r;
	r = limits_add_group(l, h, path, &group);
	if (r < 0 || !h->v2)
		return r;
	return cgroup_usable(path, &group->controllers);
}

int limits_open(const struct strv *paths, struct limits **ret_limits, struct err *e)
{
	AUTO(limits_free) struct limits *l = limits_new();
	struct cgroup_layout layout;
	int r;

	if (!l)
		return err_set(e, -ENOMEM, "cannot open the cgroups of a container");
	r = cgroup_probe(ALL_CONTROLLERS, &layout);
	if (r < 0)
		return err_set(e, r, "cannot find out which cgroups this host has");
	for (size_t i = 0; i < paths->n; i++) {
		r = open_group(l, &layout, paths->items[i]);
		if (r < 0)
			return err_set(e, r, "cannot open cgroup '%s'", paths->items[i]);
	}
	r = limits_open_freezer(l, &layout);
	if (r < 0)
		return err_set(e, r, "cannot open the freezer of a container");
	*ret_limits = TAKE(l);
	return 0;
}

static int open_tasks(struct limits *l, const char *path)
{
	struct cgroup_hierarchy h = { 0 };
	struct group *group;
	int fd = cgroup_open(path, "tasks");

	/* Only v1 has that file. */
	h.v2 = fd == -ENOENT;
	if (h.v2)
		fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return h.v2 ? -errno : fd;
	if (h.v2)
		l->v2_fd = fd;
	else
		l->join_fds[l->n_join_fds++] = fd;
	return limits_add_group(l, &h, path, &group);
}

int limits_open_to_join(const struct strv *paths, struct limits **ret_limits, struct err *e)
{
	AUTO(limits_free) struct limits *l = limits_new();
	int r;

	if (!l)
		return err_set(e, -ENOMEM, "cannot open the cgroups of a container");
	/* One that is gone is an error here: the process would have no limits. */
	for (size_t i = 0; i < paths->n; i++) {
		r = l->n_join_fds < CGROUP_HIERARCHIES_MAX ? open_tasks(l, paths->items[i])
		                                           : -E2BIG;
		if (r < 0)
			return err_set(e, r, "cannot open cgroup '%s'", paths->items[i]);
	}
	*ret_limits = TAKE(l);
	return 0;
}

const struct strv *limits_paths(const struct limits *l)
{
	return &l->paths;
}

int limits_clone_fd(const struct limits *l)
{
	return l->v2_fd;
}

const int *limits_join_fds(const struct limits *l, size_t *ret_n)
{
	*ret_n = l->n_join_fds;
	return l->join_fds;
}

int limits_join(const struct limits *l, bool v2)
{
	for (size_t i = 0; i < l->n_join_fds; i++)
		if (write(l->join_fds[i], "0", 1) != 1)
			return -errno;
	if (v2 && l->v2_fd >= 0) {
		AUTO_FD int fd = openat(l->v2_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);

		if (fd < 0 || write(fd, "0", 1) != 1)
			return -errno;
	}
	return 0;
}

static bool leads_out(const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && memcmp(path, "..", 2) == 0)
			return true;
		path += len + (path[len] == '/');
	}
	return false;
}

static int descend(struct limits *l, size_t i, const char *path, struct err *e)
{
	char *below = NULL;
	int r;

	if (asprintf(&below, "%s/%s", l->paths.items[i], path + strspn(path, "/")) < 0)
		return err_set(e, -ENOMEM, "cannot find the cgroup '%s'", path);
	r = cgroup_version(below);
	if (r < 0) {
		err_set(e, r, "cannot find the cgroup '%s'", below);
		free(below);
		return r;
	}
	free(l->paths.items[i]);
	l->paths.items[i] = below;
	l->groups[i].path = below;
	return 0;
}

int limits_descend(struct limits *l, const char *controller, const char *path, struct err *e)
{
	enum cgroup_controller wanted = controller
	    ? cgroup_controller_find(controller, strlen(controller))
	    : CGROUP_N_CONTROLLERS;
	size_t n = 0;
	int r;

	if (leads_out(path))
		return err_refuse(e, -EINVAL, "the cgroup '%s' is not below the container's", path);
	if (controller && wanted == CGROUP_N_CONTROLLERS)
		return err_refuse(e, -EINVAL, "no such cgroup controller: '%s'", controller);
	for (size_t i = 0; i < l->paths.n; i++) {
		if (controller && !(l->groups[i].controllers & CGROUP_BIT(wanted)))
			continue;
		r = descend(l, i, path, e);
		if (r < 0)
			return r;
		n++;
	}
	return n ? 0 : err_refuse(e, -ENOENT, "the container has no such cgroup: '%s'", path);
}

/* The hierarchies that have what is missing; -EOPNOTSUPP: there are none. */
static int find_missing(uint32_t missing, struct cgroup_layout *ret_layout, struct err *e)
{
	uint32_t rest = missing;
	int r;

	r = cgroup_probe(missing, ret_layout);
	if (r < 0)
		return err_set(e, r, "cannot find out which cgroups this host has");
	for (size_t i = 0; i < ret_layout->n; i++)
		rest &= ~ret_layout->items[i].controllers;
	return rest ? limits_refuse_missing(rest, e) : 0;
}

int limits_update_needs(const struct limits *l, const struct oci_resources *resources,
    struct strv *paths, struct err *e)
{
	const uint32_t missing = missing_of(l, limits_asked(resources));
	struct cgroup_layout layout;
	int r;

	if (!missing)
		return 0;
	if (!l->place)
		return err_refuse(e, -EOPNOTSUPP, "the container has no cgroups to change");
	r = find_missing(missing, &layout, e);
	for (size_t i = 0; r >= 0 && i < layout.n; i++) {
		const struct cgroup_hierarchy *h = &layout.items[i];

		if ((h->controllers & missing) && !(h->v2 && limits_group_v2(l)))
			r = strv_addf(paths, "%s%s", h->root, l->place);
	}
	return r == -ENOMEM ? err_set(e, r, "cannot note the cgroups of the container") : r;
}

static int join_missing(struct limits *l, uint32_t missing, struct err *e)
{
	struct cgroup_layout layout;
	int r;

	r = find_missing(missing, &layout, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < layout.n; i++) {
		if (!(layout.items[i].controllers & missing))
			continue;
		r = limits_join_hierarchy(l, &layout.items[i]);
		if (r < 0)
			return err_set(e, r, "cannot put the container into a cgroup below '%s'",
			    layout.items[i].root);
	}
	missing = missing_of(l, missing);
	return missing ? limits_refuse_missing(missing, e) : 0;
}

int limits_update(struct limits *l, const struct oci_resources *resources, struct err *e)
{
	const uint32_t missing = missing_of(l, limits_asked(resources));
	int r = missing ? join_missing(l, missing, e) : 0;

	/* systemd first: what it is told it writes, and in its own steps. */
	if (r >= 0 && l->unit)
		r = limits_unit_update(l->unit, l->user, resources, e);
	return r < 0 ? r : limits_put(l, resources, e);
}

bool limits_oom_killed(const struct limits *l)
{
	const struct group *g = limits_group(l, CGROUP_MEMORY);
	uint64_t killed = 0;

	if (!g)
		return false;
	if (cgroup_read_key(
	        g->path, g->v2 ? "memory.events" : "memory.oom_control", "oom_kill", &killed) < 0)
		return false;
	return killed > 0;
}

int limits_mend(struct limits *l, struct err *e)
{
	struct cgroup_layout layout;
	int r;

	if (l->paths.n < 2)
		return 0;
	r = cgroup_probe(ALL_CONTROLLERS, &layout);
	for (size_t i = 1; r >= 0 && i < l->paths.n; i++) {
		const struct cgroup_hierarchy *h = hierarchy_of(&layout, l->paths.items[i]);

		r = h ? cgroup_make(h, l->paths.items[i]) : 0;
		if (r >= 0)
			r = limits_fill_group(l, &l->groups[i]);
	}
	return r < 0 ? err_set(e, r, "cannot put all of the container into its cgroups") : 0;
}
