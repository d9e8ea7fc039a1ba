/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* undo_destroy.c – a VM that was destroyed is made again, with its devices: under new references,
 * which are never used twice, and its old uuid. */
#include "server/api/option.h"
#include "server/api/role.h"
#include "server/api/undo.h"

struct past {
	struct record *record; /* as it was */
	struct record *made;   /* borrowed, in a transaction */
};

struct revival {
	const char *ref; /* the VM's, that it had */
	struct past *pasts;
	size_t count;
	char made[REF_SIZE];
};

/* The history does not know them: they have to be set again. */
static struct value *without_secrets(const struct value *map)
{
	struct value *rest = value_map();

	for (uint32_t i = 0; i < map->length; i++) {
		const struct value *value = map->members[i].value;

		if (value->kind != VALUE_STRING || strcmp(value->text, HISTORY_SECRET) != 0)
			value_put_member(rest, value_reference(map->members[i].key),
					 value_reference(value));
	}
	value_sort(rest);
	return rest;
}

static void take_field(void *argument, int field, const struct value *old, const struct value *new)
{
	(void)new;
	if (old)
		record_set(argument, field,
			   old->kind == VALUE_MAP ? without_secrets(old) : value_reference(old));
}

static bool take_entry(void *argument, const struct history_entry *entry)
{
	struct revival *revival = argument;
	struct past *past;

	if (strcmp(entry->kind, HISTORY_DELETED) != 0)
		return true;
	revival->pasts = reallocate(revival->pasts, (revival->count + 1) * sizeof(*past));
	past = &revival->pasts[revival->count++];
	*past = (struct past){.record = record_new(entry->cls, entry->ref)};
	history_each_field(entry, take_field, past->record);
	return true;
}

/* What the reference is now: one that was made again has a new one. NULL: there is no such object.
 */
static const char *reference_now(struct transaction *transaction, const struct revival *revival,
				 const struct type *type, const char *ref)
{
	const struct class_info *cls = schema_class(type->cls);

	for (size_t i = 0; i < revival->count; i++)
		if (strcmp(record_ref(revival->pasts[i].record), ref) == 0)
			return record_ref(revival->pasts[i].made);
	return ref_is_null(ref) || (cls && transaction_read(transaction, cls->id, ref)) ? ref :
											  NULL;
}

static int restore(struct transaction *transaction, const struct revival *revival,
		   const struct past *past, struct error *err)
{
	const struct record *record = past->record;

	for (int i = 0; i < record->cls->field_count; i++) {
		const struct type *type = record->cls->fields[i].type;
		const char *ref;

		if (type->kind != TYPE_REF) {
			if (record->cls->fields[i].storage == STORED)
				record_set(past->made, i, value_reference(record_get(record, i)));
			continue;
		}
		ref = reference_now(transaction, revival, type, record_text(record, i));
		if (!ref)
			return undo_refuse(err, "its %s has %s %s, which is gone",
					   record->cls->name, record->cls->fields[i].name,
					   record_text(record, i));
		record_set_text(past->made, i, ref);
	}
	return 0;
}

static int revive(struct transaction *transaction, void *argument, struct error *err)
{
	struct revival *revival = argument;

	for (size_t i = 0; i < revival->count; i++) {
		struct past *past = &revival->pasts[i];

		if (record_uuid(past->record) && *record_uuid(past->record) &&
		    transaction_read(transaction, past->record->cls->id, record_uuid(past->record)))
			return undo_refuse(err, "there is a %s with its uuid %s again",
					   past->record->cls->name, record_uuid(past->record));
		past->made = transaction_create(transaction, past->record->cls->id, NULL);
	}
	for (size_t i = 0; i < revival->count; i++) {
		const struct past *past = &revival->pasts[i];

		if (restore(transaction, revival, past, err) < 0)
			return -1;
		if (strcmp(record_ref(past->record), revival->ref) != 0)
			continue;
		/* the image of a Suspended one was deleted with it */
		record_set_text(past->made, VM_power_state, "Halted");
		strcpy(revival->made, record_ref(past->made));
	}
	return 0;
}

static int set_dry_run(void *argument, struct value *value, struct error *err)
{
	(void)err;
	*(bool *)argument = value->boolean;
	return 0;
}

static const struct option options[] = {{.name = "dry_run", .kind = TYPE_BOOL, .set = set_dry_run},
					{0}};

int undo_destroy(struct call *call, uint64_t revision, const char *ref, struct error *err)
{
	struct revival revival = {.ref = ref};
	struct history_query query = {
		.cls = schema_classes[CLASS_VM], .of_revision = revision, .limit = SIZE_MAX};
	bool dry_run = false;
	/* who may make a VM may make one again */
	int rc = role_check_message(call, schema_message("VM.create"), err);

	if (rc == 0)
		rc = option_read_all(options, call->arguments[2],
				     "options of undoing a destroy: dry_run", false, &dry_run, err);
	if (rc == 0)
		rc = history_each(call->api->store, &query, take_entry, &revival, err);
	if (rc == 0)
		rc = dry_run ? store_try(call->api->store, revive, &revival, NULL, NULL, err) :
			       store_mutate(call->api->store, revive, &revival, err);
	if (rc == 0)
		call->result = value_string(dry_run ? "" : revival.made);
	for (size_t i = 0; i < revival.count; i++)
		record_release(revival.pasts[i].record);
	free(revival.pasts);
	return rc;
}
