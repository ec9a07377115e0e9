/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium-unpack: unpacks one layer, behind walls of its own
 *
 * Started by the store (store/layer_unpack.c), never by a person. Its fds and its
 * argument are in store/unpack.h.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "store/unpack.h"

static int read_order(const char *hex, struct unpack_order *order)
{
	unsigned char *to = (unsigned char *)order;

	if (strlen(hex) != 2 * sizeof(*order))
		return -1;
	for (size_t i = 0; i < sizeof(*order); i++) {
		unsigned byte;

		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return -1;
		to[i] = (unsigned char)byte;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct unpack_order order;

	/* When the store that started us is gone, nobody would commit what we make. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return 2;
	if (argc != 2 || read_order(argv[1], &order) < 0) {
		fputs("dolium-unpack is started by dolium, not by hand\n", stderr);
		return 2;
	}
	if (close_range(UNPACK_LOCK_FD + 1, ~0U, 0) < 0)
		return 2;
	return unpack_run(&order);
}
