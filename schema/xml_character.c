/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xml_character.c – which bytes are a character that XML may hold. */
#include "schema/xml_character.h"

#include <stdbool.h>

static bool is_tail(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

static bool is_character_of_3(const unsigned char *bytes)
{
	bool overlong = bytes[0] == 0xe0 && bytes[1] < 0xa0;
	bool surrogate = bytes[0] == 0xed && bytes[1] >= 0xa0;
	bool forbidden = bytes[0] == 0xef && bytes[1] == 0xbf && bytes[2] >= 0xbe;

	return is_tail(bytes[1]) && is_tail(bytes[2]) && !overlong && !surrogate && !forbidden;
}

static bool is_character_of_4(const unsigned char *bytes)
{
	bool overlong = bytes[0] == 0xf0 && bytes[1] < 0x90;
	bool beyond = bytes[0] == 0xf4 && bytes[1] >= 0x90;

	return is_tail(bytes[1]) && is_tail(bytes[2]) && is_tail(bytes[3]) && !overlong && !beyond;
}

size_t xml_character(const char *text, const char *end)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t left = (size_t)(end - text);

	if (left == 0)
		return 0;
	if (bytes[0] < 0x80)
		return bytes[0] >= 0x20 || bytes[0] == '\t' || bytes[0] == '\n' || bytes[0] == '\r';
	if (bytes[0] < 0xc2 || bytes[0] > 0xf4)
		return 0;
	if (bytes[0] < 0xe0)
		return left >= 2 && is_tail(bytes[1]) ? 2 : 0;
	if (bytes[0] < 0xf0)
		return left >= 3 && is_character_of_3(bytes) ? 3 : 0;
	return left >= 4 && is_character_of_4(bytes) ? 4 : 0;
}
