/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* table.h – the published objects of one class, found by ref and by uuid, listed in order of
 * creation. */
#ifndef SERVER_STORE_TABLE_H
#define SERVER_STORE_TABLE_H

#include "schema/record.h"
#include "server/store/tombstones.h"

/* Not thread safe: the store's lock guards it. Holds one reference to each record. */
struct table {
	const struct class_info *cls;
	struct slot **by_ref;
	struct slot **by_uuid;
	size_t buckets;
	size_t count;
	struct slot *first;
	struct slot *last;
	struct slot *oldest; /* in order of their last change */
	struct slot *newest;
	struct tombstones tombstones;
};

struct slot {
	struct record *record;
	struct slot *next_by_ref;
	struct slot *next_by_uuid;
	struct slot *previous;
	struct slot *next;
	struct slot *older;
	struct slot *newer;
};

void table_init(struct table *table, const struct class_info *cls);
void table_free(struct table *table);
/* NULL when there is none; borrowed. */
struct record *table_find(const struct table *table, const char *ref);
struct record *table_find_by_uuid(const struct table *table, const char *uuid);
/* Takes the record: a new one goes to the end, one with a known ref takes the place of the old,
 * which is released. Its change is taken for the newest. */
void table_put(struct table *table, struct record *record);
void table_remove(struct table *table, const char *ref);
/* The oldest that was changed after that revision, `newer` leads on; NULL: none. */
const struct slot *table_changed_after(const struct table *table, uint64_t since);
/* Puts the changes in order where they were made known in another one. */
void table_order_changes(struct table *table);

#endif
