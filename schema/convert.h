/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* convert.h – the one place where a value from outside is judged against a type. */
#ifndef SCHEMA_CONVERT_H
#define SCHEMA_CONVERT_H

#include "schema/error.h"
#include "schema/schema.h"
#include "schema/value.h"

/*
 * Makes of `value` a new reference to a value of `type`: ints from text ("42", "0x2a"), floats from
 * ints and text, dates brought to YYYYMMDDTHH:MM:SSZ (without a zone they stay so), "" to the null
 * reference, map keys to text. `name` is the parameter or field, for the error: FIELD_TYPE_ERROR
 * for another kind of value, INVALID_VALUE for one that is not accepted. Whether a reference exists
 * is not judged here.
 */
int convert_value(const struct type *type, const struct value *value, const char *name,
		  struct value **ret_value, struct error *err);

#endif
