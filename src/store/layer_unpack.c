/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unpacking a layer: the store's side
 *
 * A worker fills tmp/<random>/tree, or tar and index beside each other, as the store's
 * driver wants layers; the store adds record.json and renames the whole to layers/<hex>.
 * tmp/<random> is locked by a file description that store and worker share, so that it is garbage
 * only when both are gone.
 *
 * tmp/layer-<hex> is locked while a layer is unpacked. Who finds it locked
 * starts a worker that does nothing but wait, so that this, too, is an fd to
 * poll. Its owner removes it; who gets a lock on what has no name any more looks
 * again.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/err.h"
#include "os/file.h"
#include "store/layer.h"
#include "store/snapshot.h"
#include "store/store.h"
#include "store/store_state.h"
#include "store/unpack.h"

#define DEFAULT_BYTES   ((uint64_t)64 << 30)
#define DEFAULT_ENTRIES 4000000
#define DEFAULT_RATIO   1200

enum unpack_state {
	STATE_DONE, /* the layer is there: nothing to do */
	STATE_WAITS, /* for somebody else's unpacking */
	STATE_WORKS,
};

struct layer_unpack {
	struct store *store;
	enum unpack_state state;
	enum snapshot_form form;
	struct unpack_order order;
	bool has_diff_id;
	struct digest diff_id;
	int blob_fd; /* a copy: for when a wait was in vain */
	int lock_fd; /* tmp/layer-<hex> */
	int dir_fd; /* tmp/<random> */
	char dir_name[STORE_NAME_LEN + 1];
	int report_fd;
	pid_t pid; /* 0: none */
	uint64_t bytes_in;
	bool has_result;
	struct unpack_message result;
};

int layer_unpack_fd(const struct layer_unpack *u)
{
	return u->report_fd;
}

/* ---- the worker ---- */

static void format_order(const struct unpack_order *order, char to[2 * sizeof(*order) + 1])
{
	const unsigned char *from = (const unsigned char *)order;

	for (size_t i = 0; i < sizeof(*order); i++)
		snprintf(to + 2 * i, 3, "%02x", from[i]);
}

/*
 * Copies of the fds, all above those that the worker finds them at, so that one
 * dup2 cannot overwrite what the next one needs.
 */
static int copy_fds(const int from[4], int to[4])
{
	for (size_t i = 0; i < 4; i++) {
		to[i] = fcntl(from[i], F_DUPFD_CLOEXEC, UNPACK_LOCK_FD + 1);
		if (to[i] < 0)
			return -errno;
	}
	return 0;
}

