/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judge: libseccomp
 *
 * The same profile goes through our compiler and through libseccomp, and both
 * programs are run, in an interpreter of our own, on every number of every
 * architecture and on the arguments that matter. They must agree.
 *
 * One thing libseccomp 2.5 cannot judge: several rules for one system call with
 * inequalities. It merges them into one tree and then gets some values wrong, as
 * (arg3 < 0x10 or arg3 >= 0x100000000) for arg3 = 0x10. Nor does it say which
 * of several rules with different actions decides. There the judge is the
 * plain reading of the profile, rule by rule: reference() below.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <time.h>

#include "base/err.h"
#include "base/strv.h"
#include "format/default_seccomp.h"
#include "format/oci_config.h"
#include "format/seccomp_program.h"

#include "test.h"

#define NUMBERS 640

static uint32_t arch_token(enum syscall_arch arch)
{
	static const uint32_t tokens[] = { SCMP_ARCH_X86_64, SCMP_ARCH_X32, SCMP_ARCH_X86,
		SCMP_ARCH_AARCH64 };

	return tokens[arch];
}

/* ---- the interpreter: what seccomp lets a program do ---- */

static uint32_t load(const struct seccomp_data *data, uint32_t at)
{
	uint32_t word;

	CHECK(at % 4 == 0 && at + 4 <= sizeof(*data));
	memcpy(&word, (const char *)data + at, 4);
	return word;
}

static bool test_jump(uint16_t code, uint32_t a, uint32_t k)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	default:
		return (a & k) != 0;
	}
}

static uint32_t run(const struct sock_filter *code, size_t n, const struct seccomp_data *data)
{
	uint32_t a = 0, memory[BPF_MEMWORDS] = { 0 };

	for (size_t at = 0; at < n; at++) {
		const struct sock_filter *x = &code[at];

		if (x->code == (BPF_RET | BPF_K))
			return x->k;
		if (x->code == (BPF_LD | BPF_W | BPF_ABS))
			a = load(data, x->k);
		else if (x->code == (BPF_LD | BPF_MEM))
			a = memory[x->k];
		else if (x->code == BPF_ST)
			memory[x->k] = a;
		else if (x->code == (BPF_ALU | BPF_AND | BPF_K))
			a &= x->k;
		else if (x->code == (BPF_JMP | BPF_JA))
			at += x->k;
		else if (BPF_CLASS(x->code) == BPF_JMP)
			at += test_jump(x->code, a, x->k) ? x->jt : x->jf;
		else
			FAIL("an instruction that is known");
	}
	FAIL("a program that ends in a return");
	return 0;
}

/* ---- libseccomp ---- */

static uint32_t their_action(const char *name, bool has_errno, uint32_t errno_ret)
{
	const uint32_t number = (has_errno ? errno_ret : EPERM) & 0xffff;

	if (strcmp(name, "SCMP_ACT_ALLOW") == 0)
		return SCMP_ACT_ALLOW;
	if (strcmp(name, "SCMP_ACT_ERRNO") == 0)
		return SCMP_ACT_ERRNO(number);
	if (strcmp(name, "SCMP_ACT_TRACE") == 0)
		return SCMP_ACT_TRACE(number);
	if (strcmp(name, "SCMP_ACT_LOG") == 0)
		return SCMP_ACT_LOG;
	if (strcmp(name, "SCMP_ACT_TRAP") == 0)
		return SCMP_ACT_TRAP;
	if (strcmp(name, "SCMP_ACT_NOTIFY") == 0)
		return SCMP_ACT_NOTIFY;
	if (strcmp(name, "SCMP_ACT_KILL_PROCESS") == 0)
		return SCMP_ACT_KILL_PROCESS;
	CHECK(strcmp(name, "SCMP_ACT_KILL") == 0 || strcmp(name, "SCMP_ACT_KILL_THREAD") == 0);
	return SCMP_ACT_KILL;
}

