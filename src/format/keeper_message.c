/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a keeper and its clients say to each other
 */
#include "format/keeper_message.h"

#include <string.h>

size_t keeper_message_write(uint8_t *to, enum keeper_message type, const void *content, size_t len)
{
	to[0] = (uint8_t)type;
	if (len > 0)
		memcpy(to + 1, content, len);
	return 1 + len;
}

bool keeper_message_read(const uint8_t *packet, size_t len, void *ret_content, size_t content_len)
{
	if (len != 1 + content_len)
		return false;
	memcpy(ret_content, packet + 1, content_len);
	return true;
}
