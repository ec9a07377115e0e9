/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRIU's answers: texts end within their room, whatever comes.
 */
#include "format/criu_message.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct criu_answer answer = { 0 };

	if (criu_read_answer(data, size, &answer) < 0)
		return 0;
	MUST(answer.type != 0);
	MUST(strnlen(answer.script, sizeof(answer.script)) < sizeof(answer.script));
	MUST(strnlen(answer.message, sizeof(answer.message)) < sizeof(answer.message));
	return 0;
}
