/* SPDX-License-Identifier: Apache-2.0 */
/*
 * passwd and group: the first line is who is looked for; then come the two
 * files, with a byte 0x01 between them.
 */
#include "base/err.h"
#include "base/strv.h"
#include "format/passwd.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line_end = size ? memchr(data, '\n', size) : NULL, *between;
	struct passwd_files files = { 0 };
	struct passwd_user user = { 0 };
	struct err e = { 0 };
	size_t rest;
	char *text, home[64];
	int r;

	if (!line_end)
		return 0;
	text = fuzz_text(data, (size_t)(line_end - data));
	rest = size - (size_t)(line_end + 1 - data);
	between = memchr(line_end + 1, 1, rest);
	files.passwd = (const char *)line_end + 1;
	files.passwd_len = between ? (size_t)(between - line_end - 1) : rest;
	if (between) {
		files.group = (const char *)between + 1;
		files.group_len = rest - files.passwd_len - 1;
	}
	passwd_home(&files, 0, home, sizeof(home));
	MUST(home[0] == '/' && strlen(home) < sizeof(home));
	r = passwd_find(&files, text, NULL, &user, &e);
	MUST_REPORT(r, &e);
	if (r == 0) {
		MUST(user.home[0] == '/');
		MUST(user.uid != UINT32_MAX && user.gid != UINT32_MAX);
		for (size_t i = 0; i < user.n_groups; i++) {
			MUST(user.groups[i] != user.gid && user.groups[i] != UINT32_MAX);
			MUST(i == 0 || user.groups[i] > user.groups[i - 1]);
		}
		/* Digits are a number, whatever the files say. */
		if (*text && strspn(text, "0123456789") == strlen(text))
			MUST(user.uid == strtoul(text, NULL, 10));
	}
	passwd_user_done(&user);
	free(text);
	return 0;
}
