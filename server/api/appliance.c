/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* appliance.c – groups of VMs as records: made, filled, deleted, and what is possible with them. */
#include "server/api/appliance.h"

#include "server/api/operation.h"

static const struct appliance_action actions[] = {
	{"start", "VM.start", run_VM_start, true},
	{"clean_shutdown", "VM.clean_shutdown", run_VM_clean_shutdown, false},
	{"hard_shutdown", "VM.hard_shutdown", run_VM_hard_shutdown, false},
	{"shutdown", "VM.shutdown", run_VM_shutdown, false},
};

const struct appliance_action *appliance_action(const char *name)
{
	const struct appliance_action *action = actions;

	while (strcmp(action->name, name) != 0)
		action++;
	return action;
}

static bool is_of_use(const struct appliance_action *action, const struct record *vm)
{
	if (action->handler == run_VM_clean_shutdown)
		return record_is(vm, VM_power_state, "Running");
	return record_is(vm, VM_power_state, "Halted") == action->is_start;
}

static int check_idle(const struct record *appliance, struct error *err)
{
	const struct value *current = record_get(appliance, VM_appliance_current_operations);

	if (!current->length)
		return 0;
	return fail(err, ERROR_OTHER_OPERATION_IN_PROGRESS, "VM_appliance", record_ref(appliance),
		    current->members[0].value->text, current->members[0].key->text);
}

int appliance_judge(struct transaction *transaction, const struct record *appliance,
		    const struct appliance_action *action, struct error *err)
{
	const struct value *vms = record_get(appliance, VM_appliance_VMs);

	if (check_idle(appliance, err) < 0)
		return -1;
	for (uint32_t i = 0; i < vms->length; i++) {
		const struct record *vm =
			transaction_read(transaction, CLASS_VM, vms->items[i]->text);

		if (vm && is_of_use(action, vm))
			return 0;
	}
	return fail(err, ERROR_OPERATION_NOT_ALLOWED,
		    vms->length ? "no VM of the appliance is in a power state for this" :
				  "the appliance has no VMs");
}

void appliance_derive(struct transaction *transaction, struct record *appliance)
{
	struct value *allowed = value_set();

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		AUTO_ERROR ignored = {0};

		if (appliance_judge(transaction, appliance, &actions[i], &ignored) == 0)
			value_append(allowed, value_string(actions[i].name));
	}
	record_set(appliance, VM_appliance_allowed_operations, allowed);
}

void appliance_follow_vm(struct transaction *transaction, const struct record *old,
			 const struct record *vm)
{
	const char *ref = record_text(vm, VM_appliance);
	struct record *appliance;

	/* whoever comes or goes has changed the record of the appliance */
	if (ref_is_null(ref) ||
	    (old && record_is(old, VM_power_state, record_text(vm, VM_power_state))))
		return;
	appliance = transaction_edit(transaction, CLASS_VM_appliance, ref);
	if (appliance)
		appliance_derive(transaction, appliance);
}

static void touch(struct transaction *transaction, const struct record *appliance, void *argument)
{
	(void)argument;
	transaction_edit(transaction, CLASS_VM_appliance, record_ref(appliance));
}

static int touch_all(struct transaction *transaction, void *argument, struct error *err)
{
	(void)err;
	transaction_each(transaction, CLASS_VM_appliance, touch, argument);
	return 0;
}

int appliance_open(struct api *api, struct error *err)
{
	return store_mutate(api->store, touch_all, NULL, err);
}

int run_VM_appliance_create(struct call *call, struct error *err)
{
	struct record *appliance = transaction_create(call->transaction, CLASS_VM_appliance, NULL);

	if (record_fill(call->transaction, appliance, call->arguments[0], err) < 0)
		return -1;
	call->result = value_reference(appliance->ref);
	return 0;
}

int run_VM_appliance_destroy(struct call *call, struct error *err)
{
	const struct record *appliance = call_edit(call, CLASS_VM_appliance, 0, err);

	if (!appliance || check_idle(appliance, err) < 0)
		return -1;
	transaction_delete(call->transaction, CLASS_VM_appliance, record_ref(appliance));
	return 0;
}

int run_VM_set_appliance(struct call *call, struct error *err)
{
	struct record *vm = call_edit(call, CLASS_VM, 0, err);

	if (!vm)
		return -1;
	record_set(vm, VM_appliance, value_reference(call->arguments[1]));
	return 0;
}
