/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* buffer.c – bytes that grow at their end. */
#include "schema/buffer.h"

#include <stdarg.h>
#include <stdio.h>

void buffer_reserve(struct buffer *buffer, size_t more)
{
	size_t needed = buffer->length + more + 1;

	if (needed <= buffer->capacity)
		return;
	if (needed < 2 * buffer->capacity)
		needed = 2 * buffer->capacity;
	if (needed < 64)
		needed = 64;
	buffer->data = reallocate(buffer->data, needed);
	buffer->capacity = needed;
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t length)
{
	buffer_reserve(buffer, length);
	if (length)
		memcpy(buffer->data + buffer->length, bytes, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}

void buffer_add_text(struct buffer *buffer, const char *text)
{
	buffer_add(buffer, text, strlen(text));
}

void buffer_add_char(struct buffer *buffer, char character)
{
	buffer_add(buffer, &character, 1);
}

void buffer_add_int(struct buffer *buffer, int64_t number)
{
	char digits[24];
	char *start = digits + sizeof(digits);
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

	do {
		*--start = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (number < 0)
		*--start = '-';
	buffer_add(buffer, start, (size_t)(digits + sizeof(digits) - start));
}

void buffer_add_format(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	va_list again;
	int length;

	va_start(arguments, format);
	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length > 0) {
		buffer_reserve(buffer, (size_t)length);
		vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, again);
		buffer->length += (size_t)length;
	}
	va_end(again);
}

void buffer_clear(struct buffer *buffer)
{
	buffer->length = 0;
	if (buffer->data)
		buffer->data[0] = '\0';
}

char *buffer_take(struct buffer *buffer)
{
	char *text = buffer->data ? buffer->data : text_copy("");

	*buffer = (struct buffer){0};
	return text;
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){0};
}
