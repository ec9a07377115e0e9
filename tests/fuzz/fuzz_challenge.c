/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WWW-Authenticate, as registries send it; and base64, as credentials are kept:
 * what is decoded is encoded to something that decodes to the same.
 */
#include <errno.h>

#include "base/auto.h"
#include "registry/base64.h"
#include "registry/challenge.h"

#include "fuzz.h"

static void check_challenge(const char *text)
{
	AUTO_CHALLENGE struct challenge c = { 0 };
	int r = challenge_parse(text, &c);

	MUST(r == 0 || r == -EBADMSG);
	if (r < 0 || !c.bearer)
		MUST(!c.realm && !c.service && !c.scope);
	MUST(!c.realm || strlen(c.realm) <= strlen(text));
}

static void check_base64(const char *text)
{
	AUTO_FREE char *decoded = base64_decode(text), *encoded = NULL, *again = NULL;

	if (!decoded)
		return;
	encoded = base64_encode(decoded, strlen(decoded));
	MUST(encoded);
	again = base64_decode(encoded);
	MUST(again && strcmp(decoded, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	check_challenge(text);
	check_base64(text);
	free(text);
	return 0;
}
