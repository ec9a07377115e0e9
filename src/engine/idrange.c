/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ids that a container's users are outside
 */
#include "engine/idrange.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

static int ranges_dir(int run_fd)
{
	int fd = openat(run_fd, "ranges", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && (mkdirat(run_fd, "ranges", 0700) == 0 || errno == EEXIST))
		fd = openat(run_fd, "ranges", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* -EWOULDBLOCK: another container has it. */
static int slot_take(int ranges_fd, unsigned slot)
{
	AUTO_FD int fd = -1;
	char name[16];

	snprintf(name, sizeof(name), "%u", slot);
	fd = openat(ranges_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int idrange_take(struct dolium *d, uint32_t *ret_first, struct err *e)
{
	AUTO_FD int ranges_fd = -1;
	int run_fd = engine_run_dir(d, e);
	unsigned begin = 0;

	if (run_fd < 0)
		return run_fd;
	ranges_fd = ranges_dir(run_fd);
	if (ranges_fd < 0)
		return err_set(e, ranges_fd, "cannot open '%s/ranges'", d->run_root);
	/* From anywhere: then the first try is free, however many containers there are. */
	if (getrandom(&begin, sizeof(begin), GRND_NONBLOCK) < 0)
		begin = (unsigned)getpid();
	for (unsigned i = 0; i < IDRANGE_SLOTS; i++) {
		const unsigned slot = (begin % IDRANGE_SLOTS + i) % IDRANGE_SLOTS;
		int fd = slot_take(ranges_fd, slot);

		if (fd == -EWOULDBLOCK)
			continue;
		if (fd < 0)
			return err_set(
			    e, fd, "cannot take a range of ids in '%s/ranges'", d->run_root);
		*ret_first = IDRANGE_FIRST + slot * IDRANGE_SIZE;
		return fd;
	}
	return err_refuse(
	    e, -EAGAIN, "all %d ranges of ids are in use by containers that run", IDRANGE_SLOTS);
}

static void map_add(struct idrange_map *map, uint32_t inside, uint32_t outside, uint32_t size)
{
	if (size > 0)
		map->lines[map->n++] = (struct oci_idmap){ inside, outside, size };
}

void idrange_map_plain(struct idrange_map *map, uint32_t first)
{
	map->n = 0;
	map_add(map, 0, first, IDRANGE_SIZE);
}

void idrange_map_keep(struct idrange_map *map, uint32_t first, uint32_t kept)
{
	const uint32_t below = kept < IDRANGE_SIZE ? kept : IDRANGE_SIZE;

	map->n = 0;
	map_add(map, 0, first, below);
	map_add(map, kept, kept, 1);
	if (kept < IDRANGE_SIZE)
		map_add(map, kept + 1, first + kept + 1, IDRANGE_SIZE - kept - 1);
}

void idrange_map_text(const struct idrange_map *map, char *to, size_t room)
{
	size_t at = 0;

	to[0] = '\0';
	for (size_t i = 0; i < map->n && at < room; i++)
		at += (size_t)snprintf(to + at, room - at, "%u %u %u\n", map->lines[i].container_id,
		    map->lines[i].host_id, map->lines[i].size);
}
