/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* python_value.h – what an expression of Python says that consists of literals; nothing is run. */
#ifndef SERVER_IMPORT_PYTHON_VALUE_H
#define SERVER_IMPORT_PYTHON_VALUE_H

#include "schema/value.h"

/* The value of an earlier assignment; NULL: there was none. */
typedef const struct value *(*python_lookup_fn)(const void *argument, const char *name);

struct python_expression {
	const char *text;
	const char *end;
	python_lookup_fn lookup;
	const void *argument;
	int depth;
	bool computed;	    /* not a mere literal */
	const char *reason; /* why there is no value */
};

/*
 * A string, int, bool, nil, set (a list or tuple) or map (a dictionary) of such: strings and ints
 * with + % *, lists with +, names. NULL: it is something else, and expression->reason says so.
 */
struct value *python_read(struct python_expression *expression);
/* The same as `old + new`. */
struct value *python_add(const struct value *old, const struct value *new);
/* How a setting has it: strings, and sets of them. NULL: it has no such form. */
struct value *python_setting(const struct value *value);

/* The end of the string that begins here; NULL: there is none. Lines are counted. */
const char *python_skip_string(const char *text, const char *end, int *line);

#endif
