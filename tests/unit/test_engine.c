/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the engine that need no store: names, times, filters, records,
 * checks of options, and specifications
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "engine/create.h"
#include "engine/filter.h"
#include "engine/idrange.h"
#include "engine/naming.h"
#include "engine/record.h"
#include "engine/seccomp_profile.h"
#include "engine/spec.h"
#include "engine/times.h"
#include "engine/ulimit.h"

#include "test.h"

/* ---- names ---- */

TEST(ids_are_64_hex_digits_and_differ)
{
	char a[65], b[65];

	CHECK_INT(naming_id(a), 0);
	CHECK_INT(naming_id(b), 0);
	CHECK_INT(strlen(a), 64);
	CHECK_INT(strspn(a, "0123456789abcdef"), 64);
	CHECK(strcmp(a, b) != 0);
}

TEST(given_names_are_two_words_and_later_attempts_add_a_number)
{
	char name[NAMING_NAME_MAX], later[NAMING_NAME_MAX];

	for (uint32_t seed = 0; seed < 100000; seed += 7) {
		naming_random(seed, 0, name);
		CHECK(naming_is_name(name));
		CHECK(strchr(name, '_'));
	}
	naming_random(0xabcdef12, 0, name);
	naming_random(0xabcdef12, 2, later);
	CHECK_INT(strncmp(name, later, strlen(name)), 0);
	CHECK(strlen(later) > strlen(name));
}

TEST(names_are_words_and_never_paths)
{
	static const char *const good[] = { "ab", "a1", "A_b.c-d", "0x" };
	static const char *const bad[] = { "", "a", "-ab", ".ab", "_ab", "..", "a/b", "a b", "a\nb",
		"\xc3\xa4x" };
	char longest[NAMING_NAME_MAX + 1];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK(naming_is_name(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!naming_is_name(bad[i]));
	memset(longest, 'a', sizeof(longest) - 1);
	longest[NAMING_NAME_MAX] = '\0';
	CHECK(!naming_is_name(longest));
	longest[NAMING_NAME_MAX - 1] = '\0';
	CHECK(naming_is_name(longest));
}

/* ---- times ---- */

TEST(spans_are_as_docker_says_them)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = { { 0, "Less than a second" }, { 1, "1 second" }, { 59, "59 seconds" },
		{ 60, "About a minute" }, { 119, "About a minute" }, { 120, "2 minutes" },
		{ 3599, "59 minutes" }, { 3600, "About an hour" }, { 7200, "2 hours" },
		{ 47 * 3600, "47 hours" }, { 48 * 3600, "2 days" }, { 13 * 86400, "13 days" },
		{ 14 * 86400, "2 weeks" }, { 59 * 86400, "8 weeks" }, { 60 * 86400, "2 months" },
		{ 3 * 365 * 86400, "3 years" } };
	char text[TIMES_TEXT_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		times_format_span(cases[i].seconds * TIMES_SECOND, text);
		CHECK_STR(text, cases[i].text);
	}
}

TEST(times_are_read_and_written)
{
	char text[TIMES_TEXT_MAX];

	times_format(0, text);
	CHECK_STR(text, "0001-01-01T00:00:00Z");
	times_format(1795460827 * TIMES_SECOND + 5, text);
	CHECK_STR(text, "2026-11-23T19:07:07.000000005Z");
	CHECK_INT(times_parse(text), 1795460827 * TIMES_SECOND + 5);
	CHECK_INT(times_parse("2026-11-23T20:07:07+01:00"), 1795460827 * TIMES_SECOND);
	CHECK_INT(
	    times_parse("2026-11-23T19:07:07.5Z"), 1795460827 * TIMES_SECOND + TIMES_SECOND / 2);
	CHECK_INT(times_parse("yesterday"), 0);
	CHECK_INT(times_parse(NULL), 0);
}

/* ---- filters ---- */

