/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp profiles that users bring
 *
 * The profile is rewritten as a small config.json and read back by the parser
 * of the runtime-spec, which knows all the rules of form.
 */
#include "engine/seccomp_profile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/capability.h"
#include "format/json.h"
#include "format/oci_config.h"
#include "format/platform.h"

struct world {
	uint64_t capabilities;
	char arch[PLATFORM_PART_MAX]; /* "amd64" */
	unsigned kernel, major; /* 6.18: kernel 6, major 18 */
};

static void world_look(struct world *world, uint64_t capabilities)
{
	struct platform platform;
	struct utsname name;

	*world = (struct world){ .capabilities = capabilities };
	platform_host(&platform);
	snprintf(world->arch, sizeof(world->arch), "%s", platform.arch);
	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &world->kernel, &world->major) != 2)
		world->kernel = world->major = 0;
}

/* Is one of the texts in the list true? An absent list has none. */
static bool any_capability(const struct json_value *list, uint64_t have, bool *ret_all)
{
	bool any = false;

	*ret_all = true;
	for (size_t i = 0; i < json_value_count(list); i++) {
		const char *name = json_value_string(json_value_at(list, i));
		const int number = name ? capability_number(name) : -EINVAL;
		const bool has = number >= 0 && (have & CAPABILITY_BIT(number));

		any |= has;
		*ret_all &= has;
	}
	return any;
}

static bool has_text(const struct json_value *list, const char *text)
{
	for (size_t i = 0; i < json_value_count(list); i++) {
		const char *entry = json_value_string(json_value_at(list, i));

		if (entry && strcmp(entry, text) == 0)
			return true;
	}
	return false;
}

static bool kernel_is_at_least(const struct world *world, const char *text)
{
	unsigned kernel, major;

	if (sscanf(text, "%u.%u", &kernel, &major) != 2)
		return false;
	return world->kernel > kernel || (world->kernel == kernel && world->major >= major);
}

static bool rule_applies(const struct json_value *rule, const struct world *world)
{
	const struct json_value *with = json_value_get(rule, "includes");
	const struct json_value *without = json_value_get(rule, "excludes");
	const struct json_value *arches = json_value_get(with, "arches");
	const char *kernel = json_value_string(json_value_get(with, "minKernel"));
	bool all;

	any_capability(json_value_get(with, "caps"), world->capabilities, &all);
	if (!all || (json_value_count(arches) > 0 && !has_text(arches, world->arch)))
		return false;
	if (kernel && !kernel_is_at_least(world, kernel))
		return false;
	if (any_capability(json_value_get(without, "caps"), world->capabilities, &all))
		return false;
	kernel = json_value_string(json_value_get(without, "minKernel"));
	return !has_text(json_value_get(without, "arches"), world->arch) &&
	    !(kernel && kernel_is_at_least(world, kernel));
}

static void put(struct json_writer *w, const struct json_value *from, const char *key)
{
	const struct json_value *v = json_value_get(from, key);

	if (json_value_type(v) != JSON_NULL)
		json_put_value(w, key, v);
}

static void put_rule(struct json_writer *w, const struct json_value *rule)
{
	const char *name = json_value_string(json_value_get(rule, "name")); /* the form of old */
	char *const names[] = { (char *)(uintptr_t)name, NULL };

	json_open_object(w, NULL);
	if (name && name[0])
		json_put_texts(w, "names", names);
	else
		put(w, rule, "names");
	put(w, rule, "action");
	put(w, rule, "errnoRet");
	put(w, rule, "args");
	json_close_object(w);
}

/* "archMap" gives each architecture its kin; "architectures" is the list itself. */
static void put_architectures(
    struct json_writer *w, const struct json_value *profile, const struct world *world)
{
	static const char *const native[][2] = {
		{ "amd64", "SCMP_ARCH_X86_64" },
		{ "arm64", "SCMP_ARCH_AARCH64" },
		{ "386", "SCMP_ARCH_X86" },
	};
	const struct json_value *map = json_value_get(profile, "archMap");

	if (json_value_type(map) != JSON_ARRAY) {
		put(w, profile, "architectures");
		return;
	}
	json_open_array(w, "architectures");
	for (size_t i = 0; i < json_value_count(map); i++) {
		const struct json_value *entry = json_value_at(map, i);
		const struct json_value *kin = json_value_get(entry, "subArchitectures");
		const char *name = json_value_string(json_value_get(entry, "architecture"));
		bool ours = false;

		for (size_t k = 0; name && k < sizeof(native) / sizeof(native[0]); k++)
			ours |= strcmp(native[k][0], world->arch) == 0 &&
			    strcmp(native[k][1], name) == 0;
		if (!ours)
			continue;
		json_put_text(w, NULL, name);
		for (size_t k = 0; k < json_value_count(kin); k++)
			json_put_value(w, NULL, json_value_at(kin, k));
	}
	json_close_array(w);
}

static void put_profile(
    struct json_writer *w, const struct json_value *profile, const struct world *world)
{
	const struct json_value *rules = json_value_get(profile, "syscalls");

	json_open_object(w, NULL);
	/* Only a whole configuration is read: what is not about seccomp is a shell around it. */
	json_put_text(w, "ociVersion", "1.0.2");
	json_open_object(w, "root");
	json_put_text(w, "path", "/");
	json_close_object(w);
	json_open_object(w, "linux");
	json_open_object(w, "seccomp");
	put(w, profile, "defaultAction");
	put(w, profile, "defaultErrnoRet");
	put(w, profile, "flags");
	put_architectures(w, profile, world);
	json_open_array(w, "syscalls");
	for (size_t i = 0; i < json_value_count(rules); i++)
		if (rule_applies(json_value_at(rules, i), world))
			put_rule(w, json_value_at(rules, i));
	json_close_array(w);
	json_close_object(w);
	json_close_object(w);
	json_close_object(w);
}

int seccomp_profile_read(const char *text, size_t len, const char *what, uint64_t capabilities,
    struct oci_seccomp **ret_seccomp, struct err *e)
{
	AUTO(json_value_free) struct json_value *profile = NULL;
	AUTO(oci_config_free) struct oci_config *config = NULL;
	AUTO_BUF struct buf rewritten = { 0 };
	struct json_writer w = { .to = &rewritten };
	struct world world;
	int r;

	r = json_value_parse(text, len, what, &profile, e);
	if (r < 0)
		return r;
	if (!json_value_string(json_value_get(profile, "defaultAction")))
		return err_refuse(
		    e, -EBADMSG, "%s: not a seccomp profile: it has no 'defaultAction'", what);
	world_look(&world, capabilities);
	put_profile(&w, profile, &world);
	r = buf_error(&rewritten);
	if (r < 0)
		return err_set(e, r, "%s", what);
	r = oci_config_parse(rewritten.data, rewritten.len, &config, e);
	if (r < 0)
		return err_wrap(e, r, "%s", what);
	*ret_seccomp = TAKE(config->linux_->seccomp);
	return 0;
}
