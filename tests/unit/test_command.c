/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of whole command lines, against the engine of fake_engine.c
 */
#include <fcntl.h>

#include "cli/cli.h"
#include "cli/command.h"

#include "test.h"

/* What one command line has printed and returned. */
struct result {
	int status;
	char out[32768], err[8192];
};

static void read_all(FILE *from, char *to, size_t room)
{
	size_t len;

	rewind(from);
	len = fread(to, 1, room - 1, from);
	to[len] = '\0';
	fclose(from);
}

/* Runs in a child, so that one line leaves nothing for the next. stdin is empty. */
static struct result *run_words(char **words, int n)
{
	static struct result result;
	FILE *out = tmpfile(), *err = tmpfile();
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
		dup2(fileno(out), STDOUT_FILENO);
		dup2(fileno(err), STDERR_FILENO);
		/* With all that exit() does: a sanitizer looks for leaks there. */
		exit(cli_main(n, words));
	}
	waitpid(pid, &status, 0);
	result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	read_all(out, result.out, sizeof(result.out));
	read_all(err, result.err, sizeof(result.err));
	return &result;
}

/* The words are copied: the parser moves them about. */
static struct result *run_line(const char *const *given)
{
	char text[8192], *words[64], *at = text;
	int n = 0;

	for (; given[n]; n++) {
		words[n] = at;
		at = stpcpy(at, given[n]) + 1;
	}
	words[n] = NULL;
	return run_words(words, n);
}

#define RUN(...) run_line((const char *const[]){ "dolium", __VA_ARGS__, NULL })

#define CHECK_LINE(text_, line_) CHECK(has_line(text_, line_))

static bool has_line(const char *text, const char *line)
{
	const size_t len = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at++)
		if ((at == text || at[-1] == '\n') && at[len] == '\n')
			return true;
	printf("# no line '%s' in:\n# %s\n", line, text);
	return false;
}

TEST(run_passes_every_option_on)
{
	static const struct {
		const char *option, *value, *line;
	} cases[] = {
		{ "-e", "A=1", "env=A=1" },
		{ "--env", "HOME", "env=HOME" },
		{ "--name", "web", "name=web" },
		{ "--hostname", "h1", "hostname=h1" },
		{ "-h", "h2", "hostname=h2" },
		{ "--domainname", "d", "domainname=d" },
		{ "-u", "1:2", "user=1:2" },
		{ "-w", "/srv", "workdir=/srv" },
		{ "--entrypoint", "/bin/sh", "entrypoint=/bin/sh" },
		{ "--entrypoint", "", "entrypoint=" },
		{ "--memory", "512m", "memory=536870912" },
		{ "--memory-reservation", "1k", "memory_reservation=1024" },
		{ "--cpus", "1.5", "nano_cpus=1500000000" },
		{ "-c", "512", "cpu_shares=512" },
		{ "--cpu-period", "100000", "cpu_period=100000" },
		{ "--cpu-quota", "50000", "cpu_quota=50000" },
		{ "--cpuset-cpus", "0-1", "cpuset_cpus=0-1" },
		{ "--cpuset-mems", "0", "cpuset_mems=0" },
		{ "--pids-limit", "100", "pids_limit=100" },
		{ "--pids-limit", "-1", "pids_limit=-1" },
		{ "--pids-limit", "0", "pids_limit=-1" },
		{ "--blkio-weight", "500", "blkio_weight=500" },
		{ "--ulimit", "nofile=1:2", "ulimit=nofile,1,2" },
		{ "--cap-add", "NET_ADMIN", "cap_add=NET_ADMIN" },
		{ "--cap-drop", "ALL", "cap_drop=ALL" },
		{ "--security-opt", "no-new-privileges", "security_opt=no-new-privileges" },
		{ "--device", "/dev/fuse", "device=/dev/fuse,/dev/fuse,rwm" },
		{ "--network", "host", "network=host" },
		{ "--net", "none", "network=none" },
		{ "--pid", "host", "pid=host" },
		{ "--ipc", "host", "ipc=host" },
		{ "--uts", "host", "uts=host" },
		{ "--cgroupns", "host", "cgroupns=host" },
		{ "--userns", "keep-id", "userns=keep-id" },
		{ "--stop-signal", "TERM", "stop_signal=TERM" },
		{ "--stop-timeout", "5", "stop_timeout=5" },
		{ "-l", "a=b", "label=a=b" },
		{ "--label", "a", "label=a=" },
		{ "--annotation", "a=b", "annotation=a=b" },
		{ "--shm-size", "1m", "shm_size=1048576" },
		{ "--sysctl", "net.ipv4.ip_forward=1", "sysctl=net.ipv4.ip_forward=1" },
		{ "--group-add", "audio", "group_add=audio" },
		{ "--add-host", "a:1.2.3.4", "add_host=a:1.2.3.4" },
		{ "--add-host", "a=::1", "add_host=a:::1" },
		{ "--dns", "1.1.1.1", "dns=1.1.1.1" },
		{ "--dns-search", "lan", "dns_search=lan" },
		{ "--dns-option", "ndots:1", "dns_option=ndots:1" },
		{ "--platform", "linux/arm64", "platform=linux/arm64" },
		{ "--platform", "linux/arm64", "pulling.platform=linux/arm64" },
		{ "--pull", "never", "pull=never" },
		{ "--isolation", "chroot", "isolation=1" },
		{ "--isolation", "vm", "isolation=2" },
		{ "--cgroup-parent", "/x", "cgroup_parent=/x" },
		{ "--oom-score-adj", "-500", "oom_score_adj=-500" },
		{ "--oom-score-adj", "0", "oom_score_adj=0" },
		{ "--tls-verify", "false", "tls_verify=-1" },
		{ "-v", "/a:/b", "mount=bind,/a,/b,create" },
		{ "--tmpfs", "/t:size=1k", "mount=tmpfs,-,/t,size=1024,mode=0,-" },
		{ "--mount", "type=bind,src=/a,dst=/b,ro", "mount=bind,/a,/b,ro" },
	};
	static const char *const flags[][2] = {
		{ "--rm", "auto_remove=1" },
		{ "--init", "init=1" },
		{ "--privileged", "privileged=1" },
		{ "--read-only", "read_only=1" },
		{ "--env-host", "env_host=1" },
		{ "--oom-kill-disable", "oom_kill_disable=1" },
		{ "-t", "tty=1" },
		{ "-i", "interactive=1" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct result *r = RUN("run", cases[i].option, cases[i].value, "debian");

		CHECK_STR(r->err, "");
		CHECK_INT(r->status, 0);
		CHECK_LINE(r->out, cases[i].line);
		r = RUN("create", cases[i].option, cases[i].value, "debian");
		CHECK_INT(r->status, 0);
		CHECK_LINE(r->out, cases[i].line);
	}
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		struct result *r = RUN("run", flags[i][0], "debian");

		CHECK_INT(r->status, 0);
		CHECK_LINE(r->out, flags[i][1]);
	}
}

