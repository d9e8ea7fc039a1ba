/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* operation_end.c – an operation that is over gives up its VM: on its worker. */
#include "server/api/operation.h"

#include "schema/log.h"
#include "server/api/metrics.h"

#include <unistd.h>

#define AGAIN_US 100000

struct ending {
	struct operation *operation;
	const struct metrics_sample *sample;
};

static int end(struct transaction *transaction, void *argument, struct error *err)
{
	const struct ending *ending = argument;
	const struct operation *operation = ending->operation;
	struct record *vm = transaction_edit(transaction, CLASS_VM, record_ref(operation->vm));

	(void)err;
	if (!*operation->call->task)
		transaction_delete(transaction, CLASS_task, operation->task);
	if (!vm)
		return 0;
	record_set(vm, VM_current_operations,
		   value_map_without(record_get(vm, VM_current_operations), operation->task));
	metrics_apply(transaction, vm, ending->sample);
	return 0;
}

/* Until it works: nobody else would take the operation out of the record. */
static void leave_at_last(struct ending *ending)
{
	struct call *call = ending->operation->call;
	bool told = false;

	workers_begin_wait(call->api->workers);
	while (!atomic_load(&call->api->closing)) {
		AUTO_ERROR err = {0};
		AUTO_TEXT text = NULL;

		if (store_mutate(call->api->store, end, ending, &err) == 0)
			break;
		text = error_text(&err);
		if (!told)
			log_error("VM %s stays busy until its record can be changed: %s",
				  record_uuid(ending->operation->vm), text);
		told = true;
		usleep(AGAIN_US);
	}
	workers_end_wait(call->api->workers);
}

void operation_leave_vm(struct operation *operation)
{
	struct api *api = operation->call->api;
	struct metrics_sample sample = {0};
	struct ending ending = {operation, &sample};
	AUTO_ERROR ignored = {0};

	metrics_take(api, record_uuid(operation->vm), &sample);
	if (store_mutate(api->store, end, &ending, &ignored) == 0)
		return;
	sample.there = false;
	leave_at_last(&ending);
}
