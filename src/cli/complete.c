/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a shell offers for the word being typed
 */
#include "cli/complete.h"

#include <stdbool.h>
#include <string.h>

#include <dolium/dolium.h>

#include "base/auto.h"
#include "base/buf.h"
#include "cli/command.h"
#include "cli/print.h"

AUTO_DEFINE(struct dolium_value *, dolium_value_free);
AUTO_DEFINE(struct dolium *, dolium_close);

/* One completion: what is offered has to begin with `typed`. */
struct completing {
	struct cli *cli;
	FILE *to;
	const char *typed;
	const char *prefix; /* stands before the value in the same word: "--pull=" */
	const char *directive; /* the last line */
};

static void offer(struct completing *c, const char *word, const char *description)
{
	AUTO_BUF struct buf line = { 0 };

	if (strncmp(word, c->typed, strlen(c->typed)) != 0)
		return;
	buf_adds(&line, c->prefix);
	print_escape(&line, word, "");
	if (description)
		buf_addf(&line, "\t%s", description);
	fprintf(c->to, "%s\n", buf_text(&line));
}

/* Names come from the store. A failure offers nothing: a shell that completes has no place for
 * complaints. */
static void offer_names(struct completing *c, const char *kind)
{
	struct dolium_options options = DOLIUM_OPTIONS(struct dolium_options);
	AUTO(dolium_close) struct dolium *d = NULL;
	AUTO(dolium_value_free) struct dolium_value *names = NULL;

	options.root = c->cli->root;
	options.run_root = c->cli->run_root;
	if (dolium_open(&options, &d) < 0 || dolium_names(d, kind, &names) < 0)
		return;
	for (size_t i = 0; i < dolium_value_count(names); i++)
		offer(c, dolium_value_text(dolium_value_at(names, i), NULL), kind);
}

static void offer_commands(struct completing *c, const struct command_entry *entries)
{
	entry_for_each(entry, entries) if (!entry->hidden)
	    offer(c, entry->name, entry->command ? entry->command->summary : entry->summary);
}

static void offer_options(struct completing *c, const struct cli_option *options)
{
	char word[64];

	option_for_each (o, options) {
		if (o->alias_of)
			continue;
		snprintf(word, sizeof(word), "--%s", o->name);
		offer(c, word, o->help);
		if (o->letter && c->typed[1] != '-') {
			snprintf(word, sizeof(word), "-%c", o->letter);
			offer(c, word, o->help);
		}
	}
	offer(c, "--help", "Print what the command does and its options");
}

static void offer_kind(struct completing *c, enum completion kind)
{
	switch (kind) {
	case COMPLETE_NOTHING:
		break;
	case COMPLETE_FILE:
		c->directive = ":file";
		break;
	case COMPLETE_DIRECTORY:
		c->directive = ":directory";
		break;
	case COMPLETE_CONTAINER:
		offer_names(c, "container");
		break;
	case COMPLETE_IMAGE:
		offer_names(c, "image");
		break;
	case COMPLETE_OBJECT:
		offer_names(c, "container");
		offer_names(c, "image");
		break;
	case COMPLETE_VOLUME:
		offer_names(c, "volume");
		break;
	case COMPLETE_COMMAND:
		offer_commands(c, commands_all);
		break;
	case COMPLETE_SHELL:
		offer(c, "bash", NULL);
		offer(c, "zsh", NULL);
		offer(c, "fish", NULL);
		break;
	}
}

static void offer_value(struct completing *c, const struct cli_option *o)
{
	static const char *const booleans[] = { "true", "false", NULL };
	const char *const *choices = o->kind == OPTION_FLAG ? booleans : o->choices;

	for (; choices && *choices; choices++)
		offer(c, *choices, NULL);
	offer_kind(c, o->completion);
}

/*
 * The option whose value is the next word, where `word` is one or some letters
 * that end in one: "--name", "-e", "-ite". NULL: none.
 */
static const struct cli_option *awaits_value(const struct cli_option *options, const char *word)
{
	const struct cli_option *o = NULL;

	if (word[0] != '-' || !word[1])
		return NULL;
	if (word[1] == '-') {
		o = option_find(options, word + 2, strlen(word + 2));
		return o && option_takes_value(o) ? o : NULL;
	}
	for (const char *c = word + 1; *c; c++) {
		o = option_find_letter(options, *c);
		if (!o || c[1] == '=')
			return NULL;
		if (option_takes_value(o))
			return c[1] ? NULL : o;
	}
	return NULL;
}

/*
 * Goes over the words before the last. Returns the option that waits for the
 * last one as its value; counts the plain words in *ret_words, and sets *ret_rest where
 * the options have ended.
 */
