/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.netDevices: interfaces of the host that become the container's
 */
#include "isolate/net_devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/err.h"
#include "format/oci_config.h"
#include "os/netlink.h"

/* More is no machine that there is, but an endless loop. */
#define INDEX_TRIES 65536

struct mover {
	int here_fd, there_fd; /* netlink, in the two namespaces */
	int netns_fd;
};

static const char *name_of(const struct oci_net_device *device)
{
	return device->name ? device->name : device->key;
}

/* The kernel would tell of a name that is taken only after the move. */
static int check(const struct mover *m, const struct oci_net_device *device, struct err *e)
{
	int r = netlink_find(m->here_fd, device->key);

	if (r == -ENODEV)
		return err_refuse(
		    e, r, "linux.netDevices: the host has no interface '%s'", device->key);
	if (r < 0)
		return err_set(e, r, "linux.netDevices: cannot look at '%s'", device->key);
	if (strchr(name_of(device), '%'))
		return 0; /* the kernel finds a free one */
	r = netlink_find(m->there_fd, name_of(device));
	if (r > 0)
		return err_refuse(e, -EEXIST,
		    "linux.netDevices: the container has an interface '%s' already",
		    name_of(device));
	return r == -ENODEV
	    ? 0
	    : err_set(e, r, "linux.netDevices: cannot look for '%s' inside", name_of(device));
}

static int find_index(const struct mover *m, int wanted)
{
	for (int i = wanted; i < wanted + INDEX_TRIES; i++) {
		int r = netlink_has_index(m->there_fd, i);

		if (r <= 0)
			return r < 0 ? r : i;
	}
	return -EMFILE;
}

static int move(const struct mover *m, const struct oci_net_device *device, struct err *e)
{
	AUTO_FREE struct netlink_address *addresses = NULL;
	const int index = netlink_find(m->here_fd, device->key);
	int new_index, r;
	size_t n = 0;

	r = index < 0 ? index : netlink_addresses(m->here_fd, index, &addresses, &n);
	if (r < 0)
		return err_set(e, r, "linux.netDevices: cannot look at '%s'", device->key);
	new_index = find_index(m, index);
	r = new_index < 0
	    ? new_index
	    : netlink_move(m->here_fd, index, m->netns_fd, name_of(device), new_index);
	if (r < 0)
		return err_set(e, r, "linux.netDevices: cannot move '%s' to '%s'", device->key,
		    name_of(device));
	for (size_t i = 0; i < n; i++) {
		r = netlink_add_address(m->there_fd, new_index, &addresses[i]);
		if (r < 0)
			return err_set(e, r, "linux.netDevices: cannot give '%s' its address again",
			    device->key);
	}
	r = netlink_set_up(m->there_fd, new_index);
	return r < 0 ? err_set(e, r, "linux.netDevices: cannot bring '%s' up", device->key) : 0;
}

static int move_all(const struct mover *m, const struct oci_linux *linux_, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < linux_->n_net_devices && r >= 0; i++)
		r = check(m, &linux_->net_devices[i], e);
	for (size_t i = 0; i < linux_->n_net_devices && r >= 0; i++)
		r = move(m, &linux_->net_devices[i], e);
	return r;
}

int net_devices_move(const struct oci_linux *linux_, pid_t pid, struct err *e)
{
	AUTO_FD int netns = -1;
	AUTO_FD int here = -1;
	AUTO_FD int there = -1;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return err_set(e, -errno, "linux.netDevices: cannot open the network namespace");
	here = netlink_open();
	there = here < 0 ? here : netlink_open_in(netns);
	if (there < 0)
		return err_set(e, there, "linux.netDevices: cannot speak with the kernel");
	return move_all(&(struct mover){ here, there, netns }, linux_, e);
}
