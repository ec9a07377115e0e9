/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `run --report-fd N` tells the engine
 */
#include "oci/events.h"

#include "base/buf.h"
#include "base/err.h"
#include "format/json.h"
#include "os/file.h"

static void send_line(int fd, struct buf *line)
{
	buf_addc(line, '\n');
	if (buf_error(line) >= 0)
		(void)file_write_fd(fd, line->data, line->len);
}

void event_started(int fd, pid_t pid)
{
	AUTO_BUF struct buf line = { 0 };
	struct json_writer w = { .to = &line };

	if (fd < 0)
		return;
	json_open_object(&w, NULL);
	json_put_text(&w, "event", "started");
	json_put_i64(&w, "pid", pid);
	json_close_object(&w);
	send_line(fd, &line);
}

void event_failed(int fd, const char *stage, const struct err *failure)
{
	AUTO_BUF struct buf line = { 0 };
	struct json_writer w = { .to = &line };

	if (fd < 0)
		return;
	json_open_object(&w, NULL);
	json_put_text(&w, "event", "failed");
	json_put_text(&w, "stage", stage);
	json_put_i64(&w, "errno", -failure->code);
	json_put_text(&w, "text", failure->text);
	json_close_object(&w);
	send_line(fd, &line);
}

void event_exited(int fd, int status, bool oom_killed)
{
	AUTO_BUF struct buf line = { 0 };
	struct json_writer w = { .to = &line };

	if (fd < 0)
		return;
	json_open_object(&w, NULL);
	json_put_text(&w, "event", "exited");
	json_put_i64(&w, "status", status);
	json_put_bool(&w, "oom_killed", oom_killed);
	json_close_object(&w);
	send_line(fd, &line);
}

void event_restarting(int fd)
{
	static const char line[] = "{\"event\":\"restarting\"}\n";

	if (fd >= 0)
		(void)file_write_fd(fd, line, sizeof(line) - 1);
}