static enum scmp_compare their_compare(const char *name)
{
	static const char *const names[] = { "", "NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ" };

	for (unsigned i = 1; i < 8; i++)
		if (strcmp(name + strlen("SCMP_CMP_"), names[i]) == 0)
			return (enum scmp_compare)i;
	FAIL("an operator that is known");
	return SCMP_CMP_EQ;
}

static bool has_repeated(const struct oci_seccomp_rule *rule)
{
	for (size_t i = 0; i < rule->n_args; i++)
		for (size_t k = 0; k < i; k++)
			if (rule->args[i].index == rule->args[k].index)
				return true;
	return false;
}

static struct scmp_arg_cmp their_arg(const struct oci_seccomp_arg *arg)
{
	return (struct scmp_arg_cmp){ .arg = arg->index,
		.op = their_compare(arg->op),
		.datum_a = arg->value,
		.datum_b = arg->value_two };
}

/* As runc and crun give a rule to libseccomp. */
static void give_rule(
    scmp_filter_ctx ctx, uint32_t action, int number, const struct oci_seccomp_rule *rule)
{
	struct scmp_arg_cmp args[6];
	int r = 0;

	if (has_repeated(rule)) {
		for (size_t i = 0; i < rule->n_args; i++) {
			args[0] = their_arg(&rule->args[i]);
			r = seccomp_rule_add_array(ctx, action, number, 1, args);
			CHECK(r == 0 || r == -EEXIST);
		}
		return;
	}
	for (size_t i = 0; i < rule->n_args; i++)
		args[i] = their_arg(&rule->args[i]);
	r = seccomp_rule_add_array(ctx, action, number, (unsigned)rule->n_args, args);
	CHECK(r == 0 || r == -EEXIST);
}

static uint32_t arch_of(const char *name)
{
	if (strcmp(name, "SCMP_ARCH_X86_64") == 0)
		return SCMP_ARCH_X86_64;
	if (strcmp(name, "SCMP_ARCH_X32") == 0)
		return SCMP_ARCH_X32;
	if (strcmp(name, "SCMP_ARCH_X86") == 0)
		return SCMP_ARCH_X86;
	CHECK_STR(name, "SCMP_ARCH_AARCH64");
	return SCMP_ARCH_AARCH64;
}

static struct sock_filter *their_program(
    enum syscall_arch native, const struct oci_seccomp *p, size_t *ret_n)
{
	const uint32_t def =
	    their_action(p->default_action, p->has_default_errno_ret, p->default_errno_ret);
	struct sock_filter *code = calloc(65536, sizeof(*code));
	scmp_filter_ctx ctx = seccomp_init(def);
	int pipe_fds[2];
	size_t got = 0;
	ssize_t n;

	CHECK(ctx && code);
	if (native != SYSCALL_X86_64) {
		CHECK_INT(seccomp_arch_add(ctx, arch_token(native)), 0);
		CHECK_INT(seccomp_arch_remove(ctx, SCMP_ARCH_X86_64), 0);
	}
	strv_for_each (arch, &p->architectures) {
		int r = seccomp_arch_add(ctx, arch_of(*arch));

		CHECK(r == 0 || r == -EEXIST);
	}
	for (size_t i = 0; i < p->n_syscalls; i++) {
		const struct oci_seccomp_rule *rule = &p->syscalls[i];
		const uint32_t action =
		    their_action(rule->action, rule->has_errno_ret, rule->errno_ret);

		strv_for_each (name, &rule->names) {
			const int number = seccomp_syscall_resolve_name(*name);

			if (number != __NR_SCMP_ERROR && action != def)
				give_rule(ctx, action, number, rule);
		}
	}
	CHECK_INT(pipe2(pipe_fds, O_CLOEXEC), 0);
	fcntl(pipe_fds[1], F_SETPIPE_SZ, 1 << 20);
	CHECK_INT(seccomp_export_bpf(ctx, pipe_fds[1]), 0);
	close(pipe_fds[1]);
	while ((n = read(pipe_fds[0], (char *)code + got, 65536 * sizeof(*code) - got)) > 0)
		got += (size_t)n;
	close(pipe_fds[0]);
	seccomp_release(ctx);
	*ret_n = got / sizeof(*code);
	return code;
}

