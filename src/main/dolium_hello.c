/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium-hello: the program of the image `hello`
 *
 * Says what it can see from inside its walls. It asks the kernel and nobody
 * else, so what it says is so. No C library: it is embedded into dolium.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include "main/bare.h"

#define TEXT_MAX  8192
#define READ_ONLY 1 /* ST_RDONLY of statvfs(3) */

static char out[TEXT_MAX];
static size_t out_len;

static void put(const char *text)
{
	while (*text && out_len < sizeof(out))
		out[out_len++] = *text++;
}

static void put_number(uint64_t n)
{
	char digits[21];
	size_t at = sizeof(digits);

	digits[--at] = '\0';
	do
		digits[--at] = (char)('0' + n % 10);
	while (n /= 10);
	put(digits + at);
}

static void put_label(const char *label)
{
	put("  ");
	put(label);
	for (size_t n = strlen(label); n < 14; n++)
		put(" ");
}

/* ---- reading ---- */

/* Returns what there is, or NULL. The text stays until the next call. */
static const char *read_text(const char *path)
{
	static char text[TEXT_MAX];
	const long fd = bare_call(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0);
	size_t len = 0;
	long n;

	if (fd < 0)
		return NULL;
	while (len < sizeof(text) - 1 &&
	    (n = bare_call(
	         SYS_read, fd, (long)text + (long)len, (long)(sizeof(text) - 1 - len), 0)) > 0)
		len += (size_t)n;
	bare_call(SYS_close, fd, 0, 0, 0);
	text[len] = '\0';
	return text;
}

static bool starts_with(const char *text, const char *with)
{
	while (*with)
		if (*text++ != *with++)
			return false;
	return true;
}

static const char *next_line(const char *at)
{
	while (*at && *at != '\n')
		at++;
	return *at ? at + 1 : at;
}

static const char *skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

/* The number at *at, and puts *at behind it. */
static uint64_t take_number(const char **at, unsigned base)
{
	uint64_t n = 0;

	*at = skip_blanks(*at);
	for (;; ++*at) {
		const char c = **at;
		unsigned digit;

		if (c >= '0' && c <= '9')
			digit = (unsigned)(c - '0');
		else if (base == 16 && c >= 'a' && c <= 'f')
			digit = (unsigned)(c - 'a' + 10);
		else
			return n;
		n = n * base + digit;
	}
}

/* A field of /proc/self/status. */
static bool read_status(const char *key, unsigned base, uint64_t *ret_value)
{
	const char *text = read_text("/proc/self/status");

	for (const char *at = text; at && *at; at = next_line(at))
		if (starts_with(at, key)) {
			at += strlen(key);
			*ret_value = take_number(&at, base);
			return true;
		}
	return false;
}

/* ---- telling ---- */

static void tell_kernel(void)
{
	struct utsname name;

	if (bare_call(SYS_uname, (long)&name, 0, 0, 0) < 0)
		return;
	put_label("kernel");
	put(name.sysname);
	put(" ");
	put(name.release);
	put(", ");
	put(name.machine);
	put("\n");
	put_label("host name");
	put(name.nodename);
	put("\n");
}

/* How many processes there are in /proc, as far as one look goes. */
static uint64_t count_processes(void)
{
	static _Alignas(8) char entries[TEXT_MAX];
	const long fd = bare_call(SYS_openat, AT_FDCWD, (long)"/proc", O_RDONLY | O_DIRECTORY, 0);
	uint64_t count = 0;
	long n;

	if (fd < 0)
		return 0;
	while ((n = bare_call(SYS_getdents64, fd, (long)entries, sizeof(entries), 0)) > 0)
		for (long at = 0; at < n;) {
			const char *entry = entries + at;
			uint16_t size;

			/* struct linux_dirent64: inode 8, offset 8, size 2, type 1, name */
			memcpy(&size, entry + 16, sizeof(size));
			count += entry[19] >= '1' && entry[19] <= '9';
			at += size;
		}
	bare_call(SYS_close, fd, 0, 0, 0);
	return count;
}