TEST(what_stands_behind_the_image_is_the_containers)
{
	struct result *r = RUN("run", "debian", "ls", "--all", "-e", "--", "x");

	CHECK_INT(r->status, 0);
	CHECK(strstr(r->out,
	    "image=debian\ncommand=ls\ncommand=--all\ncommand=-e\ncommand=--\n"
	    "command=x\n"));
	CHECK(!strstr(r->out, "env="));
}

TEST(streams_are_attached_as_docker_does)
{
	CHECK_LINE(RUN("run", "x")->out, "start stdout stderr");
	CHECK_LINE(RUN("run", "-i", "x")->out, "start stdin stdout stderr");
	CHECK_LINE(RUN("run", "-a", "STDERR", "x")->out, "start stderr");
	CHECK_LINE(RUN("run", "--sig-proxy=false", "x")->out, "start stdout stderr no-signals");
	CHECK_LINE(RUN("start", "-ai", "web")->out, "start stdin stdout stderr");
}

TEST(the_status_of_run_is_the_programs_or_says_why_it_never_was)
{
	CHECK_INT(RUN("run", "x", "exit", "7")->status, 7);
	CHECK_INT(RUN("run", "x", "exit", "137")->status, 137);
	CHECK_INT(RUN("run", "x", "absent")->status, 127);
	CHECK_INT(RUN("run", "x", "locked")->status, 126);
	CHECK_INT(RUN("run", "missing")->status, 125);
	CHECK_INT(RUN("create", "missing")->status, 1);
	CHECK_INT(RUN("--root", "/broken", "run", "x")->status, 125);
	CHECK_INT(RUN("--root", "/broken", "ps")->status, 1);
}

TEST(an_error_is_a_sentence_and_at_most_one_hint)
{
	struct result *r = RUN("run", "missing");

	CHECK_STR(r->err,
	    "dolium: no such image: 'missing'\nhint: 'dolium images' lists those that are "
	    "here\n");
	CHECK_STR(r->out, "");
}

