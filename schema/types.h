/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* types.h – the words for types, qualifiers and roles that the rows of the .def files use. For the
 * schema's own .c files. */
#ifndef SCHEMA_TYPES_H
#define SCHEMA_TYPES_H

#include "schema/schema.h"

#define TYPE(...) (&(const struct type){__VA_ARGS__})
#define VOID TYPE(.kind = TYPE_VOID)
#define STRING TYPE(.kind = TYPE_STRING)
#define INT TYPE(.kind = TYPE_INT)
#define FLOAT TYPE(.kind = TYPE_FLOAT)
#define BOOL TYPE(.kind = TYPE_BOOL)
#define DATETIME TYPE(.kind = TYPE_DATETIME)
#define ANY TYPE(.kind = TYPE_ANY)
#define ENUM(name) TYPE(.kind = TYPE_ENUM, .enumeration = ENUM_##name)
#define REF(class) TYPE(.kind = TYPE_REF, .cls = #class)
#define RECORD(class) TYPE(.kind = TYPE_RECORD, .cls = #class)
#define SET(type) TYPE(.kind = TYPE_SET, .item = type)
#define MAP(from, type) TYPE(.kind = TYPE_MAP, .key = from, .item = type)

#define RW(role) QUALIFIER_RW, ROLE_##role
#define RO_INS QUALIFIER_RO_INS, ROLE_nobody
#define INS_SET(role) QUALIFIER_RO_INS, ROLE_##role
#define RO_RUN QUALIFIER_RO_RUN, ROLE_nobody
#define RUN_SET(role) QUALIFIER_RO_RUN, ROLE_##role
#define INTERNAL QUALIFIER_INTERNAL, ROLE_nobody
#define INTERNAL_SET(role) QUALIFIER_INTERNAL, ROLE_##role

#define P(type, name)             \
	{                         \
#name, type, NULL \
	}
#define O(type, name, default)       \
	{                            \
#name, type, default \
	}
#define PARAMETERS(...)     \
	{                   \
		__VA_ARGS__ \
	}

#define ASYNC true
#define SYNC false

#define READ RUNS_READ, OPERATION_none
#define CHANGE RUNS_CHANGE, OPERATION_none
#define WORK RUNS_WORK, OPERATION_none
#define WAIT RUNS_WAIT, OPERATION_none
#define OP(operation) RUNS_OPERATION, OPERATION_##operation

#endif
