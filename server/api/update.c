/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* update.c – several fields of an object in one change: each as its setter sets it, judged when all
 * are set. */
#include "server/api/update.h"

#include "schema/text.h"
#include "server/api/vif.h"

#include <inttypes.h>

void update_add_difference(struct value *map, int field, const struct record *old,
			   const struct record *new)
{
	struct value *both;

	if (value_equal(record_get(old, field), record_get(new, field)))
		return;
	both = value_map();
	value_put(both, "old", value_reference(record_get(old, field)));
	value_put(both, "new", value_reference(record_get(new, field)));
	value_put(map, old->cls->fields[field].name, both);
}

struct value *update_differences(const struct record *old, const struct record *new)
{
	struct value *map = value_map();

	for (int i = 0; i < old->cls->field_count; i++)
		if (old->cls->fields[i].is_setting &&
		    old->cls->fields[i].qualifier != QUALIFIER_INTERNAL)
			update_add_difference(map, i, old, new);
	return map;
}

struct value *update_value(const struct update_item *item, const struct record *record)
{
	const struct value *map = record_get(record, item->field);

	if (!item->key)
		return value_reference(item->value);
	return item->value ? value_map_with(map, item->key->text, value_reference(item->value)) :
			     value_map_without(map, item->key->text);
}

int update_compare(const struct call *call, const struct record *record, struct error *err)
{
	const struct update *update = call->update;
	AUTO_TEXT expected = text_format("%" PRId64, update->expected);
	AUTO_TEXT found = text_format("%" PRIu64, record->settled);
	AUTO_BUFFER fields = {0};

	if (!update->compares || (uint64_t)update->expected == record->settled)
		return 0;
	for (size_t i = 0; i < update->count; i++) {
		int field = update->items[i].field;

		if (i && field == update->items[i - 1].field)
			continue;
		buffer_add_format(&fields, "%s%s = ", fields.length ? ", " : "",
				  record->cls->fields[field].name);
		value_add_json(&fields, record_get(record, field));
	}
	return fail(err, ERROR_RECORD_CHANGED, record->cls->name, record_ref(record), expected,
		    found, fields.data ? fields.data : "", "");
}

void update_answer(struct call *call, const struct transaction *transaction,
		   const struct record *old, struct value *changed)
{
	uint64_t revision = changed->length ? transaction_revision(transaction) : old->settled;

	call->result = value_map();
	value_put(call->result, "changed", changed);
	value_put(call->result, "revision", value_int((int64_t)revision));
}

/* By the handler of the setter, which may look further than the field. */
static int run_setter(struct call *call, const struct update_item *item, struct record *record,
		      struct error *err)
{
	AUTO(value) value = update_value(item, record);

	if (update_tells_domain(item)) {
		record_set(record, item->field, TAKE(value));
		return 0;
	}
	struct call setter = {.api = call->api,
			      .message = item->setter,
			      .arguments = {call->arguments[0], value},
			      .session = call->session,
			      .self = call->self,
			      .transaction = call->transaction,
			      .operation = call->operation};

	return call_handler(item->setter)(&setter, err);
}

static int run_any(struct call *call, struct error *err)
{
	struct record *record = call_edit(call, call->message->cls->id, 0, err);
	AUTO(record) old = record ? record_copy(record) : NULL;

	if (!record || update_compare(call, record, err) < 0)
		return -1;
	for (size_t i = 0; i < call->update->count; i++)
		if (run_setter(call, &call->update->items[i], record, err) < 0)
			return -1;
	update_answer(call, call->transaction, old, update_differences(old, record));
	return 0;
}

static int run_in(struct transaction *transaction, void *argument, struct error *err)
{
	struct call *call = argument;

	value_release(TAKE(call->result)); /* of an earlier run */
	call->transaction = transaction;
	return run_any(call, err);
}

/* On a worker. */
static int run_vif(struct call *call, struct error *err)
{
	AUTO(record) vif = store_read(call->api->store, CLASS_VIF, argument_text(call, 0));
	AUTO(record) changed = vif ? record_copy(vif) : NULL;

	if (!vif)
		return fail(err, ERROR_HANDLE_INVALID, "VIF", argument_text(call, 0));
	if (update_compare(call, vif, err) < 0)
		return -1;
	for (size_t i = 0; i < call->update->count; i++)
		if (update_tells_domain(&call->update->items[i]))
			record_set(changed, call->update->items[i].field,
				   update_value(&call->update->items[i], changed));
	return vif_change(call, vif, changed, run_in, call, err);
}

int update_run(struct call *call, struct error *err)
{
	if (call->operation && call->operation->id == OPERATION_changing_VIF_of_domain)
		return run_vif(call, err);
	return call->message->cls->id == CLASS_VM ? update_run_vm(call, err) : run_any(call, err);
}