TEST(filters_of_one_key_are_or_and_labels_are_and)
{
	const char *const filters[] = { "name=ab", "name=xy", "label=k", "label=j=v", NULL };
	struct strmap labels = { 0 };

	CHECK(filter_any(filters, "name", filter_contains, "cabd"));
	CHECK(filter_any(filters, "name", filter_contains, "xyz"));
	CHECK(!filter_any(filters, "name", filter_contains, "q"));
	CHECK(filter_any(filters, "id", filter_begins, "anything"));
	CHECK(!filter_labels(filters, &labels));
	strmap_set(&labels, "k", "1");
	CHECK(!filter_labels(filters, &labels));
	strmap_set(&labels, "j", "w");
	CHECK(!filter_labels(filters, &labels));
	strmap_set(&labels, "j", "v");
	CHECK(filter_labels(filters, &labels));
	strmap_done(&labels);
}

TEST(an_unknown_filter_is_refused_with_the_known_ones)
{
	const char *const filters[] = { "nmae=x", NULL }, *const known[] = { "name", "id", NULL };
	struct err e = { 0 };

	CHECK_INT(filter_check(filters, known, &e), -EINVAL);
	CHECK_STR(
	    e.text, "invalid filter 'nmae=x': it needs to be KEY=VALUE, with one of: name, id");
}

/* ---- id ranges ---- */

TEST(a_kept_id_is_cut_out_of_the_range)
{
	struct idrange_map map;
	char text[128];

	idrange_map_keep(&map, 1000000, 1000);
	idrange_map_text(&map, text, sizeof(text));
	CHECK_STR(text, "0 1000000 1000\n1000 1000 1\n1001 1001001 64535\n");
	idrange_map_keep(&map, 1000000, 70000);
	idrange_map_text(&map, text, sizeof(text));
	CHECK_STR(text, "0 1000000 65536\n70000 70000 1\n");
	idrange_map_plain(&map, 1000000);
	idrange_map_text(&map, text, sizeof(text));
	CHECK_STR(text, "0 1000000 65536\n");
}

/* ---- options ---- */

static struct dolium_create_options plain(void)
{
	struct dolium_create_options o = DOLIUM_OPTIONS(struct dolium_create_options);

	o.image = "busybox";
	return o;
}

TEST(options_are_refused_with_what_is_wrong_and_what_would_be_right)
{
	struct dolium_create_options o = plain();
	struct err e = { 0 };

	CHECK_INT(create_check(&o, &e), 0);
	o.workdir = "relative";
	CHECK_INT(create_check(&o, &e), -EINVAL);
	CHECK_STR(e.text, "invalid working directory 'relative': it needs to be an absolute path");
	o = plain();
	o.memory = 1 << 20;
	CHECK_INT(create_check(&o, &e), -EINVAL);
	CHECK_STR(e.text, "the smallest memory limit is 6 MB");
	o = plain();
	o.isolation = DOLIUM_VM;
	CHECK_INT(create_check(&o, &e), -EOPNOTSUPP);
	CHECK_STR(e.text, "the isolation 'vm' comes with a later version of dolium");
	o.size = 8;
	CHECK_INT(create_check(&o, &e), -EINVAL);
}

TEST(sysctls_of_the_machine_are_refused)
{
	static const char *const bad[] = { "kernel.core_pattern=x", "vm.swappiness=1", "net", "=1",
		"net.ipv4/../x=1", "net.ipv4.x=1\n2", "fs.file-max=1" };
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *const list[] = { bad[i], NULL };
		struct dolium_create_options o = plain();

		o.sysctls = list;
		CHECK_INT(create_check(&o, &e), -EINVAL);
	}
}

TEST(paths_are_made_plain_and_never_climb)
{
	AUTO_FREE char *a = create_clean_path("/a//b/./c/"), *root = create_clean_path("//");

	CHECK_STR(a, "/a/b/c");
	CHECK_STR(root, "/");
	CHECK(!create_clean_path("a/b"));
	CHECK(!create_clean_path("/a/../b"));
	CHECK(!create_clean_path(NULL));
}

TEST(limits_have_the_names_of_ulimit)
{
	AUTO_FREE char *type = ulimit_type("nofile");

	CHECK(ulimit_is_name("nofile"));
	CHECK(!ulimit_is_name("NOFILE"));
	CHECK(!ulimit_is_name("files"));
	CHECK_STR(type, "RLIMIT_NOFILE");
}

/* ---- records and specifications ---- */

