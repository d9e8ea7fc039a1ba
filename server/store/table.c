/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* table.c – the published objects of one class. */
#include "server/store/table.h"

static size_t hash_text(const char *text)
{
	size_t hash = 1469598103934665603u;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 1099511628211u;
	return hash;
}

void table_init(struct table *table, const struct class_info *cls)
{
	*table = (struct table){.cls = cls, .buckets = 64};
	table->by_ref = allocate(table->buckets * sizeof(struct slot *));
	table->by_uuid = allocate(table->buckets * sizeof(struct slot *));
}

void table_free(struct table *table)
{
	for (struct slot *slot = table->first; slot;) {
		struct slot *next = slot->next;

		record_release(slot->record);
		free(slot);
		slot = next;
	}
	free(table->by_ref);
	free(table->by_uuid);
	tombstones_free(&table->tombstones);
}

static struct slot **ref_chain(const struct table *table, const char *ref)
{
	return &table->by_ref[hash_text(ref) % table->buckets];
}

static struct slot **uuid_chain(const struct table *table, const char *uuid)
{
	return &table->by_uuid[hash_text(uuid) % table->buckets];
}

static struct slot *find_slot(const struct table *table, const char *ref)
{
	struct slot *slot = *ref_chain(table, ref);

	while (slot && strcmp(record_ref(slot->record), ref) != 0)
		slot = slot->next_by_ref;
	return slot;
}

struct record *table_find(const struct table *table, const char *ref)
{
	struct slot *slot = find_slot(table, ref);

	return slot ? slot->record : NULL;
}

struct record *table_find_by_uuid(const struct table *table, const char *uuid)
{
	struct slot *slot = *uuid_chain(table, uuid);

	while (slot && strcmp(record_uuid(slot->record), uuid) != 0)
		slot = slot->next_by_uuid;
	return slot ? slot->record : NULL;
}

static void link_ref(struct table *table, struct slot *slot)
{
	struct slot **chain = ref_chain(table, record_ref(slot->record));

	slot->next_by_ref = *chain;
	*chain = slot;
}

static void link_uuid(struct table *table, struct slot *slot)
{
	struct slot **chain = uuid_chain(table, record_uuid(slot->record));

	slot->next_by_uuid = *chain;
	*chain = slot;
}

static void unlink_uuid(struct table *table, struct slot *slot)
{
	struct slot **chain = uuid_chain(table, record_uuid(slot->record));

	while (*chain != slot)
		chain = &(*chain)->next_by_uuid;
	*chain = slot->next_by_uuid;
}

static void grow(struct table *table)
{
	size_t bytes = 4 * table->buckets * sizeof(struct slot *);

	free(table->by_ref);
	free(table->by_uuid);
	table->buckets *= 4;
	table->by_ref = allocate(bytes);
	table->by_uuid = allocate(bytes);
	for (struct slot *slot = table->first; slot; slot = slot->next) {
		link_ref(table, slot);
		link_uuid(table, slot);
	}
}

static void unlink_change(struct table *table, struct slot *slot)
{
	*(slot->older ? &slot->older->newer : &table->oldest) = slot->newer;
	*(slot->newer ? &slot->newer->older : &table->newest) = slot->older;
}

static void link_change(struct table *table, struct slot *slot)
{
	slot->newer = NULL;
	slot->older = table->newest;
	*(table->newest ? &table->newest->newer : &table->oldest) = slot;
	table->newest = slot;
}

static void replace(struct table *table, struct slot *slot, struct record *record)
{
	struct record *old = slot->record;
	bool moved = strcmp(record_uuid(old), record_uuid(record)) != 0;

	if (moved)
		unlink_uuid(table, slot);
	slot->record = record;
	if (moved)
		link_uuid(table, slot);
	record_release(old);
}

void table_put(struct table *table, struct record *record)
{
	struct slot *slot = find_slot(table, record_ref(record));

	if (slot) {
		replace(table, slot, record);
		unlink_change(table, slot);
		link_change(table, slot);
		return;
	}
	if (table->count >= table->buckets)
		grow(table);
	slot = allocate(sizeof(*slot));
	slot->record = record;
	slot->previous = table->last;
	*(table->last ? &table->last->next : &table->first) = slot;
	table->last = slot;
	table->count++;
	link_ref(table, slot);
	link_uuid(table, slot);
	link_change(table, slot);
}

void table_remove(struct table *table, const char *ref)
{
	struct slot **chain = ref_chain(table, ref);
	struct slot *slot = find_slot(table, ref);

	if (!slot)
		return;
	while (*chain != slot)
		chain = &(*chain)->next_by_ref;
	*chain = slot->next_by_ref;
	unlink_uuid(table, slot);
	unlink_change(table, slot);
	*(slot->previous ? &slot->previous->next : &table->first) = slot->next;
	*(slot->next ? &slot->next->previous : &table->last) = slot->previous;
	table->count--;
	record_release(slot->record);
	free(slot);
}

const struct slot *table_changed_after(const struct table *table, uint64_t since)
{
	const struct slot *first = NULL;

	for (const struct slot *slot = table->newest; slot && slot->record->modified > since;
	     slot = slot->older)
		first = slot;
	return first;
}

static int compare_changes(const void *a, const void *b)
{
	uint64_t first = (*(struct slot *const *)a)->record->modified;
	uint64_t second = (*(struct slot *const *)b)->record->modified;

	return first < second ? -1 : first > second;
}

void table_order_changes(struct table *table)
{
	struct slot **slots = allocate(table->count * sizeof(struct slot *));
	size_t count = 0;

	for (struct slot *slot = table->first; slot; slot = slot->next)
		slots[count++] = slot;
	qsort(slots, count, sizeof(*slots), compare_changes);
	table->oldest = table->newest = NULL;
	for (size_t i = 0; i < count; i++)
		link_change(table, slots[i]);
	free(slots);
}
