/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features: what this run-time can do, in the form of the OCI's features.md
 *
 * From the tables that do it. Of seccomp, each name of the specification is given to the
 * compiler: what that takes is there.
 */
#include <errno.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "format/capability.h"
#include "format/json.h"
#include "format/oci_config.h"
#include "format/seccomp_program.h"
#include "isolate/mount_options.h"
#include "isolate/tuning.h"
#include "oci/runtime.h"
#include "os/file.h"
#include "os/namespace.h"
#include "os/seccomp.h"

/* ---- seccomp ---- */

static const char *const actions[] = { "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL",
	"SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY",
	"SCMP_ACT_TRACE", "SCMP_ACT_TRAP", NULL };
static const char *const operators[] = { "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE",
	"SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE", NULL };
static const char *const archs[] = { "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", "SCMP_ARCH_LOONGARCH64",
	"SCMP_ARCH_M68K", "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32",
	"SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PARISC",
	"SCMP_ARCH_PARISC64", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64", "SCMP_ARCH_PPC64LE",
	"SCMP_ARCH_RISCV64", "SCMP_ARCH_S390", "SCMP_ARCH_S390X", "SCMP_ARCH_SH", "SCMP_ARCH_SHEB",
	"SCMP_ARCH_X32", "SCMP_ARCH_X86", "SCMP_ARCH_X86_64", NULL };
static const char *const flags[] = { "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
	"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", NULL };

static bool compiles(const struct oci_seccomp *profile, unsigned *ret_flags)
{
	struct seccomp_program program = { 0 };
	struct err ignored = { 0 };
	bool good = seccomp_compile(profile, &program, &ignored) >= 0;

	if (ret_flags)
		*ret_flags = program.flags;
	seccomp_program_done(&program);
	return good;
}

/* The one word that is tried stands in each place of the profile where it could. */
static bool knows(const char *action, const char *operator, const char * arch, const char *flag,
    unsigned *ret_flags)
{
	char *names[] = { (char[]){ "mkdir" }, NULL };
	char *arch_items[] = { (char *)(uintptr_t)arch, NULL };
	char *flag_items[] = { (char *)(uintptr_t)flag, NULL };
	struct oci_seccomp_arg arg = { .op = (char *)(uintptr_t) operator};
	struct oci_seccomp_rule rule = {
		.names = { names, 1 },
		.action = (char *)(uintptr_t)(action ? action : "SCMP_ACT_ERRNO"),
		.args = &arg,
		.n_args = operator!= NULL,
	};
	const struct oci_seccomp profile = {
		.default_action = (char[]){ "SCMP_ACT_ALLOW" },
		.architectures = { arch_items, arch != NULL },
		.flags = { flag_items, flag != NULL },
		.syscalls = &rule,
		.n_syscalls = 1,
	};

	return compiles(&profile, ret_flags);
}

static void put_seccomp(struct json_writer *w)
{
	unsigned bits = 0;

	json_open_object(w, "seccomp");
	json_put_bool(w, "enabled", true);
	json_open_array(w, "actions");
	for (const char *const *at = actions; *at; at++)
		if (knows(*at, NULL, NULL, NULL, NULL))
			json_put_text(w, NULL, *at);
	json_close_array(w);
	json_open_array(w, "operators");
	for (const char *const *at = operators; *at; at++)
		if (knows(NULL, *at, NULL, NULL, NULL))
			json_put_text(w, NULL, *at);
	json_close_array(w);
	json_open_array(w, "archs");
	for (const char *const *at = archs; *at; at++)
		if (knows(NULL, NULL, *at, NULL, NULL))
			json_put_text(w, NULL, *at);
	json_close_array(w);
	json_open_array(w, "knownFlags");
	for (const char *const *at = flags; *at; at++)
		if (knows(NULL, NULL, NULL, *at, NULL))
			json_put_text(w, NULL, *at);
	json_close_array(w);
	json_open_array(w, "supportedFlags");
	for (const char *const *at = flags; *at; at++)
		if (knows(NULL, NULL, NULL, *at, &bits) && seccomp_takes_flags(bits))
			json_put_text(w, NULL, *at);
	json_close_array(w);
	json_close_object(w);
}

