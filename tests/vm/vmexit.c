/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ends the VM with an exit status: what is written to this port QEMU's isa-debug-exit makes
 * 2 * status + 1, so that no crash of the VM can look like success.
 */
#include <stdlib.h>
#include <sys/io.h>
#include <unistd.h>

#define EXIT_PORT 0xf4

int main(int argc, char **argv)
{
	sync();
	if (iopl(3) < 0)
		return 1;
	outb(argc > 1 ? (unsigned char)atoi(argv[1]) : 0, EXIT_PORT);
	return 0;
}
