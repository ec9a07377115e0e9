/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of resource limits
 */
#include "engine/ulimit.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

bool ulimit_is_name(const char *name)
{
	static const char *const names[] = { "as", "core", "cpu", "data", "fsize", "locks",
		"memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime",
		"sigpending", "stack" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

char *ulimit_type(const char *name)
{
	AUTO_BUF struct buf text = { 0 };
	char *type;

	buf_adds(&text, "RLIMIT_");
	for (; *name; name++)
		buf_addc(&text, (char)toupper((unsigned char)*name));
	return buf_take(&text, &type) < 0 ? NULL : type;
}
