/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program without a C library
 *
 * For a program that is copied into images and into dolium itself: 20 KB in
 * place of 800. System calls, a start, and what the compiler asks for. Included by
 * one source file of a program that is linked with -nostdlib.
 */
#ifndef DOLIUM_MAIN_BARE_H
#define DOLIUM_MAIN_BARE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "os/raw_call.h"

int bare_main(int argc, char **argv);

static inline long bare_call(long n, long a, long b, long c, long d)
{
	return raw_call(n, a, b, c, d);
}

#if defined(__x86_64__)
__asm__(".globl _start\n"
        "_start:\n"
        "	xor %ebp, %ebp\n"
        "	mov %rsp, %rdi\n"
        "	and $-16, %rsp\n"
        "	call bare_start\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n"
        "_start:\n"
        "	mov x29, 0\n"
        "	mov x0, sp\n"
        "	bl bare_start\n");
#else
#	error "no way into the kernel is written for this architecture"
#endif

/* `stack` is as the kernel leaves it: argc, then argv. */
_Noreturn void bare_start(long *stack);
_Noreturn void bare_start(long *stack)
{
	bare_call(SYS_exit_group, bare_main((int)stack[0], (char **)(stack + 1)), 0, 0, 0);
	for (;;)
		;
}

/* The compiler calls these for loops and structs. They must not be compiled into themselves. */
void *memcpy(void *to, const void *from, size_t n);
void *memcpy(void *to, const void *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((volatile char *)to)[i] = ((const char *)from)[i];
	return to;
}

void *memset(void *to, int byte, size_t n);
void *memset(void *to, int byte, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((volatile char *)to)[i] = (char)byte;
	return to;
}

size_t strlen(const char *text);
size_t strlen(const char *text)
{
	size_t n = 0;

	while (((const volatile char *)text)[n])
		n++;
	return n;
}

#endif
