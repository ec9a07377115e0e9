/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a service manager has for a container: sockets that it listens on, and an ear for "I am
 * ready"
 *
 * LISTEN_FDS and LISTEN_PID: the descriptors from 3 on become the container's. NOTIFY_SOCKET: the
 * container gets a socket of its own at /run/notify/notify.sock, and what it says there first about
 * its readiness is passed on. All of it costs nothing where the environment has none of them.
 */
#ifndef DOLIUM_OCI_ACTIVATION_H
#define DOLIUM_OCI_ACTIVATION_H

#include <stdbool.h>
#include <sys/types.h>

struct err;
struct oci_config;

/* How many descriptors from 3 on are sockets for the container, whose environment then says so. */
int activation_sockets(struct oci_config *config, unsigned *ret_n, struct err *e);

/* Adds the socket's folder to the container's mounts, and its name to the environment. */
int activation_prepare_notify(int home_fd, struct oci_config *config, struct err *e);

/* Is there somebody to tell, and has the container been prepared for it? */
bool activation_notifies(int home_fd);

/* Makes the socket. To be done before the program starts. Returns its fd. */
int activation_listen(int home_fd, struct err *e);

/*
 * Waits until the container says READY=1, or ends, and passes that on. With `main_pid` the service
 * manager is told that this is the process to watch.
 */
void activation_relay(int socket_fd, int pidfd, pid_t main_pid);
/* The same by a child, which ends with us. */
int activation_relay_aside(int socket_fd, int pidfd);

#endif
