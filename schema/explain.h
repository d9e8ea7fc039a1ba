/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* explain.h – errors as words: what went wrong, and what to call or type instead; from errors.def.
 */
#ifndef SCHEMA_EXPLAIN_H
#define SCHEMA_EXPLAIN_H

#include "schema/buffer.h"

#include <stdbool.h>

struct value;

/* Who knows the objects that an error names. */
struct explain_objects {
	/* A field of an object of that class as text, to be freed. NULL: there is no such object,
	 * or it is not told. */
	char *(*field)(void *context, const char *cls, const char *ref, const char *field);
	void *context;
};

struct explanation {
	char *words;
	char *advice;  /* NULL: there is none */
	bool is_known; /* errors.def has words for it */
};

/*
 * `description` is a set: a code, and its parameters. A code that is not one of errors.def, or has
 * fewer parameters than there, is told as it is. At most EXPLAIN_NAMES_MOST objects are asked for,
 * and long names are cut. What others chose is in the texts as they chose it.
 */
#define EXPLAIN_NAMES_MOST 16
struct explanation explain(const struct value *description, const struct explain_objects *objects);
void explanation_clear(struct explanation *explanation);
#define AUTO_EXPLANATION __attribute__((cleanup(explanation_clear))) struct explanation

/* The words of an error that is told inside another one; references stay as they are. To be freed.
 */
struct error;
char *explain_inside(const struct error *err);

/* Words or advice of errors.def for a document: what stands for what. */
void explain_add_pattern(struct buffer *out, const char *pattern);

#endif