static const struct cli_option *walk(const struct cli_option *options, enum option_order order,
    char **words, unsigned *ret_words, bool *ret_rest)
{
	unsigned n = 0;
	bool rest = false;
	size_t i = 0;

	*ret_words = 0;
	*ret_rest = false;
	for (; words[i] && words[i + 1]; i++) {
		const struct cli_option *waits = rest ? NULL : awaits_value(options, words[i]);

		if (waits && !words[i + 2])
			return waits;
		if (waits) {
			i++;
		} else if (!rest && strcmp(words[i], "--") == 0) {
			rest = true;
		} else if (rest || words[i][0] != '-' || !words[i][1]) {
			n++;
			rest = rest || order == OPTIONS_FIRST;
		}
	}
	*ret_words = n;
	*ret_rest = rest;
	return NULL;
}

/* The last word, among the options and words of one command. */
static void complete_in_command(struct completing *c, const struct command *command, char **words)
{
	const struct cli_option *o;
	const char *equals = strchr(c->typed, '=');
	AUTO_FREE char *prefix = NULL;
	unsigned n;
	bool rest;

	o = walk(command->options, command->order, words, &n, &rest);
	if (o) {
		offer_value(c, o);
		return;
	}
	if (!rest && c->typed[0] == '-' && c->typed[1] == '-' && equals) {
		o = option_find(command->options, c->typed + 2, (size_t)(equals - c->typed - 2));
		if (!o)
			return;
		prefix = strndup(c->typed, (size_t)(equals + 1 - c->typed));
		c->prefix = prefix;
		c->typed = equals + 1;
		offer_value(c, o);
		c->prefix = NULL;
		return;
	}
	if (!rest && c->typed[0] == '-') {
		offer_options(c, command->options);
		return;
	}
	/* Behind the image stands a command of the container's, which only the container knows. */
	if (command->order == OPTIONS_FIRST && n > 0) {
		c->directive = ":file";
		return;
	}
	if (n < command->max_words)
		offer_kind(c, command->words);
}

/* The words before the command: global options. Returns how many words they are. */
static size_t skip_globals(struct cli *cli, char **words, const struct cli_option **ret_waits)
{
	size_t i = 0;

	*ret_waits = NULL;
	while (words[i] && words[i + 1] && words[i][0] == '-') {
		const struct cli_option *o = awaits_value(cli_options, words[i]);

		if (o && !words[i + 2]) {
			*ret_waits = o;
			return i + 1;
		}
		/* The names that are offered are those of the store that was chosen. */
		if (o && strcmp(o->name, "root") == 0)
			cli->root = words[i + 1];
		else if (o && strcmp(o->name, "run-root") == 0)
			cli->run_root = words[i + 1];
		else if (strncmp(words[i], "--root=", 7) == 0)
			cli->root = words[i] + 7;
		else if (strncmp(words[i], "--run-root=", 11) == 0)
			cli->run_root = words[i] + 11;
		i += o ? 2 : 1;
	}
	return i;
}

static void complete_last(struct completing *c, char **words)
{
	const struct command_entry *entries = commands_all, *entry;
	const struct cli_option *waits;

	words += skip_globals(c->cli, words, &waits);
	if (waits) {
		offer_value(c, waits);
		return;
	}
	for (;; words++) {
		if (!words[1]) {
			if (c->typed[0] == '-' && entries == commands_all)
				offer_options(c, cli_options);
			else
				offer_commands(c, entries);
			return;
		}
		entry = command_find(entries, words[0]);
		if (!entry)
			return;
		if (entry->command) {
			complete_in_command(c, entry->command, words + 1);
			return;
		}
		entries = entry->children;
	}
}

void complete_words(struct cli *cli, char **words, FILE *to)
{
	char empty[] = "", *nothing[] = { empty, NULL };
	struct completing c = { .cli = cli, .to = to, .typed = "", .directive = ":" };

	if (!words[0])
		words = nothing;
	for (char **w = words; *w; w++)
		c.typed = *w;
	complete_last(&c, words);
	fprintf(to, "%s\n", c.directive);
}