static int spawn(const char *worker, const int copies[4], char *order, pid_t *ret_pid)
{
	static const int targets[4] = { UNPACK_BLOB_FD, UNPACK_DIR_FD, UNPACK_REPORT_FD,
		UNPACK_LOCK_FD };
	char name[] = "dolium-unpack";
	char *const argv[] = { name, order, NULL };
	char *const environment[] = { NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return -r;
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(
	    &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	/* It has nothing to say to the user's terminal, and nothing to read from it. */
	for (int fd = 0; fd <= 2 && r == 0; fd++)
		r = posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	for (size_t i = 0; i < 4 && r == 0; i++)
		r = posix_spawn_file_actions_adddup2(&actions, copies[i], targets[i]);
	if (r == 0)
		r = posix_spawn(ret_pid, worker, &actions, &attributes, argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static int start_worker(struct layer_unpack *u, struct err *e)
{
	int copies[4] = { -1, -1, -1, -1 };
	char order[2 * sizeof(u->order) + 1];
	AUTO_FD int theirs = -1;
	int pair[2], r;

	if (!u->store->worker)
		return err_refuse(
		    e, -ENOPKG, "cannot unpack a layer: nobody said where dolium-unpack is");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, -errno, "cannot start the unpacking worker");
	u->report_fd = pair[0];
	theirs = pair[1];

	format_order(&u->order, order);
	r = copy_fds((const int[4]){ u->blob_fd, u->dir_fd >= 0 ? u->dir_fd : theirs, theirs,
	                 u->order.job == UNPACK_WAIT ? u->lock_fd : theirs },
	    copies);
	if (r >= 0)
		r = spawn(u->store->worker, copies, order, &u->pid);
	for (size_t i = 0; i < 4; i++) {
		if (copies[i] >= 0)
			close(copies[i]);
	}
	if (r < 0) {
		u->pid = 0;
		return err_set(e, r, "cannot start '%s'", u->store->worker);
	}
	return 0;
}

static void stop_worker(struct layer_unpack *u)
{
	if (u->pid > 0) {
		(void)kill(u->pid, SIGKILL);
		while (waitpid(u->pid, NULL, 0) < 0 && errno == EINTR)
			;
		u->pid = 0;
	}
	if (u->report_fd >= 0)
		close(u->report_fd);
	u->report_fd = -1;
}

/* ---- starting ---- */

static void lock_path(const struct layer_unpack *u, char to[STORE_PATH_MAX])
{
	store_digest_path("tmp", &u->diff_id, to);
	memmove(to + strlen("tmp/layer-"), to + strlen("tmp/"), DIGEST_HEX_LEN + 1);
	memcpy(to, "tmp/layer-", strlen("tmp/layer-"));
}

/* Is the file that is locked still the one that has the name? */
static bool has_name(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

/* 1: we have the lock; 0: somebody else has it, and u->lock_fd is open on it. */
static int try_lock(struct layer_unpack *u)
{
	char path[STORE_PATH_MAX];

	lock_path(u, path);
	for (int tries = 0; tries < 64; tries++) {
		int r;

		if (u->lock_fd >= 0)
			close(u->lock_fd);
		u->lock_fd = file_open_beneath(u->store->root_fd, path, O_RDWR | O_CREAT, 0600);
		if (u->lock_fd < 0)
			return u->lock_fd;
		r = flock(u->lock_fd, LOCK_EX | LOCK_NB);
		if (r < 0 && errno != EWOULDBLOCK)
			return -errno;
		if (!has_name(u->lock_fd))
			continue;
		return r == 0;
	}
	return -EAGAIN;
}

static int make_dirs(struct layer_unpack *u)
{
	u->dir_fd = store_tmp_dir(u->store, u->dir_name);
	if (u->dir_fd < 0)
		return u->dir_fd;
	if (u->form == SNAPSHOT_OF_TARS)
		return 0;
	if (mkdirat(u->dir_fd, "tree", 0700) < 0 || mkdirat(u->dir_fd, "junk", 0700) < 0)
		return -errno;
	return 0;
}

/* Looks whether the layer is there, being made, or ours to make; and starts what it takes. */
static int begin(struct layer_unpack *u, struct err *e)
{
	int r = 1;

	if (u->has_diff_id && layer_exists(u->store, &u->diff_id)) {
		u->state = STATE_DONE;
		return 0;
	}
	if (u->has_diff_id) {
		r = try_lock(u);
		if (r < 0)
			return err_set(e, r, "cannot lock a layer");
		/* Again, as it may have come between the look and the lock. */
		if (r == 1 && layer_exists(u->store, &u->diff_id)) {
			u->state = STATE_DONE;
			return 0;
		}
	}
	if (r == 0) {
		u->state = STATE_WAITS;
		u->order.job = UNPACK_WAIT;
		return start_worker(u, e);
	}
	u->state = STATE_WORKS;
	u->order.job = u->form == SNAPSHOT_OF_TARS ? UNPACK_TAR : UNPACK_LAYER;
	r = make_dirs(u);
	if (r < 0)
		return err_set(e, r, "cannot make a directory in '%s/tmp'", u->store->path);
	return start_worker(u, e);
}

static void fill_order(struct unpack_order *order, enum layer_compression compression,
    const struct layer_limits *limits)
{
	const struct layer_limits none = { 0 };

	if (!limits)
		limits = &none;
	memset(order, 0, sizeof(*order));
	order->compression = compression;
	order->max_bytes = limits->max_bytes ? limits->max_bytes : DEFAULT_BYTES;
	order->max_entries = limits->max_entries ? limits->max_entries : DEFAULT_ENTRIES;
	order->max_ratio = limits->max_ratio ? limits->max_ratio : DEFAULT_RATIO;
	order->forbid_devices = limits->forbid_devices;
}

static struct layer_unpack *new_unpack(struct store *s, enum snapshot_form form)
{
	struct layer_unpack *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->store = s;
	u->form = form;
	u->lock_fd = u->dir_fd = u->report_fd = u->blob_fd = -1;
	return u;
}

int layer_unpack_start(struct store *s, int blob_fd, enum layer_compression compression,
    const struct digest *diff_id, const struct layer_limits *limits, struct layer_unpack **ret,
    struct err *e)
{
	AUTO(layer_unpack_free) struct layer_unpack *u = NULL;
	const struct snapshot_driver *driver;
	int r = snapshot_of(s, true, &driver, e);

	if (r < 0)
		return r;
	u = new_unpack(s, driver->form);
	if (!u)
		return err_set(e, -ENOMEM, "cannot unpack a layer");
	fill_order(&u->order, compression, limits);
	if (diff_id) {
		u->has_diff_id = true;
		u->diff_id = *diff_id;
	}
	if (compression == LAYER_UNKNOWN)
		return err_refuse(e, -EBADMSG, "cannot unpack a layer of an unknown media type");
	/* Another description would be better, but a pipe or an unnamed file has only this one. */
	u->blob_fd = fcntl(blob_fd, F_DUPFD_CLOEXEC, 3);
	if (u->blob_fd < 0)
		return err_set(e, -errno, "cannot unpack a layer");
	if (lseek(u->blob_fd, 0, SEEK_SET) < 0 && errno != ESPIPE)
		return err_set(e, -errno, "cannot unpack a layer");

	r = begin(u, e);
	if (r < 0)
		return r;
	if (u->state == STATE_DONE) {
		/* Something to poll that is at its end: a socket without a peer. */
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
			return err_set(e, -errno, "cannot unpack a layer");
		close(pair[1]);
		u->report_fd = pair[0];
	}
	*ret = TAKE(u);
	return 0;
}

/* ---- progress and the end ---- */

/* 1: a message was read; 0: there is none now; negative: there will be none. */
static int read_message(struct layer_unpack *u, int flags)
{
	struct unpack_message m;
	ssize_t n;

	do {
		n = recv(u->report_fd, &m, sizeof(m), flags);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n != sizeof(m))
		return -EPIPE;
	if (m.bytes_in > u->bytes_in)
		u->bytes_in = m.bytes_in;
	if (m.kind != UNPACK_PROGRESS) {
		/* The worker may have been taken over: its texts end where ours do. */
		m.err.text[ERR_TEXT_MAX - 1] = m.err.hint[ERR_HINT_MAX - 1] = '\0';
		u->result = m;
		u->has_result = true;
	}
	return 1;
}

uint64_t layer_unpack_progress(struct layer_unpack *u)
{
	while (u->report_fd >= 0 && !u->has_result && read_message(u, MSG_DONTWAIT) > 0)
		;
	return u->bytes_in;
}

static int worker_died(int status, struct err *e)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		return err_refuse(e, -EBADMSG,
		    "refused layer: its unpacking worker made a system call that it may not make");
	if (WIFSIGNALED(status))
		return err_refuse(e, -EIO, "the unpacking worker was killed by signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	return err_refuse(
	    e, -EIO, "the unpacking worker ended with status %d and no word", WEXITSTATUS(status));
}

/* Waits for the worker's last word. */
static int await_worker(struct layer_unpack *u, struct err *e)
{
	int status = 0;

	while (!u->has_result && read_message(u, 0) > 0)
		;
	while (waitpid(u->pid, &status, 0) < 0) {
		if (errno != EINTR)
			return err_set(e, -errno, "cannot wait for the unpacking worker");
	}
	u->pid = 0;
	close(TAKE_FD(u->report_fd));
	if (!u->has_result)
		return worker_died(status, e);
	if (u->result.kind != UNPACK_DONE) {
		*e = u->result.err;
		if (e->code >= 0)
			e->code = -EBADMSG;
		return e->code;
	}
	return 0;
}

static int write_record(struct layer_unpack *u)
{
	const struct unpack_message *m = &u->result;
	AUTO_BUF struct buf text = { 0 };

	buf_addf(&text,
	    "{\"format\":1,\"tar_bytes\":%llu,\"disk_bytes\":%llu,\"n_entries\":%llu}\n",
	    (unsigned long long)m->tar_bytes, (unsigned long long)m->disk_bytes,
	    (unsigned long long)m->n_entries);
	if (buf_error(&text) < 0)
		return buf_error(&text);
	return file_replace(u->dir_fd, "record.json", text.data, text.len, 0600);
}

/* What entries replaced goes to the trash: only tree/ and record.json make a layer. */
static int drop_junk(struct layer_unpack *u, struct err *e)
{
	if (u->form == SNAPSHOT_OF_TARS || unlinkat(u->dir_fd, "junk", AT_REMOVEDIR) == 0)
		return 0;
	return store_discard(u->store, u->dir_fd, "junk", e);
}

static int check_diff_id(const struct layer_unpack *u, struct err *e)
{
	char want[DIGEST_TEXT_MAX], is[DIGEST_TEXT_MAX];

	if (!u->has_diff_id || digest_equal(&u->diff_id, &u->result.diff_id))
		return 0;
	digest_format(&u->diff_id, want);
	digest_format(&u->result.diff_id, is);
	return err_refuse(
	    e, -EBADMSG, "refused layer: it should unpack to '%s', and unpacks to '%s'", want, is);
}

static int commit(struct layer_unpack *u, struct err *e)
{
	char from[STORE_PATH_MAX], to[STORE_PATH_MAX];
	int r;

	r = check_diff_id(u, e);
	if (r >= 0)
		r = drop_junk(u, e);
	if (r < 0)
		return r;
	if (u->form == SNAPSHOT_OF_TARS && renameat(u->dir_fd, "index", u->dir_fd, LAYER_INDEX) < 0)
		return err_set(e, -errno, "cannot give an index its name");
	/* The worker has made durable what it made; this does the same for the names beside it. */
	r = write_record(u);
	if (r < 0)
		return err_set(e, r, "cannot write the record of a layer");

	snprintf(from, sizeof(from), "tmp/%s", u->dir_name);
	store_digest_path("layers", &u->result.diff_id, to);
	if (renameat2(u->store->root_fd, from, u->store->root_fd, to, RENAME_NOREPLACE) < 0) {
		/* Where the diffID was not known before there was no lock, and two may finish. */
		if (errno != EEXIST)
			return err_set(e, -errno, "cannot give a layer its name");
	} else {
		u->dir_name[0] = '\0';
	}
	r = store_sync_dir(u->store, "layers");
	if (r < 0)
		return err_set(e, r, "cannot give a layer its name");
	return 0;
}

/* The other one's unpacking is over, one way or the other. 0: it made the layer; 1: ours now. */
static int end_wait(struct layer_unpack *u, struct err *e)
{
	int r = await_worker(u, e);

	if (r < 0)
		return r;
	u->has_result = false;
	if (layer_exists(u->store, &u->diff_id)) {
		u->state = STATE_DONE;
		return 0;
	}
	/* It failed, and so may we; but its blob need not have been ours. */
	if (lseek(u->blob_fd, 0, SEEK_SET) < 0 && errno != ESPIPE)
		return err_set(e, -errno, "cannot unpack a layer");
	return begin(u, e);
}

int layer_unpack_finish(struct layer_unpack *u, struct digest *ret_diff_id, struct err *e)
{
	struct err own = { 0 };
	int r;

	if (!e)
		e = &own;
	while (u->state == STATE_WAITS) {
		r = end_wait(u, e);
		if (r < 0)
			return r;
	}
	if (u->state == STATE_WORKS) {
		r = await_worker(u, e);
		if (r >= 0)
			r = commit(u, e);
		if (r < 0)
			return r;
		u->diff_id = u->result.diff_id;
		u->state = STATE_DONE;
	}
	if (ret_diff_id)
		*ret_diff_id = u->diff_id;
	return 0;
}

/* Removes the lock's file while we have the lock; who waits for it sees that and looks again. */
static void unlock(struct layer_unpack *u)
{
	char path[STORE_PATH_MAX];

	if (u->lock_fd < 0)
		return;
	if (flock(u->lock_fd, LOCK_EX | LOCK_NB) == 0 && has_name(u->lock_fd)) {
		lock_path(u, path);
		(void)unlinkat(u->store->root_fd, path, 0);
	}
	close(u->lock_fd);
}

int layer_index_again(struct store *s, const struct digest *diff_id, struct err *e)
{
	AUTO(layer_unpack_free) struct layer_unpack *u = new_unpack(s, SNAPSHOT_OF_TARS);
	char path[STORE_PATH_MAX], to[STORE_PATH_MAX + 16];
	int r;

	if (!u)
		return err_set(e, -ENOMEM, "cannot make an index again");
	fill_order(&u->order, LAYER_PLAIN, NULL);
	u->order.job = UNPACK_INDEX;
	u->has_diff_id = true;
	u->diff_id = *diff_id;
	u->blob_fd = layer_open_tar(s, diff_id, e);
	if (u->blob_fd < 0)
		return u->blob_fd;
	r = make_dirs(u);
	if (r < 0)
		return err_set(e, r, "cannot make a directory in '%s/tmp'", s->path);
	r = start_worker(u, e);
	if (r >= 0)
		r = await_worker(u, e);
	if (r >= 0)
		r = check_diff_id(u, e);
	if (r < 0)
		return r;
	store_digest_path("layers", diff_id, path);
	snprintf(to, sizeof(to), "%s/" LAYER_INDEX, path);
	if (renameat(u->dir_fd, "index", s->root_fd, to) < 0)
		return err_set(e, -errno, "cannot give an index its name");
	return 0;
}

struct layer_unpack *layer_unpack_free(struct layer_unpack *u)
{
	if (!u)
		return NULL;
	stop_worker(u);
	if (u->dir_fd >= 0 && u->dir_name[0]) {
		char path[STORE_PATH_MAX];

		snprintf(path, sizeof(path), "tmp/%s", u->dir_name);
		(void)store_discard(u->store, u->store->root_fd, path, NULL);
	}
	if (u->dir_fd >= 0)
		close(u->dir_fd);
	unlock(u);
	if (u->blob_fd >= 0)
		close(u->blob_fd);
	free(u);
	return NULL;
}
