/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* overlay.h – the newest state of the objects that a batch has changed and that are not published
 * yet. */
#ifndef SERVER_STORE_OVERLAY_H
#define SERVER_STORE_OVERLAY_H

#include "schema/record.h"

#define OVERLAY_BUCKETS 1024

struct overlay_entry {
	struct overlay_entry *next_in_bucket;
	struct overlay_entry *next; /* in order of their first change */
	const struct class_info *cls;
	struct value *ref;
	struct record *record; /* a reference; NULL: deleted */
};

struct overlay {
	struct overlay_entry *buckets[OVERLAY_BUCKETS];
	struct overlay_entry *first;
	struct overlay_entry *last;
};

/* record NULL: the object is deleted. Takes no reference of the caller's. */
void overlay_put(struct overlay *overlay, const struct class_info *cls, struct value *ref,
		 struct record *record);
/* NULL: the batch did not touch it. */
const struct overlay_entry *overlay_find(const struct overlay *overlay,
					 const struct class_info *cls, const char *ref);
const struct overlay_entry *overlay_find_by_uuid(const struct overlay *overlay,
						 const struct class_info *cls, const char *uuid);
void overlay_clear(struct overlay *overlay);

#endif
