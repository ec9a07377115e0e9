/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -v, --mount and --tmpfs, as Docker writes them
 *
 *   -v [SOURCE:]TARGET[:ro,...]     SOURCE with a slash or dot first is a path, else a volume
 *   --mount type=bind,source=/srv,target=/srv,readonly
 *   --tmpfs TARGET[:size=64m,mode=1777,...]
 *
 * Each function fills *m; what it points to is kept in `texts`. A refusal says
 * what is wrong with the value, no more.
 */
#ifndef DOLIUM_CLI_MOUNT_OPTION_H
#define DOLIUM_CLI_MOUNT_OPTION_H

struct dolium_mount;
struct err;
struct strv;

int mount_parse_volume(
    const char *value, struct strv *texts, struct dolium_mount *m, struct err *e);
int mount_parse_mount(const char *value, struct strv *texts, struct dolium_mount *m, struct err *e);
int mount_parse_tmpfs(const char *value, struct strv *texts, struct dolium_mount *m, struct err *e);

#endif
