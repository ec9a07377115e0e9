/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capabilities of the calling thread
 */
#include "os/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int caps_drop_bounding(uint64_t drop)
{
	for (unsigned n = 0; n < 64; n++) {
		if (!(drop & (UINT64_C(1) << n)))
			continue;
		if (prctl(PR_CAPBSET_DROP, n, 0, 0, 0) >= 0)
			continue;
		if (errno == EINVAL)
			return 0; /* numbers have no gaps: this kernel knows no more */
		return -errno;
	}
	return 0;
}

int caps_set(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct data[2] = {
		{ (uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable },
		{ (uint32_t)(effective >> 32), (uint32_t)(permitted >> 32),
		    (uint32_t)(inheritable >> 32) },
	};

	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

int caps_raise_ambient(uint64_t ambient)
{
	for (unsigned n = 0; n < 64; n++) {
		if ((ambient & (UINT64_C(1) << n)) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, n, 0, 0) < 0 && errno != EINVAL)
			return -errno;
	}
	return 0;
}
