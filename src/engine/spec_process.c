/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process of a specification
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "engine/spec_parts.h"
#include "engine/ulimit.h"
#include "engine/user.h"
#include "format/capability.h"

#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

int spec_capabilities(const struct record *record, uint64_t *ret_set, struct err *e)
{
	uint64_t begin = capability_default;

	if (record->isolation && strcmp(record->isolation, "chroot") == 0)
		begin = capability_chroot;
	if (record->privileged)
		begin = capability_all;
	return capability_adjust(begin, &record->cap_add, &record->cap_drop, ret_set, e);
}

/* What everybody expects is set, unless the image or the user did. */
static int env_make(const struct record *record, const struct passwd_user *user, struct strv *to)
{
	int r = 0;

	if (!strv_env_get(&record->env, "PATH"))
		r = strv_add(to, "PATH=" PATH_DEFAULT);
	if (r == 0 && !strv_env_get(&record->env, "HOSTNAME") && record->hostname)
		r = strv_addf(to, "HOSTNAME=%s", record->hostname);
	if (r == 0 && record->tty && !strv_env_get(&record->env, "TERM"))
		r = strv_add(to, "TERM=xterm");
	if (r == 0)
		r = strv_add_all(to, (const char *const *)strv_argv(&record->env));
	if (r == 0 && !strv_env_get(&record->env, "HOME"))
		r = strv_addf(to, "HOME=%s", user->home);
	return r;
}

static int args_make(const struct record *record, struct strv *to)
{
	int r = 0;

	if (record->init)
		r = strv_add(to, "/dev/dolium-init");
	if (r == 0 && record->init)
		r = strv_add(to, "--");
	if (r == 0)
		r = strv_add_all(to, (const char *const *)strv_argv(&record->entrypoint));
	if (r == 0)
		r = strv_add_all(to, (const char *const *)strv_argv(&record->command));
	return r;
}

/*
 * Root has its capabilities; another user can only reach them through a program
 * that brings them, so they are in the bounding set alone. Ambient and inheritable
 * stay empty (CVE-2016-8867, CVE-2022-24769).
 */
static int capabilities_make(struct oci_process *process, uint64_t set)
{
	struct oci_capabilities *to = process->capabilities = calloc(1, sizeof(*to));

	if (!to || capability_list(set, &to->bounding) < 0)
		return -ENOMEM;
	if (process->user.uid != 0)
		return 0;
	if (capability_list(set, &to->effective) < 0 || capability_list(set, &to->permitted) < 0)
		return -ENOMEM;
	return 0;
}

static int rlimits_make(const struct record *record, struct oci_process *process)
{
	for (size_t i = 0; i < record->n_ulimits; i++) {
		const struct record_ulimit *from = &record->ulimits[i];
		struct oci_rlimit *to = SPEC_GROW(process->rlimits, process->n_rlimits);

		if (!to)
			return -ENOMEM;
		to->type = ulimit_type(from->name);
		to->soft = from->soft < 0 ? UINT64_MAX : (uint64_t)from->soft;
		to->hard = from->hard < 0 ? UINT64_MAX : (uint64_t)from->hard;
		if (!to->type)
			return -ENOMEM;
	}
	return 0;
}

static bool has_no_new_privileges(const struct record *record)
{
	return strv_has(&record->security_opt, "no-new-privileges");
}

static int process_fill(
    const struct record *record, struct oci_process *process, struct passwd_user *user)
{
	process->terminal = record->tty;
	process->user.uid = user->uid;
	process->user.gid = user->gid;
	process->user.additional_gids = TAKE(user->groups);
	process->user.n_additional_gids = user->n_groups;
	process->no_new_privileges = has_no_new_privileges(record);
	process->has_oom_score_adj = record->has_oom_score_adj;
	process->oom_score_adj = (int32_t)record->oom_score_adj;
	process->cwd = strdup(record->workdir && record->workdir[0] ? record->workdir : "/");
	if (!process->cwd || args_make(record, &process->args) < 0 ||
	    env_make(record, user, &process->env) < 0)
		return -ENOMEM;
	return rlimits_make(record, process);
}

/* With "keep-id" a container that names no user runs as the caller. */
static int user_choose(const struct spec_input *in, struct passwd_user *ret_user, struct err *e)
{
	const struct record *record = in->record;
	char kept[32];
	const char *text = record->user;

	if ((!text || !text[0]) && strcmp(record->userns, "keep-id") == 0) {
		snprintf(kept, sizeof(kept), "%u:%u", record->keep_uid, record->keep_gid);
		text = kept;
	}
	return user_find(in->root_fd, text, &record->group_add, ret_user, e);
}

int spec_process(const struct spec_input *in, struct oci_config *config, struct err *e)
{
	__attribute__((cleanup(passwd_user_done_at))) struct passwd_user user = { 0 };
	struct oci_process *process = config->process = calloc(1, sizeof(*process));
	uint64_t set;
	int r;

	if (!process)
		return err_set(e, -ENOMEM, "cannot make the configuration");
	r = user_choose(in, &user, e);
	if (r < 0)
		return r;
	r = spec_capabilities(in->record, &set, e);
	if (r < 0)
		return r;
	if (process_fill(in->record, process, &user) < 0 || capabilities_make(process, set) < 0)
		return err_set(e, -ENOMEM, "cannot make the configuration");
	return 0;
}
