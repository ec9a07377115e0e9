/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.json: what is written is read as the same again.
 */
#include "base/buf.h"
#include "base/err.h"
#include "format/oci_state.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_OCI_STATE struct oci_state state = { 0 }, again = { 0 };
	AUTO_BUF struct buf first = { 0 }, second = { 0 };
	struct err e = { 0 };
	int r;

	r = oci_state_parse((const char *)data, size, &state, &e);
	MUST_REPORT(r, &e);
	if (r < 0)
		return 0;
	oci_state_write(&state, &first);
	MUST(oci_state_parse(buf_text(&first), first.len, &again, &e) == 0);
	oci_state_write(&again, &second);
	MUST(strcmp(buf_text(&first), buf_text(&second)) == 0);
	oci_state_show(&state, "running", 2, &second);
	return 0;
}
