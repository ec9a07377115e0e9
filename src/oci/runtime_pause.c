/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pause and resume
 */
#include <errno.h>

#include "base/auto.h"
#include "base/err.h"
#include "isolate/limits.h"
#include "oci/runtime.h"

static int open_container(const struct runtime *rt, const char *id, int *ret_home,
    struct oci_state *ret_state, enum home_status *ret_status, struct err *e)
{
	AUTO_FD int home = home_open(rt, id, e);
	int r;

	if (home < 0)
		return home;
	r = home_read_state(home, id, ret_state, e);
	if (r < 0)
		return r;
	*ret_status = home_status(home, ret_state);
	*ret_home = TAKE_FD(home);
	return 0;
}

int runtime_pause(const struct runtime *rt, const struct runtime_options *o, struct err *e)
{
	AUTO(limits_free) struct limits *limits = NULL;
	AUTO_OCI_STATE struct oci_state state = { 0 };
	enum home_status status;
	AUTO_FD int home = -1;
	int r;

	r = open_container(rt, o->id, &home, &state, &status, e);
	if (r < 0)
		return r;
	if (status != HOME_RUNNING && status != HOME_CREATED)
		return err_refuse(
		    e, -EBUSY, "container not running or created: %s", home_status_name(status));
	r = home_open_limits(&state, &limits, e);
	if (r >= 0)
		r = home_mend_limits(home, limits, e);
	if (r < 0)
		return r;
	/* The mark first: whoever kills us in between, `state` and `delete` look at the freezer. */
	r = home_note_more_cgroups(home);
	if (r < 0)
		return err_set(e, r, "cannot note that container '%s' is paused", o->id);
	return limits_freeze(limits, true, e);
}

int runtime_resume(const struct runtime *rt, const struct runtime_options *o, struct err *e)
{
	AUTO(limits_free) struct limits *limits = NULL;
	AUTO_OCI_STATE struct oci_state state = { 0 };
	enum home_status status;
	AUTO_FD int home = -1;
	int r;

	r = open_container(rt, o->id, &home, &state, &status, e);
	if (r < 0)
		return r;
	if (status != HOME_PAUSED)
		return err_refuse(e, -EBUSY, "container not paused: %s", home_status_name(status));
	r = home_open_limits(&state, &limits, e);
	return r < 0 ? r : limits_freeze(limits, false, e);
}
