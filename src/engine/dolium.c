/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open engine
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "engine/engine.h"
#include "os/file.h"
#include "store/store.h"

#define ROOT_OF_SYSTEM     "/var/lib/dolium"
#define RUN_ROOT_OF_SYSTEM "/run/dolium"

const char *dolium_version(void)
{
	return DOLIUM_VERSION;
}

const char *dolium_error(const struct dolium *d)
{
	return d->err.text;
}

const char *dolium_hint(const struct dolium *d)
{
	return d->err.hint[0] ? d->err.hint : NULL;
}

struct err *engine_begin(struct dolium *d)
{
	d->err.code = 0;
	d->err.text[0] = '\0';
	d->err.hint[0] = '\0';
	return &d->err;
}

/* ---- where things are ---- */

static int path_join(struct buf *to, const char *dir, const char *name, char **ret_path)
{
	buf_addf(to, "%s/%s", dir, name);
	return buf_take(to, ret_path);
}

/* `dir` as it stands, or below the current directory. */
static int path_absolute(const char *dir, char **ret_path, struct err *e)
{
	AUTO_BUF struct buf text = { 0 };
	char here[PATH_MAX];
	int r;

	if (dir[0] == '/') {
		buf_adds(&text, dir);
		r = buf_take(&text, ret_path);
	} else if (!getcwd(here, sizeof(here))) {
		return err_set(e, -errno, "cannot tell the current directory");
	} else {
		r = path_join(&text, here, dir, ret_path);
	}
	if (r < 0)
		return err_set(e, r, "cannot open the engine");
	return 0;
}

/* What was said, or the variable, or the system's place for root, else one of the user's own. */
static int root_choose(const char *said, const char *variable, const char *of_system,
    const char *xdg_variable, const char *below_home, char **ret_path, struct err *e)
{
	AUTO_BUF struct buf text = { 0 };
	const char *base;

	if (said && said[0])
		return path_absolute(said, ret_path, e);
	base = getenv(variable);
	if (base && base[0])
		return path_absolute(base, ret_path, e);
	if (geteuid() == 0)
		return path_absolute(of_system, ret_path, e);

	base = getenv(xdg_variable);
	if (base && base[0] == '/') {
		buf_addf(&text, "%s/dolium", base);
	} else if (below_home && (base = getenv("HOME")) && base[0] == '/') {
		buf_addf(&text, "%s/%s/dolium", base, below_home);
	} else {
		err_refuse(e, -ENOENT, "nowhere to keep things: neither %s nor $%s is set",
		    variable, xdg_variable);
		return -ENOENT;
	}
	if (buf_take(&text, ret_path) < 0)
		return err_set(e, -ENOMEM, "cannot open the engine");
	return 0;
}

/* ---- opening ---- */

static int choose_driver(struct dolium *d, const char *asked)
{
	const char *name = asked ? asked : getenv("DOLIUM_STORAGE_DRIVER");

	if (!name || !*name)
		return 0;
	d->storage_driver = strdup(name);
	return d->storage_driver ? 0 : err_set(&d->err, -ENOMEM, "cannot open the engine");
}

int dolium_open(const struct dolium_options *options, struct dolium **ret_dolium)
{
	static const struct dolium_options none = DOLIUM_OPTIONS(struct dolium_options);
	struct dolium *d = calloc(1, sizeof(*d));
	int r;

	*ret_dolium = d;
	if (!d)
		return -ENOMEM;
	if (!options)
		options = &none;
	d->run_fd = d->containers_fd = -1;
	d->debug = options->debug;
	if (options->size < sizeof(*options))
		return err_refuse(
		    &d->err, -EINVAL, "the options are of another version of libdolium");
	if (options->libexec) {
		r = path_absolute(options->libexec, &d->libexec, &d->err);
		if (r < 0)
			return r;
	}
	r = choose_driver(d, options->storage_driver);
	if (r < 0)
		return r;
	if (geteuid() != 0) {
		err_refuse(&d->err, -EPERM,
		    "dolium needs root for now: it mounts file systems and gives each container "
		    "ids "
		    "of its own");
		err_hint(&d->err, "put 'sudo' before it");
		return -EPERM;
	}
	r = root_choose(options->root, "DOLIUM_ROOT", ROOT_OF_SYSTEM, "XDG_DATA_HOME",
	    ".local/share", &d->root, &d->err);
	if (r < 0)
		return r;
	return root_choose(options->run_root, "DOLIUM_RUN_ROOT", RUN_ROOT_OF_SYSTEM,
	    "XDG_RUNTIME_DIR", NULL, &d->run_root, &d->err);
}

