/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates: whatever the text, it ends, within its ceiling.
 */
#include "base/buf.h"
#include "base/err.h"
#include "format/json.h"
#include "format/template.h"

#include "fuzz.h"

static const char input[] =
    "{\"A\":{\"B\":[1,2,{\"C\":\"text\"}],\"D\":null},\"E\":true,\"F\":-7,"
    "\"G\":1.5,\"H\":\"\\u00e4/b/c\",\"I\":[],\"J\":{\"k\":\"v\",\"a\":[]}}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(json_value_free) struct json_value *v = NULL;
	AUTO(template_free) struct template *t = NULL;
	AUTO_BUF struct buf b = { .max = 64 << 10 };
	struct err e = { 0 };
	char *text = fuzz_text(data, size);
	int r;

	MUST(json_value_parse(input, strlen(input), "input", &v, &e) == 0);
	r = template_parse(text, &t, &e);
	MUST_REPORT(r, &e);
	free(text);
	if (r < 0)
		return 0;
	r = template_render(t, v, &b, &e);
	MUST_REPORT(r, &e);
	MUST(b.len <= b.max);
	return 0;
}