/* ---- comparing ---- */

struct judge {
	const struct oci_seccomp *profile;
	const struct sock_filter *ours, *theirs;
	size_t n_ours, n_theirs;
	int highest[SYSCALL_N_ARCHS];
	bool enosys;
	uint64_t compared;
};

static bool is_harmless(const char *action)
{
	return strcmp(action, "SCMP_ACT_ALLOW") == 0 || strcmp(action, "SCMP_ACT_LOG") == 0 ||
	    strcmp(action, "SCMP_ACT_TRACE") == 0;
}

/* The one thing we add to libseccomp: what is newer than the profile is ENOSYS. */
static void find_highest(struct judge *j)
{
	const struct oci_seccomp *p = j->profile;

	j->enosys = !is_harmless(p->default_action) &&
	    !(strcmp(p->default_action, "SCMP_ACT_ERRNO") == 0 && p->has_default_errno_ret &&
	        p->default_errno_ret == ENOSYS);
	for (unsigned arch = 0; arch < SYSCALL_N_ARCHS; arch++) {
		j->highest[arch] = -1;
		for (size_t i = 0; i < p->n_syscalls; i++)
			strv_for_each (name, &p->syscalls[i].names) {
				int number =
				    seccomp_syscall_resolve_name_arch(arch_token(arch), *name);
				const bool multiplexed = number <= -100 && number > -300;

				/* What has two numbers on i386: socketcall or ipc, and its own. */
				if (multiplexed && syscall_find(*name)->number[arch] >= 0)
					number = syscall_find(*name)->number[arch];
				else if (multiplexed)
					number = number > -200 ? 102 : 117;
				if (number >= 0 && (number & 0x3fffffff) > j->highest[arch])
					j->highest[arch] = number & 0x3fffffff;
			}
	}
}

static bool has_arch(const struct judge *j, enum syscall_arch native, enum syscall_arch arch)
{
	if (arch == native)
		return true;
	strv_for_each (name, &j->profile->architectures)
		if (arch_of(*name) == arch_token(arch))
			return true;
	return false;
}

/* What a person needs to see why. */
static void print_rules(const struct judge *j, int number, enum syscall_arch arch)
{
	for (size_t i = 0; i < j->profile->n_syscalls; i++) {
		const struct oci_seccomp_rule *rule = &j->profile->syscalls[i];

		strv_for_each (name, &rule->names)
			if ((seccomp_syscall_resolve_name_rewrite(arch_token(arch), *name) &
			        0x3fffffff) == number) {
				printf("#   %s %s", *name, rule->action);
				for (size_t k = 0; k < rule->n_args; k++)
					printf(" [%u] %s %jx %jx", rule->args[k].index,
					    rule->args[k].op, (uintmax_t)rule->args[k].value,
					    (uintmax_t)rule->args[k].value_two);
				printf("\n");
			}
	}
}

static void compare(struct judge *j, enum syscall_arch native, enum syscall_arch arch,
    const struct seccomp_data *data)
{
	const uint32_t number = (uint32_t)data->nr & ~(arch == SYSCALL_X32 ? X32_SYSCALL_BIT : 0);
	const uint32_t ours = run(j->ours, j->n_ours, data);
	uint32_t theirs = run(j->theirs, j->n_theirs, data);

	if (j->enosys && has_arch(j, native, arch) && number <= INT32_MAX &&
	    (int)number > j->highest[arch])
		theirs = SECCOMP_RET_ERRNO | ENOSYS;
	j->compared++;
	if (ours == theirs)
		return;
	printf("# arch %x nr %d(%x) args %jx %jx %jx %jx %jx %jx: ours %x, libseccomp's %x\n",
	    data->arch, data->nr, (unsigned)data->nr, (uintmax_t)data->args[0],
	    (uintmax_t)data->args[1], (uintmax_t)data->args[2], (uintmax_t)data->args[3],
	    (uintmax_t)data->args[4], (uintmax_t)data->args[5], ours, theirs);
	print_rules(j, (int)number, arch);
	fflush(stdout);
	_exit(1);
}

