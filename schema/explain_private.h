/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* explain_private.h – what explain.c and explain_hints.c share: an explanation that is being made.
 */
#ifndef SCHEMA_EXPLAIN_PRIVATE_H
#define SCHEMA_EXPLAIN_PRIVATE_H

#include "schema/error.h"
#include "schema/explain.h"

struct explainer {
	const struct value *description;
	const struct error_info *info;
	const struct explain_objects *objects;
	int names;    /* that were asked for */
	bool missing; /* a parameter */
	struct buffer text;
};

/* Adds what {parameter:format} stands for: `value` is that parameter, `next` the one behind it
 * ("" when there is none). */
typedef void (*explain_format_fn)(struct explainer *explainer, const char *value, const char *next);

/* The parameter of that name; "" when it was not sent. */
const char *explain_parameter(const struct explainer *explainer, const char *name);
void explain_add(struct explainer *explainer, const char *pattern);
void explain_add_memory(struct buffer *out, const char *bytes);
/* Does a text speak of memory, so that large numbers in it are bytes? */
bool explain_is_about_memory(const char *text);
/* "VDI disk1": what there is of that ref, in whichever class. To be freed; NULL: it is not known.
 */
char *explain_find(struct explainer *explainer, const char *ref);

/* explain_hints.c */
void explain_way(struct explainer *explainer, const char *value, const char *next);
void explain_meant(struct explainer *explainer, const char *value, const char *next);
void explain_similar(struct explainer *explainer, const char *value, const char *next);
void explain_signature(struct explainer *explainer, const char *value, const char *next);
void explain_role(struct explainer *explainer, const char *value, const char *next);
void explain_nearest(struct explainer *explainer, const char *value, const char *next);
void explain_lack(struct explainer *explainer, const char *value, const char *next);

#endif
