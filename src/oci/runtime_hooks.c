/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks that the runtime itself runs
 *
 * The state keeps them as the text of a configuration that has nothing else.
 */
#include "oci/runtime_hooks.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "format/oci_config.h"
#include "isolate/hook.h"
#include "isolate/launch.h"

int runtime_hooks_note(const struct oci_config *config, struct oci_state *state, struct err *e)
{
	const struct oci_config only = {
		.oci_version = config->oci_version,
		.root_path = config->root_path, /* must be there */
		.hooks = config->hooks,
	};
	AUTO_BUF struct buf text = { 0 };
	int r;

	if (!config->hooks)
		return 0;
	oci_config_write(&only, &text);
	r = buf_take(&text, &state->hooks);
	return r < 0 ? err_set(e, r, "cannot note the hooks of container '%s'", state->id) : 0;
}

static int show(const struct oci_state *state, const char *status, struct buf *to, struct err *e)
{
	oci_state_show(state, status, 0, to);
	if (buf_error(to) < 0)
		return err_set(e, buf_error(to), "cannot write the state for hooks");
	if (to->len > HOOK_STATE_MAX)
		return err_refuse(e, -EMSGSIZE, "the state of the container is too long for hooks");
	return 0;
}

int runtime_hooks_create(
    const struct oci_config *config, const struct oci_state *state, struct launch *l, struct err *e)
{
	AUTO_BUF struct buf creating = { 0 };
	AUTO_BUF struct buf created = { 0 };
	int r;

	if (!hooks_before_start(config->hooks))
		return 0;
	r = launch_await(l, REPORT_NAMESPACES, NULL, e);
	if (r >= 0)
		r = show(state, "creating", &creating, e);
	if (r >= 0)
		r = show(state, "created", &created, e);
	if (r >= 0)
		r = hooks_run(&config->hooks->prestart, "prestart", state->bundle, creating.data,
		    creating.len, e);
	if (r >= 0)
		r = hooks_run(&config->hooks->create_runtime, "createRuntime", state->bundle,
		    creating.data, creating.len, e);
	if (r >= 0)
		r = launch_tell(l, creating.data, creating.len, e);
	if (r >= 0)
		r = launch_tell(l, created.data, created.len, e);
	return r;
}

int runtime_hooks_restore(
    const struct oci_config *config, const struct oci_state *state, struct err *e)
{
	AUTO_BUF struct buf text = { 0 };
	int r;

	if (!hooks_before_start(config->hooks))
		return 0;
	r = show(state, "creating", &text, e);
	if (r >= 0)
		r = hooks_run(
		    &config->hooks->prestart, "prestart", state->bundle, text.data, text.len, e);
	return r < 0 ? r
	             : hooks_run(&config->hooks->create_runtime, "createRuntime", state->bundle,
	                   text.data, text.len, e);
}

/* The hooks of the state; *ret_config stays NULL where there are none. */
static int read_hooks(const struct oci_state *state, struct oci_config **ret_config, struct err *e)
{
	if (!state->hooks)
		return 0;
	return oci_config_parse(state->hooks, strlen(state->hooks), ret_config, e);
}

int runtime_hooks_poststart(const struct oci_state *state, struct err *e)
{
	AUTO(oci_config_free) struct oci_config *config = NULL;
	AUTO_BUF struct buf text = { 0 };
	int r;

	r = read_hooks(state, &config, e);
	if (r < 0 || !config || !config->hooks || config->hooks->poststart.n == 0)
		return r;
	r = show(state, "running", &text, e);
	return r < 0 ? r
	             : hooks_run(&config->hooks->poststart, "poststart", state->bundle, text.data,
	                   text.len, e);
}

/* Each for itself: one that fails does not keep the next from cleaning up. */
static void run_poststop(const struct oci_hook_list *hooks, const char *dir, const struct buf *text)
{
	for (size_t i = 0; i < hooks->n; i++) {
		const struct oci_hook_list one = { &hooks->items[i], 1 };
		struct err e = { 0 };

		if (hooks_run(&one, "poststop", dir, text->data, text->len, &e) < 0)
			log_warning("%s", e.text);
	}
}

void runtime_hooks_poststop(const struct oci_state *state)
{
	AUTO(oci_config_free) struct oci_config *config = NULL;
	AUTO_BUF struct buf text = { 0 };
	struct err e = { 0 };
	int r;

	r = read_hooks(state, &config, &e);
	if (r >= 0 && config && config->hooks && config->hooks->poststop.n > 0) {
		r = show(state, "stopped", &text, &e);
		if (r >= 0)
			run_poststop(&config->hooks->poststop, state->bundle, &text);
	}
	if (r < 0)
		log_warning("%s", e.text);
}
