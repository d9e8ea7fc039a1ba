/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* update_read.c – what a call of update wants: fields, keys of maps, options. */
#include "server/api/update.h"

#include "schema/convert.h"
#include "schema/text.h"
#include "server/api/option.h"
#include "server/api/reference.h"
#include "server/api/role.h"
#include "server/api/vm_running.h"

#include <inttypes.h>

bool update_tells_domain(const struct update_item *item)
{
	return item->setter->operation == OPERATION_changing_VIF_of_domain;
}

/* What a worker does with more than the record can not be a part of one change. */
static bool fits(const struct message_info *setter)
{
	enum operation_effect effect = operation_info(setter->operation)->effect;

	return setter->runs == RUNS_CHANGE ||
	       (setter->runs == RUNS_OPERATION &&
		(effect == RECORD_ONLY || effect == LIVE_CHANGE ||
		 setter->operation == OPERATION_changing_VIF_of_domain));
}

static int refuse_field(const struct class_info *cls, const struct member *member,
			const struct field_info *field, const struct message_info *setter,
			struct error *err)
{
	AUTO_TEXT reason = !field ? text_format("%s has no such field", cls->name) :
			   setter ? text_format("%s sets it, by itself", setter->name) :
				    text_format("no message sets this field of %s", cls->name);

	return option_refuse(member->key->text, member->value, reason, err);
}

static int find_field(const struct class_info *cls, const struct member *member,
		      struct update_item *item, struct error *err)
{
	const char *name = member->key->text;
	AUTO_TEXT bare = text_format("%.*s", (int)strcspn(name, ":"), name);
	const struct field_info *field = schema_field(cls, bare);

	if (field && field->qualifier == QUALIFIER_INTERNAL)
		field = NULL;
	item->field = field ? (int)(field - cls->fields) : -1;
	item->setter = field ? schema_setter(cls, item->field) : NULL;
	if (!item->setter || !fits(item->setter))
		return refuse_field(cls, member, field, item->setter, err);
	if (strchr(name, ':') && field->type->kind != TYPE_MAP)
		return option_refuse(name, member->value, "the field has no keys: it is no map",
				     err);
	return 0;
}

/* The key's text without the field before it. */
static int take_key(struct update_item *item, const char *name, const struct type *type,
		    struct error *err)
{
	AUTO(value) key = value_string(strchr(name, ':') + 1);

	if (!*key->text) {
		AUTO_TEXT accepted = text_format("%s keys that are not empty", name);

		return fail(err, ERROR_INVALID_VALUE, accepted, "");
	}
	return convert_value(type, key, name, &item->key, err);
}

static int take_value(struct call *call, const struct member *member, struct update_item *item,
		      struct error *err)
{
	const struct type *type = call->message->cls->fields[item->field].type;
	const char *name = member->key->text;
	AUTO(value) value = NULL;

	if (strchr(name, ':')) {
		if (take_key(item, name, type->key, err) < 0)
			return -1;
		type = type->item;
		if (member->value->kind == VALUE_NIL)
			return 0;
	}
	if (convert_value(type, member->value, name, &value, err) < 0)
		return -1;
	return reference_resolve(call->api->store, type, value, &item->value, err);
}

/* All is done by the one thread that changes anything. */
#define ITEMS_MOST 1000

static int check_count(const struct value *fields, struct error *err)
{
	AUTO_TEXT accepted = text_format("fields: at most %d", ITEMS_MOST);
	AUTO_TEXT given = text_format("%u", fields->length);

	return fields->length > ITEMS_MOST ? fail(err, ERROR_INVALID_VALUE, accepted, given) : 0;
}

static int compare_items(const void *a, const void *b)
{
	const struct update_item *one = a;
	const struct update_item *other = b;

	if (one->field != other->field)
		return one->field - other->field;
	return !!one->key - !!other->key;
}

static int check_role(const struct call *call, const struct member *member,
		      const struct update_item *item, struct error *err)
{
	const char *colon = strchr(member->key->text, ':');

	return role_check_field(call, item->setter, item->field, colon ? colon + 1 : NULL, err);
}

static int read_items(struct call *call, struct update *update, struct error *err)
{
	const struct value *fields = call->arguments[1];

	if (check_count(fields, err) < 0)
		return -1;
	update->items = allocate(fields->length * sizeof(*update->items));
	for (uint32_t i = 0; i < fields->length; i++) {
		struct update_item *item = &update->items[update->count++];

		if (find_field(call->message->cls, &fields->members[i], item, err) < 0 ||
		    check_role(call, &fields->members[i], item, err) < 0 ||
		    take_value(call, &fields->members[i], item, err) < 0)
			return -1;
	}
	qsort(update->items, update->count, sizeof(*update->items), compare_items);
	return 0;
}

static int set_when(void *argument, struct value *value, struct error *err)
{
	static const char *const words[] = {
		[WHEN_NOW] = "now", [WHEN_NEXT_BOOT] = "next_boot", [WHEN_AUTO] = "auto"};
	const struct call *call = argument;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(words[i], value->text) == 0) {
			call->update->when = (enum update_when)i;
			if (i != WHEN_NEXT_BOOT || call->message->cls->id == CLASS_VM)
				return 0;
			return fail(err, ERROR_VALUE_NOT_SUPPORTED, "when", value->text,
				    "only a VM has a next boot");
		}
	return fail(err, ERROR_INVALID_VALUE, "when: one of now, next_boot, auto", value->text);
}

static int set_expected(void *argument, struct value *value, struct error *err)
{
	const struct call *call = argument;

	(void)err;
	call->update->compares = true;
	call->update->expected = value->integer;
	return 0;
}

static int set_dry_run(void *argument, struct value *value, struct error *err)
{
	struct call *call = argument;

	(void)err;
	/* a plan of an update stays one */
	call->dry_run = call->plan || value->boolean;
	return 0;
}

int update_read(struct call *call, struct error *err)
{
	static const struct option options[] = {
		{.name = "expected_revision", .kind = TYPE_INT, .set = set_expected},
		{.name = "dry_run", .kind = TYPE_BOOL, .set = set_dry_run},
		{.name = "when", .kind = TYPE_STRING, .set = set_when},
		{0}};

	call->update = allocate(sizeof(*call->update));
	if (option_read_all(options, call->arguments[2],
			    "options are expected_revision, dry_run and when", true, call, err) < 0)
		return -1;
	return read_items(call, call->update, err);
}

void update_free(struct update *update)
{
	if (!update)
		return;
	for (size_t i = 0; i < update->count; i++) {
		value_release(update->items[i].key);
		value_release(update->items[i].value);
	}
	free(update->items);
	free(update);
}

enum operation_id update_operation(const struct call *call)
{
	const struct update *update = call->update;
	enum operation_id operation = OPERATION_none;
	enum operation_id id = OPERATION_none;

	if (call->message->cls->id == CLASS_VM)
		id = OPERATION_updating_record;
	for (size_t i = 0; i < update->count; i++) {
		/* the one on a worker does what the others do, too */
		if (id == OPERATION_changing_VIF_of_domain)
			break;
		if (call->message->cls->id != CLASS_VM)
			operation = update->items[i].setter->operation;
		else if (!vm_running_is_of_record(update->items[i].field))
			operation = OPERATION_updating;
		if (operation)
			id = operation;
	}
	return id;
}
