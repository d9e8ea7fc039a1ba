/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xml_character.h – which bytes are a character that XML may hold. */
#ifndef SCHEMA_XML_CHARACTER_H
#define SCHEMA_XML_CHARACTER_H

#include <stddef.h>

/*
 * The length in bytes of the UTF-8 character at text, before end. 0: bad UTF-8, or a character that
 * XML 1.0 forbids (most control characters, surrogates, U+FFFE and U+FFFF).
 */
size_t xml_character(const char *text, const char *end);

#endif
