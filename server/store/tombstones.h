/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tombstones.h – the objects of one class that were deleted, oldest first; the oldest are
 * forgotten when there are too many. */
#ifndef SERVER_STORE_TOMBSTONES_H
#define SERVER_STORE_TOMBSTONES_H

#include "schema/value.h"

struct tombstone {
	struct value *ref;
	struct value *uuid;
	uint64_t created; /* 0: an earlier daemon has deleted it, and nobody knows */
	uint64_t deleted;
};

/* A zeroed one is empty. Not thread safe: the store's lock guards it. */
struct tombstones {
	struct tombstone *items;
	size_t first;
	size_t end;
	size_t capacity;
	uint64_t forgotten; /* deletions up to this revision may be missing */
};

/* Takes both values. `kept`: how many there may be. */
void tombstones_add(struct tombstones *tombstones, struct tombstone tombstone, size_t kept);
/* The first that is younger than `since`; items from there to `end` are. */
size_t tombstones_after(const struct tombstones *tombstones, uint64_t since);
void tombstones_free(struct tombstones *tombstones);

#endif
