/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* layout.h – structs as tables of their fields, written as bytes and read from bytes that nobody
 * trusts. */
#ifndef SERVER_PRIVILEGED_LAYOUT_H
#define SERVER_PRIVILEGED_LAYOUT_H

#include "schema/buffer.h"

#include <stdbool.h>

enum field_kind {
	FIELD_NUMBER, /* bool, char, int, int64_t, an enum */
	FIELD_DOUBLE,
	FIELD_CHARS, /* an array of char, which ends with NUL */
	FIELD_TEXT,  /* const char * */
	FIELD_ONE,   /* a pointer to a struct */
	FIELD_LIST,  /* a pointer to structs, and how many */
	FIELD_BYTES  /* an array of things without a meaning here, and how many of them count */
};

struct field {
	const char *name;
	enum field_kind kind;
	size_t offset;
	size_t size;	     /* of the member; of one thing in it, with FIELD_BYTES */
	int64_t lowest;	     /* of a number */
	int64_t highest;     /* of a number; the most that a list has */
	size_t count_offset; /* of a list's or an array's size_t */
	const struct layout *layout;
};

struct layout {
	size_t size;
	const struct field *fields; /* up to one without a name */
};

/* Blocks of memory that are freed together. */
struct request_memory;
void request_memory_free(struct request_memory *memory);

struct reader {
	char *at;
	char *end;
	struct request_memory *memory;
	char *problem; /* the first one */
};

void field_write(const struct field *field, const void *record, struct buffer *bytes);
/* False with reader->problem. */
bool field_read(const struct field *field, struct reader *reader, void *record);

#endif
