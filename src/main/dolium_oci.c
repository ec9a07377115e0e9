/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium-oci: the OCI run-time
 */
#include "oci/runtime.h"

int main(int argc, char **argv)
{
	return runtime_main(argc, argv);
}
