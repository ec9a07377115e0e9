/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The resources of `update`: read or refused with a sentence; what is read can be linux.resources
 * of a configuration, and that is read as the same again.
 */
#include "base/buf.h"
#include "base/err.h"
#include "format/oci_config.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(oci_config_free) struct oci_config *again = NULL;
	AUTO_BUF struct buf first = { 0 }, second = { 0 };
	struct oci_resources *resources = NULL;
	struct oci_linux linux_ = { 0 };
	struct oci_config with = { 0 };
	struct err e = { 0 };
	int r;

	r = oci_resources_parse((const char *)data, size, &resources, &e);
	MUST_REPORT(r, &e);
	MUST((r < 0) == !resources);
	if (r < 0)
		return 0;
	linux_.resources = resources;
	with = (struct oci_config){
		.oci_version = (char[]){ "1.0.2" },
		.root_path = (char[]){ "rootfs" },
		.linux_ = &linux_,
	};
	oci_config_write(&with, &first);
	MUST(oci_config_parse(buf_text(&first), first.len, &again, &e) == 0);
	oci_config_write(again, &second);
	MUST(strcmp(buf_text(&first), buf_text(&second)) == 0);
	oci_resources_free(resources);
	return 0;
}