static void tell_process(void)
{
	const uint64_t n = count_processes();

	put_label("process");
	put("number ");
	put_number((uint64_t)bare_call(SYS_getpid, 0, 0, 0, 0));
	if (n) {
		put(", of ");
		put_number(n);
		put(" that can be seen");
	}
	put("\n");
}

/* What a number in here is outside, by a line "inside outside length". */
static bool map_out(const char *text, uint64_t inside, uint64_t *ret_outside, uint64_t *ret_range)
{
	for (const char *at = text; at && *at; at = next_line(at)) {
		const uint64_t first = take_number(&at, 10), outside = take_number(&at, 10);
		const uint64_t n = take_number(&at, 10);

		if (inside < first || inside - first >= n)
			continue;
		*ret_outside = outside + (inside - first);
		*ret_range = n;
		return true;
	}
	return false;
}

static void tell_user(void)
{
	const uint64_t uid = (uint64_t)bare_call(SYS_getuid, 0, 0, 0, 0);
	uint64_t outside, range;

	put_label("user");
	put_number(uid);
	put(" in here");
	if (map_out(read_text("/proc/self/uid_map"), uid, &outside, &range)) {
		if (outside == uid && range == UINT32_MAX) {
			put(", and the same outside");
		} else {
			put(", ");
			put_number(outside);
			put(" outside (one of ");
			put_number(range);
			put(")");
		}
	}
	put("\n");
}

/* The type of the file system on /, as /proc/self/mountinfo has it: the last such line counts. */
static void put_root_type(void)
{
	const char *text = read_text("/proc/self/mountinfo"), *type = NULL;

	for (const char *at = text; at && *at; at = next_line(at)) {
		const char *field = at;

		for (unsigned i = 0; i < 4; i++) {
			while (*field && *field != ' ' && *field != '\n')
				field++;
			field = skip_blanks(field);
		}
		if (!starts_with(field, "/ "))
			continue;
		while (*field && *field != '\n' && !starts_with(field, " - "))
			field++;
		if (*field == ' ')
			type = field + 3;
	}
	for (; type && *type && *type != ' '; type++)
		put((const char[]){ *type, '\0' });
	if (!type)
		put("unknown");
}

static void tell_root(void)
{
	struct statfs fs;

	put_label("root");
	put_root_type();
	if (bare_call(SYS_statfs, (long)"/", (long)&fs, 0, 0) >= 0)
		put(fs.f_flags & READ_ONLY ? ", read-only" : ", read and write");
	put("\n");
}

/*
 * The host's first namespaces have numbers that the kernel fixes, or gives out
 * before anything else runs; all later ones are higher.
 */
#define LAST_OF_BOOT (UINT32_C(0xf0000000) + 127)

static void tell_namespaces(void)
{
	static const char *const paths[] = { "/proc/self/ns/user", "/proc/self/ns/pid",
		"/proc/self/ns/mnt", "/proc/self/ns/net", "/proc/self/ns/ipc", "/proc/self/ns/uts",
		"/proc/self/ns/cgroup", "/proc/self/ns/time" };
	const char *shared[8];
	size_t n_shared = 0, n_own = 0;
	struct stat st;

	put_label("namespaces");
	put("own:");
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		const char *name = paths[i] + strlen("/proc/self/ns/");

		if (bare_call(SYS_newfstatat, AT_FDCWD, (long)paths[i], (long)&st, 0) < 0)
			continue;
		if (st.st_ino <= LAST_OF_BOOT) {
			shared[n_shared++] = name;
			continue;
		}
		put(" ");
		put(name);
		n_own++;
	}
	if (!n_own)
		put(" none");
	if (n_shared)
		put("; the host's:");
	for (size_t i = 0; i < n_shared; i++) {
		put(" ");
		put(shared[i]);
	}
	put("\n");
}

/* The first of the files that there is. */
static const char *read_either(const char *v2, const char *v1)
{
	const char *text = read_text(v2);

	return text ? text : read_text(v1);
}