static const char bash_script[] =
    "# Completion of dolium for bash. Made by 'dolium completion bash'.\n"
    "_dolium()\n"
    "{\n"
    "\tlocal line=${COMP_LINE:0:COMP_POINT} rest cur i directive before='' option=''\n"
    "\tlocal -a words out\n"
    "\t# Bash cuts words at '=' and ':' as well. What no blank stands before belongs together.\n"
    "\tfor ((i = 0; i <= COMP_CWORD; i++)); do\n"
    "\t\trest=${line#\"${line%%[![:space:]]*}\"}\n"
    "\t\tif [ \"$i\" -gt 0 ] && [ \"$rest\" = \"$line\" ]; then\n"
    "\t\t\twords[${#words[@]}-1]+=${COMP_WORDS[i]}\n"
    "\t\telse\n"
    "\t\t\twords+=(\"${COMP_WORDS[i]}\")\n"
    "\t\tfi\n"
    "\t\tline=${rest#\"${COMP_WORDS[i]}\"}\n"
    "\tdone\n"
    "\tcur=${words[${#words[@]}-1]}\n"
    "\tCOMPREPLY=()\n"
    "\tmapfile -t out < <(\"${words[0]}\" __complete -- \"${words[@]:1}\" 2>/dev/null)\n"
    "\t[ ${#out[@]} -gt 0 ] || return 0\n"
    "\tdirective=${out[${#out[@]}-1]}\n"
    "\tunset 'out[${#out[@]}-1]'\n"
    "\tfor line in \"${out[@]}\"; do\n"
    "\t\tCOMPREPLY+=(\"${line%%$'\\t'*}\")\n"
    "\tdone\n"
    "\tcase $cur in --*=*) option=${cur%%=*}= ;; esac\n"
    "\tcase $directive in\n"
    "\t:file) i=-f ;;\n"
    "\t:directory) i=-d ;;\n"
    "\t*) i='' ;;\n"
    "\tesac\n"
    "\tif [ -n \"$i\" ]; then\n"
    "\t\twhile IFS= read -r line; do\n"
    "\t\t\tCOMPREPLY+=(\"$option$line\")\n"
    "\t\tdone < <(compgen \"$i\" -- \"${cur#\"$option\"}\")\n"
    "\t\tcompopt -o filenames 2>/dev/null\n"
    "\tfi\n"
    "\t# What stands before such a cut is not replaced, so it must not be offered again.\n"
    "\tfor i in = :; do\n"
    "\t\tcase $COMP_WORDBREAKS in *\"$i\"*) ;; *) continue ;; esac\n"
    "\t\tline=${cur%\"${cur##*\"$i\"}\"}\n"
    "\t\t[ ${#line} -le ${#before} ] || before=$line\n"
    "\tdone\n"
    "\tCOMPREPLY=(\"${COMPREPLY[@]#\"$before\"}\")\n"
    "}\n"
    "complete -F _dolium dolium\n";

static const char zsh_script[] =
    "#compdef dolium\n"
    "# Completion of dolium for zsh. Made by 'dolium completion zsh'.\n"
    "_dolium()\n"
    "{\n"
    "\tlocal -a out shown\n"
    "\tlocal line directive word\n"
    "\tout=(\"${(@f)$(\"${words[1]}\" __complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)}\")\n"
    "\t(( ${#out} )) || return 1\n"
    "\tdirective=${out[-1]}\n"
    "\tout[-1]=()\n"
    "\tfor line in \"${out[@]}\"; do\n"
    "\t\tword=${line%%$'\\t'*}\n"
    "\t\tword=${word//:/\\\\:}\n"
    "\t\tif [[ $line == *$'\\t'* ]]; then\n"
    "\t\t\tshown+=(\"$word:${line#*$'\\t'}\")\n"
    "\t\telse\n"
    "\t\t\tshown+=(\"$word\")\n"
    "\t\tfi\n"
    "\tdone\n"
    "\t(( ${#shown} )) && _describe 'dolium' shown\n"
    "\tif [[ $directive == :file || $directive == :directory ]]; then\n"
    "\t\tcompset -P '--*='\n"
    "\t\tif [[ $directive == :file ]]; then _files; else _files -/; fi\n"
    "\tfi\n"
    "}\n"
    "if [ \"$funcstack[1]\" = _dolium ]; then\n"
    "\t_dolium \"$@\"\n"
    "else\n"
    "\tcompdef _dolium dolium\n"
    "fi\n";

static const char fish_script[] =
    "# Completion of dolium for fish. Made by 'dolium completion fish'.\n"
    "function __dolium_complete\n"
    "\tset -l words (commandline -opc) (commandline -ct)\n"
    "\tset -l out (command $words[1] __complete -- $words[2..-1] 2>/dev/null)\n"
    "\ttest (count $out) -gt 0; or return\n"
    "\tset -l directive $out[-1]\n"
    "\tset -e out[-1]\n"
    "\ttest (count $out) -gt 0; and printf '%s\\n' $out\n"
    "\tset -l path (string replace -r -- '^--[^=]*=' '' (commandline -ct))\n"
    "\tset -l before (string match -r -- '^--[^=]*=' (commandline -ct))\n"
    "\tswitch $directive\n"
    "\t\tcase ':file'\n"
    "\t\t\tfor found in (__fish_complete_path $path)\n"
    "\t\t\t\tprintf '%s%s\\n' \"$before\" $found\n"
    "\t\t\tend\n"
    "\t\tcase ':directory'\n"
    "\t\t\tfor found in (__fish_complete_directories $path)\n"
    "\t\t\t\tprintf '%s%s\\n' \"$before\" $found\n"
    "\t\t\tend\n"
    "\tend\n"
    "end\n"
    "complete -c dolium -f -a '(__dolium_complete)'\n";

const char *complete_script(const char *shell)
{
	if (strcmp(shell, "bash") == 0)
		return bash_script;
	if (strcmp(shell, "zsh") == 0)
		return zsh_script;
	if (strcmp(shell, "fish") == 0)
		return fish_script;
	return NULL;
}
