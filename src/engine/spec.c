/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a record means: questions that several files ask
 */
#include "engine/spec.h"

#include <string.h>

bool spec_is_host(const char *namespace_choice)
{
	return strcmp(namespace_choice, "host") == 0;
}

bool spec_has_userns(const struct record *record)
{
	return !spec_is_host(record->userns);
}

bool spec_is_host_image(const struct record *record)
{
	return record->image_id == NULL;
}

/* The image `host` has the machine's own, which fit; others have none that do. */
bool spec_makes_file(const struct record *record, const char *name)
{
	const bool network = strcmp(name, "hostname") != 0;
	const bool asked =
	    record->add_host.n || record->dns.n || record->dns_search.n || record->dns_option.n;

	if (spec_is_host_image(record))
		return network && asked;
	return network || !spec_is_host(record->uts);
}