void dolium_close(struct dolium *d)
{
	if (!d)
		return;
	store_close(d->store);
	if (d->run_fd >= 0)
		close(d->run_fd);
	if (d->containers_fd >= 0)
		close(d->containers_fd);
	free(d->root);
	free(d->run_root);
	free(d->libexec);
	free(d->storage_driver);
	free(d);
}

int engine_store(struct dolium *d, struct store **ret_store, struct err *e)
{
	int r;

	if (!d->store) {
		r = store_open(d->root, &d->store, e);
		if (r < 0)
			return r;
		r = store_set_driver(d->store, d->storage_driver);
		if (r >= 0)
			r = store_set_run_dir(d->store, d->run_root);
		if (r < 0)
			return err_set(e, r, "cannot open the store");
	}
	*ret_store = d->store;
	return 0;
}

int engine_run_dir(struct dolium *d, struct err *e)
{
	struct stat st;

	if (d->run_fd >= 0)
		return d->run_fd;
	d->run_fd = open(d->run_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->run_fd < 0 && errno == ENOENT && (mkdir(d->run_root, 0700) == 0 || errno == EEXIST))
		d->run_fd = open(d->run_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->run_fd < 0)
		return err_set(e, -errno, "cannot open '%s'", d->run_root);
	/* Whoever can write there says which process is a container's, to be killed. */
	if (fstat(d->run_fd, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & 022)) {
		close(TAKE_FD(d->run_fd));
		return err_refuse(e, -EPERM,
		    "cannot use '%s': it belongs to somebody else, or others may write to it",
		    d->run_root);
	}
	return d->run_fd;
}

int engine_containers_dir(struct dolium *d, struct err *e)
{
	struct store *store;
	int r;

	if (d->containers_fd >= 0)
		return d->containers_fd;
	r = engine_store(d, &store, e);
	if (r < 0)
		return r;
	d->containers_fd =
	    openat(store_dir(store), "containers", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (d->containers_fd < 0)
		return err_set(e, -errno, "cannot open '%s/containers'", d->root);
	return d->containers_fd;
}

/* ---- our other programs ---- */

static bool helper_is_in(const char *dir, const char *name, char **ret_path)
{
	AUTO_BUF struct buf text = { 0 };

	if (path_join(&text, dir, name, ret_path) < 0)
		return false;
	if (access(*ret_path, X_OK) == 0)
		return true;
	free(TAKE(*ret_path));
	return false;
}

int engine_helper(struct dolium *d, const char *name, char **ret_path, struct err *e)
{
	AUTO_BUF struct buf other = { 0 };
	const char *said = d->libexec ? d->libexec : getenv("DOLIUM_LIBEXEC");
	char self[PATH_MAX];
	ssize_t len;
	char *slash;

	if (said && said[0]) {
		if (helper_is_in(said, name, ret_path))
			return 0;
		return err_refuse(e, -ENOENT, "cannot find the program '%s' in '%s'", name, said);
	}
	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < 0)
		return err_set(e, -errno, "cannot tell where this program is");
	self[len] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	if (helper_is_in(self, name, ret_path))
		return 0;
	buf_addf(&other, "%s/../libexec/dolium", self);
	if (buf_error(&other) == 0 && helper_is_in(buf_text(&other), name, ret_path))
		return 0;
	err_refuse(e, -ENOENT, "cannot find the program '%s', neither in '%s' nor in '%s'", name,
	    self, buf_text(&other));
	err_hint(e, "it comes with dolium; $DOLIUM_LIBEXEC names the folder where it is");
	return -ENOENT;
}

int engine_unpacker(struct dolium *d, struct err *e)
{
	AUTO_FREE char *path = NULL;
	struct store *store;
	int r = engine_store(d, &store, e);

	if (r == 0)
		r = engine_helper(d, "dolium-unpack", &path, e);
	if (r < 0)
		return r;
	r = store_set_worker(store, path);
	return r < 0 ? err_set(e, r, "cannot start '%s'", path) : 0;
}
