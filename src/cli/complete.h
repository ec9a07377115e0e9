/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a shell offers for the word being typed
 *
 * The scripts for bash, zsh and fish are a few lines each: they call `dolium
 * __complete WORDS...`, where the last word is the one being typed, and show
 * what it prints: a candidate a line, with a tab and its description behind it
 * where there is one; then a last line ":file", ":directory" or ":" that says
 * whether the shell shall add names of files. So the tables of the commands are
 * the only list of options there is, and a script never grows old.
 */
#ifndef DOLIUM_CLI_COMPLETE_H
#define DOLIUM_CLI_COMPLETE_H

#include <stdio.h>

struct cli;

/* `words` end in NULL and do not have the "dolium" before them. */
void complete_words(struct cli *cli, char **words, FILE *to);

/* The script for "bash", "zsh" or "fish"; NULL: no such shell. */
const char *complete_script(const char *shell);

#endif
