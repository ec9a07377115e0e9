/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network interfaces, by the kernel's routing netlink
 */
#include "os/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"

/* Linux 5.11; an older one ignores it, and would give another index only where this is taken. */
#ifndef IFLA_NEW_IFINDEX
#	define IFLA_NEW_IFINDEX 49
#endif

#define ADDRESSES_MAX 1024
#define ANSWER_MAX    32768 /* what the kernel puts into one message of a list at most */

struct request {
	struct nlmsghdr head;
	char body[512];
};

/* ---- messages ---- */

static void request_begin(
    struct request *q, uint16_t type, uint16_t flags, const void *body, size_t len)
{
	*q = (struct request){
		.head = {
			.nlmsg_len = (uint32_t)NLMSG_LENGTH(len),
			.nlmsg_type = type,
			.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
		},
	};
	memcpy(NLMSG_DATA(&q->head), body, len);
}

/* The lengths are sizes of ours, and of names that were checked: they fit. */
static void request_add(struct request *q, uint16_t type, const void *data, size_t len)
{
	struct rtattr *at = (struct rtattr *)((char *)q + NLMSG_ALIGN(q->head.nlmsg_len));

	if (NLMSG_ALIGN(q->head.nlmsg_len) + RTA_SPACE(len) > sizeof(*q))
		abort();
	at->rta_type = type;
	at->rta_len = (unsigned short)RTA_LENGTH(len);
	memcpy(RTA_DATA(at), data, len);
	q->head.nlmsg_len = (uint32_t)(NLMSG_ALIGN(q->head.nlmsg_len) + RTA_SPACE(len));
}

static ssize_t receive(int fd, char *to, size_t room)
{
	ssize_t n;

	do
		n = recv(fd, to, room, MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n > room ? -EMSGSIZE : n;
}

static int request_send(int fd, const struct request *q)
{
	return send(fd, q, q->head.nlmsg_len, 0) < 0 ? -errno : 0;
}

static int error_of(struct nlmsghdr *head)
{
	const struct nlmsgerr *error = NLMSG_DATA(head);

	return head->nlmsg_len < NLMSG_LENGTH(sizeof(*error)) ? -EBADMSG : error->error;
}

/* One question, one answer. `ret` (may be NULL) takes the index of the interface it is about. */
static int ask(int fd, const struct request *q, int *ret_index)
{
	union {
		struct nlmsghdr head;
		char bytes[ANSWER_MAX];
	} answer;
	const struct ifinfomsg *link;
	ssize_t n;
	int r;

	r = request_send(fd, q);
	if (r < 0)
		return r;
	n = receive(fd, answer.bytes, sizeof(answer));
	if (n < 0)
		return (int)n;
	if (!NLMSG_OK(&answer.head, (size_t)n))
		return -EBADMSG;
	if (answer.head.nlmsg_type == NLMSG_ERROR)
		return error_of(&answer.head);
	if (answer.head.nlmsg_type != RTM_NEWLINK ||
	    answer.head.nlmsg_len < NLMSG_LENGTH(sizeof(*link)))
		return -EBADMSG;
	link = NLMSG_DATA(&answer.head);
	if (ret_index)
		*ret_index = link->ifi_index;
	return 0;
}

/* ---- sockets ---- */

int netlink_open(void)
{
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	AUTO_FD int fd = -1;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int netlink_open_in(int netns_fd)
{
	AUTO_FD int own = -1;
	int fd;

	own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (own < 0 || setns(netns_fd, CLONE_NEWNET) < 0)
		return -errno;
	fd = netlink_open();
	if (setns(own, CLONE_NEWNET) < 0)
		abort(); /* nothing that we do from here on would be where it belongs */
	return fd;
}

/* ---- interfaces ---- */

int netlink_find(int fd, const char *name)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC };
	struct request q;
	int index = 0, r;

	request_begin(&q, RTM_GETLINK, 0, &link, sizeof(link));
	request_add(&q, IFLA_IFNAME, name, strlen(name) + 1);
	r = ask(fd, &q, &index);
	return r < 0 ? r : index;
}

int netlink_has_index(int fd, int index)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct request q;
	int r;

	request_begin(&q, RTM_GETLINK, 0, &link, sizeof(link));
	r = ask(fd, &q, NULL);
	return r == -ENODEV ? 0 : r < 0 ? r : 1;
}

int netlink_move(int fd, int index, int netns_fd, const char *name, int new_index)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct request q;

	request_begin(&q, RTM_NEWLINK, NLM_F_ACK, &link, sizeof(link));
	request_add(&q, IFLA_NET_NS_FD, &netns_fd, sizeof(netns_fd));
	request_add(&q, IFLA_IFNAME, name, strlen(name) + 1);
	if (new_index != index)
		request_add(&q, IFLA_NEW_IFINDEX, &new_index, sizeof(new_index));
	return ask(fd, &q, NULL);
}

