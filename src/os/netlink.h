/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network interfaces, by the kernel's routing netlink
 *
 * A socket belongs to the network namespace that its process was in when it made it, for as
 * long as it lives: with one in each, an interface is moved without anybody going there.
 */
#ifndef DOLIUM_OS_NETLINK_H
#define DOLIUM_OS_NETLINK_H

#include <stddef.h>
#include <stdint.h>

/* An address as the kernel told of it, to be told to it again. */
struct netlink_address {
	unsigned char family, prefix_len;
	uint32_t flags; /* IFA_F_ */
	unsigned char len; /* of each of these: 4 or 16 */
	unsigned char has_local, has_peer, has_broadcast;
	unsigned char local[16], peer[16], broadcast[16];
};

int netlink_open(void);
/* The same in the network namespace that `netns_fd` is open on. The caller has one thread. */
int netlink_open_in(int netns_fd);

/* The index of the interface `name`. -ENODEV: there is none. */
int netlink_find(int fd, const char *name);
/* Is there an interface of that index? 1, 0. */
int netlink_has_index(int fd, int index);

/*
 * The interface's addresses that are meant to last and known to the world: permanent, of global
 * scope. *ret is the caller's to free.
 */
int netlink_addresses(int fd, int index, struct netlink_address **ret, size_t *ret_n);
int netlink_add_address(int fd, int index, const struct netlink_address *address);

/*
 * Moves the interface into that namespace, where it is called `name` ("eth%d": the first that is
 * free) and has the index `new_index`, which must be free there. It loses its addresses and is
 * down.
 */
int netlink_move(int fd, int index, int netns_fd, const char *name, int new_index);
int netlink_set_up(int fd, int index);

#endif
