/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xmlrpc_element.c – the grammar of a methodCall. */
#include "rpc/xmlrpc_element.h"

#include "schema/base.h"

#define BIT ELEMENT_BIT
#define SCALARS (BIT(STRING) | BIT(INT) | BIT(BOOLEAN) | BIT(DOUBLE) | BIT(DATETIME) | BIT(BASE64))
#define TYPES (SCALARS | BIT(NIL) | BIT(ARRAY) | BIT(STRUCT))
#define WITH_TEXT (SCALARS | BIT(METHOD_NAME) | BIT(NAME) | BIT(VALUE))

/* clang-format off: a table, the commonest first */
static const struct {
	const char *name;
	enum element element;
} elements[] = {
	{"value", VALUE},
	{"string", STRING},
	{"param", PARAM},
	{"member", MEMBER},
	{"name", NAME},
	{"params", PARAMS},
	{"data", DATA},
	{"array", ARRAY},
	{"struct", STRUCT},
	{"methodCall", METHOD_CALL},
	{"methodName", METHOD_NAME},
	{"int", INT},
	{"i4", INT},
	{"i8", INT},
	{"boolean", BOOLEAN},
	{"double", DOUBLE},
	{"nil", NIL},
	{"dateTime.iso8601", DATETIME},
	{"base64", BASE64},
};

static const struct {
	unsigned children;
	unsigned once; /* these of them may not come again */
	unsigned last; /* none of them may follow these */
} grammar[UNKNOWN] = {
	[NOTHING] = {BIT(METHOD_CALL), 0, 0},
	[METHOD_CALL] = {BIT(METHOD_NAME) | BIT(PARAMS), BIT(METHOD_NAME), BIT(PARAMS)},
	[PARAMS] = {BIT(PARAM), 0, 0},
	[PARAM] = {BIT(VALUE), 0, BIT(VALUE)},
	[VALUE] = {TYPES, 0, TYPES},
	/* libxen writes <param> in arrays, with or without <data> around them. */
	[ARRAY] = {BIT(DATA) | BIT(PARAM), 0, BIT(DATA)},
	[DATA] = {BIT(VALUE) | BIT(PARAM), 0, 0},
	[STRUCT] = {BIT(MEMBER), 0, 0},
	[MEMBER] = {BIT(NAME) | BIT(VALUE), BIT(NAME) | BIT(VALUE), 0},
};
/* clang-format on */

enum element element_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(elements); i++)
		if (elements[i].name[0] == name[0] && strcmp(elements[i].name, name) == 0)
			return elements[i].element;
	return UNKNOWN;
}

const char *element_problem(enum element element, enum element parent, unsigned seen)
{
	unsigned bit = BIT(element);

	if (element == UNKNOWN)
		return "an element that is none of XML-RPC";
	if (!(grammar[parent].children & bit))
		return "an element where it does not belong";
	if (seen & (grammar[parent].last | (grammar[parent].once & bit)))
		return "an element too many";
	return NULL;
}

bool element_has_text(enum element element)
{
	return WITH_TEXT & BIT(element);
}
