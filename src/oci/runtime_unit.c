/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unit of systemd's that a container is
 */
#include "oci/runtime_unit.h"

#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "format/oci_state.h"
#include "format/systemd_unit.h"
#include "isolate/limits.h"
#include "isolate/limits_systemd.h"

/* Who is not root has a systemd of his own. */
static bool is_user(void)
{
	return geteuid() != 0;
}

bool unit_is(const struct oci_state *state)
{
	return state->cgroup_manager && strcmp(state->cgroup_manager, "systemd") == 0;
}

int unit_create(const struct oci_state *state, const struct oci_resources *resources,
    struct limits **ret_limits, struct err *e)
{
	AUTO_SYSTEMD_SCOPE struct systemd_scope names = { 0 };
	struct limits_scope scope;
	int r;

	r = systemd_scope_parse(state->cgroups_path, state->id, is_user(), &names, e);
	if (r < 0)
		return r;
	scope = (struct limits_scope){
		.unit = names.unit,
		.slice = names.slice,
		.id = state->id,
		.annotations = &state->annotations,
		.user = is_user(),
	};
	return limits_create_scope(&scope, resources, ret_limits, e);
}

int unit_adopt(const struct oci_state *state, struct limits *limits, struct err *e)
{
	AUTO_SYSTEMD_SCOPE struct systemd_scope names = { 0 };
	int r;

	if (!unit_is(state))
		return 0;
	r = systemd_scope_parse(state->cgroups_path, state->id, is_user(), &names, e);
	if (r < 0)
		return r;
	r = limits_adopt_unit(limits, names.unit, is_user());
	return r < 0 ? err_set(e, r, "cannot name the unit of container '%s'", state->id) : 0;
}

int unit_stop(const struct oci_state *state, struct err *e)
{
	AUTO_SYSTEMD_SCOPE struct systemd_scope names = { 0 };
	int r = systemd_scope_parse(state->cgroups_path, state->id, is_user(), &names, e);

	return r < 0 ? r : limits_stop_unit(names.unit, is_user(), e);
}
