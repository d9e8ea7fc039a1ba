/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* escape.c – characters that xmlrpc-c cannot carry, disguised as ones that it can, and back. */
#include "rpc/xm/escape.h"

#include <stdbool.h>
#include <stdlib.h>

#define HIGH 0xE000u
#define LOW 0xE400u
#define MARK 0xE800u
#define PLANE_1 0x10000u
/* Of all characters from U+E000 to U+EFFF. */
#define FIRST_BYTE 0xEE

static void add_character(struct buffer *out, unsigned c)
{
	if (c < 0x80) {
		buffer_add_char(out, (char)c);
		return;
	}
	if (c < 0x800) {
		buffer_add_char(out, (char)(0xC0 | c >> 6));
	} else {
		if (c < PLANE_1) {
			buffer_add_char(out, (char)(0xE0 | c >> 12));
		} else {
			buffer_add_char(out, (char)(0xF0 | c >> 18));
			buffer_add_char(out, (char)(0x80 | (c >> 12 & 0x3F)));
		}
		buffer_add_char(out, (char)(0x80 | (c >> 6 & 0x3F)));
	}
	buffer_add_char(out, (char)(0x80 | (c & 0x3F)));
}

static bool needs_disguise(unsigned c)
{
	return c == '\r' || (c >= HIGH && c <= MARK) || (c >= PLANE_1 && c <= 0x10FFFF);
}

static void add_disguised(struct buffer *out, unsigned c)
{
	if (c >= PLANE_1) {
		add_character(out, HIGH + ((c - PLANE_1) >> 10));
		add_character(out, LOW + ((c - PLANE_1) & 0x3FF));
		return;
	}
	add_character(out, MARK);
	add_character(out, c == '\r' ? 'r' : c);
}

/* Of the characters of three and four bytes; the rest is never looked at. Returns the length, 0:
 * not such a one. */
static size_t read_long_character(const char *text, size_t length, unsigned *ret_character)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t size = *p >= 0xF0 && *p < 0xF5 ? 4 : *p >= 0xE0 && *p < 0xF0 ? 3 : 0;
	unsigned c = size == 4 ? *p & 0x07 : *p & 0x0F;

	if (!size || length < size)
		return 0;
	for (size_t i = 1; i < size; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3F);
	}
	*ret_character = c;
	return size;
}

/* Bytes up to the first that may begin something to be disguised; 100 MB may be nothing else. */
static size_t plain_length(const char *text, size_t length)
{
	size_t plain = 0;

	while (plain < length && text[plain] != '\r' && (unsigned char)text[plain] < 0xE0)
		plain++;
	return plain;
}

void escape_text(struct buffer *out, const char *text, size_t length)
{
	while (length) {
		size_t plain = plain_length(text, length);
		unsigned c = plain < length ? (unsigned char)text[plain] : 0;
		size_t size;

		buffer_add(out, text, plain);
		text += plain;
		length -= plain;
		if (!length)
			return;
		size = read_long_character(text, length, &c);
		size = size ? size : 1;
		if (needs_disguise(c) && (size > 1 || c == '\r'))
			add_disguised(out, c);
		else
			buffer_add(out, text, size);
		text += size;
		length -= size;
	}
}

/* &#13; or &#x1F600; – returns its length, 0: it is none. */
static size_t read_reference(const char *xml, size_t length, unsigned *ret_character)
{
	bool hexadecimal = length > 3 && xml[2] == 'x';
	size_t at = hexadecimal ? 3 : 2;
	char digits[12] = "";

	if (length < 4 || xml[0] != '&' || xml[1] != '#')
		return 0;
	for (size_t i = 0; at < length && xml[at] != ';'; i++, at++) {
		if (i == sizeof(digits) - 1)
			return 0;
		digits[i] = xml[at];
	}
	*ret_character = (unsigned)strtoul(digits, NULL, hexadecimal ? 16 : 10);
	return at < length ? at + 1 : 0;
}

static size_t cdata_length(const char *xml, size_t length)
{
	const char *end;

	if (length < 9 || memcmp(xml, "<![CDATA[", 9) != 0)
		return 0;
	end = memmem(xml, length, "]]>", 3);
	return end ? (size_t)(end - xml) : length;
}

/* … or a section of CDATA, where references are none */
static bool begins_reference(const char *xml, size_t length)
{
	return length > 1 && ((xml[0] == '&' && xml[1] == '#') || (xml[0] == '<' && xml[1] == '!'));
}

void escape_xml(struct buffer *out, const char *xml, size_t length)
{
	while (length) {
		size_t size = 0, plain = 0;
		unsigned c = 0;

		while (plain < length && !begins_reference(xml + plain, length - plain))
			plain++;
		if (plain == 0) {
			plain = cdata_length(xml, length);
			size = read_reference(xml, length, &c);
		}
		if (size && needs_disguise(c)) {
			add_disguised(out, c);
			plain = size;
		} else {
			plain = plain ? plain : 1;
			escape_text(out, xml, plain);
		}
		xml += plain;
		length -= plain;
	}
}

static void unescape(struct buffer *out, const char *text, size_t length,
		     const char *carriage_return)
{
	while (length) {
		unsigned c = 0, next = 0;
		const char *mark = memchr(text, FIRST_BYTE, length);
		size_t plain = mark ? (size_t)(mark - text) : length;
		size_t size = 0, more = 0;

		buffer_add(out, text, plain);
		text += plain;
		length -= plain;
		if (!length)
			return;
		size = read_long_character(text, length, &c);
		if (size && c >= HIGH && c < LOW)
			more = read_long_character(text + size, length - size, &next);
		if (size && c == MARK && length > size && text[size] == 'r') {
			buffer_add_text(out, carriage_return);
			more = 1;
		} else if (size && c == MARK) {
			more = read_long_character(text + size, length - size, &next);
			buffer_add(out, text + size, more);
		} else if (more && next >= LOW && next < MARK) {
			add_character(out, PLANE_1 + ((c - HIGH) << 10) + (next - LOW));
		} else {
			more = 0;
			size = size ? size : 1;
			buffer_add(out, text, size);
		}
		text += size + more;
		length -= size + more;
	}
}

void unescape_text(struct buffer *out, const char *text, size_t length)
{
	unescape(out, text, length, "\r");
}

void unescape_xml(struct buffer *out, const char *xml, size_t length)
{
	unescape(out, xml, length, "&#13;");
}