static struct record *make_record(const struct dolium_create_options *o)
{
	struct record *record = record_new();
	struct err e = { 0 };
	char id[65];

	CHECK_INT(naming_id(id), 0);
	record->id = strdup(id);
	record->image_id = strdup("sha256:00");
	CHECK_INT(strv_add(&record->command, "/bin/sh"), 0);
	CHECK_INT(create_check(o, &e), 0);
	CHECK_INT(create_fill(o, record, &e), 0);
	if (!record->name)
		record->name = strdup("a_name");
	return record;
}

TEST(a_record_is_read_as_it_was_written)
{
	const struct dolium_mount mounts[] = {
		{ .type = DOLIUM_MOUNT_BIND, .source = "/a", .target = "/b", .read_only = true }
	};
	const struct dolium_ulimit ulimits[] = { { "nofile", 10, -1 } };
	const char *const labels[] = { "k=v", "flag", NULL };
	struct dolium_create_options o = plain();
	AUTO(record_free) struct record *a = NULL, *b = NULL;
	AUTO_BUF struct buf first = { 0 }, second = { 0 };
	struct err e = { 0 };

	o.mounts = mounts;
	o.n_mounts = 1;
	o.ulimits = ulimits;
	o.n_ulimits = 1;
	o.labels = labels;
	o.memory = 64 << 20;
	o.memory_swap = -1;
	o.auto_remove = true;
	a = make_record(&o);
	record_write(a, &first);
	CHECK_INT(record_parse(buf_text(&first), first.len, "record", &b, &e), 0);
	record_write(b, &second);
	CHECK_STR(buf_text(&first), buf_text(&second));
	CHECK(b->auto_remove && b->mounts[0].read_only);
	CHECK_INT(b->memory_swap, -1);
	CHECK_INT(b->ulimits[0].hard, -1);
	CHECK_STR(strmap_get(&b->labels, "flag"), "");
}

TEST(a_record_of_another_version_or_damaged_is_refused)
{
	AUTO(record_free) struct record *record = NULL;
	struct err e = { 0 };
	const char *const bad[] = { "", "[]", "{}", "{\"format\":1,\"id\":\"x\",\"name\":\"y\"}",
		"{\"format\":2,\"id\":\"x\",\"name\":\"y\"}" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(record_parse(bad[i], strlen(bad[i]), "record", &record, &e), -EBADMSG);
	CHECK(strstr(e.text, "another version"));
}

/* An empty root, so that users are numbers. */
static int empty_root(void)
{
	char path[] = "/tmp/test_engine.XXXXXX";
	int fd;

	CHECK(mkdtemp(path));
	fd = open(path, O_RDONLY | O_DIRECTORY);
	CHECK(fd >= 0);
	CHECK_INT(rmdir(path), 0);
	return fd;
}

static struct oci_config *make_spec(const struct dolium_create_options *o)
{
	AUTO(record_free) struct record *record = make_record(o);
	AUTO_FD int root_fd = empty_root();
	struct spec_input in = { .record = record,
		.root_fd = root_fd,
		.userns_fd = -1,
		.dir = "/c",
		.store = "/s",
		.volumes = "/s/volumes",
		.init = "/libexec/dolium-init" };
	struct oci_config *config = NULL;
	struct err e = { 0 };
	int r;

	if (spec_has_userns(record)) {
		idrange_map_plain(&in.uids, 1000000);
		idrange_map_plain(&in.gids, 1000000);
	}
	r = spec_make(&in, &config, &e);
	if (r < 0)
		printf("# %s\n", e.text);
	CHECK_INT(r, 0);
	return config;
}

static const struct oci_mount *find_mount(const struct oci_config *c, const char *target)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (strcmp(c->mounts[i].destination, target) == 0)
			return &c->mounts[i];
	return NULL;
}

static bool has_namespace(const struct oci_config *c, const char *type)
{
	for (size_t i = 0; i < c->linux_->n_namespaces; i++)
		if (strcmp(c->linux_->namespaces[i].type, type) == 0)
			return true;
	return false;
}