static uint64_t random_state = 88172645463325252u;

static uint64_t random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint32_t random_below(uint32_t n)
{
	return (uint32_t)(random_u64() >> 20) % n;
}

/* Values around those in the rules of a system call, per argument. */
struct pool {
	uint64_t values[6][512];
	size_t n[6];
};

static void add_value(struct pool *pool, unsigned index, uint64_t value)
{
	if (pool->n[index] < 512)
		pool->values[index][pool->n[index]++] = value;
}

static void add_values_around(struct pool *pool, const struct oci_seccomp_arg *arg)
{
	const uint64_t v = arg->value, w = arg->value_two;
	const uint64_t all[] = { v, v + 1, v - 1, v ^ (UINT64_C(1) << 32), v + (UINT64_C(1) << 32),
		v - (UINT64_C(1) << 32), v & UINT32_MAX, v | UINT64_C(0xffffffff00000000), ~v, w,
		w | ~v, w & v, w ^ (v & -v), w ^ (UINT64_C(1) << 63), w | UINT64_C(1) << 40,
		v >> 32, v << 32 };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		add_value(pool, arg->index, all[i]);
}

static void fill_pool(
    struct pool *pool, const struct oci_seccomp *p, enum syscall_arch arch, int number)
{
	for (unsigned i = 0; i < 6; i++) {
		pool->n[i] = 0;
		add_value(pool, i, 0);
		add_value(pool, i, UINT64_MAX);
		add_value(pool, i, random_u64());
	}
	for (size_t i = 0; i < p->n_syscalls; i++) {
		bool named = arch == SYSCALL_I386 && (number == 102 || number == 117);

		if (!p->syscalls[i].n_args && !named)
			continue;
		strv_for_each (name, &p->syscalls[i].names) {
			int n = seccomp_syscall_resolve_name_arch(arch_token(arch), *name);

			if (n < 0)
				n = seccomp_syscall_resolve_name_rewrite(arch_token(arch), *name);
			named = named || (n >= 0 && (n & 0x3fffffff) == number);
		}
		for (size_t k = 0; named && k < p->syscalls[i].n_args; k++)
			add_values_around(pool, &p->syscalls[i].args[k]);
	}
	if (arch == SYSCALL_I386 && (number == 102 || number == 117))
		for (uint64_t i = 0; i < 30; i++)
			add_value(pool, 0, i);
}

static void compare_args(struct judge *j, enum syscall_arch native, enum syscall_arch arch,
    struct seccomp_data *data, int number)
{
	struct pool pool;
	size_t tries = 2;

	fill_pool(&pool, j->profile, arch, number);
	for (unsigned i = 0; i < 6; i++)
		tries += (pool.n[i] - 3) * 40;
	for (size_t k = 0; k < tries; k++) {
		for (unsigned i = 0; i < 6; i++)
			data->args[i] = pool.values[i][random_below((uint32_t)pool.n[i])];
		compare(j, native, arch, data);
	}
}

