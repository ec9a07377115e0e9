/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The overlay driver, as its test sees it
 */
#ifndef DOLIUM_STORE_OVERLAY_H
#define DOLIUM_STORE_OVERLAY_H

struct err;
struct snapshot_stack;
struct snapshot_attach;

/* How layers are told to the kernel: by the newest way that it knows. */
enum overlay_form {
	OVERLAY_BY_FD, /* Linux 6.13: FSCONFIG_SET_FD */
	OVERLAY_BY_NAME, /* Linux 6.8: "lowerdir+", one at a time */
	OVERLAY_BY_LIST, /* before: one "lowerdir", of 255 bytes */
	OVERLAY_FORMS,
};

int overlay_attach_as(const struct snapshot_stack *stack, const struct snapshot_attach *how,
    enum overlay_form form, struct err *e);

#endif
