/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* option.h – the options of a message: a struct of few names that it knows, each with its type. */
#ifndef SERVER_API_OPTION_H
#define SERVER_API_OPTION_H

#include "server/api/private.h"

struct option {
	const char *name; /* NULL: the end */
	enum type_kind kind;
	int64_t most; /* of an int, which is at least 1 then; 0: any will do */
	/* `value` is of that kind. */
	int (*set)(void *argument, struct value *value, struct error *err);
};

/* Sets those that are given, in their order. `known` says all names where another is refused;
 * by_value: with VALUE_NOT_SUPPORTED and its value, otherwise with INVALID_VALUE. */
int option_read_all(const struct option *options, const struct value *given, const char *known,
		    bool by_value, void *argument, struct error *err);
/* VALUE_NOT_SUPPORTED with the value as JSON. */
int option_refuse(const char *name, const struct value *value, const char *reason,
		  struct error *err);

#endif
