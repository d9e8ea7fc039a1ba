/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* history.c – who changed what, and what a record was like. */
#include "server/api/history.h"

#include "server/api/option.h"

#include "schema/text.h"

#include <inttypes.h>

#define LIMIT 100
#define LIMIT_MOST 10000

struct wanted {
	struct history_query query;
	struct value *user; /* what the query borrows */
};

static int set_limit(void *argument, struct value *value, struct error *err)
{
	struct wanted *wanted = argument;

	(void)err;
	wanted->query.limit = (size_t)value->integer;
	return 0;
}

static int set_until(void *argument, struct value *value, struct error *err)
{
	struct wanted *wanted = argument;

	(void)err;
	wanted->query.until = (uint64_t)value->integer;
	return 0;
}

static int set_since(void *argument, struct value *value, struct error *err)
{
	struct wanted *wanted = argument;
	struct tm parts = {0};

	(void)err;
	strptime(value->text, "%Y%m%dT%H:%M:%S", &parts);
	wanted->query.since = timegm(&parts);
	return 0;
}

static int set_user(void *argument, struct value *value, struct error *err)
{
	struct wanted *wanted = argument;

	(void)err;
	wanted->user = value_reference(value);
	wanted->query.user = value->text;
	return 0;
}

static const struct option options[] = {
	{.name = "limit", .kind = TYPE_INT, .most = LIMIT_MOST, .set = set_limit},
	{.name = "until", .kind = TYPE_INT, .most = INT64_MAX, .set = set_until},
	{.name = "since", .kind = TYPE_DATETIME, .set = set_since},
	{.name = "user", .kind = TYPE_STRING, .set = set_user},
	{0}};

static bool add_entry(void *argument, const struct history_entry *entry)
{
	struct value *entries = argument;
	struct value *map = value_map();
	AUTO(value) time = value_datetime_of((time_t)entry->time);

	value_put(map, "revision", value_string_format("%" PRIu64, entry->revision));
	value_put(map, "time", value_string(time->text));
	value_put(map, "class", value_string(entry->cls->name));
	value_put(map, "ref", value_string(entry->ref));
	value_put(map, "kind", value_string(entry->kind));
	value_put(map, "user", value_string(entry->actor.user));
	value_put(map, "address", value_string(entry->actor.address));
	value_put(map, "call", value_string(entry->actor.call));
	value_put(map, "task", value_string(entry->actor.task));
	value_put(map, "fields", value_string(entry->fields));
	value_append(entries, map);
	return true;
}

/* The reference of an object that is there, whatever it is named by; otherwise the name itself. */
static struct value *canonical(struct call *call, const struct value *name)
{
	AUTO(record) record = store_read(call->api->store, call->message->cls->id, name->text);

	return value_reference(record ? record->ref : name);
}

int history_run(struct call *call, struct error *err)
{
	AUTO(value) ref = canonical(call, call->arguments[0]);
	AUTO(value) entries = value_set();
	struct wanted wanted = {.query = {.cls = call->message->cls,
					  .ref = *ref->text ? ref->text : NULL,
					  .limit = LIMIT}};
	int rc = option_read_all(options, call->arguments[1], "options: limit, until, since, user",
				 false, &wanted, err);

	if (rc == 0)
		rc = history_each(call->api->store, &wanted.query, add_entry, entries, err);
	value_release(wanted.user);
	if (rc == 0)
		call->result = TAKE(entries);
	return rc;
}

/* Going back from the newest. */
struct travel {
	uint64_t revision;
	struct record *record; /* NULL: it is not there then */
	bool arrived;
	uint64_t reached; /* the oldest entry that was seen */
	const struct class_info *cls;
};

static void take_back(void *argument, int field, const struct value *old, const struct value *new)
{
	struct travel *travel = argument;

	(void)new;
	if (old && travel->record)
		record_set(travel->record, field, value_reference(old));
}

static bool step_back(void *argument, const struct history_entry *entry)
{
	struct travel *travel = argument;

	travel->reached = entry->revision;
	travel->arrived = entry->revision <= travel->revision;
	if (travel->arrived)
		return false;
	if (strcmp(entry->kind, HISTORY_DELETED) == 0)
		travel->record = record_new(entry->cls, entry->ref);
	if (strcmp(entry->kind, HISTORY_CREATED) == 0) {
		record_release(TAKE(travel->record));
		return false;
	}
	history_each_field(entry, take_back, travel);
	return true;
}

/* As it is now, without what is not stored. */
static struct record *stored_part(struct store *store, const struct class_info *cls,
				  const char *ref)
{
	AUTO(record) now = store_read(store, cls->id, ref);
	struct record *record = now ? record_copy(now) : NULL;

	for (int i = 0; record && i < cls->field_count; i++)
		if (cls->fields[i].storage != STORED ||
		    cls->fields[i].qualifier == QUALIFIER_INTERNAL)
			record_set(record, i, value_reference(cls->fields[i].default_value));
	return record;
}

static int refuse_revision(const struct travel *travel, bool known, struct error *err)
{
	AUTO_TEXT revision = text_format("%" PRIu64, travel->revision);
	AUTO_TEXT accepted =
		known ? text_format("revision: the object was not there then; its history begins "
				    "with %" PRIu64,
				    travel->reached) :
			text_copy("revision: nothing is known of such an object");

	return fail(err, ERROR_INVALID_VALUE, accepted, revision);
}

int history_run_record_at(struct call *call, struct error *err)
{
	const struct class_info *cls = call->message->cls;
	AUTO(value) ref = canonical(call, call->arguments[0]);
	struct history_query query = {.cls = cls, .ref = ref->text, .limit = SIZE_MAX};
	struct travel travel = {.revision = (uint64_t)argument_int(call, 1),
				.record = stored_part(call->api->store, cls, ref->text)};
	int rc;

	/* its entries may have been pruned */
	travel.arrived = travel.record && travel.record->stored <= travel.revision;
	rc = travel.arrived ? 0 : history_each(call->api->store, &query, step_back, &travel, err);
	if (rc == 0 && (!travel.arrived || !travel.record))
		rc = refuse_revision(&travel, travel.reached || travel.record, err);
	else if (rc == 0)
		call->result = value_record(travel.record);
	record_release(travel.record);
	return rc;
}
