/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json: what is read can be written, and that is read as the same again.
 */
#include "base/buf.h"
#include "base/err.h"
#include "format/oci_config.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(oci_config_free) struct oci_config *config = NULL, *again = NULL;
	AUTO_BUF struct buf first = { 0 }, second = { 0 };
	struct err e = { 0 };
	int r;

	r = oci_config_parse((const char *)data, size, &config, &e);
	MUST_REPORT(r, &e);
	if (r < 0) {
		MUST(!config && strncmp(e.text, "config.json: ", 13) == 0);
		return 0;
	}
	oci_config_write(config, &first);
	MUST(oci_config_parse(buf_text(&first), first.len, &again, &e) == 0);
	oci_config_write(again, &second);
	MUST(strcmp(buf_text(&first), buf_text(&second)) == 0);
	return 0;
}
