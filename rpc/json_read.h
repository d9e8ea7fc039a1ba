/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* json_read.h – JSON from outside to a value, bounded while it is read. */
#ifndef RPC_JSON_READ_H
#define RPC_JSON_READ_H

#include "rpc/call.h"

/*
 * Objects become sorted maps, arrays sets. A number without fraction and exponent that fits 64 bits
 * is a VALUE_INT, any other finite one a VALUE_FLOAT, so that the check of an int parameter names
 * it. Strings hold what XML-RPC could carry too. Returns NULL, or static text that says what is
 * wrong: no JSON, not UTF-8, too deep, a member twice, … *ret_value is then untouched.
 */
const char *json_read(const struct rpc_limits *limits, const char *bytes, size_t length,
		      struct value **ret_value);

#endif
