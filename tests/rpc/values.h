/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* values.h – values for the codec's tests: shown, drawn at random, as a reader gives them back. */
#ifndef TESTS_RPC_VALUES_H
#define TESTS_RPC_VALUES_H

#include "schema/value.h"

/* nil, "text", 42, 1.5, true, @date, [item, item], {key: value}; to be freed. */
char *value_show(const struct value *value);

struct draw {
	uint64_t state; /* never 0 */
	bool any_value; /* what xmlrpc-c cannot do too: carriage returns, characters beyond the BMP,
			   any float */
};

uint64_t draw_number(struct draw *draw, uint64_t below);
/* A tree of at most so many levels. */
struct value *draw_value(struct draw *draw, int levels);

/* What comes back when it was written as XML-RPC: ints are strings then. */
struct value *value_after_xmlrpc(const struct value *value);
/* As JSON: dates are strings then. */
struct value *value_after_json(const struct value *value);

#endif