TEST(the_default_specification_has_all_walls)
{
	static const char *const kinds[] = { "user", "pid", "mount", "network", "ipc", "uts",
		"cgroup" };
	struct dolium_create_options o = plain();
	AUTO(oci_config_free) struct oci_config *c = make_spec(&o);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		CHECK(has_namespace(c, kinds[i]));
	CHECK_INT(c->linux_->uid_mappings[0].host_id, 1000000);
	CHECK(strv_has(&c->linux_->masked_paths, "/proc/kcore"));
	CHECK(strv_has(&c->linux_->readonly_paths, "/proc/sys"));
	CHECK(c->linux_->seccomp &&
	    strcmp(c->linux_->seccomp->default_action, "SCMP_ACT_ALLOW") != 0);
	CHECK_INT(c->process->capabilities->bounding.n, 14);
	CHECK_INT(c->process->capabilities->inheritable.n, 0);
	CHECK_INT(c->process->capabilities->ambient.n, 0);
	CHECK(strv_has(&find_mount(c, "/sys")->options, "ro"));
	CHECK(strv_has(&find_mount(c, "/sys/fs/cgroup")->options, "ro"));
	CHECK_STR(find_mount(c, "/etc/hosts")->source, "/c/hosts");
	CHECK_INT(find_mount(c, "/etc/hosts")->n_uid_mappings, 1);
	CHECK(!c->linux_->resources->devices[0].allow);
	CHECK_STR(strv_env_get(&c->process->env, "HOME"), "/");
	CHECK_STR(c->process->cwd, "/");
}

TEST(a_user_that_is_not_root_has_no_effective_capability)
{
	struct dolium_create_options o = plain();
	AUTO(oci_config_free) struct oci_config *c = NULL;

	o.user = "1000:50";
	c = make_spec(&o);
	CHECK_INT(c->process->user.uid, 1000);
	CHECK_INT(c->process->user.gid, 50);
	CHECK_INT(c->process->capabilities->effective.n, 0);
	CHECK_INT(c->process->capabilities->bounding.n, 14);
}

TEST(limits_are_the_specifications)
{
	struct dolium_create_options o = plain();
	AUTO(oci_config_free) struct oci_config *c = NULL;

	o.memory = 100 << 20;
	o.memory_swap = 150 << 20;
	o.nano_cpus = 1500000000;
	o.pids_limit = 20;
	o.cpuset_cpus = "0";
	o.cgroup_parent = "/dolium/mine";
	c = make_spec(&o);
	CHECK_INT(c->linux_->resources->memory->limit, 100 << 20);
	CHECK_INT(c->linux_->resources->memory->swap, 150 << 20);
	CHECK_INT(c->linux_->resources->cpu->period, 100000);
	CHECK_INT(c->linux_->resources->cpu->quota, 150000);
	CHECK_INT(c->linux_->resources->pids_limit, 20);
	CHECK_STR(c->linux_->resources->cpu->cpus, "0");
	CHECK_INT(strncmp(c->linux_->cgroups_path, "/dolium/mine/", 13), 0);
}

TEST(chroot_changes_the_file_tree_and_trims_the_rest)
{
	struct dolium_create_options o = plain();
	AUTO(oci_config_free) struct oci_config *c = NULL;

	o.isolation = DOLIUM_CHROOT;
	c = make_spec(&o);
	CHECK_INT(c->linux_->n_namespaces, 1);
	CHECK(has_namespace(c, "mount"));
	CHECK_INT(c->linux_->n_uid_mappings, 0);
	CHECK(c->linux_->seccomp);
	CHECK_INT(c->process->capabilities->bounding.n, 8);
	CHECK(!strv_has(&c->process->capabilities->bounding, "CAP_MKNOD"));
	CHECK(!strv_has(&c->process->capabilities->bounding, "CAP_SYS_CHROOT"));
	CHECK(!c->hostname);
}

TEST(privileged_takes_the_walls_inside_away_but_not_the_user_namespace)
{
	struct dolium_create_options o = plain();
	AUTO(oci_config_free) struct oci_config *c = NULL;

	o.privileged = true;
	c = make_spec(&o);
	CHECK(!c->linux_->seccomp);
	CHECK_INT(c->linux_->masked_paths.n, 0);
	CHECK(has_namespace(c, "user"));
	CHECK(!strv_has(&find_mount(c, "/sys")->options, "ro"));
	CHECK(c->process->capabilities->bounding.n > 35);
}