TEST(an_unknown_option_or_command_suggests_the_nearest)
{
	struct result *r = RUN("run", "--memroy", "1g", "x");

	CHECK_INT(r->status, 125);
	CHECK_STR(r->err,
	    "dolium: unknown option: '--memroy'\nhint: did you mean '--memory'? See 'dolium run "
	    "--help'.\n");
	r = RUN("imgaes");
	CHECK_INT(r->status, 1);
	CHECK_STR(r->err,
	    "dolium: 'imgaes' is not a command of dolium\nhint: did you mean 'dolium images'? "
	    "See 'dolium --help'.\n");
	r = RUN("image", "purne");
	CHECK_INT(r->status, 1);
	CHECK(strstr(r->err, "did you mean 'dolium image prune'?"));
	r = RUN("ps", "--al");
	CHECK_INT(r->status, 125);
}

TEST(too_few_or_many_words_are_counted_aloud)
{
	CHECK(strstr(RUN("run")->err, "'dolium run' requires at least 1 argument\n"));
	CHECK(strstr(RUN("tag", "x")->err, "'dolium tag' requires 2 arguments\n"));
	CHECK(
	    strstr(RUN("images", "a", "b")->err, "'dolium images' requires at most 1 argument\n"));
	CHECK(strstr(RUN("ps", "x")->err, "'dolium ps' takes no arguments\n"));
	CHECK_INT(RUN("ps", "x")->status, 1);
}

TEST(in_the_background_the_id_or_name_is_printed)
{
	struct result *r = RUN("run", "-d", "x");

	CHECK_INT(r->status, 0);
	CHECK(strstr(r->out, "start detached"));
	CHECK(strstr(r->out, "\n0123456789abcdef") || strlen(r->out) > 64);
	r = RUN("start", "web");
	CHECK_INT(r->status, 0);
	CHECK(strstr(r->out, "start detached"));
	CHECK(strstr(r->out, "web\n"));
	r = RUN("run", "-d", "-a", "stdout", "x");
	CHECK_INT(r->status, 125);
	CHECK(strstr(r->err, "'--detach' and '--attach' cannot be used together"));
}

TEST(a_stop_has_its_own_timeout_unless_one_is_said)
{
	CHECK_STR(RUN("stop", "web")->out, "stop web - -1\nweb\n");
	CHECK_STR(RUN("stop", "-t", "0", "web")->out, "stop web - 0\nweb\n");
	CHECK_STR(RUN("stop", "-t", "-1", "-s", "INT", "web")->out, "stop web INT -2\nweb\n");
	CHECK_STR(RUN("restart", "--time", "3", "web")->out, "restart web - 3\nweb\n");
	CHECK_STR(RUN("kill", "web")->out, "kill web - 0\nweb\n");
	CHECK_STR(RUN("wait", "web")->out, "wait web - 0\n3\n");
	CHECK_INT(RUN("stop", "absent", "web")->status, 1);
}

TEST(exec_and_logs_hand_on_what_was_said)
{
	struct result *r = RUN("exec", "-i", "-e", "A=1", "-u", "7", "-w", "/x", "web", "ls", "-l");

	CHECK_INT(r->status, 0);
	CHECK_STR(r->out, "exec web: ls -l A=1 in 7 /x\n");
	CHECK_INT(RUN("exec", "web", "exit")->status, 5);
	CHECK_INT(RUN("exec", "absent", "ls")->status, 1);
	CHECK_INT(RUN("exec", "web")->status, 1);
	CHECK_STR(RUN("logs", "web")->out, "hello\n");
	CHECK_STR(RUN("logs", "-t", "web")->out, "2026-11-23T21:00:00Z hello\n");
	CHECK(strstr(RUN("logs", "--since", "never", "web")->err, "'never' is no time"));
	CHECK_INT(RUN("logs", "-n", "some", "web")->status, 1);
	CHECK_STR(RUN("rename", "web", "site")->out, "rename web site 0\n");
	CHECK_STR(RUN("pause", "web")->out, "pause web - 1\nweb\n");
	CHECK_STR(RUN("unpause", "web")->out, "pause web - 0\nweb\n");
	CHECK(strstr(RUN("container", "prune", "-f")->out, "Total reclaimed space: 2.048kB\n"));
}

