/* SPDX-License-Identifier: Apache-2.0 */
/*
 * D-Bus: the first byte says what follows. A message, whose body is read as texts and numbers; a
 * linux.cgroupsPath for systemd; the value of an annotation.
 */
#include "base/buf.h"
#include "base/err.h"
#include "format/dbus_message.h"
#include "format/systemd_unit.h"

#include "fuzz.h"

static void read_message(const uint8_t *data, size_t size)
{
	struct dbus_message m;
	const char *text;
	uint32_t number;
	size_t at = 0, before;

	if (dbus_message_parse(data, size, &m) < 0)
		return;
	MUST(m.body + m.body_len == data + size);
	MUST(
	    strlen(m.path) + strlen(m.interface) + strlen(m.member) + strlen(m.error_name) <= size);
	do {
		before = at;
		if (dbus_get_text(&m, &at, &text) >= 0)
			MUST(strlen(text) < m.body_len);
		else if (dbus_get_u32(&m, &at, &number) < 0)
			break;
		MUST(at <= m.body_len);
	} while (at > before);
}

static void read_scope(const char *text)
{
	AUTO_SYSTEMD_SCOPE struct systemd_scope scope = { 0 };
	struct err e = { 0 };
	int r = systemd_scope_parse(text, "id", false, &scope, &e);

	MUST_REPORT(r, &e);
	if (r == 0) {
		MUST(strlen(scope.unit) <= 256 && !strchr(scope.unit, '/'));
		MUST(!strchr(scope.slice, '/'));
	}
}

static void read_annotation(const char *text)
{
	AUTO_BUF struct buf property = { 0 };
	struct err e = { 0 };

	MUST_REPORT(systemd_put_annotation(&property, "Some", text, &e), &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = fuzz_text(data + 1, size - 1);
	if (*data == 'm')
		read_message(data + 1, size - 1);
	else if (*data == 's')
		read_scope(text);
	else
		read_annotation(text);
	free(text);
	return 0;
}
