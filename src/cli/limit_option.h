/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --ulimit and --device, as Docker writes them
 *
 *   --ulimit nofile=1024[:4096]     -1 is "unlimited"
 *   --device /dev/fuse[:/dev/inside][:rwm]
 *
 * What the structs point to is kept in `texts`. A refusal says what is wrong
 * with the value, no more.
 */
#ifndef DOLIUM_CLI_LIMIT_OPTION_H
#define DOLIUM_CLI_LIMIT_OPTION_H

struct dolium_device;
struct dolium_ulimit;
struct err;
struct strv;

int ulimit_parse(const char *value, struct strv *texts, struct dolium_ulimit *u, struct err *e);
int device_parse(const char *value, struct strv *texts, struct dolium_device *d, struct err *e);

#endif
