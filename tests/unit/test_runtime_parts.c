/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pure parts of oci/, and the state that it keeps
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/oci_state.h"
#include "oci/clock.h"
#include "oci/relay.h"
#include "oci/runtime.h"
#include "os/process.h"

#include "test.h"

TEST(accepts_ids_as_runc_does)
{
	CHECK(runtime_id_valid("a"));
	CHECK(runtime_id_valid("A-b_c+d.e1"));
	CHECK(runtime_id_valid("..."));
	CHECK(runtime_id_valid("-x"));
}

TEST(refuses_ids_that_are_paths_or_lines)
{
	char long_id[300];

	memset(long_id, 'a', sizeof(long_id));
	long_id[256] = '\0';
	CHECK(!runtime_id_valid(""));
	CHECK(!runtime_id_valid("."));
	CHECK(!runtime_id_valid(".."));
	CHECK(!runtime_id_valid("a/b"));
	CHECK(!runtime_id_valid("a\nb"));
	CHECK(!runtime_id_valid("a b"));
	CHECK(!runtime_id_valid(long_id));
	long_id[255] = '\0';
	CHECK(runtime_id_valid(long_id));
}

static void check_time(time_t when, const char *wanted)
{
	char text[CLOCK_TEXT_MAX];

	clock_format(when, text);
	CHECK_STR(text, wanted);
}

TEST(tells_the_time_without_a_zone)
{
	check_time(0, "1970-01-01T00:00:00Z");
	check_time(951782400, "2000-02-29T00:00:00Z");
	check_time(951868799, "2000-02-29T23:59:59Z");
	check_time(951868800, "2000-03-01T00:00:00Z");
	check_time(1795460531, "2026-11-23T19:02:11Z");
	check_time(4107542400, "2100-03-01T00:00:00Z");
	check_time(1735689599, "2024-12-31T23:59:59Z");
}

TEST(reads_back_the_state_that_it_writes)
{
	struct oci_state state = {
		.oci_version = (char[]){ "1.2.0" },
		.id = (char[]){ "x" },
		.pid = 42,
		.pid_start = UINT64_C(0xffffffffff),
		.bundle = (char[]){ "/b \"q\"\n" },
		.created = (char[]){ "2026-11-23T19:02:11Z" },
	};
	struct oci_state back = { 0 };
	struct buf text = { 0 };
	struct err e = { 0 };

	CHECK_INT(strv_add(&state.cgroups, "/sys/fs/cgroup/pids/dolium/x"), 0);
	CHECK_INT(strmap_set(&state.annotations, "a.b", "c"), 0);
	oci_state_write(&state, &text);
	CHECK_INT(buf_error(&text), 0);
	CHECK_INT(oci_state_parse(text.data, text.len, &back, &e), 0);
	CHECK_STR(back.id, "x");
	CHECK_INT(back.pid, 42);
	CHECK_INT((int64_t)back.pid_start, 0xffffffffff);
	CHECK_STR(back.bundle, "/b \"q\"\n");
	CHECK_STR(back.cgroups.items[0], "/sys/fs/cgroup/pids/dolium/x");
	CHECK_STR(strmap_get(&back.annotations, "a.b"), "c");
	CHECK(!back.rootfs);
	oci_state_done(&back);
	strv_done(&state.cgroups);
	strmap_done(&state.annotations);
	buf_done(&text);
}

TEST(refuses_a_state_of_another_version)
{
	static const char text[] = "{\"format\":2,\"id\":\"x\"}";
	struct oci_state state = { 0 };
	struct err e = { 0 };

	CHECK_INT(oci_state_parse(text, sizeof(text) - 1, &state, &e), -EBADMSG);
	CHECK_STR(e.text, "state.json: written by another version of dolium-oci");
}

TEST(knows_signals_by_name_and_number)
{
	CHECK_INT(process_signal_parse("TERM"), SIGTERM);
	CHECK_INT(process_signal_parse("SIGKILL"), SIGKILL);
	CHECK_INT(process_signal_parse("usr1"), SIGUSR1);
	CHECK_INT(process_signal_parse("15"), 15);
	CHECK_INT(process_signal_parse("0"), 0);
	CHECK_INT(process_signal_parse("SIGRTMIN+3"), 37);
	CHECK_INT(process_signal_parse("nonesuch"), -EINVAL);
	CHECK_INT(process_signal_parse("99"), -EINVAL);
	CHECK_INT(process_signal_parse(""), -EINVAL);
}

TEST(knows_itself_by_its_start_time)
{
	uint64_t start = 0;

	CHECK_INT(process_start_time(getpid(), &start), 0);
	CHECK(process_is(getpid(), start));
	CHECK(!process_is(getpid(), start + 1));
	CHECK_INT(process_kill(getpid(), start, 0), 0);
	CHECK_INT(process_kill(getpid(), start + 1, 0), -ESRCH);
}

/* A pipe that takes no byte more, and nobody reads. */
static void make_full_pipe(int ends[2])
{
	CHECK_INT(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	while (write(ends[1], "x", 1) == 1)
		;
}

TEST(input_that_nobody_takes_does_not_outlive_the_container)
{
	struct relay r;
	struct err e = { 0 };
	int full[2];

	relay_init(&r);
	make_full_pipe(full);
	r.pid = fork();
	if (r.pid == 0)
		_exit(7);
	r.pidfd = (int)syscall(SYS_pidfd_open, r.pid, 0);
	/* The ^D behind the last that was typed, which the container's terminal has no room for. */
	r.streams[0] = (struct relay_stream){ .from = -1,
		.to = full[1],
		.terminal_input = true,
		.len = 1,
		.data = malloc(RELAY_BUFFER) };
	r.n_streams = 1;
	alarm(10);
	CHECK_INT(relay_run(&r, &e), 7);
	relay_done(&r);
}

TEST(all_that_was_written_before_the_end_is_passed_on)
{
	char text[3 * 4096], got[sizeof(text)];
	struct err e = { 0 };
	int from[2], to[2];
	struct relay r;

	memset(text, 'a', sizeof(text));
	relay_init(&r);
	CHECK_INT(pipe2(from, O_CLOEXEC | O_NONBLOCK), 0);
	CHECK_INT(pipe2(to, O_CLOEXEC), 0);
	r.pid = fork();
	if (r.pid == 0)
		_exit(write(from[1], text, sizeof(text)) == sizeof(text) ? 0 : 1);
	r.pidfd = (int)syscall(SYS_pidfd_open, r.pid, 0);
	r.streams[0] = (struct relay_stream){
		.from = from[0], .to = to[1], .output = true, .data = malloc(RELAY_BUFFER)
	};
	r.n_streams = 1;
	alarm(10);
	/* Our end of `from` stays open, as another process's would: the end of the container is the
	 * end. */
	CHECK_INT(relay_run(&r, &e), 0);
	CHECK_INT(read(to[0], got, sizeof(got)), sizeof(got));
	CHECK(memcmp(got, text, sizeof(text)) == 0);
	relay_done(&r);
}