static void compare_all(struct judge *j, enum syscall_arch native)
{
	static const struct {
		uint32_t audit;
		enum syscall_arch arch;
		uint32_t bit;
	} archs[] = {
		{ AUDIT_ARCH_X86_64, SYSCALL_X86_64, 0 },
		{ AUDIT_ARCH_X86_64, SYSCALL_X32, X32_SYSCALL_BIT },
		{ AUDIT_ARCH_I386, SYSCALL_I386, 0 },
		{ AUDIT_ARCH_AARCH64, SYSCALL_ARM64, 0 },
	};
	static const uint32_t odd[] = { 0x3fffffff, 0x3ffffffe, 0x7fffffff };
	struct seccomp_data data = { .instruction_pointer = 4096 };

	for (size_t i = 0; i < sizeof(archs) / sizeof(*archs); i++) {
		data.arch = archs[i].audit;
		for (uint32_t n = 0; n < NUMBERS; n++) {
			data.nr = (int)(n | archs[i].bit);
			compare_args(j, native, archs[i].arch, &data, (int)n);
		}
		for (size_t k = 0; k < sizeof(odd) / sizeof(*odd); k++) {
			data.nr = (int)((odd[k] & 0x3fffffff) | archs[i].bit);
			compare(j, native, archs[i].arch, &data);
		}
	}
	/* A machine that is in no profile. */
	data.arch = AUDIT_ARCH_S390X;
	data.nr = 1;
	compare(j, native, SYSCALL_N_ARCHS - 1, &data);
}

static void judge(enum syscall_arch native, const struct oci_seccomp *profile)
{
	struct seccomp_program ours = { 0 };
	struct judge j = { .profile = profile };
	struct sock_filter *theirs;
	struct err e = { 0 };

	if (seccomp_compile_on(native, profile, &ours, &e) < 0) {
		printf("# %s\n", e.text);
		FAIL("a profile that compiles");
	}
	CHECK(ours.n > 0);
	theirs = their_program(native, profile, &j.n_theirs);
	j.ours = ours.filter;
	j.n_ours = ours.n;
	j.theirs = theirs;
	find_highest(&j);
	compare_all(&j, native);
	free(theirs);
	seccomp_program_done(&ours);
}

/* ---- profiles ---- */

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = calloc(1, 1 << 20);

	CHECK(f && text);
	CHECK(fread(text, 1, (1 << 20) - 1, f) > 0);
	fclose(f);
	return text;
}

static struct oci_config *parse_profile(const char *profile)
{
	struct oci_config *config = NULL;
	struct err e = { 0 };
	char *text = NULL;
	int n = asprintf(&text,
	    "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},\"linux\":{\"seccomp\":%s}}",
	    profile);

	CHECK(n > 0);
	if (oci_config_parse(text, (size_t)n, &config, &e) < 0) {
		printf("# %s\n", e.text);
		FAIL("a profile that can be read");
	}
	free(text);
	return config;
}

/* libseccomp 2.5.4 is older than our table: what it cannot know it cannot judge. */
static void drop_unknown(struct oci_seccomp *p)
{
	for (size_t i = 0; i < p->n_syscalls; i++) {
		struct strv *names = &p->syscalls[i].names;
		struct strv kept = { 0 };

		strv_for_each (name, names)
			if (seccomp_syscall_resolve_name(*name) != __NR_SCMP_ERROR)
				CHECK_INT(strv_add(&kept, *name), 0);
		strv_done(names);
		*names = kept;
	}
}

TEST(the_table_has_the_numbers_of_libseccomp)
{
	for (unsigned arch = 0; arch < SYSCALL_N_ARCHS; arch++)
		for (size_t i = 0; i < syscall_table_n; i++) {
			const struct syscall_entry *entry = &syscall_table[i];
			int n = seccomp_syscall_resolve_name_arch(arch_token(arch), entry->name);

			if (n < 0 || entry->number[arch] < 0)
				continue;
			CHECK_INT(entry->number[arch], n & 0x3fffffff);
		}
	for (int n = 0; n < 1024; n++)
		for (unsigned arch = 0; arch < SYSCALL_N_ARCHS; arch++) {
			char *name = seccomp_syscall_resolve_num_arch(
			    arch_token(arch), n | (arch == SYSCALL_X32 ? 0x40000000 : 0));
			const struct syscall_entry *entry;

			if (!name)
				continue;
			entry = syscall_find(name);
			CHECK(entry != NULL);
			CHECK_INT(entry->number[arch], n);
			free(name);
		}
}

