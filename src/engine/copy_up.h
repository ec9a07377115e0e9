/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copying a directory with all that belongs to it
 *
 * Contents, owners, modes, times, extended attributes, hard links, holes, links
 * and device nodes. Nothing is followed: links are copied as links.
 */
#ifndef DOLIUM_ENGINE_COPY_UP_H
#define DOLIUM_ENGINE_COPY_UP_H

/* Copies what is in `from_fd`, and what the directory itself is, into the empty `to_fd`. */
int copy_up(int from_fd, int to_fd);

#endif
