/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets share
 *
 * A target is one function over one input. Under clang with -Dfuzz=true libFuzzer
 * calls it; else replay.c calls it with each file of tests/corpus/<name>/. Besides
 * not crashing a target holds promises: MUST() aborts where one is broken.
 */
#ifndef DOLIUM_FUZZ_H
#define DOLIUM_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond)                                                                         \
	do {                                                                               \
		if (!(cond)) {                                                             \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                                           \
		}                                                                          \
	} while (0)

/* A failure has its code and a sentence; what was read or refused is all there is. */
#define MUST_REPORT(r, e) MUST((r) == 0 || ((r) < 0 && (e)->code == (r) && (e)->text[0]))

/* The input as a text: a copy that ends at its first NUL. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	MUST(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif
