/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* operation_begin.c – an operation gets its VM, or runs there and then: in the store's transaction,
 * on the committer's thread. */
#include "server/api/live.h"
#include "server/api/plan.h"
#include "server/api/vm.h"

#include <stdio.h>

/* A task in memory stands for the operation as long as it runs on a worker. */
static void occupy(struct operation *operation, struct transaction *transaction)
{
	struct record *vm = transaction_edit(transaction, CLASS_VM, record_ref(operation->vm));
	const struct operation_info *info = operation_info(operation->id);
	const struct call *call = operation->call;
	const char *task = call->task;

	if (!*task)
		task = record_ref(task_create(call, transaction,
					      call->message ? call->message->name : info->name,
					      operation_can_be_cancelled(operation->id)));
	snprintf(operation->task, sizeof(operation->task), "%s", task);
	record_set(vm, VM_current_operations,
		   value_map_with(record_get(vm, VM_current_operations), task,
				  value_string(info->wire)));
	operation->on_worker = true;
}

/* What the handler makes of a copy is what the domain is going to be told, and the record after it.
 */
static int begin_live(struct operation *operation, struct transaction *transaction,
		      struct error *err)
{
	AUTO(record) copy = record_copy(operation->vm);
	struct call *call = operation->call;
	struct record *vm;

	operation->edited = copy;
	operation->effects = live_effects(operation->id);
	call->transaction = transaction;
	if (call->handler(call, err) < 0 || vm_check(call->api, operation->vm, copy, err) < 0)
		return -1;
	if (!call->result)
		call->result = live_result(call->message, operation->vm, copy);
	vm = transaction_edit(transaction, CLASS_VM, record_ref(operation->vm));
	if (!operation->effects) {
		live_take_changes(vm, operation->vm, copy);
		return 0;
	}
	if (call->dry_run) {
		operation->edited = TAKE(copy);
		operation->plans = true;
		return 0;
	}
	record_set(vm, VM_live_intent, live_intent(operation->vm, copy));
	occupy(operation, transaction);
	operation->edited = TAKE(copy);
	return 0;
}

static int begin_in_record(struct operation *operation, struct transaction *transaction,
			   struct error *err)
{
	struct call *call = operation->call;

	call->transaction = transaction;
	if (operation_info(operation->id)->effect == LIVE_CHANGE)
		operation->edited =
			transaction_edit(transaction, CLASS_VM, record_ref(operation->vm));
	if (call->handler(call, err) < 0)
		return -1;
	if (!call->result && operation->edited)
		call->result = live_result(call->message, operation->vm, operation->edited);
	return 0;
}

struct value *operation_intent_to_begin(const struct record *vm)
{
	struct value *change = value_map();
	struct value *intent = value_map();

	value_put(change, "old", value_reference(record_get(vm, VM_power_state)));
	value_put(change, "new", value_string("Running"));
	value_put(intent, "power_state", change);
	return intent;
}

void operation_release_edited(const struct operation *operation)
{
	if (operation->on_worker || operation->plans)
		record_release(operation->edited);
}

static void forget_earlier_run(struct operation *operation)
{
	operation_release_edited(operation);
	operation->edited = NULL;
	operation->on_worker = operation->busy = operation->plans = false;
	plan_begin(operation->call);
	operation->after = NULL;
	record_release(TAKE(operation->vm));
	value_release(TAKE(operation->call->result));
}

int operation_begin(struct operation *operation, struct transaction *transaction, struct error *err)
{
	enum operation_effect effect = operation_info(operation->id)->effect;
	const char *ref = operation_vm(operation->call);
	const struct record *vm = transaction_read(transaction, CLASS_VM, ref);

	forget_earlier_run(operation);
	if (!vm)
		return fail(err, ERROR_HANDLE_INVALID, "VM", ref);
	if (task_is_cancelled(transaction_read(transaction, CLASS_task, operation->call->task)))
		return fail(err, ERROR_TASK_CANCELLED, operation->call->task);
	switch (operation_judge(vm, operation->id, err)) {
	case REFUSED:
		return -1;
	case BUSY:
		/* a plan is of what is now */
		operation->busy = !operation->expired && !operation->call->dry_run;
		return operation->busy ? -1 : fail_busy(err, vm);
	case ALLOWED:
		break;
	}
	operation->vm = record_reference(vm);
	if (effect == RECORD_ONLY || (effect == LIVE_CHANGE && !vm_is_live(vm)))
		return begin_in_record(operation, transaction, err);
	if (effect == LIVE_CHANGE)
		return begin_live(operation, transaction, err);
	if (operation->call->dry_run) {
		operation->plans = true;
		return 0;
	}
	occupy(operation, transaction);
	if (effect == BEGINS_DOMAIN)
		record_set(transaction_edit(transaction, CLASS_VM, record_ref(vm)), VM_live_intent,
			   operation_intent_to_begin(vm));
	return 0;
}