TEST(a_terminal_is_asked_for_only_where_there_is_one)
{
	struct result *r = RUN("run", "-it", "x");

	CHECK_INT(r->status, 1);
	CHECK(strstr(r->err, "dolium: the input device is not a TTY\n"));
	CHECK_INT(RUN("run", "-t", "x")->status, 0);
}

TEST(limits_that_contradict_each_other_are_refused)
{
	CHECK_INT(RUN("run", "--cpus", "1", "--cpu-quota", "5", "x")->status, 125);
	CHECK_INT(RUN("run", "--memory-swap", "1g", "x")->status, 125);
	CHECK_INT(RUN("run", "--memory-swap", "1g", "-m", "2g", "x")->status, 125);
	CHECK_INT(RUN("run", "--memory-swap", "-1", "-m", "2g", "x")->status, 0);
	CHECK(strstr(RUN("run", "-v", "/a:/x", "--tmpfs", "/x", "y")->err,
	    "something else is mounted on '/x'"));
}

TEST(files_of_variables_and_labels_come_before_the_options)
{
	char path[] = "/tmp/dolium-test-XXXXXX";
	int fd = mkstemp(path);
	struct result *r;

	CHECK(write(fd, "A=file\nB\n", 9) == 9);
	close(fd);
	r = RUN("run", "-e", "A=option", "--env-file", path, "x");
	CHECK(strstr(r->out, "env=A=file\nenv=B\nenv=A=option\n"));
	r = RUN("run", "-l", "A=option", "--label-file", path, "x");
	CHECK(strstr(r->out, "label=A=file\nlabel=B=\nlabel=A=option\n"));
	unlink(path);
	r = RUN("run", "--env-file", path, "x");
	CHECK_INT(r->status, 125);
	CHECK(strstr(r->err, "No such file or directory"));
}

TEST(a_cidfile_gets_the_id_and_is_never_overwritten)
{
	char path[] = "/tmp/dolium-test-XXXXXX", text[80] = "";
	int fd = mkstemp(path);
	struct result *r = RUN("run", "--cidfile", path, "x");

	CHECK_INT(r->status, 125);
	CHECK(strstr(r->err, "is already there"));
	close(fd);
	unlink(path);
	CHECK_INT(RUN("run", "--cidfile", path, "x")->status, 0);
	fd = open(path, O_RDONLY);
	CHECK_INT(read(fd, text, sizeof(text) - 1), 64);
	close(fd);
	unlink(path);
}

TEST(lists_look_as_dockers)
{
	CHECK_STR(RUN("ps")->out,
	    "CONTAINER ID   IMAGE     COMMAND                  CREATED       STATUS       "
	    "ISOLATION   PORTS     "
	    "NAMES\n"
	    "3f2a91c0d4e5   debian    \"sh -c 'sleep 1000; …\"   2 hours ago   Up 2 hours   "
	    "container             "
	    "web\n");
	CHECK_STR(RUN("images")->out,
	    "REPOSITORY    TAG       IMAGE ID       CREATED       SIZE\n"
	    "debian        latest    111111111111   3 weeks ago   116.8MB\n"
	    "evil\\x1b[2J   a\\x09b    111111111111   1 hour ago    12B\n");
	CHECK(strstr(RUN("ps", "-s")->out, "NAMES     SIZE\n"));
	CHECK(strstr(RUN("images", "--digests")->out, "TAG       DIGEST        IMAGE ID"));
}

TEST(ids_are_short_unless_they_shall_not_be)
{
	CHECK_STR(RUN("ps", "-q")->out, "3f2a91c0d4e5\n");
	CHECK_STR(RUN("ps", "-q", "--no-trunc")->out,
	    "3f2a91c0d4e53f2a91c0d4e53f2a91c0d4e53f2a91c0d4e53f2a91c0d4e5abcd\n");
	CHECK_STR(RUN("images", "-q")->out, "111111111111\n111111111111\n");
	CHECK(strstr(RUN("images", "--no-trunc")->out, "sha256:1111111111112222"));
	CHECK(strstr(RUN("ps", "--no-trunc")->out, "\"sh -c 'sleep 1000; echo done'\""));
	CHECK(strstr(RUN("history", "debian")->out, "<missing>      "));
}