TEST(podmans_profile_decides_as_with_libseccomp)
{
	char *text = read_file(SOURCE_ROOT "/bench/podman-seccomp.json");
	struct oci_config *config = parse_profile(text);

	drop_unknown(config->linux_->seccomp);
	judge(SYSCALL_X86_64, config->linux_->seccomp);
	judge(SYSCALL_ARM64, config->linux_->seccomp);
	oci_config_free(config);
	free(text);
}

/* A profile belongs to a configuration, which frees it. */
static struct oci_config *config_with_profile(void)
{
	struct oci_config *config = calloc(1, sizeof(*config));

	CHECK(config);
	config->linux_ = calloc(1, sizeof(*config->linux_));
	CHECK(config->linux_);
	config->linux_->seccomp = calloc(1, sizeof(*config->linux_->seccomp));
	CHECK(config->linux_->seccomp);
	return config;
}

TEST(the_default_profile_decides_as_with_libseccomp)
{
	static const uint64_t sets[] = { 0, UINT64_C(1) << 21, UINT64_MAX, UINT64_C(0xa80425fb) };

	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
		AUTO(oci_config_free) struct oci_config *config = config_with_profile();
		struct oci_seccomp *profile = config->linux_->seccomp;

		CHECK_INT(default_seccomp(profile, sets[i]), 0);
		drop_unknown(profile);
		judge(SYSCALL_X86_64, profile);
		judge(SYSCALL_ARM64, profile);
	}
}

static const char *const random_names[] = { "read", "write", "socket", "bind", "clone",
	"personality", "ioctl", "prctl", "mmap", "semctl", "shmget", "msgsnd", "accept", "accept4",
	"recv", "socketcall", "ipc", "_llseek", "clock_gettime64", "futex", "openat2", "clone3",
	"keyctl", "fcntl64", "setuid", "setuid32", "stat64", "newfstatat", "execve",
	"lookup_dcookie", "no_such_call", "semop", "sendto", "arch_prctl", "exit_group" };

static void random_arg(struct oci_seccomp_arg *arg, bool equal_only)
{
	static const char *const ops[] = { "SCMP_CMP_EQ", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE",
		"SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_GE", "SCMP_CMP_GT" };
	static const uint64_t values[] = { 0, 1, 16, 40, 0x7e020000, UINT32_MAX,
		UINT64_C(0x100000000), UINT64_C(0x500000007), UINT64_MAX };

	arg->value = values[random_below(9)];
	arg->value_two = values[random_below(9)];
	arg->op = strdup(ops[random_below(equal_only ? 2 : 7)]);
	if (strcmp(arg->op, "SCMP_CMP_MASKED_EQ") == 0)
		arg->value_two &= arg->value;
}

/* One action a system call: what several do to one is left open by libseccomp. */
static void random_rule(
    struct oci_seccomp_rule *rule, const char *name, const char *action, bool equal_only)
{
	unsigned used = 0;

	rule->action = strdup(action);
	rule->has_errno_ret = true;
	rule->errno_ret = 95;
	CHECK_INT(strv_add(&rule->names, name), 0);
	rule->n_args = random_below(4);
	rule->args = calloc(rule->n_args + 1, sizeof(*rule->args));
	for (size_t i = 0; i < rule->n_args; i++) {
		do
			rule->args[i].index = random_below(6);
		while (used & 1U << rule->args[i].index);
		used |= 1U << rule->args[i].index;
		random_arg(&rule->args[i], equal_only);
	}
}

static const char *const random_actions[] = { "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL",
	"SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP", "SCMP_ACT_LOG", "SCMP_ACT_TRACE" };

static const char *random_action(void)
{
	return random_actions[random_below(7)];
}

