/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What checkpoint and restore have in common: folders, options, the standard streams
 *
 * The folder of the images is CRIU's, and one file in it ours and runc's: "descriptors.json", an
 * array of what the container's three standard streams were ("pipe:[1234]"). A restore
 * gives it its own in their place.
 */
#ifndef DOLIUM_OCI_RUNTIME_IMAGES_H
#define DOLIUM_OCI_RUNTIME_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "format/criu_message.h"
#include "format/mountinfo.h"

struct err;
struct oci_config;
struct oci_state;
struct runtime_options;

struct images {
	int fd, work_fd; /* images, and CRIU's log */
	const char *path, *work_path;
};

/* `make`: the folders that are missing, for us alone. */
int images_open(
    const struct runtime_options *o, bool make, struct images *ret_images, struct err *e);
void images_close(struct images *images);

/* What the options of both commands ask for. */
int images_fill_request(const struct runtime_options *o, const struct images *images,
    struct criu_request *request, struct err *e);

/* The cgroups `paths` of a container, as CRIU knows them by controller. */
int images_add_cgroups(const struct strv *paths, struct criu_request *request, struct err *e);

#define STREAM_KEY_MAX 64
/* What the three are, of the process `pid`; those of the host become external to the dump. */
int images_note_streams(const struct images *images, pid_t pid, const struct mountinfo *own,
    struct criu_request *request, struct err *e);
/* `fds` take their places. */
int images_give_streams(
    const struct images *images, const int fds[3], struct criu_request *request, struct err *e);

/* The mounts that process sees; "self": ours. */
int images_read_mounts(const char *pid, struct mountinfo *ret_info, struct err *e);

/*
 * Namespaces that the configuration names by a path stay as they are: noted by a dump under a
 * name ("extRootNetNS", as runc's), given by that name to a restore.
 */
int images_note_namespaces(
    const struct oci_config *config, pid_t pid, struct criu_request *request, struct err *e);
int images_give_namespaces(
    const struct oci_config *config, struct criu_request *request, struct err *e);

#endif
