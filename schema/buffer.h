/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* buffer.h – bytes that grow at their end; what every encoder writes into. */
#ifndef SCHEMA_BUFFER_H
#define SCHEMA_BUFFER_H

#include "schema/base.h"

#include <stdint.h>

/* A zeroed one is empty and owns nothing. data is NUL-terminated whenever it is not NULL. */
struct buffer {
	char *data;
	size_t length;
	size_t capacity;
};

#define AUTO_BUFFER __attribute__((cleanup(buffer_free))) struct buffer

/* Room for `more` further bytes (and the NUL), so that what follows does not move the data. */
void buffer_reserve(struct buffer *buffer, size_t more);
void buffer_add(struct buffer *buffer, const void *bytes, size_t length);
void buffer_add_text(struct buffer *buffer, const char *text);
void buffer_add_char(struct buffer *buffer, char character);
void buffer_add_int(struct buffer *buffer, int64_t number);
void buffer_add_format(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void buffer_clear(struct buffer *buffer);
/* The text so far, to be freed by the caller; the buffer is empty afterwards. Never NULL. */
char *buffer_take(struct buffer *buffer);
void buffer_free(struct buffer *buffer);

/* For literals: the length is known to the compiler. */
#define buffer_add_literal(buffer, literal) buffer_add((buffer), "" literal, sizeof(literal) - 1)

#endif
