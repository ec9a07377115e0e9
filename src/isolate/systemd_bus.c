/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Speaking with systemd
 *
 * Root speaks with systemd itself, on the socket that systemctl uses: there is no daemon between
 * that could be down or busy, no name to be given, nothing to subscribe to. Where that socket is
 * missing, and where $DBUS_SYSTEM_BUS_ADDRESS says where the bus is, it is the bus.
 *
 * Why not libsystemd: it is not to be had as a static library, and what is needed of it is small.
 */
#include "isolate/systemd_bus.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/num.h"
#include "format/dbus_message.h"
#include "os/monotonic.h"

#define TIMEOUT_SECONDS 30
#define LOOK_MS         250 /* between two looks for what a lost signal would have told */
#define LINE_MAX_       256
#define SENTENCE_MAX    200 /* of systemd's own words in ours */

#define DESTINATION "org.freedesktop.systemd1"
#define PATH        "/org/freedesktop/systemd1"
#define MANAGER     "org.freedesktop.systemd1.Manager"

#define JOB_REMOVED_RULE                                                             \
	"type='signal',sender='" DESTINATION "',interface='" MANAGER "',path='" PATH \
	"',member='JobRemoved'"

struct systemd_bus {
	int fd;
	uint64_t end; /* monotonic_ms() */
	unsigned seconds; /* that it has in all */
	uint32_t serial;
	struct buf in; /* bytes of messages, some of them not read yet */
	size_t used; /* the message that was read last */
};

struct systemd_bus *systemd_bus_close(struct systemd_bus *bus)
{
	if (!bus)
		return NULL;
	if (bus->fd >= 0)
		close(bus->fd);
	buf_done(&bus->in);
	free(bus);
	return NULL;
}

/* ---- bytes ---- */

static int time_left(const struct systemd_bus *bus)
{
	const uint64_t now = monotonic_ms();

	return now >= bus->end ? 0 : (int)(bus->end - now);
}

/* -ETIMEDOUT; `at_most` in ms, -1: until the deadline. */
static int wait_for(const struct systemd_bus *bus, short events, int at_most)
{
	struct pollfd p = { .fd = bus->fd, .events = events };
	int left = time_left(bus), r;

	if (at_most >= 0 && at_most < left)
		left = at_most;
	do
		r = poll(&p, 1, left);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	return r == 0 ? -ETIMEDOUT : 0;
}

