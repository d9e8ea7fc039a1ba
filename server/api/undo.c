/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* undo.c – a change is undone by an update: to what was, where it still is what it was changed to.
 */
#include "server/api/undo.h"

#include "schema/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

int undo_refuse(struct error *err, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return fail(err, ERROR_OPERATION_NOT_ALLOWED, text);
}

struct undo {
	uint64_t revision;
	const struct record *record; /* as it is now */
	struct value *fields;	     /* what update is told */
	struct buffer conflicts;
	struct buffer others; /* what is no setting */
	bool found;
	bool created;
	bool deleted;
};

static void list(struct buffer *out, const char *text)
{
	buffer_add_format(out, "%s%s", out->length ? ", " : "", text);
}

static void note_conflict(struct undo *undo, const char *name, const struct value *now)
{
	AUTO_BUFFER text = {0};

	buffer_add_format(&text, "%s is ", name);
	if (now)
		value_add_json(&text, now);
	else
		buffer_add_literal(&text, "unset");
	list(&undo->conflicts, text.data);
}

static bool is_secret(const struct value *value)
{
	return value && value->kind == VALUE_STRING && strcmp(value->text, HISTORY_SECRET) == 0;
}

static bool equal(const struct value *a, const struct value *b)
{
	return a && b ? value_equal(a, b) : a == b;
}

/* old, new or now may be NULL: unset, a key of a map */
static void set_back(struct undo *undo, const char *name, const struct value *old,
		     const struct value *new, const struct value *now)
{
	if (is_secret(old) || is_secret(new))
		list(&undo->others, name);
	else if (!equal(now, new))
		note_conflict(undo, name, now);
	else
		value_put(undo->fields, name, old ? value_reference(old) : value_nil());
}

/* Key by key: others may have set others meanwhile. */
static void set_keys_back(struct undo *undo, const char *field, const struct value *old,
			  const struct value *new, const struct value *now)
{
	for (int pass = 0; pass < 2; pass++) {
		const struct value *map = pass ? new : old;

		for (uint32_t i = 0; i < map->length; i++) {
			const char *key = map->members[i].key->text;
			const struct value *before = value_find(old, key);
			const struct value *after = value_find(new, key);
			AUTO_TEXT name = text_format("%s:%s", field, key);

			if (!(pass && before) && !equal(before, after))
				set_back(undo, name, before, after, value_find(now, key));
		}
	}
}

static void take_field(void *argument, int field, const struct value *old, const struct value *new)
{
	struct undo *undo = argument;
	const struct field_info *info = &undo->record->cls->fields[field];
	const struct value *now = record_get(undo->record, field);

	if (!old || !new)
		return;
	if (info->qualifier == QUALIFIER_INTERNAL)
		list(&undo->others,
		     "what waits for the next start, which VM.drop_pending takes back");
	else if (!schema_setter(undo->record->cls, field))
		list(&undo->others, info->name);
	else if (info->type->kind == TYPE_MAP)
		set_keys_back(undo, info->name, old, new, now);
	else
		set_back(undo, info->name, old, new, now);
}

static bool take_entry(void *argument, const struct history_entry *entry)
{
	struct undo *undo = argument;

	if (entry->revision > undo->revision)
		return true;
	undo->found = entry->revision == undo->revision;
	undo->created = strcmp(entry->kind, HISTORY_CREATED) == 0;
	undo->deleted = strcmp(entry->kind, HISTORY_DELETED) == 0;
	if (undo->found && undo->record && !undo->created && !undo->deleted)
		history_each_field(entry, take_field, undo);
	return false;
}

static int judge(const struct undo *undo, const char *name, const char *cls, struct error *err)
{
	if (!undo->found)
		return undo_refuse(err,
				   "revision %" PRIu64
				   " changed nothing of %s %s; its history tells "
				   "which did",
				   undo->revision, cls, name);
	if (undo->created)
		return undo_refuse(err,
				   "it was made in revision %" PRIu64 ": %s.destroy deletes it",
				   undo->revision, cls);
	if (!undo->record)
		return fail(err, ERROR_HANDLE_INVALID, cls, name);
	if (undo->conflicts.length)
		return undo_refuse(err,
				   "it was changed again since revision %" PRIu64 ": %s; undo that "
				   "first, or set what you want",
				   undo->revision, undo->conflicts.data);
	if (!undo->fields->length)
		return undo_refuse(err, "revision %" PRIu64 " changed what cannot be set: %s",
				   undo->revision,
				   undo->others.length ? undo->others.data : "nothing else");
	return 0;
}

/* No change of another comes between. */
static struct value *options_with(const struct value *given, uint64_t revision)
{
	return value_find(given, "expected_revision") ?
		       value_reference(given) :
		       value_map_with(given, "expected_revision", value_int((int64_t)revision));
}

static int become_update(struct call *call, const struct undo *undo, struct error *err)
{
	struct value *arguments[] = {value_reference(undo->record->ref),
				     value_reference(undo->fields),
				     options_with(call->arguments[2], undo->record->settled)};

	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++) {
		value_release(call->arguments[i]);
		call->arguments[i] = arguments[i];
	}
	return call_become(call, schema_update(undo->record->cls), err);
}

int undo_run(struct call *call, struct error *err)
{
	const struct class_info *cls = call->message->cls;
	AUTO(value) name = value_reference(call->arguments[0]);
	AUTO(record) record = store_read(call->api->store, cls->id, name->text);
	AUTO(value) fields = value_map();
	struct undo undo = {
		.revision = (uint64_t)argument_int(call, 1), .record = record, .fields = fields};
	struct history_query query = {
		.cls = cls, .ref = record ? record_ref(record) : name->text, .limit = SIZE_MAX};
	int rc = history_each(call->api->store, &query, take_entry, &undo, err);

	if (rc == 0 && undo.found && undo.deleted && cls->id == CLASS_VM)
		rc = undo_destroy(call, undo.revision, name->text, err);
	else if (rc == 0)
		rc = judge(&undo, name->text, cls->name, err) < 0 ? -1 :
								    become_update(call, &undo, err);
	buffer_free(&undo.conflicts);
	buffer_free(&undo.others);
	return rc;
}