TEST(a_format_decides_what_a_row_looks_like)
{
	CHECK_STR(RUN("ps", "--format", "{{.ID}} {{.Names}}")->out, "3f2a91c0d4e5 web\n");
	CHECK_STR(RUN("ps", "--format", "{{.ID}}\\t{{.Names}}")->out, "3f2a91c0d4e5\tweb\n");
	CHECK_STR(RUN("ps", "--format", "table {{.ID}}\\t{{.Names}}")->out,
	    "CONTAINER ID   NAMES\n3f2a91c0d4e5   web\n");
	CHECK(
	    strncmp(RUN("images", "--format", "json")->out, "{\"ID\":\"111111111111\",", 21) == 0);
	CHECK_INT(RUN("ps", "--format", "{{bad}}")->status, 1);
	CHECK_STR(RUN("ps", "--format", "table{{.Names}}")->out, "NAMES\nweb\n");
	CHECK(strncmp(RUN("ps", "--format", "")->out, "CONTAINER ID   IMAGE  ", 22) == 0);
	CHECK_STR(RUN("ps", "-q", "--format", "{{.Names}}")->out, "web\n");
	CHECK(strncmp(RUN("ps", "--format", "table")->out, "CONTAINER ID   IMAGE     COMMAND  ",
	          34) == 0);
}

TEST(inspect_prints_an_array_of_what_it_finds)
{
	struct result *r = RUN("inspect", "web", "nope", "debian");

	CHECK_INT(r->status, 1);
	CHECK(strncmp(r->out, "[\n    {\n        \"Id\": \"3f2a", 27) == 0);
	CHECK(strstr(r->out, "\n    },\n    {\n        \"Id\": \"sha256:1111"));
	CHECK(strstr(r->out, "\n    }\n]\n"));
	CHECK_STR(r->err, "dolium: no such container or image: 'nope'\n");
	r = RUN("inspect", "nope");
	CHECK_STR(r->out, "[]\n");
	CHECK_STR(RUN("inspect", "-f", "{{.Name}}", "web")->out, "/web\n");
	r = RUN("inspect", "--type", "image", "web");
	CHECK_INT(r->status, 1);
	CHECK_STR(r->err, "dolium: no such image: 'web'\n");
	CHECK(strncmp(RUN("inspect", "-f", "json", "web")->out, "[{\"Id\":", 7) == 0);
}

TEST(a_name_that_is_nearly_one_suggests_it)
{
	CHECK_STR(
	    RUN("rm", "wbe")->err, "dolium: no such container: 'wbe'\nhint: did you mean 'web'?\n");
	CHECK_STR(RUN("rmi", "debain")->err,
	    "dolium: no such image: 'debain'\nhint: did you mean 'debian:latest'?\n");
	CHECK_STR(RUN("inspect", "dtabase")->err,
	    "dolium: no such container or image: 'dtabase'\nhint: did you mean 'database'?\n");
	CHECK(strstr(RUN("inspect", "bgi")->err, "did you mean '127.0.0.1:5000/big'?"));
	CHECK_STR(RUN("rm", "somethingelse")->err, "dolium: no such container: 'somethingelse'\n");
}

TEST(removing_goes_on_after_a_failure)
{
	struct result *r = RUN("rm", "absent", "web");

	CHECK_INT(r->status, 1);
	CHECK_STR(r->out, "web\n");
	CHECK_INT(RUN("rm", "-f", "absent")->status, 0);
	CHECK_INT(RUN("rm", "busy")->status, 1);
	CHECK_INT(RUN("rm", "busy", "-f")->status, 0);
	CHECK_INT(RUN("rmi", "absent")->status, 1);
	CHECK_INT(RUN("rmi", "-f", "absent")->status, 0);
	CHECK(strncmp(RUN("rmi", "debian")->out, "Untagged: debian:latest\nDeleted: sha256:", 40) ==
	    0);
}

TEST(a_pull_ends_with_digest_status_and_name)
{
	CHECK_STR(RUN("pull", "debian")->out,
	    "Using default tag: latest\naaaaaaaaaaaa: Pull complete\nDigest: sha256:abcd\n"
	    "Status: Downloaded newer image for docker.io/library/debian:latest\n"
	    "docker.io/library/debian:latest\n");
	CHECK_STR(RUN("pull", "-q", "debian:1")->out, "sha256:abcd\n");
	CHECK_INT(RUN("pull", "missing")->status, 1);
	CHECK_STR(RUN("run", "--pull", "always", "x")->err, "aaaaaaaaaaaa: Pull complete\n");
	CHECK_STR(RUN("run", "--pull", "always", "-q", "x")->err, "");
}

