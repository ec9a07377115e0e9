/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of text
 *
 * Cells of a line are separated by tabs. A column is as wide as its widest cell
 * and three blanks, and at least ten; the last cell of a line is not padded. That
 * is how docker prints them, and scripts cut them apart by it.
 */
#ifndef DOLIUM_CLI_TABLE_H
#define DOLIUM_CLI_TABLE_H

#include <stddef.h>

struct buf;

/* How many characters a terminal shows for the first `len` bytes of UTF-8. */
size_t table_width(const char *text, size_t len);

/* Adds `lines`, which end in newlines, to `to` with the cells in columns. 0 or -ENOMEM. */
int table_align(struct buf *to, const char *lines);

#endif
