/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* text.h – values as text: a column of the database, a default in a row of the schema, JSON. */
#ifndef SCHEMA_TEXT_H
#define SCHEMA_TEXT_H

#include "schema/buffer.h"
#include "schema/schema.h"
#include "schema/value.h"

/*
 * Reads what value_to_text wrote, for a value of this type: numbers in decimal, true or false, a
 * string as it is, sets and maps as JSON. "" is the type's zero (the null reference, 1970, the
 * first value of an enum). Returns NULL, or static text that says what is wrong; *ret_value is then
 * untouched.
 */
const char *text_to_value(const struct type *type, const char *text, struct value **ret_value);
/* To be freed. */
char *value_to_text(const struct value *value);

/*
 * Reads {"field": [value, …], …}: calls `each` with the values of each field that the class has, as
 * a set that is borrowed. Others, and values that do not fit the field, are left out.
 */
typedef void (*text_field_fn)(void *argument, int field, const struct value *values);
void text_each_field(const struct class_info *cls, const char *text, text_field_fn each,
		     void *argument);

/* As JSON, whatever the kind; records with all fields that are not internal. Bad UTF-8 goes out as
 * U+FFFD. */
void value_add_json(struct buffer *out, const struct value *value);
void text_add_json(struct buffer *out, const char *text);

#endif
