/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* changes.c – what has changed since a revision. */
#include "server/store/private.h"

void store_hold(struct store *store)
{
	pthread_rwlock_rdlock(&store->published);
}

void store_let_go(struct store *store)
{
	pthread_rwlock_unlock(&store->published);
}

size_t store_count(struct store *store, enum class_id cls)
{
	return store->tables[cls].count;
}

const struct record *store_find(struct store *store, enum class_id cls, const char *ref)
{
	return table_find(&store->tables[cls], ref);
}

bool store_knows_deletions(struct store *store, enum class_id cls, uint64_t since)
{
	return store->tables[cls].tombstones.forgotten <= since;
}

static void each_record(const struct table *table, uint64_t since, store_change_fn each,
			void *argument)
{
	const struct slot *slot = table_changed_after(table, since);

	for (; slot; slot = slot->newer) {
		const struct record *record = slot->record;
		const struct store_change change = {.record = record,
						    .ref = record->ref,
						    .created = record->created,
						    .modified = record->modified};

		each(argument, &change);
	}
}

static void each_tombstone(const struct tombstones *tombstones, uint64_t since,
			   store_change_fn each, void *argument)
{
	for (size_t i = tombstones_after(tombstones, since); i < tombstones->end; i++) {
		const struct tombstone *tombstone = &tombstones->items[i];
		const struct store_change change = {.ref = tombstone->ref,
						    .uuid = tombstone->uuid,
						    .created = tombstone->created,
						    .modified = tombstone->deleted};

		each(argument, &change);
	}
}

void store_each_change(struct store *store, enum class_id cls, uint64_t since, store_change_fn each,
		       void *argument)
{
	const struct table *table = &store->tables[cls];

	each_record(table, since, each, argument);
	each_tombstone(&table->tombstones, since, each, argument);
}

void store_set_listener(struct store *store, store_listener_fn listener, void *context)
{
	pthread_rwlock_wrlock(&store->published);
	store->listener = listener;
	store->listener_context = context;
	pthread_rwlock_unlock(&store->published);
}

/* Volatile ones come and go with every call; whoever missed so many sees it in their number. */
#define VOLATILE_KEPT 10000

size_t tombstones_kept(const struct store *store, const struct class_info *cls)
{
	if (cls->flags & CLASS_UNLISTED)
		return 0;
	return cls->flags & CLASS_VOLATILE ? VOLATILE_KEPT : store->tombstones_kept;
}