TEST(prune_asks_first)
{
	struct result *r = RUN("image", "prune");

	CHECK_INT(r->status, 1);
	CHECK(strstr(r->out, "[y/N]"));
	r = RUN("image", "prune", "-f");
	CHECK_INT(r->status, 0);
	CHECK(strstr(r->out, "\nTotal reclaimed space: 1.5MB\n"));
}

TEST(a_password_comes_from_where_it_was_said_to)
{
	CHECK_STR(RUN("login", "-u", "me", "-p", "right", "reg.lan")->out,
	    "login reg.lan me 0\nLogin Succeeded\n");
	CHECK_INT(RUN("login", "-u", "me", "-p", "wrong")->status, 1);
	CHECK(strstr(RUN("login", "-u", "me")->err, "stdin is no terminal"));
	CHECK(strstr(RUN("login", "--password-stdin")->err, "needs '--username'"));
}

TEST(completion_offers_what_fits)
{
	CHECK(strncmp(RUN("__complete", "--", "run", "--pul")->out, "--pull\t", 7) == 0);
	CHECK_STR(RUN("__complete", "--", "run", "--pull", "")->out, "missing\nalways\nnever\n:\n");
	CHECK_STR(RUN("__complete", "--", "run", "--pull=a")->out, "--pull=always\n:\n");
	CHECK_STR(RUN("__complete", "--", "run", "--rm=")->out, "--rm=true\n--rm=false\n:\n");
	CHECK_STR(
	    RUN("__complete", "--", "rm", "")->out, "web\tcontainer\ndatabase\tcontainer\n:\n");
	CHECK_STR(
	    RUN("__complete", "--", "run", "-it", "--rm", "deb")->out, "debian:latest\timage\n:\n");
	CHECK_STR(RUN("__complete", "--", "run", "debian", "--r")->out, ":file\n");
	CHECK_STR(RUN("__complete", "--", "run", "--env-file", "")->out, ":file\n");
	CHECK_STR(RUN("__complete", "--", "--root", "")->out, ":directory\n");
	CHECK_STR(RUN("__complete", "--", "--root", "/x", "image", "pru")->out,
	    "prune\tRemove images that are not used\n:\n");
	CHECK_STR(RUN("__complete", "--", "run", "-e", "")->out, ":\n");
	CHECK_STR(RUN("__complete", "--", "nonsense", "")->out, ":\n");
	CHECK_STR(RUN("__complete", "--", "--root", "/broken", "rm", "")->out, ":\n");
}

TEST(every_command_has_help_with_its_options)
{
	entry_for_each(entry, commands_all)
	{
		struct result *r = RUN(entry->name, "--help");

		CHECK_INT(r->status, 0);
		CHECK(strncmp(r->out, "Usage:  dolium ", 15) == 0);
		if (!entry->command)
			continue;
		CHECK(strstr(r->out, entry->command->summary));
		option_for_each (o, entry->command->options) {
			char shown[64];

			snprintf(shown, sizeof(shown), "--%s", o->name);
			CHECK(o->alias_of || strstr(r->out, shown));
		}
	}
}

TEST(no_table_has_two_options_of_one_name_or_letter)
{
	entry_for_each(entry, commands_all)
	{
		if (!entry->command)
			continue;
		option_for_each (o, entry->command->options) {
			CHECK(o->alias_of || o->help);
			CHECK(o->alias_of || !option_takes_value(o) || o->argument);
			for (const struct cli_option *other = o + 1; other->name; other++) {
				CHECK(strcmp(o->name, other->name) != 0);
				CHECK(!o->letter || o->letter != other->letter);
			}
		}
	}
}

TEST(nothing_typed_prints_the_commands)
{
	const char *const words[] = { "dolium", NULL };
	struct result *r = run_line(words);

	CHECK_INT(r->status, 0);
	CHECK(strstr(r->out, "  run         Run a program in a new container\n"));
	CHECK_STR(RUN("--version")->out, "dolium version " DOLIUM_VERSION "\n");
}

TEST(output_that_cannot_be_written_is_a_failure)
{
	char name[] = "dolium", word[] = "help", *words[] = { name, word, NULL };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO);
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		_exit(cli_main(2, words));
	}
	waitpid(pid, &status, 0);
	CHECK_INT(WEXITSTATUS(status), 1);
}

TEST(a_reader_that_goes_is_not_a_crash)
{
	char name[] = "dolium", word[] = "help", *words[] = { name, word, NULL };
	int status, fds[2];
	pid_t pid;

	CHECK_INT(pipe(fds), 0);
	close(fds[0]);
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		_exit(cli_main(2, words));
	}
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 141);
}
