/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers on disk: claimed, found, locked, taken down
 *
 *   containers/<id>/state.json   what it is (engine/record.h); the last file to be made
 *                  /report       how its last run went, in dolium-oci's words; made anew by a start
 *                  /config.json hostname hosts resolv.conf   made by each start
 *                  /upper /work                              the storage driver's
 *   containers/names/<name>      a symbolic link to the id: the claim on a name
 *
 * Who makes, starts or removes a container holds flock(LOCK_EX) on its
 * directory; dolium-oci inherits that descriptor, so the lock lasts until the container
 * has ended, whatever becomes of us. Hence, with no daemon to remember anything:
 *
 *   no state.json, lock free      half made by a command that was killed: garbage
 *   auto_remove, ran, lock free   its command was killed: garbage
 *   of `run`, not run, lock free  its command was killed before the start: garbage
 *   pid of dolium-oci's state alive       running
 *   report says exited            exited
 *   and then, restarting          its keeper waits to start it again, and holds the lock
 *   report, neither, lock free    exited, and nobody saw how: status 137
 *   else                          created
 */
#ifndef DOLIUM_ENGINE_CONTAINER_H
#define DOLIUM_ENGINE_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/auto.h"
#include "engine/engine.h"
#include "engine/record.h"

struct json_value;
struct strv;

/* In its directory: somebody stopped it, so `unless-stopped` does not start it at boot. */
#define CONTAINER_STOPPED_FILE "stopped"

enum container_phase {
	CONTAINER_CREATED,
	CONTAINER_RUNNING,
	CONTAINER_EXITED,
	CONTAINER_RESTARTING, /* it has ended, and its keeper waits to start it again */
	CONTAINER_GARBAGE, /* to be removed by whoever sees it */
};

struct container_status {
	enum container_phase phase;
	pid_t pid; /* 0: does not run */
	int exit_status;
	bool oom_killed;
	int64_t restarts; /* how often it was started again since somebody started it */
	int64_t started_ns, finished_ns; /* since the epoch; 0: never */
	char error[256]; /* why the last start failed */
};

/*
 * Makes the directory of record->id, which it sets, locked; claims record->name,
 * or finds one where that is NULL. Returns the directory's fd, which the caller
 * owns. -EEXIST: the name is taken. Garbage until container_commit().
 */
int container_claim(struct dolium *d, struct record *record, struct err *e);
/* Gives it another name, which is claimed for it first; record->name is set. -EEXIST: taken. */
int container_rename(
    struct dolium *d, int dir_fd, struct record *record, const char *name, struct err *e);
/* Writes state.json: from now on the container exists. */
int container_commit(int dir_fd, const struct record *record, struct err *e);

/* By name, id, or a part of an id that is unique. -ENOENT, -ENOTUNIQ. */
int container_find(
    struct dolium *d, const char *what, char ret_id[RECORD_ID_LEN + 1], struct err *e);
/* The ids of all that stand on the disk, whole or not. */
int container_ids(struct dolium *d, struct strv *ret_ids, struct err *e);

/* Returns the fd of its directory, which the caller owns. -ENOENT */
int container_open(struct dolium *d, const char *id, struct err *e);
/* -ENOENT: never finished. */
int container_read(int dir_fd, const char *id, struct record **ret_record, struct err *e);
/* -EBUSY: somebody else holds it: it runs, or is being started or removed. */
int container_lock(int dir_fd);

/* `record` NULL: there is none. */
void container_look(struct dolium *d, const char *id, int dir_fd, const struct record *record,
    struct container_status *ret_status);

/* How often its restart policy has started it, of the run that was last. Takes no lock. */
int container_restarts(int dir_fd);

/* 125, 126 or 127: what docker's users expect of a "failed" event in a report. */
int container_failure_status(const struct json_value *event);

/*
 * Takes down a container whose lock the caller holds: its name, then all of it.
 * With `volumes` also its anonymous volumes. `record` NULL: half made.
 */
int container_discard(
    struct dolium *d, const char *id, const struct record *record, bool volumes, struct err *e);

/* Takes down garbage, for at most `budget_us`. Says nothing of what it cannot do. */
void container_sweep(struct dolium *d, uint64_t budget_us);

#endif
