/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* update_vm.c – several fields of a VM in one change; what its domain takes now goes there first.
 */
#include "server/api/update.h"

#include "server/api/vm.h"
#include "server/api/vm_running.h"

/* What can be done with the VM as it is; somebody who has it already is us. */
static int judge(const struct record *vm, enum operation_id id, struct error *err)
{
	return id && operation_judge(vm, id, err) == REFUSED ? -1 : 0;
}

static bool is_in_state(const struct record *vm, enum operation_id id)
{
	const char *const *state = operation_info(id)->states;

	while (*state && !record_is(vm, VM_power_state, *state))
		state++;
	return *state;
}

/* The domain takes it now; otherwise it is what its setter does. */
static bool goes_live(const struct record *vm, int field)
{
	const struct vm_running *running = vm_running_of(field);

	return vm_is_live(vm) && running->kind == RUNNING_LIVE &&
	       is_in_state(vm, running->operation);
}

static int judge_item(struct operation *operation, const struct update_item *item,
		      struct error *err)
{
	const struct vm_running *running = vm_running_of(item->field);
	const struct record *vm = operation->vm;

	if (goes_live(vm, item->field)) {
		operation->effects |= running->effects;
		return judge(vm, running->operation, err);
	}
	/* Domain-0 is allowed more */
	if (vm_is_live(vm) && running->kind == RUNNING_STAGED)
		operation->effects |= running->effects;
	return judge(vm, item->setter->operation, err);
}

static bool names(const struct update *update, int field)
{
	for (size_t i = 0; i < update->count; i++)
		if (update->items[i].field == field)
			return true;
	return false;
}

static void take(const struct update *update, struct record *vm)
{
	static const int bounds[] = {VM_memory_static_min, VM_memory_static_max,
				     VM_memory_dynamic_min, VM_memory_dynamic_max};

	for (size_t i = 0; i < update->count; i++)
		record_set(vm, update->items[i].field, update_value(&update->items[i], vm));
	for (size_t i = 0; i < ARRAY_SIZE(bounds); i++)
		if (names(update, bounds[i]) && !names(update, VM_memory_target))
			vm_follow_bounds(vm, bounds[i]);
}

/* How the record will be when the rules have looked at it. */
static struct value *outcome(struct call *call, const struct record *old, const struct record *vm,
			     struct error *err)
{
	AUTO(record) copy = record_copy(vm);

	return vm_check(call->api, old, copy, err) < 0 ? NULL : update_differences(old, copy);
}

int update_run_vm(struct call *call, struct error *err)
{
	struct operation *operation = call->operation;
	struct record *vm = operation->edited;
	struct value *changed;

	if (!vm)
		vm = transaction_edit(call->transaction, CLASS_VM, record_ref(operation->vm));
	operation->effects = 0;
	if (update_compare(call, operation->vm, err) < 0)
		return -1;
	for (size_t i = 0; i < call->update->count; i++)
		if (judge_item(operation, &call->update->items[i], err) < 0)
			return -1;
	take(call->update, vm);
	changed = outcome(call, operation->vm, vm, err);
	if (!changed)
		return -1;
	update_answer(call, call->transaction, operation->vm, changed);
	return 0;
}

void update_finish_live(struct call *call, const struct transaction *transaction,
			const struct record *newest, struct record *vm)
{
	const struct value *changed = value_find(call->result, "changed");
	struct value *result;

	for (size_t i = 0; i < call->update->count; i++)
		if (call->update->items[i].key)
			record_set(vm, call->update->items[i].field,
				   update_value(&call->update->items[i], newest));
	result = value_map_with(call->result, "revision",
				changed->length ?
					value_int((int64_t)transaction_revision(transaction)) :
					value_int((int64_t)newest->settled));
	value_release(call->result);
	call->result = result;
}
