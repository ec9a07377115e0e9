/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON: what is read can be written, and that is read as the same again.
 */
#include "base/buf.h"
#include "base/err.h"
#include "format/json.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(json_value_free) struct json_value *v = NULL, *again = NULL;
	AUTO_BUF struct buf first = { 0 }, second = { 0 }, pretty = { 0 };
	struct err e = { 0 };
	int r;

	r = json_value_parse((const char *)data, size, "input", &v, &e);
	MUST_REPORT(r, &e);
	if (r < 0) {
		MUST(!v);
		return 0;
	}
	json_value_write(v, 0, &first);
	json_value_write(v, 4, &pretty);
	MUST(json_value_parse(buf_text(&pretty), pretty.len, "again", &again, &e) == 0);
	json_value_write(again, 0, &second);
	MUST(strcmp(buf_text(&first), buf_text(&second)) == 0);
	return 0;
}
