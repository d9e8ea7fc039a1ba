/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* task.c – tasks: an Async call answers with one at once, and what becomes of the call is found in
 * it. In memory only. */
#include "schema/buffer.h"
#include "server/api/operation.h"

#include <stdio.h>

#define KEPT_SECONDS (65 * 60)
#define KEPT_MOST 200
#define FORSAKEN_SECONDS (24 * 3600)
/* A transaction looks through all of its changes for each of them. */
#define DELETED_AT_ONCE 256
/* When so many have ended they are looked at without waiting for the next minute. */
#define ENDED_MOST 10000

bool task_is_pending(const struct record *task)
{
	return record_is(task, task_status, "pending") ||
	       record_is(task, task_status, "cancelling");
}

bool task_is_cancelled(const struct record *task)
{
	return task && record_get(task, task_current_operations)->length;
}

struct record *task_create(const struct call *call, struct transaction *transaction,
			   const char *name, bool cancellable)
{
	struct record *task = transaction_create(transaction, CLASS_task, NULL);
	struct value *allowed = value_set();

	if (cancellable)
		value_append(allowed, value_string("cancel"));
	value_append(allowed, value_string("destroy"));
	record_set(task, task_allowed_operations, allowed);

	record_set_text(task, task_name_label, name);
	record_set(task, task_created, value_datetime_of((time_t)now_seconds()));
	record_set_text(task, task_resident_on, call->api->host_ref);
	if (call->part_of)
		record_set_text(task, task_subtask_of, call->part_of);
	if (call->session)
		record_set(task, task_owner,
			   value_reference(record_get(call->session, session_auth_user_name)));
	return task;
}

/* Being made: the client is answered first, then the call itself starts. */
struct start {
	struct mutation mutation;
	struct call *call;
	void (*run)(struct call *call);
};

static bool can_be_cancelled(const struct message_info *message)
{
	/* they look at their task now and then, and are no operation of a VM */
	static const enum message_id others[] = {
		MESSAGE_VDI_create,   MESSAGE_VDI_copy,	      MESSAGE_VDI_clone,
		MESSAGE_VDI_snapshot, MESSAGE_host_autostart, MESSAGE_host_shutdown_guests};
	bool of_appliance = message->cls->id == CLASS_VM_appliance && message->runs == RUNS_WORK;

	for (size_t i = 0; !message->generated && i < ARRAY_SIZE(others); i++)
		if (message->id == others[i])
			return true;
	return operation_can_be_cancelled(message->operation) || of_appliance;
}

static int make(struct transaction *transaction, void *argument, struct error *err)
{
	const struct start *start = argument;
	struct call *call = start->call;

	(void)err;
	snprintf(call->task, sizeof(call->task), "%s",
		 record_ref(task_create(call, transaction, call->outer->method,
					can_be_cancelled(call->message))));
	return 0;
}

static void made(struct mutation *mutation, struct error *err)
{
	struct start *start = mutation->argument;
	struct call *call = start->call;
	struct api_call *outer = TAKE(call->outer);
	void (*run)(struct call *) = start->run;
	bool refused = err->code != ERROR_NONE;

	free(start);
	if (refused)
		error_move(&outer->error, err);
	else
		outer->result = value_string(call->task);
	outer->done(outer);
	if (refused)
		call_free(call);
	else
		run(call);
}

void task_start(struct call *call, void (*run)(struct call *call))
{
	struct start *start = allocate(sizeof(*start));

	start->call = call;
	start->run = run;
	start->mutation = (struct mutation){.run = make, .done = made, .argument = start};
	store_submit(call->api->store, &start->mutation);
}

static void set_failure(struct record *task, const struct error *err)
{
	struct value *info = value_set();

	value_append(info, value_string(error_info(err->code)->name));
	for (size_t i = 0; i < error_parameter_count(err->code); i++)
		value_append(info, value_string(err->parameters[i]));
	record_set(task, task_error_info, info);
	record_set_text(task, task_status,
			err->code == ERROR_TASK_CANCELLED ? "cancelled" : "failure");
}

static void set_success(struct record *task, const struct call *call)
{
	AUTO(value) nothing = value_string("");
	AUTO_BUFFER text = {0};

	call->api->options.write_result(&text, call->result ? call->result : nothing);
	record_set(task, task_result, value_string_n(text.data, text.length));
	record_set_text(task, task_status, "success");
}

void task_end(struct record *task)
{
	record_set(task, task_allowed_operations, value_set());
	record_set(task, task_current_operations, value_map());
	record_set(task, task_progress, value_float(1));
	record_set(task, task_finished, value_datetime_of((time_t)now_seconds()));
	record_set_int(task, task_finished_time, now_seconds());
}

static int finish(struct transaction *transaction, void *argument, struct error *err)
{
	const struct call *call = argument;
	struct record *task = transaction_edit(transaction, CLASS_task, call->task);

	(void)err;
	if (!task)
		return 0;
	if (record_bool(task, task_unwanted)) {
		transaction_delete(transaction, CLASS_task, call->task);
		return 0;
	}
	if (call->error.code != ERROR_NONE)
		set_failure(task, &call->error);
	else
		set_success(task, call);
	task_end(task);
	return 0;
}

static void collect_now(void *argument)
{
	struct call *call = argument;

	task_collect(call->api);
	call_free(call);
}

static void finished(struct mutation *mutation, struct error *err)
{
	struct call *call = mutation->argument;

	error_clear(err);
	/* the call keeps the api open until it is freed */
	if (atomic_fetch_add(&call->api->tasks_ended, 1) + 1 == ENDED_MOST)
		workers_run(call->api->workers, 0, collect_now, call);
	else
		call_free(call);
}

void task_finish(struct call *call)
{
	call->mutation = (struct mutation){.run = finish, .done = finished, .argument = call};
	store_submit(call->api->store, &call->mutation);
}

static int collect(struct transaction *transaction, void *argument, struct error *err)
{
	struct value *refs = argument;

	(void)err;
	for (uint32_t i = 0; i < refs->length; i++)
		transaction_delete(transaction, CLASS_task, refs->items[i]->text);
	return 0;
}

static void delete_all(struct api *api, struct value *refs)
{
	AUTO_ERROR ignored = {0};

	if (refs->length)
		store_mutate(api->store, collect, refs, &ignored);
	value_release(refs);
}

/* A client's that was never touched again: dates are in order as texts. */
static bool is_forsaken(const struct record *task)
{
	AUTO(value) before = value_datetime_of((time_t)(now_seconds() - FORSAKEN_SECONDS));

	return record_bool(task, task_of_client) && record_float(task, task_progress) <= 0 &&
	       strcmp(record_text(task, task_created), before->text) < 0;
}

static bool is_old(const struct record *task, bool surplus)
{
	int64_t finished_at = record_int(task, task_finished_time);

	if (!finished_at)
		return is_forsaken(task);
	return surplus || finished_at + KEPT_SECONDS < now_seconds();
}

void task_collect(struct api *api)
{
	struct value *old = value_set();
	size_t count;
	struct record **tasks;

	atomic_store(&api->tasks_ended, 0);
	tasks = store_list(api->store, CLASS_task, &count);
	for (size_t i = 0; i < count; i++) {
		bool surplus = count - i > KEPT_MOST; /* the oldest come first */

		if (is_old(tasks[i], surplus))
			value_append(old, value_reference(tasks[i]->ref));
		if (old->length == DELETED_AT_ONCE) {
			delete_all(api, old);
			old = value_set();
		}
	}
	delete_all(api, old);
	store_free_list(tasks, count);
}
