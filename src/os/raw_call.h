/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls without the C library
 *
 * For who has none, or must not touch its code.
 */
#ifndef DOLIUM_OS_RAW_CALL_H
#define DOLIUM_OS_RAW_CALL_H

/* Returns what the kernel does: a negative errno on failure. */
#if defined(__x86_64__)
static inline long raw_call(long n, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall"
	                 : "=a"(result)
	                 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10)
	                 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
static inline long raw_call(long n, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b,
	                 x2 __asm__("x2") = c, x3 __asm__("x3") = d;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}
#else
#	error "no way into the kernel is written for this architecture"
#endif

#endif
