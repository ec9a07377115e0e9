/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of spec_make(), one file each
 *
 * Each fills its part of the configuration, which owns all texts. A part that
 * failed leaves what it made to oci_config_free().
 */
#ifndef DOLIUM_ENGINE_SPEC_PARTS_H
#define DOLIUM_ENGINE_SPEC_PARTS_H

#include "engine/spec.h"

int spec_process(const struct spec_input *in, struct oci_config *config, struct err *e);
int spec_mounts(const struct spec_input *in, struct oci_config *config, struct err *e);
int spec_resources(const struct spec_input *in, struct oci_config *config, struct err *e);

/* The capabilities that the record asks for. */
int spec_capabilities(const struct record *record, uint64_t *ret_set, struct err *e);

/* Grows an array by one zeroed struct and returns it; NULL when memory is gone. */
#define SPEC_GROW(array_, n_)                                                                    \
	__extension__({                                                                          \
		__typeof__(array_) grown_ = reallocarray((array_), (n_) + 1, sizeof(*(array_))); \
		if (grown_) {                                                                    \
			(array_) = grown_;                                                       \
			grown_ = &(array_)[(n_)++];                                              \
			memset(grown_, 0, sizeof(*grown_));                                      \
		}                                                                                \
		grown_;                                                                          \
	})

#endif