TEST(mounts_stand_outer_before_inner_and_replace_the_worlds_own)
{
	const struct dolium_mount mounts[] = {
		{ .type = DOLIUM_MOUNT_TMPFS, .target = "/a/b/c" },
		{ .type = DOLIUM_MOUNT_TMPFS, .target = "/a" },
		{ .type = DOLIUM_MOUNT_TMPFS, .target = "/dev/shm", .tmpfs_size = 4096 },
	};
	struct dolium_create_options o = plain();
	AUTO(oci_config_free) struct oci_config *c = NULL;

	o.mounts = mounts;
	o.n_mounts = 3;
	c = make_spec(&o);
	CHECK(find_mount(c, "/a") < find_mount(c, "/a/b/c"));
	CHECK(strv_has(&find_mount(c, "/dev/shm")->options, "size=4096"));
}

TEST(the_network_of_the_host_shows_its_sysfs_read_only)
{
	struct dolium_create_options o = plain();
	AUTO(oci_config_free) struct oci_config *c = NULL;

	o.network = "host";
	c = make_spec(&o);
	CHECK(!has_namespace(c, "network"));
	CHECK_STR(find_mount(c, "/sys")->type, "bind");
	CHECK(strv_has(&find_mount(c, "/sys")->options, "rro"));
}

TEST(an_entrypoint_of_ones_own_comes_without_the_images_arguments)
{
	static const char *const entrypoint[] = { "/bin/echo", NULL },
	                         *const command[] = { "hi", NULL };
	struct dolium_create_options o = plain();
	AUTO(oci_config_free) struct oci_config *c = NULL, *with_init = NULL;

	o.entrypoint = entrypoint;
	c = make_spec(&o);
	CHECK_INT(c->process->args.n, 1);
	CHECK_STR(c->process->args.items[0], "/bin/echo");
	o.command = command;
	o.init = true;
	with_init = make_spec(&o);
	CHECK_INT(with_init->process->args.n, 4);
	CHECK_STR(with_init->process->args.items[0], "/dev/dolium-init");
	CHECK_STR(with_init->process->args.items[3], "hi");
	CHECK(strv_has(&find_mount(with_init, "/dev/dolium-init")->options, "ro"));
}

/* ---- seccomp profiles ---- */

TEST(conditions_of_a_profile_are_decided)
{
	static const char text[] = "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":["
	                           "{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{"
	                           "\"caps\":[\"CAP_CHOWN\"]}},"
	                           "{\"names\":[\"b\"],\"action\":\"SCMP_ACT_ALLOW\",\"excludes\":{"
	                           "\"caps\":[\"CAP_CHOWN\"]}},"
	                           "{\"name\":\"c\",\"action\":\"SCMP_ACT_ALLOW\"},"
	                           "{\"names\":[\"d\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{"
	                           "\"minKernel\":\"99.0\"}}]}";
	AUTO(oci_config_free) struct oci_config *holder = calloc(1, sizeof(*holder));
	struct err e = { 0 };

	holder->linux_ = calloc(1, sizeof(*holder->linux_));
	CHECK_INT(
	    seccomp_profile_read(text, strlen(text), "p", 1, &holder->linux_->seccomp, &e), 0);
	CHECK_INT(holder->linux_->seccomp->n_syscalls, 2);
	CHECK_STR(holder->linux_->seccomp->syscalls[0].names.items[0], "a");
	CHECK_STR(holder->linux_->seccomp->syscalls[1].names.items[0], "c");
}

TEST(what_is_no_profile_is_refused)
{
	struct oci_seccomp *none = NULL;
	struct err e = { 0 };

	CHECK_INT(seccomp_profile_read("{}", 2, "my.json", 0, &none, &e), -EBADMSG);
	CHECK_STR(e.text, "my.json: not a seccomp profile: it has no 'defaultAction'");
	CHECK_INT(seccomp_profile_read("{", 1, "my.json", 0, &none, &e), -EBADMSG);
}