static void random_head(struct oci_seccomp *p)
{
	static const char *const archs[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32",
		"SCMP_ARCH_AARCH64" };

	*p = (struct oci_seccomp){ 0 };
	p->default_action = strdup(random_action());
	p->has_default_errno_ret = random_below(2);
	p->default_errno_ret = random_below(2) ? ENOSYS : 13;
	for (size_t i = 0; i < 4; i++)
		if (random_below(2))
			CHECK_INT(strv_add(&p->architectures, archs[i]), 0);
	p->syscalls = calloc(200, sizeof(*p->syscalls));
}

static bool is_part_of_another(const char *name)
{
	const int number = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, name);

	return strcmp(name, "socketcall") == 0 || strcmp(name, "ipc") == 0 ||
	    (number <= -100 && number > -300);
}

/* One that libseccomp can judge. */
static void random_profile(struct oci_seccomp *p)
{
	const size_t n_names = sizeof(random_names) / sizeof(*random_names);
	const char *one_action = random_below(2) ? random_action() : NULL;

	random_head(p);
	for (size_t i = 0; i < n_names; i++) {
		const char *action = one_action ? one_action : random_action();
		const bool is_way = strcmp(random_names[i], "socketcall") == 0 ||
		    strcmp(random_names[i], "ipc") == 0;
		unsigned k = random_below(4);

		/* These are the way to others, too: their rules would be several for one. */
		if (is_way && !one_action)
			continue;
		if (k == 1 && !is_part_of_another(random_names[i]))
			random_rule(&p->syscalls[p->n_syscalls++], random_names[i], action, false);
		for (; k > 1; k--)
			random_rule(&p->syscalls[p->n_syscalls++], random_names[i], action, true);
	}
}

static void wild_profile(struct oci_seccomp *p)
{
	const size_t n_names = sizeof(random_names) / sizeof(*random_names);

	random_head(p);
	for (size_t i = 0; i < n_names; i++)
		for (unsigned k = random_below(6); k > 0; k--)
			random_rule(
			    &p->syscalls[p->n_syscalls++], random_names[i], random_action(), false);
}

static bool holds(const struct oci_seccomp_arg *arg, uint64_t value, uint64_t word)
{
	static const char *const ops[] = { "EQ", "MASKED_EQ", "NE", "LT", "LE", "GE", "GT" };
	const uint64_t a = value & word, v = arg->value & word, w = arg->value_two & word;
	unsigned op = 0;

	while (strcmp(arg->op + strlen("SCMP_CMP_"), ops[op]) != 0)
		op++;
	switch (op) {
	case 0:
		return a == v;
	case 1:
		return (a & v) == w;
	case 2:
		return a != v;
	case 3:
		return a < v;
	case 4:
		return a <= v;
	case 5:
		return a >= v;
	default:
		return a > v;
	}
}

static bool is_named(const struct oci_seccomp_rule *rule, enum syscall_arch arch, int number)
{
	strv_for_each (name, &rule->names) {
		int n = seccomp_syscall_resolve_name_arch(arch_token(arch), *name);

		if (n >= 0 && (n & 0x3fffffff) == number)
			return true;
	}
	return false;
}

/* The rules for one system call, in the order of the profile. */
struct reading {
	const struct oci_seccomp_rule *rules[64];
	size_t n;
	uint32_t def;
	uint64_t word;
};

static void read_plainly(
    struct reading *x, const struct oci_seccomp *p, enum syscall_arch arch, int number)
{
	x->def = their_action(p->default_action, p->has_default_errno_ret, p->default_errno_ret);
	x->word = arch == SYSCALL_X32 ? UINT32_MAX : UINT64_MAX;
	x->n = 0;
	for (size_t i = 0; i < p->n_syscalls; i++)
		if (is_named(&p->syscalls[i], arch, number)) {
			CHECK(x->n < 64);
			x->rules[x->n++] = &p->syscalls[i];
		}
}