static void put_limit(const char *what, const char *text, unsigned shift, const char *unit)
{
	const char *at = text;
	uint64_t n;

	put(what);
	if (!text || *text < '0' || *text > '9') {
		put(text ? " without limit" : " not shown");
		return;
	}
	n = take_number(&at, 10);
	if (n >= UINT64_C(0x7fffffffffff0000)) { /* v1's way to say "none" */
		put(" without limit");
		return;
	}
	put(" ");
	put_number(n >> shift);
	put(unit);
}

static unsigned count_cpus(void)
{
	uint64_t mask[16] = { 0 };
	const long n = bare_call(SYS_sched_getaffinity, 0, sizeof(mask), (long)mask, 0);
	unsigned count = 0;

	for (long i = 0; i < n * 8; i++)
		count += (mask[i / 64] >> i % 64) & 1;
	return count;
}

static void put_cpu_time(void)
{
	const char *text = read_text("/sys/fs/cgroup/cpu.max");
	uint64_t quota, period = 0;

	if (text) {
		quota = *text == 'm' ? 0 : take_number(&text, 10);
		period = quota ? take_number(&text, 10) : 0;
	} else {
		text = read_text("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
		quota = text && *text != '-' ? take_number(&text, 10) : 0;
		text = quota ? read_text("/sys/fs/cgroup/cpu/cpu.cfs_period_us") : NULL;
		period = text ? take_number(&text, 10) : 0;
	}
	if (!quota || !period)
		return;
	put(" (");
	put_number(quota * 100 / period);
	put("% of one)");
}

static void tell_limits(void)
{
	put_label("limits");
	put_limit("memory",
	    read_either("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"),
	    20, " MiB");
	put_limit(", processes",
	    read_either("/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max"), 0, "");
	put(", cpus ");
	put_number(count_cpus());
	put_cpu_time();
	put("\n");
}

static size_t count_bits(uint64_t set)
{
	size_t n = 0;

	for (; set; set &= set - 1)
		n++;
	return n;
}

static void tell_capabilities(void)
{
	static const char *const names[] = { "chown", "dac_override", "dac_read_search", "fowner",
		"fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable",
		"net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock",
		"ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct",
		"sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config",
		"mknod", "lease", "audit_write", "audit_control", "setfcap", "mac_override",
		"mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon",
		"bpf", "checkpoint_restore" };
	const size_t n_names = sizeof(names) / sizeof(*names);
	size_t column = 16;
	uint64_t set;

	if (!read_status("CapEff:", 16, &set))
		return;
	put("  capabilities ");
	if (!set) {
		put(" none\n");
		return;
	}
	/* The shorter list: those that there are, or those that are missing. */
	if (count_bits(set) > n_names / 2) {
		set = ~set & ((UINT64_C(1) << n_names) - 1);
		put(set ? " all but" : " all");
		column += strlen("all but ");
	}
	for (size_t i = 0; i < n_names; i++) {
		if (!(set & UINT64_C(1) << i))
			continue;
		if (column + strlen(names[i]) > 78) {
			put("\n               ");
			column = 16;
		}
		put(" ");
		put(names[i]);
		column += strlen(names[i]) + 1;
	}
	put("\n");
}

static void tell_walls(void)
{
	uint64_t mode = 0, filters = 0, no_new = 0;

	put_label("system calls");
	if (!read_status("Seccomp:", 10, &mode))
		put("unknown");
	else if (mode != 2)
		put("not filtered");
	else
		put("filtered");
	if (mode == 2 && read_status("Seccomp_filters:", 10, &filters) && filters > 1) {
		put(", ");
		put_number(filters);
		put(" times");
	}
	if (read_status("NoNewPrivs:", 10, &no_new))
		put(no_new ? "; no new privileges by set-uid programs"
		           : "; set-uid programs may raise privileges");
	put("\n");
}

int bare_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	put("Hello from inside a dolium container. What I can see from here:\n\n");
	tell_process();
	tell_root();
	tell_user();
	tell_namespaces();
	tell_limits();
	tell_capabilities();
	tell_walls();
	tell_kernel();
	put("\nTry a whole system next: dolium run --rm -it host bash\n");
	return bare_call(SYS_write, 1, (long)out, (long)out_len, 0) == (long)out_len ? 0 : 1;
}
