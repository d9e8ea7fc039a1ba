/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* appliance_run.c – the VMs of an appliance started or stopped. */
#include "server/api/appliance.h"

#include "schema/buffer.h"
#include "server/api/ordered_run.h"

struct run {
	struct ordered_run ordered;
	const struct appliance_action *action;
};

/* Those that are not yet as they should be. */
static void collect(struct run *run, struct transaction *transaction, const struct value *vms)
{
	for (uint32_t i = 0; i < vms->length; i++) {
		const struct record *vm =
			transaction_read(transaction, CLASS_VM, vms->items[i]->text);

		if (vm && !record_is(vm, VM_power_state, run->ordered.wanted))
			ordered_run_add(&run->ordered, vm);
	}
}

static int begin(struct transaction *transaction, void *argument, struct error *err)
{
	struct run *run = argument;
	const struct call *call = run->ordered.call;
	struct record *appliance =
		transaction_edit(transaction, CLASS_VM_appliance, argument_text(call, 0));

	if (!appliance)
		return fail(err, ERROR_HANDLE_INVALID, "VM_appliance", argument_text(call, 0));
	if (appliance_judge(transaction, appliance, run->action, err) < 0)
		return -1;
	ordered_run_begin(&run->ordered, transaction);
	collect(run, transaction, record_get(appliance, VM_appliance_VMs));
	record_set(appliance, VM_appliance_current_operations,
		   value_map_with(record_get(appliance, VM_appliance_current_operations),
				  run->ordered.task, value_string(run->action->name)));
	return 0;
}

static int end(struct transaction *transaction, void *argument, struct error *err)
{
	struct run *run = argument;
	struct record *appliance = transaction_edit(transaction, CLASS_VM_appliance,
						    argument_text(run->ordered.call, 0));

	(void)err;
	ordered_run_end(&run->ordered, transaction);
	if (appliance)
		record_set(appliance, VM_appliance_current_operations, value_map());
	return 0;
}

static int judge(const struct run *run, struct error *err)
{
	const struct ordered_run *ordered = &run->ordered;
	AUTO_BUFFER failed = {0};
	AUTO_TEXT reason = NULL;

	if (!ordered_run_is_whole(ordered) && !atomic_load(&ordered->call->api->closing))
		return fail(err, ERROR_TASK_CANCELLED, ordered->task);
	for (size_t i = 0; i < ordered->count; i++) {
		const struct ordered_part *part = &ordered->parts[i];

		if (!ordered_part_has_failed(part))
			continue;
		if (!reason)
			reason = ordered_part_reason(part);
		buffer_add_format(&failed, "%s%s", failed.length ? "," : "", part->vm->text);
	}
	if (!reason)
		return 0;
	return fail(err, ERROR_OPERATION_PARTIALLY_FAILED, run->action->name, failed.data, reason);
}

static int run_action(struct call *call, const char *name, const char *wanted, bool paused,
		      struct error *err)
{
	const struct appliance_action *action = appliance_action(name);
	struct run run = {{.call = call,
			   .message = action->message,
			   .handler = action->handler,
			   .wanted = wanted,
			   .is_start = action->is_start,
			   .paused = paused},
			  action};
	AUTO_ERROR ignored = {0};
	int rc = store_mutate(call->api->store, begin, &run, err);

	if (rc == 0) {
		ordered_run_go(&run.ordered);
		rc = judge(&run, err);
		store_mutate(call->api->store, end, &run, &ignored);
	}
	ordered_run_free(&run.ordered);
	return rc;
}

int run_VM_appliance_start(struct call *call, struct error *err)
{
	bool paused = argument_bool(call, 1);

	return run_action(call, "start", paused ? "Paused" : "Running", paused, err);
}

int run_VM_appliance_clean_shutdown(struct call *call, struct error *err)
{
	return run_action(call, "clean_shutdown", "Halted", false, err);
}

int run_VM_appliance_hard_shutdown(struct call *call, struct error *err)
{
	return run_action(call, "hard_shutdown", "Halted", false, err);
}

int run_VM_appliance_shutdown(struct call *call, struct error *err)
{
	return run_action(call, "shutdown", "Halted", false, err);
}
