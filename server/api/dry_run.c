/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dry_run.c – a handler that runs for its plan only. */
#include "server/api/dry_run.h"

#include "server/api/backend.h"
#include "server/api/plan.h"
#include "server/api/vm.h"
#include "server/store/rehearsal.h"

struct dry_run {
	int64_t memory_needed; /* by domains that would begin */
	int64_t memory_ended;  /* had by those that would end */
	int64_t memory_free;   /* before */
};

static _Thread_local struct dry_run *current;

bool dry_run_is_on(void)
{
	return current;
}

static int64_t memory_of(const struct record *vm)
{
	return vm_memory_target(vm) + vm_memory_overhead(vm);
}

void dry_run_begin_domain(const struct record *vm)
{
	if (current)
		current->memory_needed += memory_of(vm);
}

void dry_run_end_domain(const struct record *vm)
{
	if (current && vm_is_live(vm))
		current->memory_ended += memory_of(vm);
}

int64_t dry_run_memory_free(int64_t now)
{
	if (!current)
		return now;
	current->memory_free = now + current->memory_ended;
	return current->memory_free - current->memory_needed;
}

/* As operation_begin does it, but for the task: rules look at it. */
static int occupy(struct transaction *transaction, void *argument, struct error *err)
{
	const struct operation *operation = argument;
	const char *ref = operation_vm(operation->call);
	struct record *vm = transaction_edit(transaction, CLASS_VM, ref);

	if (!vm)
		return fail(err, ERROR_HANDLE_INVALID, "VM", ref);
	record_set(vm, VM_current_operations,
		   value_map_with(record_get(vm, VM_current_operations), NULL_REF,
				  value_string(operation_info(operation->id)->wire)));
	return 0;
}

static int act(struct call *call, struct error *err)
{
	if (call->operation && store_mutate(call->api->store, occupy, call->operation, err) < 0)
		return -1;
	return operation_act(call, err);
}

int dry_run(struct call *call, struct error *err)
{
	struct dry_run own = {0};
	int rc;

	current = &own;
	store_begin_rehearsal();
	hypervisor_rehearse(true);
	rc = act(call, err);
	hypervisor_rehearse(false);
	plan_begin(call);
	store_end_rehearsal(rc < 0 ? NULL : plan_add, call);
	backend_forget_dry_images();
	current = NULL;
	call->memory_needed = own.memory_needed;
	call->memory_free = own.memory_free;
	return rc;
}

/* As operation_begin does it. */
static int judge(struct operation *operation, struct error *err)
{
	const char *ref = operation_vm(operation->call);

	operation->vm = store_read(operation->call->api->store, CLASS_VM, ref);
	if (!operation->vm)
		return fail(err, ERROR_HANDLE_INVALID, "VM", ref);
	switch (operation_judge(operation->vm, operation->id, err)) {
	case REFUSED:
		return -1;
	case BUSY:
		return fail_busy(err, operation->vm);
	default:
		return 0;
	}
}

int dry_run_part(struct call *whole, struct call *part, enum operation_id id, struct error *err)
{
	struct operation *operation = allocate(sizeof(*operation));
	int rc;

	*operation = (struct operation){.call = part, .id = id};
	part->operation = operation;
	part->plan = part->dry_run = true;
	rc = judge(operation, err);
	if (rc == 0)
		rc = store_mutate(part->api->store, occupy, operation, err);
	if (rc == 0)
		rc = part->handler(part, err);
	if (rc == 0)
		whole->domain = plan_of_domain(operation);
	record_release(operation->vm);
	free(TAKE(part->operation));
	return rc;
}