static int send_all(struct systemd_bus *bus, const char *bytes, size_t len)
{
	while (len > 0) {
		const ssize_t n = send(bus->fd, bytes, len, MSG_NOSIGNAL);

		if (n >= 0) {
			bytes += n;
			len -= (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		int r = wait_for(bus, POLLOUT, -1);

		if (r < 0)
			return r;
	}
	return 0;
}

/* At least one byte more. */
static int receive_some(struct systemd_bus *bus, int at_most)
{
	char bytes[4096];
	ssize_t n;
	int r;

	for (;;) {
		n = recv(bus->fd, bytes, sizeof(bytes), 0);
		if (n > 0)
			break;
		if (n == 0)
			return -ECONNRESET;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		r = wait_for(bus, POLLIN, at_most);
		if (r < 0)
			return r;
	}
	buf_add(&bus->in, bytes, (size_t)n);
	return buf_error(&bus->in);
}

static void drop_used(struct systemd_bus *bus)
{
	bus->in.len -= bus->used;
	if (bus->used)
		memmove(bus->in.data, bus->in.data + bus->used, bus->in.len);
	bus->used = 0;
}

/* The next message, good until the one behind it is asked for. */
static int next_message(struct systemd_bus *bus, int at_most, struct dbus_message *ret_message)
{
	size_t len;
	int r;

	drop_used(bus);
	/* Who is flooded with signals hears no other clock. */
	if (time_left(bus) == 0)
		return -ETIMEDOUT;
	for (;;) {
		if (bus->in.len >= DBUS_FIXED_LEN) {
			r = dbus_message_length((const uint8_t *)bus->in.data, &len);
			if (r < 0)
				return r;
			if (bus->in.len >= len)
				break;
		}
		r = receive_some(bus, at_most);
		if (r < 0)
			return r;
	}
	bus->used = len;
	return dbus_message_parse((const uint8_t *)bus->in.data, len, ret_message);
}

/* ---- the connection ---- */

static int connect_until(struct systemd_bus *bus, const struct sockaddr_un *to, socklen_t len)
{
	bus->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (bus->fd < 0)
		return -errno;
	while (connect(bus->fd, (const struct sockaddr *)to, len) < 0) {
		/* As many wait there as may: a systemd that hangs. */
		if (errno == EAGAIN && time_left(bus) > 0) {
			nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
			continue;
		}
		const int r = errno == EAGAIN ? -ETIMEDOUT : -errno;

		close(bus->fd);
		bus->fd = -1;
		return r;
	}
	return 0;
}

/* `name` begins with '@' where it is none of a file. */
static int connect_to(struct systemd_bus *bus, const char *name)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const size_t len = strlen(name);
	const bool abstract = *name == '@';

	if (!len || len >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	memcpy(to.sun_path, name, len);
	if (abstract)
		to.sun_path[0] = '\0';
	return connect_until(
	    bus, &to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + !abstract));
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "unix:path=/run/x,guid=...;unix:abstract=y": the first that is a unix socket. */
static int read_address(const char *address, char *to, size_t room)
{
	size_t n = 0;

	for (; address; address = strchr(address, ';') ? strchr(address, ';') + 1 : NULL) {
		const bool abstract = strncmp(address, "unix:abstract=", 14) == 0;

		if (!abstract && strncmp(address, "unix:path=", 10) != 0)
			continue;
		if (abstract)
			to[n++] = '@';
		for (address += abstract ? 14 : 10; *address && !strchr(",;", *address);
		     address++) {
			int high = *address == '%' ? hex_digit(address[1]) : -1;
			int low = high >= 0 ? hex_digit(address[2]) : -1;

			if (n + 1 >= room)
				return -ENAMETOOLONG;
			to[n++] = low >= 0 ? (char)(high << 4 | low) : *address;
			address += low >= 0 ? 2 : 0;
		}
		to[n] = '\0';
		return n ? 0 : -EINVAL;
	}
	return -EINVAL;
}

/* Returns 1: it is systemd itself; 0: it is a bus. */
static int connect_somewhere(struct systemd_bus *bus, bool user)
{
	const char *address = getenv(user ? "DBUS_SESSION_BUS_ADDRESS" : "DBUS_SYSTEM_BUS_ADDRESS");
	const char *home = user ? getenv("XDG_RUNTIME_DIR") : "/run";
	char name[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int r;

	if (!address || user) {
		if (!home ||
		    (size_t)snprintf(name, sizeof(name), "%s/systemd/private", home) >=
		        sizeof(name))
			return -ENOENT;
		r = connect_to(bus, name);
		if (r >= 0)
			return 1;
		if (r == -ETIMEDOUT)
			return r;
	}
	if (address) {
		r = read_address(address, name, sizeof(name));
		return r < 0 ? r : connect_to(bus, name);
	}
	snprintf(name, sizeof(name), "%s%s", home, user ? "/bus" : "/dbus/system_bus_socket");
	return connect_to(bus, name);
}

/*
 * We say who we are without a number: the other end looks at the socket. A number would be
 * wrong in a user namespace. All in one piece, and nothing more before its answer: systemd (252)
 * forgets a message that it reads together with the BEGIN, until more comes.
 */
static int authenticate(struct systemd_bus *bus, struct err *e)
{
	static const char hello[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
	const char *accepted;
	int r;

	r = send_all(bus, hello, sizeof(hello) - 1);
	for (;;) {
		if (r < 0)
			return r;
		accepted = strstr(buf_text(&bus->in), "OK ");
		if (accepted && strstr(accepted, "\r\n"))
			break;
		if (strncmp(buf_text(&bus->in), "REJECTED", 8) == 0 || bus->in.len > LINE_MAX_)
			return err_refuse(e, -EACCES, "systemd does not speak with us");
		r = receive_some(bus, -1);
	}
	/* Nothing is said before our first word. */
	bus->in.len = 0;
	return 0;
}

/* ---- calls ---- */

static int timed_out(const struct systemd_bus *bus, const char *what, struct err *e)
{
	return err_refuse(e, -ETIMEDOUT, "%s: systemd gave no answer for %u s", what, bus->seconds);
}

static int failed(const struct systemd_bus *bus, int r, const char *what, struct err *e)
{
	if (r == -ETIMEDOUT)
		return timed_out(bus, what, e);
	if (r == -EBADMSG)
		return err_refuse(e, r, "%s: systemd's answer is no message", what);
	return err_set(e, r, "%s: cannot speak with systemd", what);
}

static int error_code(const char *name)
{
	static const struct {
		const char *name;
		int code;
	} codes[] = {
		{ "org.freedesktop.systemd1.UnitExists", -EEXIST },
		{ "org.freedesktop.systemd1.NoSuchUnit", -ENOENT },
		{ "org.freedesktop.DBus.Error.PropertyReadOnly", -EOPNOTSUPP },
		{ "org.freedesktop.DBus.Error.UnknownProperty", -EOPNOTSUPP },
		{ "org.freedesktop.DBus.Error.AccessDenied", -EACCES },
		{ "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", -EACCES },
		{ "org.freedesktop.DBus.Error.InvalidArgs", -EINVAL },
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (strcmp(codes[i].name, name) == 0)
			return codes[i].code;
	return -EREMOTEIO;
}

/* In systemd's own words, in one line. */
static int refused(const struct dbus_message *m, const char *what, struct err *e)
{
	char words[SENTENCE_MAX];
	const char *text = "";
	size_t at = 0, n;

	if (m->signature[0] != 's' || dbus_get_text(m, &at, &text) < 0 || !*text)
		text = m->error_name;
	for (n = 0; text[n] && n + 1 < sizeof(words); n++)
		words[n] = text[n] >= ' ' && text[n] != 0x7f ? text[n] : ' ';
	words[n] = '\0';
	return err_refuse(e, error_code(m->error_name), "%s: systemd says: %s", what, words);
}

static int take_text(const struct dbus_message *m, char **ret_text)
{
	const char *text = "";
	size_t at = 0;

	if (!ret_text)
		return 0;
	if (m->signature[0] == 's' || m->signature[0] == 'o') {
		int r = dbus_get_text(m, &at, &text);

		if (r < 0)
			return r;
	}
	*ret_text = strdup(text);
	return *ret_text ? 0 : -ENOMEM;
}

static int call(struct systemd_bus *bus, const struct dbus_call *method, const struct buf *body,
    const char *what, char **ret_text, struct err *e)
{
	AUTO_BUF struct buf message = { .max = DBUS_MESSAGE_MAX };
	const uint32_t serial = ++bus->serial;
	struct dbus_message reply;
	int r;

	dbus_write_call(&message, method, serial, body);
	r = buf_error(&message);
	if (r >= 0)
		r = send_all(bus, message.data, message.len);
	/* Signals and what else comes in between is not for us. */
	while (r >= 0) {
		r = next_message(bus, -1, &reply);
		if (r >= 0 && (reply.kind == DBUS_REPLY || reply.kind == DBUS_ERROR) &&
		    reply.reply_serial == serial)
			break;
	}
	if (r < 0)
		return failed(bus, r, what, e);
	if (reply.kind == DBUS_ERROR)
		return refused(&reply, what, e);
	r = take_text(&reply, ret_text);
	return r < 0 ? failed(bus, r, what, e) : 0;
}

int systemd_bus_call(struct systemd_bus *bus, const char *method, const char *signature,
    const struct buf *body, const char *what, char **ret_text, struct err *e)
{
	const struct dbus_call manager = {
		.destination = DESTINATION,
		.path = PATH,
		.interface = MANAGER,
		.member = method,
		.signature = signature,
	};

	return call(bus, &manager, body, what, ret_text, e);
}

/* On a bus we need a name, and signals must be asked for at both. */
static int introduce(struct systemd_bus *bus, struct err *e)
{
	static const char what[] = "cannot join the bus of systemd";
	struct dbus_call method = {
		.destination = "org.freedesktop.DBus",
		.path = "/org/freedesktop/DBus",
		.interface = "org.freedesktop.DBus",
		.member = "Hello",
	};
	AUTO_BUF struct buf rule = { 0 };
	int r;

	r = call(bus, &method, NULL, what, NULL, e);
	if (r < 0)
		return r;
	dbus_put_text(&rule, JOB_REMOVED_RULE);
	method.member = "AddMatch";
	method.signature = "s";
	r = call(bus, &method, &rule, what, NULL, e);
	return r < 0 ? r : systemd_bus_call(bus, "Subscribe", NULL, NULL, what, NULL, e);
}

static void set_deadline(struct systemd_bus *bus)
{
	const char *wanted = getenv("DOLIUM_SYSTEMD_TIMEOUT");
	uint32_t seconds;

	if (!wanted || num_parse_u32(wanted, &seconds) < 0 || seconds < 1 || seconds > 3600)
		seconds = TIMEOUT_SECONDS;
	bus->seconds = seconds;
	bus->end = monotonic_ms() + (uint64_t)seconds * 1000;
}

int systemd_bus_open(bool user, struct systemd_bus **ret_bus, struct err *e)
{
	static const char what[] = "cannot reach systemd";
	AUTO(systemd_bus_close) struct systemd_bus *bus = calloc(1, sizeof(*bus));
	int itself, r;

	if (!bus)
		return err_set(e, -ENOMEM, "cannot reach systemd");
	bus->fd = -1;
	bus->in.max = DBUS_MESSAGE_MAX + 4096;
	set_deadline(bus);
	itself = connect_somewhere(bus, user);
	if (itself == -ETIMEDOUT)
		return timed_out(bus, what, e);
	if (itself < 0) {
		err_set(e, itself, "cannot reach systemd%s", user ? " of this user" : "");
		err_hint(e, "without it, '--cgroup-manager cgroupfs' is what works");
		return itself == -ECONNREFUSED ? -ENOENT : itself;
	}
	r = authenticate(bus, e);
	if (r < 0)
		return r == -EACCES && e->code == r ? r : failed(bus, r, what, e);
	r = itself ? 0 : introduce(bus, e);
	if (r < 0)
		return r;
	*ret_bus = TAKE(bus);
	return 0;
}

/* ---- jobs ---- */

/* 1: it is the end of that job. */
static int is_end_of(const struct dbus_message *m, const char *job, const char **ret_result)
{
	const char *path, *unit;
	uint32_t id;
	size_t at = 0;

	if (m->kind != DBUS_SIGNAL || strcmp(m->interface, MANAGER) != 0 ||
	    strcmp(m->member, "JobRemoved") != 0 || strcmp(m->signature, "uoss") != 0)
		return 0;
	if (dbus_get_u32(m, &at, &id) < 0 || dbus_get_text(m, &at, &path) < 0 ||
	    dbus_get_text(m, &at, &unit) < 0 || dbus_get_text(m, &at, ret_result) < 0)
		return -EBADMSG;
	return strcmp(path, job) == 0;
}

int systemd_bus_wait_job(struct systemd_bus *bus, const char *job, bool (*done)(void *with),
    void *with, const char *what, struct err *e)
{
	struct dbus_message m;
	const char *result;
	int r;

	for (;;) {
		r = next_message(bus, LOOK_MS, &m);
		if (r == -ETIMEDOUT) {
			if (done(with))
				return 0;
			if (time_left(bus) > 0)
				continue;
		}
		if (r >= 0)
			r = is_end_of(&m, job, &result);
		if (r < 0)
			return failed(bus, r, what, e);
		if (r == 0)
			continue;
		if (strcmp(result, "done") == 0)
			return 0;
		return err_refuse(
		    e, -EREMOTEIO, "%s: systemd's job ended as '%.32s'", what, result);
	}
}
