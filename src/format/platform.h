/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Platforms: "linux/arm64/v8" (OCI image-spec, image-index.md; containerd's rules)
 */
#ifndef DOLIUM_FORMAT_PLATFORM_H
#define DOLIUM_FORMAT_PLATFORM_H

#include <stddef.h>

#define PLATFORM_PART_MAX 32

struct platform {
	char os[PLATFORM_PART_MAX], arch[PLATFORM_PART_MAX], variant[PLATFORM_PART_MAX];
};

/* Reads "os/arch[/variant]" or "arch" alone, in normal form (x86_64 is amd64, aarch64 is arm64/v8).
 * -EINVAL */
int platform_parse(const char *text, struct platform *ret_platform);
/* Brings parts that were read from elsewhere into the normal form. */
void platform_normalize(struct platform *p);
/* What this program was built for. */
void platform_host(struct platform *ret_platform);
/* Writes "os/arch[/variant]". */
void platform_format(const struct platform *p, char *to, size_t room);
/*
 * How well an image for `offer` runs where `want` is asked: 0: not at all;
 * greater is better. amd64 runs 386 is no match; arm64 offers v8 by default.
 */
int platform_match(const struct platform *want, const struct platform *offer);

#endif
