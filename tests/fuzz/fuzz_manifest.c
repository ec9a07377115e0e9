/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests and indexes: one text is one of them at most, and a manifest that is
 * written is read as the same again.
 */
#include <errno.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/oci_image.h"

#include "fuzz.h"

static void check_written(const struct oci_manifest *m)
{
	__attribute__((cleanup(oci_manifest_done_at))) struct oci_manifest again = { 0 };
	AUTO_BUF struct buf first = { 0 }, second = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < m->n_layers; i++)
		layer_compression(m->layers[i].media_type);
	oci_manifest_write(m, &first);
	MUST(oci_manifest_parse(buf_text(&first), first.len, "again", &again, &e) == 0);
	oci_manifest_write(&again, &second);
	MUST(strcmp(buf_text(&first), buf_text(&second)) == 0);
}

static void check_picked(const struct oci_index *x)
{
	const struct oci_descriptor *d = NULL;
	struct platform host;
	struct err e = { 0 };
	int r;

	platform_host(&host);
	r = oci_index_pick(x, &host, &d, &e);
	MUST_REPORT(r, &e);
	MUST(r < 0 || (d >= x->manifests && d < x->manifests + x->n_manifests));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	__attribute__((cleanup(oci_manifest_done_at))) struct oci_manifest m = { 0 };
	__attribute__((cleanup(oci_index_done_at))) struct oci_index x = { 0 };
	const char *text = (const char *)data;
	struct err e = { 0 };
	int as_manifest, as_index;

	as_manifest = oci_manifest_parse(text, size, "input", &m, &e);
	MUST_REPORT(as_manifest, &e);
	as_index = oci_index_parse(text, size, "input", &x, &e);
	MUST(as_index == 0 || e.text[0]);
	MUST(as_manifest < 0 || as_index < 0);
	if (as_manifest == 0)
		check_written(&m);
	if (as_index == 0)
		check_picked(&x);
	return 0;
}
