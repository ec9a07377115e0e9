/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.json, as `exec --process` reads it: read or refused with a sentence; what is read can be
 * the process of a configuration, and that is read as the same again.
 */
#include "base/buf.h"
#include "base/err.h"
#include "format/oci_config.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(oci_config_free) struct oci_config *again = NULL;
	AUTO_BUF struct buf first = { 0 }, second = { 0 };
	struct oci_process *process = NULL;
	struct oci_config with = { 0 };
	struct err e = { 0 };
	int r;

	r = oci_process_parse((const char *)data, size, &process, &e);
	MUST_REPORT(r, &e);
	MUST((r < 0) == !process);
	if (r < 0)
		return 0;
	with = (struct oci_config){
		.oci_version = (char[]){ "1.0.2" },
		.root_path = (char[]){ "rootfs" },
		.process = process,
	};
	oci_config_write(&with, &first);
	MUST(oci_config_parse(buf_text(&first), first.len, &again, &e) == 0);
	oci_config_write(again, &second);
	MUST(strcmp(buf_text(&first), buf_text(&second)) == 0);
	oci_process_free(process);
	return 0;
}
