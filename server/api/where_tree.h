/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* where_tree.h – an expression once it is parsed, for where.c and where_match.c. */
#ifndef SERVER_API_WHERE_TREE_H
#define SERVER_API_WHERE_TREE_H

#include "server/api/where.h"

/* One side of a comparison. */
struct operand {
	int field;  /* −1: text */
	char *text; /* owned */
	size_t length;
};

enum where_kind { WHERE_TRUE, WHERE_FALSE, WHERE_NOT, WHERE_AND, WHERE_OR, WHERE_EQUAL };

/* A long chain of and or or is one node, so that the depth of the tree is that of the parentheses.
 */
struct where {
	enum where_kind kind;
	struct where *first; /* what it is made of */
	struct where *next;  /* the next part of what this is a part of */
	struct operand left; /* of WHERE_EQUAL */
	struct operand right;
};

#endif