static uint32_t reference(const struct reading *x, const struct seccomp_data *data)
{
	bool found = false;
	uint32_t result = x->def;

	for (size_t i = 0; i < x->n; i++) {
		const struct oci_seccomp_rule *rule = x->rules[i];
		const uint32_t action =
		    their_action(rule->action, rule->has_errno_ret, rule->errno_ret);
		bool all = true;

		if (action == x->def)
			continue;
		if (!rule->n_args)
			return action;
		for (size_t k = 0; k < rule->n_args; k++)
			all =
			    all && holds(&rule->args[k], data->args[rule->args[k].index], x->word);
		if (all && !found)
			result = action;
		found = found || all;
	}
	return result;
}

static void compare_with_reference(const struct oci_seccomp *p,
    const struct seccomp_program *program, enum syscall_arch arch, int number)
{
	struct seccomp_data data = { .arch = AUDIT_ARCH_X86_64,
		.nr = (int)((uint32_t)number | (arch == SYSCALL_X32 ? X32_SYSCALL_BIT : 0)) };
	struct reading reading;
	struct pool pool;

	read_plainly(&reading, p, arch, number);
	if (!reading.n)
		return; /* may be above all that are named, and then is ENOSYS */
	fill_pool(&pool, p, arch, number);
	for (size_t k = 0; k < 1000; k++) {
		for (unsigned i = 0; i < 6; i++)
			data.args[i] = pool.values[i][random_below((uint32_t)pool.n[i])];
		CHECK_INT(run(program->filter, program->n, &data), reference(&reading, &data));
	}
}

static void free_profile(struct oci_seccomp *p)
{
	for (size_t i = 0; i < p->n_syscalls; i++) {
		for (size_t k = 0; k < p->syscalls[i].n_args; k++)
			free(p->syscalls[i].args[k].op);
		free(p->syscalls[i].args);
		free(p->syscalls[i].action);
		strv_done(&p->syscalls[i].names);
	}
	free(p->syscalls);
	free(p->default_action);
	strv_done(&p->architectures);
}

TEST(two_hundred_random_profiles_decide_as_with_libseccomp)
{
	for (unsigned i = 0; i < 200; i++) {
		struct oci_seccomp profile;

		random_profile(&profile);
		judge(i % 4 == 3 ? SYSCALL_ARM64 : SYSCALL_X86_64, &profile);
		free_profile(&profile);
	}
}

TEST(two_hundred_wild_profiles_decide_as_they_read)
{
	for (unsigned i = 0; i < 200; i++) {
		struct seccomp_program program = { 0 };
		struct oci_seccomp p;
		struct err e = { 0 };

		wild_profile(&p);
		CHECK_INT(seccomp_compile_on(SYSCALL_X86_64, &p, &program, &e), 0);
		for (size_t k = 0; k < sizeof(random_names) / sizeof(*random_names); k++) {
			const char *name = random_names[k];
			const int x64 = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name);
			const int x32 = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X32, name);

			if (x64 >= 0)
				compare_with_reference(&p, &program, SYSCALL_X86_64, x64);
			if (x32 >= 0 && strv_has(&p.architectures, "SCMP_ARCH_X32"))
				compare_with_reference(&p, &program, SYSCALL_X32, x32 & 0x3fffffff);
		}
		seccomp_program_done(&program);
		free_profile(&p);
	}
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Not a test of speed, which a loaded machine would fail: a number for who reads the output. */
TEST(podmans_profile_is_compiled)
{
	char *text = read_file(SOURCE_ROOT "/bench/podman-seccomp.json");
	struct oci_config *config = parse_profile(text);
	struct seccomp_program program = { 0 };
	double best = 1e9;

	for (unsigned i = 0; i < 200; i++) {
		const double begin = now_us();

		CHECK_INT(seccomp_compile(config->linux_->seccomp, &program, NULL), 0);
		if (now_us() - begin < best)
			best = now_us() - begin;
		CHECK(program.n > 100);
		CHECK(program.n < BPF_MAXINSNS);
		if (i == 199)
			printf("# %zu instructions, %.0f us\n", program.n, best);
		seccomp_program_done(&program);
	}
	oci_config_free(config);
	free(text);
}
