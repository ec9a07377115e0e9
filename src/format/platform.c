/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Platforms
 */
#include "format/platform.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

/* What machines and packagers call it, and what images do. */
static const struct {
	const char *name, *variant; /* NULL: whatever the variant */
	const char *arch, *normal_variant; /* NULL: the variant stays as it is */
} aliases[] = {
	{ "x86_64", NULL, "amd64", NULL },
	{ "x86-64", NULL, "amd64", NULL },
	{ "i386", NULL, "386", "" },
	{ "i486", NULL, "386", "" },
	{ "i586", NULL, "386", "" },
	{ "i686", NULL, "386", "" },
	{ "aarch64", NULL, "arm64", NULL },
	{ "armhf", NULL, "arm", "v7" },
	{ "armel", NULL, "arm", "v6" },
	{ "armv7l", NULL, "arm", "v7" },
	{ "armv6l", NULL, "arm", "v6" },
	{ "ppc64el", NULL, "ppc64le", NULL },
};

/* The variants that an architecture has without saying so. */
static const struct {
	const char *arch, *said, *normal;
} variants[] = {
	{ "amd64", "v1", "" },
	{ "arm64", "", "v8" },
	{ "arm64", "8", "v8" },
	{ "arm", "", "v7" },
	{ "arm", "5", "v5" },
	{ "arm", "6", "v6" },
	{ "arm", "7", "v7" },
	{ "arm", "8", "v8" },
};

static void set_part(char part[PLATFORM_PART_MAX], const char *text)
{
	snprintf(part, PLATFORM_PART_MAX, "%s", text);
}

void platform_normalize(struct platform *p)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
		if (strcmp(p->arch, aliases[i].name) == 0) {
			set_part(p->arch, aliases[i].arch);
			if (aliases[i].normal_variant)
				set_part(p->variant, aliases[i].normal_variant);
			break;
		}
	for (size_t i = 0; i < sizeof(variants) / sizeof(*variants); i++)
		if (strcmp(p->arch, variants[i].arch) == 0 &&
		    strcmp(p->variant, variants[i].said) == 0) {
			set_part(p->variant, variants[i].normal);
			break;
		}
}

/* Copies the part up to the next '/' in lower case. Returns what stands behind it, NULL: no part.
 */
static const char *read_part(const char *at, char part[PLATFORM_PART_MAX])
{
	size_t n = 0;

	for (; *at && *at != '/'; at++) {
		const char c = *at >= 'A' && *at <= 'Z' ? (char)(*at | 0x20) : *at;

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("._-", c)) ||
		    n + 1 >= PLATFORM_PART_MAX)
			return NULL;
		part[n++] = c;
	}
	part[n] = '\0';
	if (n == 0)
		return NULL;
	return at;
}

static bool is_arch(const char *word)
{
	static const char *const known[] = { "amd64", "386", "arm", "arm64", "ppc64le", "s390x",
		"riscv64", "loong64", "mips", "mipsle", "mips64", "mips64le", "ppc64" };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(word, known[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
		if (strcmp(word, aliases[i].name) == 0)
			return true;
	return false;
}

int platform_parse(const char *text, struct platform *ret_platform)
{
	struct platform p = { 0 };
	const char *at = read_part(text, p.os);

	if (!at)
		return -EINVAL;
	if (!*at) {
		/* One word alone must be one that is known: else any typing error were an
		 * architecture. */
		if (!is_arch(p.os))
			return -EINVAL;
		memcpy(p.arch, p.os, sizeof(p.arch));
		set_part(p.os, "linux");
	} else {
		at = read_part(at + 1, p.arch);
		if (!at)
			return -EINVAL;
		if (*at) {
			at = read_part(at + 1, p.variant);
			if (!at || *at)
				return -EINVAL;
		}
	}
	platform_normalize(&p);
	*ret_platform = p;
	return 0;
}

void platform_host(struct platform *ret_platform)
{
	*ret_platform = (struct platform)
	{
		.os = "linux",
#if defined(__x86_64__)
		.arch = "amd64",
#elif defined(__i386__)
		.arch = "386",
#elif defined(__aarch64__)
		.arch = "arm64",
#elif defined(__arm__)
		.arch = "arm",
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		.arch = "ppc64le",
#elif defined(__s390x__)
		.arch = "s390x",
#elif defined(__riscv) && __riscv_xlen == 64
		.arch = "riscv64",
#elif defined(__loongarch64)
		.arch = "loong64",
#else
#	error "which architecture is this?"
#endif
	};
	platform_normalize(ret_platform);
}

void platform_format(const struct platform *p, char *to, size_t room)
{
	snprintf(to, room, "%s/%s%s%s", p->os, p->arch, p->variant[0] ? "/" : "", p->variant);
}

/* "v7" is 7, anything else 0. */
static int variant_number(const char *variant)
{
	return variant[0] == 'v' && variant[1] >= '1' && variant[1] <= '9' && !variant[2]
	    ? variant[1] - '0'
	    : 0;
}

int platform_match(const struct platform *want, const struct platform *offer)
{
	struct platform w = *want, o = *offer;
	int asked, offered;

	platform_normalize(&w);
	platform_normalize(&o);
	if (strcmp(w.os, o.os) != 0 || strcmp(w.arch, o.arch) != 0)
		return 0;
	if (strcmp(w.variant, o.variant) == 0)
		return 100;
	/* A newer processor runs what was built for an older one, the nearest best. */
	if (strcmp(w.arch, "arm") != 0 && strcmp(w.arch, "arm64") != 0 &&
	    strcmp(w.arch, "amd64") != 0)
		return 0;
	asked = w.variant[0] ? variant_number(w.variant) : 1;
	offered = o.variant[0] ? variant_number(o.variant) : 1;
	if (asked == 0 || offered == 0 || offered > asked)
		return 0;
	return 100 - (asked - offered);
}
