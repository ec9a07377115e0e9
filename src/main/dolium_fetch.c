/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium-fetch
 *
 * Started by dolium, never by hand: without a socket on fd 3 it has nobody to speak to.
 */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/log.h"
#include "registry/wire.h"
#include "registry/worker.h"

int main(void)
{
	struct stat st;

	log_setup("dolium-fetch", 2, false);
	if (fstat(WIRE_SOCKET_FD, &st) < 0 || !S_ISSOCK(st.st_mode)) {
		fputs(
		    "dolium-fetch: dolium starts this program; it is of no use by hand\n", stderr);
		return 125;
	}
	return worker_main();
}
