/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* event_report.c – what has changed since a revision, as events. */
#include "server/api/event.h"

#include <ctype.h>
#include <inttypes.h>

/* Objects come before what refers to them, as clients of xapi are used to. */
enum kind { ADDED, MODIFIED, DELETED };

struct entry {
	enum kind kind;
	const struct class_info *cls;
	uint64_t revision;
	struct value *ref;
	struct value *uuid;    /* of a deleted one */
	struct record *record; /* of another one */
};

struct collection {
	const struct subscriptions *wanted;
	struct store *store;
	uint64_t visible;
	enum class_id cls; /* that is looked through now */
	bool forgotten;	   /* of its deletions some are */
	uint64_t since;
	struct entry *entries;
	size_t count;
	size_t capacity;
};

static void add(struct collection *collection, struct entry entry)
{
	if (collection->count == collection->capacity) {
		collection->capacity = 2 * collection->capacity + 16;
		collection->entries = reallocate(collection->entries,
						 collection->capacity * sizeof(struct entry));
	}
	collection->entries[collection->count++] = entry;
}

/* A deletion of what was made only meanwhile; or one that collect_forgotten reports. */
static bool is_nothing(const struct collection *collection, const struct store_change *change)
{
	return !collection->since || change->created > collection->since ||
	       (collection->forgotten &&
		subscriptions_name(collection->wanted, collection->cls, change->ref->text));
}

static void collect(void *argument, const struct store_change *change)
{
	struct collection *collection = argument;
	bool is_new = change->created > collection->since;
	struct entry entry = {.kind = is_new ? ADDED : MODIFIED,
			      .cls = schema_classes[collection->cls],
			      .revision = change->modified};

	if (!subscriptions_want(collection->wanted, collection->cls, change->ref->text) ||
	    (!change->record && is_nothing(collection, change)))
		return;
	entry.ref = value_reference(change->ref);
	if (change->record) {
		entry.record = record_reference(change->record);
	} else {
		entry.kind = DELETED;
		entry.uuid = value_reference(change->uuid);
	}
	add(collection, entry);
}

/* Of volatile objects deletions are forgotten, with the daemon's life at the latest. Whoever names
 * one that is not there any more is told so. */
static void collect_forgotten(void *argument, enum class_id cls, const char *ref)
{
	struct collection *collection = argument;

	if (collection->visible >> cls & 1 &&
	    !store_knows_deletions(collection->store, cls, collection->since) &&
	    !store_find(collection->store, cls, ref))
		add(collection, (struct entry){.kind = DELETED,
					       .cls = schema_classes[cls],
					       .revision = collection->since + 1,
					       .ref = value_string(ref),
					       .uuid = value_string("")});
}

/* A token of a later revision than there is comes from another life of this database. */
static bool is_lost(struct store *store, uint64_t classes, uint64_t since)
{
	bool lost = since > store_revision(store);

	for (int i = 0; i < CLASS_COUNT && !lost; i++)
		lost = since && classes >> i & 1 && !(schema_classes[i]->flags & CLASS_VOLATILE) &&
		       !store_knows_deletions(store, i, since);
	return lost;
}

static int compare(const void *a, const void *b)
{
	const struct entry *first = a;
	const struct entry *second = b;

	if (first->kind != second->kind)
		return first->kind < second->kind ? -1 : 1;
	return first->revision < second->revision ? -1 : first->revision > second->revision;
}

static struct value *lower_case(const char *text)
{
	AUTO_TEXT copy = text_copy(text);

	for (char *at = copy; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return value_string(copy);
}

static struct value *make_event(const struct entry *entry, bool lower, struct value *now)
{
	static const char *const operations[] = {"add", "mod", "del"};
	struct record *record = entry->record;
	struct value *event = value_map();

	value_put(event, "id", value_int((int64_t)entry->revision));
	value_put(event, "timestamp", value_reference(now));
	value_put(event, "class",
		  lower ? lower_case(entry->cls->name) : value_string(entry->cls->name));
	value_put(event, "operation", value_string(operations[entry->kind]));
	value_put(event, "ref", value_reference(entry->ref));
	value_put(event, "obj_uuid",
		  record ? value_string(record_uuid(record)) : value_reference(entry->uuid));
	if (record)
		value_put(event, "snapshot", value_record(record));
	return event;
}

static struct value *make_events(const struct collection *collection, bool lower)
{
	AUTO(value) now = value_datetime_of((time_t)now_seconds());
	struct value *events = value_set();

	for (size_t i = 0; i < collection->count; i++)
		value_append(events, make_event(&collection->entries[i], lower, now));
	return events;
}

static struct value *count_all(struct store *store, uint64_t visible)
{
	struct value *counts = value_map();

	for (int i = 0; i < CLASS_COUNT; i++)
		if (visible >> i & 1)
			value_put_member(counts, lower_case(schema_classes[i]->name),
					 value_int32((int32_t)store_count(store, i)));
	return counts;
}

static void clear(struct collection *collection)
{
	for (size_t i = 0; i < collection->count; i++) {
		value_release(collection->entries[i].ref);
		value_release(collection->entries[i].uuid);
		record_release(collection->entries[i].record);
	}
	free(collection->entries);
}

int event_report(struct store *store, const struct subscriptions *subscriptions, uint64_t visible,
		 uint64_t since, bool lower, struct event_report *ret_report, struct error *err)
{
	struct collection collection = {
		.wanted = subscriptions, .store = store, .visible = visible, .since = since};
	uint64_t classes = subscriptions_classes(subscriptions) & visible;
	bool lost;

	store_hold(store);
	ret_report->revision = store_revision(store);
	lost = is_lost(store, classes, since);
	for (int i = 0; i < CLASS_COUNT && !lost; i++) {
		collection.cls = i;
		collection.forgotten = !store_knows_deletions(store, i, since);
		if (classes >> i & 1)
			store_each_change(store, i, since, collect, &collection);
	}
	if (since && !lost)
		subscriptions_each_object(subscriptions, collect_forgotten, &collection);
	ret_report->counts = lower && !lost ? count_all(store, visible) : NULL;
	store_let_go(store);
	if (lost)
		return fail(err, ERROR_EVENTS_LOST);
	if (collection.count)
		qsort(collection.entries, collection.count, sizeof(struct entry), compare);
	ret_report->events = make_events(&collection, lower);
	clear(&collection);
	return 0;
}

/* Of one length, so that a later one is a greater text too. */
struct value *event_token(uint64_t revision)
{
	return value_string_format("%020" PRIu64, revision);
}

void event_report_clear(struct event_report *report)
{
	value_release(TAKE(report->events));
	value_release(TAKE(report->counts));
}
