/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_pending.c – the messages about what waits for the next start of a VM. */
#include "server/api/role.h"
#include "server/api/vm.h"
#include "server/api/vm_staged.h"

struct search {
	struct value *pending;
	const struct history_entry *entry;
	uint32_t missing; /* entries without since and by */
};

static void note_setter(void *argument, int field, const struct value *old, const struct value *new)
{
	struct search *search = argument;
	const struct history_entry *entry = search->entry;
	struct value *waiting = (struct value *)(uintptr_t)value_find(
		search->pending, entry->cls->fields[field].name);

	(void)old;
	if (!new || !waiting || value_find(waiting, "since"))
		return;
	value_put(waiting, "since", value_datetime_of((time_t)entry->time));
	value_put(waiting, "by", value_string(entry->actor.user));
	search->missing--;
}

static bool note_entry(void *argument, const struct history_entry *entry)
{
	struct search *search = argument;

	search->entry = entry;
	history_each_field(entry, note_setter, search);
	return search->missing > 0;
}

/* What was not staged is in the record: whoever set it last is in the history, unless that has been
 * pruned. */
static int complete(struct call *call, struct value *pending, struct error *err)
{
	struct search search = {.pending = pending};
	struct history_query query = {
		.cls = call->self->cls, .ref = record_ref(call->self), .limit = SIZE_MAX};

	for (uint32_t i = 0; i < pending->length; i++)
		search.missing += !value_find(pending->members[i].value, "since");
	return search.missing ? history_each(call->api->store, &query, note_entry, &search, err) :
				0;
}

int run_VM_get_pending(struct call *call, struct error *err)
{
	call->result = vm_pending(call->self);
	return complete(call, call->result, err);
}

static bool is_bound(int field)
{
	return field == VM_memory_static_min || field == VM_memory_static_max ||
	       field == VM_memory_dynamic_min || field == VM_memory_dynamic_max;
}

/* The record and the next start get what the domain has. */
static int drop(struct call *call, const struct value *pending, const char *name, struct record *vm,
		struct record *next, struct error *err)
{
	const struct value *entry = value_find(pending, name);
	const struct field_info *field = schema_field(vm->cls, name);
	int index = field ? (int)(field - vm->cls->fields) : -1;
	const struct value *running = entry ? value_find(entry, "running") : NULL;

	if (!running)
		return fail(err, ERROR_VALUE_NOT_SUPPORTED, "fields", name,
			    "nothing of it waits for the next start");
	if (role_check_message(call, schema_setter(vm->cls, index), err) < 0)
		return -1;
	if (!value_find(entry, "since"))
		record_set(vm, index, value_reference(running));
	record_set(next, index, value_reference(running));
	/* it moved because of them */
	if (is_bound(index))
		record_set(next, VM_memory_target,
			   value_reference(record_get(vm, VM_memory_target)));
	return 0;
}

int run_VM_drop_pending(struct call *call, struct error *err)
{
	struct record *vm = call_edit(call, CLASS_VM, 0, err);
	AUTO(value) pending = vm ? vm_pending(vm) : NULL;
	AUTO(record) base = vm ? vm_next(vm) : NULL;
	AUTO(record) next = vm ? vm_next(vm) : NULL;
	const struct value *names = call->arguments[1];

	if (!vm)
		return -1;
	for (uint32_t i = 0; i < names->length; i++)
		if (drop(call, pending, names->items[i]->text, vm, next, err) < 0)
			return -1;
	for (uint32_t i = 0; !names->length && i < pending->length; i++)
		if (drop(call, pending, pending->members[i].key->text, vm, next, err) < 0)
			return -1;
	vm_follow_bounds(next, VM_memory_static_max);
	vm_follow_bounds(next, VM_memory_dynamic_max);
	if (vm_check(call->api, base, next, err) < 0)
		return -1;
	vm_stage(vm, next, record_text(call->session, session_auth_user_name));
	return 0;
}
