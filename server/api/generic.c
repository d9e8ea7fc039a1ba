/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* generic.c – the messages that follow from fields and classes: getters, setters, lists. */
#include "server/api/private.h"

#include "server/api/history.h"
#include "server/api/undo.h"
#include "server/api/update.h"
#include "server/api/selection.h"
#include "server/api/where.h"

static int run_get(struct call *call, struct error *err)
{
	(void)err;
	call->result = value_reference(record_get(call->self, call->message->field));
	return 0;
}

static int run_get_record(struct call *call, struct error *err)
{
	(void)err;
	call->result = value_record(call->self);
	return 0;
}

static int run_get_revision(struct call *call, struct error *err)
{
	(void)err;
	call->result = value_int((int64_t)call->self->settled);
	return 0;
}

static const struct field_info *field_of(const struct call *call)
{
	return &call->message->cls->fields[call->message->field];
}

/* The object in the transaction, to set the message's field of. */
static struct record *edit(struct call *call, struct error *err)
{
	return call_edit(call, call->message->cls->id, 0, err);
}

static int refuse_empty_key(const struct call *call, struct error *err)
{
	AUTO_TEXT field = text_format("%s: keys that are not empty", field_of(call)->name);

	return fail(err, ERROR_INVALID_VALUE, field, "");
}

static int run_set(struct call *call, struct error *err)
{
	struct record *record = edit(call, err);

	if (!record)
		return -1;
	record_set(record, call->message->field, value_reference(call->arguments[1]));
	return 0;
}

static int run_add_to(struct call *call, struct error *err)
{
	const char *key = argument_text(call, 1);
	struct record *record = edit(call, err);
	const struct value *map;

	if (!record)
		return -1;
	if (!*key)
		return refuse_empty_key(call, err);
	map = record_get(record, call->message->field);
	if (value_find(map, key))
		return fail(err, ERROR_MAP_DUPLICATE_KEY, record->cls->name, field_of(call)->name,
			    record_ref(record), key);
	record_set(record, call->message->field,
		   value_map_with(map, key, value_reference(call->arguments[2])));
	return 0;
}

static int run_remove_from(struct call *call, struct error *err)
{
	struct record *record = edit(call, err);

	if (!record)
		return -1;
	record_set(record, call->message->field,
		   value_map_without(record_get(record, call->message->field),
				     argument_text(call, 1)));
	return 0;
}

static int run_add(struct call *call, struct error *err)
{
	struct record *record = edit(call, err);

	if (!record)
		return -1;
	record_set(record, call->message->field,
		   value_set_with(record_get(record, call->message->field),
				  argument_text(call, 1)));
	return 0;
}

static int run_remove(struct call *call, struct error *err)
{
	struct record *record = edit(call, err);

	if (!record)
		return -1;
	record_set(record, call->message->field,
		   value_set_without(record_get(record, call->message->field),
				     argument_text(call, 1)));
	return 0;
}

/* Whether a record is one that is asked for; NULL: all are. */
typedef bool (*wanted_fn)(const struct record *record, const void *argument);

static void list(struct call *call, bool with_records, wanted_fn wanted, const void *argument)
{
	struct value *result = with_records ? value_map() : value_set();
	size_t count;
	struct record **records = store_list(call->api->store, call->message->cls->id, &count);

	for (size_t i = 0; i < count; i++) {
		struct record *record = records[i];

		if (wanted && !wanted(record, argument))
			continue;
		if (with_records)
			value_put_member(result, value_reference(record->ref),
					 value_record(record));
		else
			value_append(result, value_reference(record->ref));
	}
	store_free_list(records, count);
	call->result = result;
}

static int run_get_all(struct call *call, struct error *err)
{
	(void)err;
	list(call, false, NULL, NULL);
	return 0;
}

static int run_get_all_records(struct call *call, struct error *err)
{
	(void)err;
	list(call, true, NULL, NULL);
	return 0;
}

static bool matches(const struct record *record, const void *where)
{
	return where_match(where, record);
}

static int list_where(struct call *call, bool with_records, struct error *err)
{
	AUTO(where) where = NULL;

	if (where_parse(call->message->cls, argument_text(call, 0), &where, err) < 0)
		return -1;
	list(call, with_records, matches, where);
	return 0;
}

static int run_get_all_where(struct call *call, struct error *err)
{
	return list_where(call, false, err);
}

static int run_get_all_records_where(struct call *call, struct error *err)
{
	return list_where(call, true, err);
}

static bool has_label(const struct record *record, const void *label)
{
	return record_is(record, record->cls->name_label, label);
}

static int run_get_by_name_label(struct call *call, struct error *err)
{
	(void)err;
	list(call, false, has_label, argument_text(call, 0));
	return 0;
}

static int run_get_by_uuid(struct call *call, struct error *err)
{
	const struct class_info *cls = call->message->cls;
	const char *uuid = argument_text(call, 0);
	AUTO(record) record = *uuid ? store_read_by_uuid(call->api->store, cls->id, uuid) : NULL;

	if (!record)
		return fail(err, ERROR_UUID_INVALID, cls->name, uuid);
	call->result = value_reference(record->ref);
	return 0;
}

static const handler_fn handlers[] = {
	[GENERATED_get] = run_get,
	[GENERATED_set] = run_set,
	[GENERATED_add_to] = run_add_to,
	[GENERATED_remove_from] = run_remove_from,
	[GENERATED_add] = run_add,
	[GENERATED_remove] = run_remove,
	[GENERATED_get_all] = run_get_all,
	[GENERATED_get_all_records] = run_get_all_records,
	[GENERATED_get_all_where] = run_get_all_where,
	[GENERATED_get_all_records_where] = run_get_all_records_where,
	[GENERATED_get_all_fields_where] = run_get_all_fields_where,
	[GENERATED_get_by_uuid] = run_get_by_uuid,
	[GENERATED_get_by_name_label] = run_get_by_name_label,
	[GENERATED_get_record] = run_get_record,
	[GENERATED_get_revision] = run_get_revision,
	[GENERATED_update] = update_run,
	[GENERATED_history] = history_run,
	[GENERATED_record_at] = history_run_record_at,
	[GENERATED_undo] = undo_run,
};

int run_generated(struct call *call, struct error *err)
{
	return handlers[call->message->generated](call, err);
}
