/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* value.h – one immutable, reference-counted value: a parameter, a field of a record, a result. */
#ifndef SCHEMA_VALUE_H
#define SCHEMA_VALUE_H

#include "schema/base.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct record;

/*
 * What is on the wire and in a record. Refs, enums and uuids are strings. A date is its text, so
 * that one that nobody asks for is never judged. Off the wire an int may still be a string:
 * schema/convert.h makes it what a type wants.
 */
enum value_kind {
	VALUE_NIL,
	VALUE_STRING,
	VALUE_INT,
	VALUE_INT32, /* an int that clients need as <i4>, never as a string */
	VALUE_FLOAT,
	VALUE_BOOL,
	VALUE_DATETIME,
	VALUE_SET,
	VALUE_MAP,
	VALUE_RECORD /* a whole object, encoded field by field from its class */
};

struct member {
	struct value *key; /* a string */
	struct value *value;
};

/*
 * Immutable once another thread can see it; only its maker appends. Whoever holds a reference may
 * read it without a lock.
 */
struct value {
	atomic_uint references;
	uint8_t kind;
	uint8_t sorted;	 /* a map whose members are in order of their keys: found by halving */
	uint32_t length; /* bytes of text, items of a set, members of a map */
	union {
		int64_t integer;
		double number;
		bool boolean;
		struct record *record;
		char *text; /* follows in the same allocation, NUL-terminated, valid UTF-8 without
			       NUL */
		struct value **items;
		struct member *members;
	};
};

struct value *value_nil(void);
struct value *value_string(const char *text);
struct value *value_string_n(const char *text, size_t length);
struct value *value_string_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
struct value *value_int(int64_t integer);
struct value *value_int32(int32_t integer);
struct value *value_float(double number);
struct value *value_bool(bool boolean);
struct value *value_datetime(const char *text);
/* YYYYMMDDTHH:MM:SSZ, as everything this server says about time */
struct value *value_datetime_of(time_t seconds);
/* holds a reference of its own */
struct value *value_record(struct record *record);

/* An empty set or map; what is appended belongs to it. */
struct value *value_set(void);
void value_append(struct value *set, struct value *item);
struct value *value_map(void);
/* The caller knows that the key is new. */
void value_put(struct value *map, const char *key, struct value *value);
void value_put_member(struct value *map, struct value *key, struct value *value);
/* Orders the members by key. Returns the first key that is there twice, or NULL. */
const char *value_sort(struct value *map);

/* NULL when there is no such key, or it is no map at all: whoever sent it may have sent anything */
const struct value *value_find(const struct value *map, const char *key);
const char *value_find_text(const struct value *map, const char *key); /* NULL also when it is no
									  string */
bool value_set_has(const struct value *set, const char *text);

/* New maps and sets that differ in one element. Keys keep their place, new ones go to the end. */
struct value *value_map_with(const struct value *map, const char *key, struct value *value);
struct value *value_map_without(const struct value *map, const char *key);
struct value *value_set_with(const struct value *set, const char *text);
struct value *value_set_without(const struct value *set, const char *text);

bool value_equal(const struct value *a, const struct value *b); /* order counts in sets, not in maps
								 */
struct value *value_reference(const struct value *value);
void value_release(const struct value *value); /* NULL is fine */
static inline void value_cleanup(struct value **value)
{
	value_release(*value);
}
/* "int", "string", "struct" …: as a sentence to a user would say it */
const char *value_kind_name(const struct value *value);

#endif
