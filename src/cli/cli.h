/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program: from words to an exit status
 */
#ifndef DOLIUM_CLI_CLI_H
#define DOLIUM_CLI_CLI_H

/* The whole of `dolium`: parses, runs, prints. Returns the exit status. The words may be moved. */
int cli_main(int argc, char **argv);

#endif