int netlink_set_up(int fd, int index)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC,
		.ifi_index = index,
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP };
	struct request q;

	request_begin(&q, RTM_NEWLINK, NLM_F_ACK, &link, sizeof(link));
	return ask(fd, &q, NULL);
}

/* ---- addresses ---- */

struct found {
	int index;
	struct netlink_address *items;
	size_t n;
};

static void copy_bytes(
    struct rtattr *at, unsigned char to[16], unsigned char len, unsigned char *has)
{
	if (RTA_PAYLOAD(at) != len)
		return;
	memcpy(to, RTA_DATA(at), len);
	*has = 1;
}

static struct netlink_address read_address(struct nlmsghdr *head)
{
	struct ifaddrmsg *m = NLMSG_DATA(head);
	struct netlink_address a = {
		.family = m->ifa_family,
		.prefix_len = m->ifa_prefixlen,
		.flags = m->ifa_flags,
		.len = m->ifa_family == AF_INET ? 4 : 16,
	};
	struct rtattr *at = IFA_RTA(m);
	size_t left = IFA_PAYLOAD(head);

	for (; RTA_OK(at, left); at = RTA_NEXT(at, left)) {
		if (at->rta_type == IFA_LOCAL)
			copy_bytes(at, a.local, a.len, &a.has_local);
		else if (at->rta_type == IFA_ADDRESS)
			copy_bytes(at, a.peer, a.len, &a.has_peer);
		else if (at->rta_type == IFA_BROADCAST)
			copy_bytes(at, a.broadcast, a.len, &a.has_broadcast);
		else if (at->rta_type == IFA_FLAGS && RTA_PAYLOAD(at) == sizeof(a.flags))
			memcpy(&a.flags, RTA_DATA(at), sizeof(a.flags));
	}
	return a;
}

static int note_address(struct found *found, struct nlmsghdr *head)
{
	struct ifaddrmsg *m = NLMSG_DATA(head);
	struct netlink_address a, *more;

	if (head->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		return -EBADMSG;
	if ((int)m->ifa_index != found->index || m->ifa_scope != RT_SCOPE_UNIVERSE ||
	    (m->ifa_family != AF_INET && m->ifa_family != AF_INET6))
		return 0;
	a = read_address(head);
	if (!(a.flags & IFA_F_PERMANENT))
		return 0;
	if (found->n == ADDRESSES_MAX)
		return -E2BIG;
	more = reallocarray(found->items, found->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	found->items = more;
	found->items[found->n++] = a;
	return 0;
}

/* 1: that was the last of them. */
static int read_list(struct found *found, struct nlmsghdr *head, size_t left)
{
	for (; NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
		int r = 0;

		if (head->nlmsg_type == NLMSG_DONE)
			return 1;
		if (head->nlmsg_type == NLMSG_ERROR)
			return error_of(head);
		if (head->nlmsg_type == RTM_NEWADDR)
			r = note_address(found, head);
		if (r < 0)
			return r;
	}
	return 0;
}

int netlink_addresses(int fd, int index, struct netlink_address **ret, size_t *ret_n)
{
	const struct ifaddrmsg all = { .ifa_family = AF_UNSPEC };
	union {
		struct nlmsghdr head;
		char bytes[ANSWER_MAX];
	} answer;
	struct found found = { .index = index };
	struct request q;
	int r;

	request_begin(&q, RTM_GETADDR, NLM_F_DUMP, &all, sizeof(all));
	r = request_send(fd, &q);
	while (r == 0) {
		ssize_t n = receive(fd, answer.bytes, sizeof(answer));

		r = n < 0 ? (int)n : read_list(&found, &answer.head, (size_t)n);
	}
	if (r < 0) {
		free(found.items);
		return r;
	}
	*ret = found.items;
	*ret_n = found.n;
	return 0;
}

int netlink_add_address(int fd, int index, const struct netlink_address *a)
{
	const uint32_t flags = a->flags & (IFA_F_NODAD | IFA_F_NOPREFIXROUTE | IFA_F_HOMEADDRESS);
	const struct ifaddrmsg m = {
		.ifa_family = a->family,
		.ifa_prefixlen = a->prefix_len,
		.ifa_scope = RT_SCOPE_UNIVERSE,
		.ifa_index = (unsigned)index,
	};
	struct request q;

	request_begin(&q, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &m, sizeof(m));
	if (a->has_local)
		request_add(&q, IFA_LOCAL, a->local, a->len);
	if (a->has_peer)
		request_add(&q, IFA_ADDRESS, a->peer, a->len);
	if (a->has_broadcast)
		request_add(&q, IFA_BROADCAST, a->broadcast, a->len);
	if (flags)
		request_add(&q, IFA_FLAGS, &flags, sizeof(flags));
	return ask(fd, &q, NULL);
}
