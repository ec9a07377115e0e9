/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps: hooks
 *
 * The parent runs those of the host while the child waits here with its
 * namespaces and mounts made; then tells it the state, for those that run inside: createContainer
 * now, with the host's tree still in sight, startContainer just before the program.
 */
#include <errno.h>
#include <string.h>

#include "format/oci_config.h"
#include "isolate/child.h"
#include "isolate/hook.h"

/* Not on the stack, and not of the heap: the child allocates nothing. */
static char state_creating[HOOK_STATE_MAX], state_created[HOOK_STATE_MAX];

int step_hold_for_hooks(struct child *c, struct err *e)
{
	const struct report report = { .kind = REPORT_NAMESPACES };
	const struct oci_hooks *hooks = c->plan->config->hooks;
	ssize_t creating, created;
	int r;

	if (!hooks_before_start(hooks))
		return 0;
	r = report_send(c->sync_fd, &report, -1);
	if (r < 0)
		return err_set(e, r, "cannot say that the namespaces are made");
	creating = report_listen(c->sync_fd, state_creating, sizeof(state_creating));
	created = report_listen(c->sync_fd, state_created, sizeof(state_created));
	if (creating < 0 || created < 0)
		return err_refuse(e, -ECANCELED, "the hooks of the host did not end well");
	c->state_created = state_created;
	c->state_created_len = (size_t)created;
	return hooks_run(
	    &hooks->create_container, "createContainer", NULL, state_creating, (size_t)creating, e);
}

int step_run_start_hooks(struct child *c, struct err *e)
{
	const struct oci_hooks *hooks = c->plan->config->hooks;

	/* They belong to the first process alone. */
	if (!hooks || hooks->start_container.n == 0 || c->plan->container_pidfd >= 0)
		return 0;
	return hooks_run(&hooks->start_container, "startContainer", NULL, c->state_created,
	    c->state_created_len, e);
}
