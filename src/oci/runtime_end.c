/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill and delete
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "format/oci_config.h"
#include "isolate/limits.h"
#include "oci/runtime.h"
#include "os/process.h"

#define DEATH_TRIES 1000 /* of 10 ms */

static int kill_all(const struct oci_state *state, int signal_number, struct err *e)
{
	AUTO(limits_free) struct limits *limits = NULL;
	int r;

	if (state->cgroups.n == 0)
		return process_kill(state->pid, state->pid_start, signal_number);
	r = limits_open(&state->cgroups, &limits, e);
	return r < 0 ? r : limits_kill(limits, signal_number, e);
}

/* So that a paused container dies of SIGKILL. */
static int thaw(const struct oci_state *state, struct err *e)
{
	AUTO(limits_free) struct limits *limits = NULL;
	int r;

	r = limits_open(&state->cgroups, &limits, e);
	if (r < 0 || !limits_frozen(limits))
		return r;
	return limits_freeze(limits, false, e);
}

int runtime_kill(const struct runtime *rt, const struct runtime_options *o, struct err *e)
{
	AUTO_OCI_STATE struct oci_state state = { 0 };
	int signal_number = process_signal_parse(o->signal_name ? o->signal_name : "TERM");
	AUTO_FD int home = -1;
	int r;

	if (o->regex)
		return runtime_each_matching(rt, o, runtime_kill, e);
	if (signal_number < 0)
		return err_refuse(e, -EINVAL, "unknown signal: '%s'", o->signal_name);
	home = home_open(rt, o->id, e);
	if (home < 0)
		return home;
	r = home_read_state(home, o->id, &state, e);
	if (r < 0)
		return r;
	if (o->all)
		return kill_all(&state, signal_number, e);
	r = process_kill(state.pid, state.pid_start, signal_number);
	if (r >= 0 && signal_number == SIGKILL && home_has_more_cgroups(home))
		return thaw(&state, e);
	if (r == -ESRCH)
		return err_refuse(e, r, "container not running");
	return r < 0 ? err_set(e, r, "cannot send the signal to container '%s'", o->id) : 0;
}

static void wait_for_death(const struct oci_state *state)
{
	const struct timespec pause_time = { .tv_nsec = 10 * 1000 * 1000 };

	for (int i = 0; i < DEATH_TRIES && process_is(state->pid, state->pid_start); i++)
		nanosleep(&pause_time, NULL);
}

/*
 * A directory whose state was never written or is damaged: killed in between. One that just cannot
 * be read now is none: its container may run. Of what is damaged too: as long as there is a process
 * in its cgroups, they and the directory stay.
 */
static int delete_remains(
    const struct runtime *rt, const struct runtime_options *o, int home, struct err *e)
{
	AUTO(oci_config_free) struct oci_config *config = NULL;
	AUTO_FREE char *id = strdup(o->id);
	struct err ignored = { 0 };
	struct oci_state remains = { .id = id };

	if (!o->force || (e->code != -ENOENT && e->code != -EBADMSG && e->code != -EINVAL))
		return e->code;
	if (!id)
		return err_set(e, -ENOMEM, "cannot delete container '%s'", o->id);
	if (home_read_config(home, &config, &ignored) >= 0 && config->linux_)
		remains.cgroups_path = config->linux_->cgroups_path;
	return home_clean(rt, home, &remains, e);
}

int runtime_delete(const struct runtime *rt, const struct runtime_options *o, struct err *e)
{
	AUTO_OCI_STATE struct oci_state state = { 0 };
	enum home_status status;
	AUTO_FD int home = -1;
	int r;

	if (o->regex)
		return runtime_each_matching(rt, o, runtime_delete, e);
	home = home_open(rt, o->id, e);
	if (home == -ENOENT && o->force)
		return 0;
	if (home < 0)
		return home;
	r = home_read_state(home, o->id, &state, e);
	if (r < 0)
		return delete_remains(rt, o, home, e);
	status = home_status(home, &state);
	if ((status == HOME_RUNNING || status == HOME_PAUSED) && !o->force)
		return err_refuse(e, -EBUSY, "cannot delete container '%s' that is not stopped: %s",
		    o->id, home_status_name(status));
	/* Who is frozen does not die; this thaws him as well. */
	if (status == HOME_PAUSED && (r = kill_all(&state, SIGKILL, e)) < 0)
		return r;
	if (status != HOME_STOPPED && status != HOME_CREATING) {
		r = process_kill(state.pid, state.pid_start, SIGKILL);
		if (r < 0 && r != -ESRCH)
			return err_set(e, r, "cannot kill container '%s'", o->id);
		if (r >= 0)
			wait_for_death(&state);
	}
	return home_clean(rt, home, &state, e);
}
