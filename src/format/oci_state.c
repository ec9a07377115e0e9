/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a container, <root>/<id>/state.json
 */
#include "format/oci_state.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "format/json.h"

#define FIELD(key_, kind_, ...) JSON_FIELD(oci_state, key_, kind_, __VA_ARGS__)

static const struct json_field state_fields[] = {
	FIELD("format", U32, format, .required = true),
	FIELD("ociVersion", TEXT, oci_version),
	FIELD("id", TEXT, id, .required = true),
	FIELD("pid", I32, pid),
	FIELD("pidStart", U64, pid_start),
	FIELD("bundle", TEXT, bundle),
	FIELD("rootfs", TEXT, rootfs),
	FIELD("created", TEXT, created),
	FIELD("cgroups", STRV, cgroups),
	FIELD("intelRdt", STRV, intel_rdt),
	FIELD("cgroupsPath", TEXT, cgroups_path),
	FIELD("cgroupManager", TEXT, cgroup_manager),
	FIELD("annotations", MAP, annotations),
	FIELD("hooks", TEXT, hooks),
	{ 0 },
};

static const struct json_shape state_shape = {
	.size = sizeof(struct oci_state),
	.fields = state_fields,
};

int oci_state_parse(const char *text, size_t len, struct oci_state *ret_state, struct err *e)
{
	struct oci_state state = { 0 };
	int r;

	r = json_shape_parse(&state_shape, text, len, "state.json", &state, e);
	if (r >= 0 && state.format != OCI_STATE_FORMAT)
		r = err_refuse(e, -EBADMSG, "state.json: written by another version of dolium-oci");
	if (r < 0) {
		oci_state_done(&state);
		return r;
	}
	*ret_state = state;
	return 0;
}

void oci_state_write(const struct oci_state *state, struct buf *to)
{
	struct json_writer w = { .to = to };

	json_open_object(&w, NULL);
	json_put_u64(&w, "format", OCI_STATE_FORMAT);
	json_put_text(&w, "ociVersion", state->oci_version);
	json_put_text(&w, "id", state->id);
	json_put_i64(&w, "pid", state->pid);
	json_put_u64(&w, "pidStart", state->pid_start);
	json_put_text(&w, "bundle", state->bundle);
	json_put_text(&w, "rootfs", state->rootfs);
	json_put_text(&w, "created", state->created);
	json_put_texts(&w, "cgroups", state->cgroups.items);
	json_maybe_strv(&w, "intelRdt", &state->intel_rdt);
	if (state->cgroups_path)
		json_put_text(&w, "cgroupsPath", state->cgroups_path);
	if (state->cgroup_manager)
		json_put_text(&w, "cgroupManager", state->cgroup_manager);
	json_put_map(&w, "annotations", &state->annotations);
	if (state->hooks)
		json_put_text(&w, "hooks", state->hooks);
	json_close_object(&w);
	buf_addc(to, '\n');
}

void oci_state_done(struct oci_state *state)
{
	json_shape_done(&state_shape, state);
}

void oci_state_show(
    const struct oci_state *state, const char *status, unsigned indent, struct buf *to)
{
	struct json_writer w = { .to = to, .indent = indent };

	json_open_object(&w, NULL);
	json_put_text(&w, "ociVersion", state->oci_version);
	json_put_text(&w, "id", state->id);
	json_put_i64(&w, "pid", strcmp(status, "stopped") == 0 ? 0 : state->pid);
	json_put_text(&w, "status", status);
	json_put_text(&w, "bundle", state->bundle);
	json_put_text(&w, "rootfs", state->rootfs);
	json_put_text(&w, "created", state->created);
	if (state->annotations.n > 0)
		json_put_map(&w, "annotations", &state->annotations);
	json_put_text(&w, "owner", "");
	json_close_object(&w);
	buf_addc(to, '\n');
}
