/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mountinfo: each entry that is read is whole.
 */
#include "format/mountinfo.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_MOUNTINFO struct mountinfo info = { 0 };
	char *text = fuzz_text(data, size);
	int r = mountinfo_parse(text, &info);

	MUST(r >= 0 || info.n == 0);
	for (size_t i = 0; i < info.n; i++)
		MUST(strlen(info.items[i].root) + strlen(info.items[i].point) +
		        strlen(info.items[i].type) <
		    size);
	free(text);
	return 0;
}
