/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xmlrpc_element.h – the elements of a methodCall, and which may stand in which. */
#ifndef RPC_XMLRPC_ELEMENT_H
#define RPC_XMLRPC_ELEMENT_H

#include <stdbool.h>

enum element {
	NOTHING, /* what the document element is in */
	METHOD_CALL,
	METHOD_NAME,
	PARAMS,
	PARAM,
	VALUE,
	ARRAY,
	DATA,
	STRUCT,
	MEMBER,
	NAME,
	STRING,
	INT,
	BOOLEAN,
	DOUBLE,
	DATETIME,
	BASE64,
	NIL,
	UNKNOWN
};

#define ELEMENT_BIT(element) (1u << (element))

/* UNKNOWN when it is none */
enum element element_named(const char *name);
/* What is wrong with such an element in a parent that had the elements `seen` (bits) in it; NULL:
 * nothing. */
const char *element_problem(enum element element, enum element parent, unsigned seen);
/* Its text counts; elsewhere only white space may be. */
bool element_has_text(enum element element);

#endif
