/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* task_messages.c – tasks that clients make, and what clients ask of tasks. */
#include "server/api/operation.h"

int run_task_create(struct call *call, struct error *err)
{
	struct record *task = task_create(call, call->transaction, argument_text(call, 0), true);

	(void)err;
	record_set(task, task_of_client, value_bool(true));
	record_set(task, task_name_description, value_reference(call->arguments[1]));
	call->result = value_reference(task->ref);
	return 0;
}

static int fail_ended(struct error *err)
{
	return fail(err, ERROR_OPERATION_NOT_ALLOWED, "the task has ended");
}

/* The task, which is pending. */
static struct record *edit_pending(struct call *call, struct error *err)
{
	struct record *task = call_edit(call, CLASS_task, 0, err);

	if (task && !task_is_pending(task)) {
		fail_ended(err);
		return NULL;
	}
	return task;
}

int run_task_cancel(struct call *call, struct error *err)
{
	struct record *task = edit_pending(call, err);
	const char *asking;

	if (!task)
		return -1;
	if (!value_set_has(record_get(task, task_allowed_operations), "cancel"))
		return fail(err, ERROR_OPERATION_NOT_ALLOWED, "this task can not be cancelled");
	asking = *call->task ? call->task : record_ref(task);
	record_set(task, task_current_operations,
		   value_map_with(record_get(task, task_current_operations), asking,
				  value_string("cancel")));
	operation_wake_cancelled(call->api, record_ref(task));
	return 0;
}

int run_task_destroy(struct call *call, struct error *err)
{
	struct record *task = call_edit(call, CLASS_task, 0, err);

	if (!task)
		return -1;
	if (task_is_pending(task) && !record_bool(task, task_of_client))
		record_set(task, task_unwanted, value_bool(true));
	else
		transaction_delete(call->transaction, CLASS_task, record_ref(task));
	return 0;
}

/* One that a client made; the server's own say what is true. */
static struct record *edit_own(struct call *call, struct error *err)
{
	struct record *task = edit_pending(call, err);

	if (task && !record_bool(task, task_of_client)) {
		fail(err, ERROR_OPERATION_NOT_ALLOWED, "the server keeps this task");
		return NULL;
	}
	return task;
}

static int set(struct call *call, int field, struct error *err)
{
	struct record *task = edit_own(call, err);

	if (!task)
		return -1;
	record_set(task, field, value_reference(call->arguments[1]));
	return 0;
}

int run_task_set_status(struct call *call, struct error *err)
{
	if (set(call, task_status, err) < 0)
		return -1;
	if (strcmp(argument_text(call, 1), "pending") != 0 &&
	    strcmp(argument_text(call, 1), "cancelling") != 0)
		task_end(call_edit(call, CLASS_task, 0, err));
	return 0;
}

int run_task_set_progress(struct call *call, struct error *err)
{
	double share = argument_float(call, 1);
	AUTO_TEXT text = NULL;

	if (share >= 0 && share <= 1)
		return set(call, task_progress, err);
	text = text_format("%g", share);
	return fail(err, ERROR_INVALID_VALUE, "value: 0 to 1", text);
}

int run_task_set_result(struct call *call, struct error *err)
{
	return set(call, task_result, err);
}

int run_task_set_error_info(struct call *call, struct error *err)
{
	return set(call, task_error_info, err);
}