/* ---- the rest ---- */

static void put_namespaces(struct json_writer *w)
{
	json_open_array(w, "namespaces");
	for (enum namespace_kind kind = 0; kind < NAMESPACE_N; kind++)
		json_put_text(w, NULL, namespace_name(kind));
	json_close_array(w);
}

static void put_enabled(struct json_writer *w, const char *key, bool enabled)
{
	json_open_object(w, key);
	json_put_bool(w, "enabled", enabled);
	json_close_object(w);
}

static void put_cgroup(struct json_writer *w)
{
	json_open_object(w, "cgroup");
	json_put_bool(w, "v1", true);
	json_put_bool(w, "v2", true);
	json_put_bool(w, "systemd", true);
	json_put_bool(w, "systemdUser", false);
	json_put_bool(w, "rdma", true);
	json_close_object(w);
}

static int put_linux(struct json_writer *w)
{
	AUTO_STRV struct strv capabilities = { 0 };
	AUTO_STRV struct strv modes = { 0 };
	AUTO_STRV struct strv mode_flags = { 0 };
	int r;

	r = capability_list(capability_all, &capabilities);
	if (r >= 0)
		r = tuning_memory_policies(&modes, &mode_flags);
	if (r < 0)
		return r;
	json_open_object(w, "linux");
	put_namespaces(w);
	json_put_texts(w, "capabilities", capabilities.items);
	put_cgroup(w);
	put_seccomp(w);
	put_enabled(w, "apparmor", true);
	put_enabled(w, "selinux", true);
	json_open_object(w, "intelRdt");
	json_put_bool(w, "enabled", true);
	json_put_bool(w, "schemata", true);
	json_put_bool(w, "monitoring", true);
	json_close_object(w);
	json_open_object(w, "memoryPolicy");
	json_put_texts(w, "modes", modes.items);
	json_put_texts(w, "flags", mode_flags.items);
	json_close_object(w);
	put_enabled(w, "netDevices", true);
	json_open_object(w, "mountExtensions");
	put_enabled(w, "idmap", true);
	json_close_object(w);
	json_close_object(w);
	return 0;
}

static int put_features(struct json_writer *w)
{
	static const char *const hooks[] = { "prestart", "createRuntime", "createContainer",
		"startContainer", "poststart", "poststop", NULL };
	AUTO_STRV struct strv options = { 0 };
	int r = mount_options_list(&options);

	if (r < 0)
		return r;
	json_open_object(w, NULL);
	json_put_text(w, "ociVersionMin", "1.0.0");
	json_put_text(w, "ociVersionMax", "1.3.0");
	json_open_array(w, "hooks");
	for (const char *const *at = hooks; *at; at++)
		json_put_text(w, NULL, *at);
	json_close_array(w);
	json_put_texts(w, "mountOptions", options.items);
	r = put_linux(w);
	json_open_object(w, "annotations");
	json_put_text(w, "org.dolium.version", DOLIUM_VERSION);
	json_put_text(w, "org.opencontainers.runc.checkpoint.enabled", "true");
	json_close_object(w);
	json_put_texts(w, "potentiallyUnsafeConfigAnnotations", NULL);
	json_close_object(w);
	return r;
}

int runtime_features(const struct runtime *rt, const struct runtime_options *o, struct err *e)
{
	AUTO_BUF struct buf text = { 0 };
	struct json_writer w = { .to = &text, .indent = 2 };
	int r;

	(void)rt;
	(void)o;
	r = put_features(&w);
	buf_addc(&text, '\n');
	if (r >= 0)
		r = buf_error(&text);
	if (r >= 0)
		r = file_write_fd(STDOUT_FILENO, text.data, text.len);
	return r < 0 ? err_set(e, r, "cannot print the features") : 0;
}
