/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/PID/mountinfo
 *
 * 36 35 98:0 /root /point rw,noatime master:1 - ext3 /dev/root rw,errors=continue
 */
#include "format/mountinfo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

/* The next word of a line, cut off from it; NULL: there is none. */
static char *next_word(char **at)
{
	char *word = *at, *end;

	if (!word || *word == '\0')
		return NULL;
	end = strchr(word, ' ');
	*at = end ? end + 1 : word + strlen(word);
	if (end)
		*end = '\0';
	return word;
}

static int octal(char c)
{
	return c >= '0' && c <= '7' ? c - '0' : -1;
}

/* Names have what would part words as "\040". */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && octal(from[1]) >= 0 && octal(from[2]) >= 0 &&
		    octal(from[3]) >= 0) {
			*to = (char)(octal(from[1]) << 6 | octal(from[2]) << 3 | octal(from[3]));
			from += 4;
			continue;
		}
		*to = *from++;
	}
	*to = '\0';
}

static int read_device(char *word, struct mountinfo_entry *entry)
{
	char *colon = strchr(word, ':');

	if (!colon)
		return -EBADMSG;
	*colon = '\0';
	if (num_parse_u32(word, &entry->major) < 0 || num_parse_u32(colon + 1, &entry->minor) < 0)
		return -EBADMSG;
	return 0;
}

static int read_line(char *line, struct mountinfo_entry *entry)
{
	char *id = next_word(&line), *parent = next_word(&line), *device = next_word(&line);
	char *root = next_word(&line), *point = next_word(&line), *word;

	if (!point || num_parse_u32(id, &entry->id) < 0 ||
	    num_parse_u32(parent, &entry->parent) < 0 || read_device(device, entry) < 0)
		return -EBADMSG;
	while ((word = next_word(&line)) && strcmp(word, "-") != 0)
		;
	entry->type = next_word(&line);
	if (!entry->type)
		return -EBADMSG;
	unescape(root);
	unescape(point);
	entry->root = root;
	entry->point = point;
	return 0;
}

static size_t count_lines(const char *text)
{
	size_t n = 1;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

int mountinfo_parse(const char *text, struct mountinfo *ret_info)
{
	struct mountinfo info = { 0 };
	int r = 0;

	info.text = strdup(text);
	info.items = calloc(count_lines(text), sizeof(*info.items));
	if (!info.text || !info.items)
		r = -ENOMEM;
	for (char *line = info.text, *next; r >= 0 && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		else
			next = line + strlen(line);
		r = read_line(line, &info.items[info.n++]);
	}
	if (r < 0) {
		mountinfo_done(&info);
		return r;
	}
	*ret_info = info;
	return 0;
}

void mountinfo_done(struct mountinfo *info)
{
	free(info->items);
	free(info->text);
	*info = (struct mountinfo){ 0 };
}
