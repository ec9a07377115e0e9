/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References, digests, platforms: each has one full form, which is read as
 * itself, and nothing that leaves its place in a URL or a path.
 */
#include "base/err.h"
#include "format/digest.h"
#include "format/platform.h"
#include "format/reference.h"

#include "fuzz.h"

static void check_same(const char *text, const char *full)
{
	struct reference ref = { 0 };
	struct err e = { 0 };
	char *again;

	MUST(reference_parse(text, &ref, &e) == 0);
	again = reference_full(&ref);
	MUST(again && strcmp(again, full) == 0);
	free(again);
	reference_done(&ref);
}

static void check_reference(const char *text)
{
	struct reference ref = { 0 };
	struct err e = { 0 };
	char *full, *familiar;
	int r;

	r = reference_parse(text, &ref, &e);
	MUST_REPORT(r, &e);
	if (r < 0) {
		for (const char *c = e.text; *c; c++)
			MUST((unsigned char)*c >= ' ' && (unsigned char)*c < 0x7f);
		return;
	}
	full = reference_full(&ref);
	familiar = reference_familiar(&ref);
	MUST(full && familiar);
	check_same(full, full);
	check_same(familiar, full);
	MUST(!strstr(full, "/.") && !strstr(full, "//") && !strpbrk(full, " \t\n?#%\\"));
	free(full);
	free(familiar);
	reference_done(&ref);
}

static void check_digest(const char *text)
{
	char again[DIGEST_TEXT_MAX];
	struct digest d;

	if (digest_parse(text, &d) < 0)
		return;
	digest_format(&d, again);
	MUST(strcmp(text, again) == 0);
}

static void check_platform(const char *text)
{
	char first[128], second[128];
	struct platform p;

	if (platform_parse(text, &p) < 0)
		return;
	platform_format(&p, first, sizeof(first));
	MUST(platform_match(&p, &p) > 0);
	MUST(platform_parse(first, &p) == 0);
	platform_format(&p, second, sizeof(second));
	MUST(strcmp(first, second) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	check_reference(text);
	check_digest(text);
	check_platform(text);
	free(text);
	return 0;
}
