/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image configurations: what is written is read as the same again.
 */
#include "base/buf.h"
#include "base/err.h"
#include "format/oci_image.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	__attribute__((cleanup(oci_image_config_done_at))) struct oci_image_config c = { 0 },
	                                                                           again = { 0 };
	AUTO_BUF struct buf first = { 0 }, second = { 0 };
	struct err e = { 0 };
	int r;

	r = oci_image_config_parse((const char *)data, size, "input", &c, &e);
	MUST_REPORT(r, &e);
	if (r < 0)
		return 0;
	MUST(c.n_layers == c.diff_id_texts.n);
	oci_image_config_write(&c, &first);
	MUST(oci_image_config_parse(buf_text(&first), first.len, "again", &again, &e) == 0);
	oci_image_config_write(&again, &second);
	MUST(strcmp(buf_text(&first), buf_text(&second)) == 0);
	return 0;
}
