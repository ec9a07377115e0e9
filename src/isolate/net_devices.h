/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.netDevices: interfaces of the host that become the container's
 *
 * They keep what they are (MTU, hardware address) and their lasting addresses, and are up.
 * When the container's network namespace goes the kernel gives hardware back to the host's, and
 * removes what is virtual: nobody is needed for that, and it holds however the container ends.
 */
#ifndef DOLIUM_ISOLATE_NET_DEVICES_H
#define DOLIUM_ISOLATE_NET_DEVICES_H

#include <sys/types.h>

struct err;
struct oci_linux;

/*
 * Moves all of them into the network namespace of the process `pid`. All names are looked
 * at first, so that a mistake in one costs none.
 */
int net_devices_move(const struct oci_linux *linux_, pid_t pid, struct err *e);

#endif
