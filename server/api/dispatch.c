/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dispatch.c – from a call's name and values to its handler: name, arity, types, session, role,
 * objects, in this order. */
#include "schema/clock.h"
#include "schema/convert.h"
#include "schema/log.h"
#include "schema/text.h"
#include "server/api/audit.h"
#include "server/api/dry_run.h"
#include "server/api/event.h"
#include "server/api/operation.h"
#include "server/api/plan.h"
#include "server/api/reference.h"
#include "server/api/requests.h"
#include "server/api/role.h"
#include "server/api/system.h"
#include "server/api/update.h"

#include <stdio.h>

/* A row without its handler does not link. */
static const handler_fn handlers[MESSAGE_COUNT] = {
#define MESSAGE(cls, message, ...) [MESSAGE_##cls##_##message] = run_##cls##_##message,
#include "schema/classes.def"
};

handler_fn call_handler(const struct message_info *message)
{
	return message->generated ? run_generated : handlers[message->id];
}

static int check_count(const struct message_info *message, int given, struct error *err)
{
	char expected[16];
	char received[16];

	if (given >= message->required_count && given <= message->parameter_count)
		return 0;
	snprintf(expected, sizeof(expected), "%d",
		 given > message->parameter_count ? message->parameter_count :
						    message->required_count);
	snprintf(received, sizeof(received), "%d", given);
	return fail(err, ERROR_MESSAGE_PARAMETER_COUNT_MISMATCH, message->name, expected, received);
}

static int convert_arguments(struct call *call, int first, struct error *err)
{
	const struct message_info *message = call->message;
	const struct value *given = call->outer->parameters;

	for (int i = 0; i < message->parameter_count; i++) {
		const struct parameter *parameter = &message->parameters[i];

		if ((uint32_t)(first + i) >= given->length)
			text_to_value(parameter->type, parameter->default_text,
				      &call->arguments[i]);
		else if (convert_value(parameter->type, given->items[first + i], parameter->name,
				       &call->arguments[i], err) < 0)
			return -1;
	}
	return 0;
}

/* Not so a value that is set, and what names an object of a class that is not served: null. */
static bool names_object(const struct message_info *message, int index)
{
	const struct parameter *parameter = &message->parameters[index];

	return parameter->type->kind == TYPE_REF && !parameter->default_text &&
	       schema_class(parameter->type->cls) && strcmp(parameter->name, "value") != 0;
}

static int find_objects(struct call *call, struct error *err)
{
	for (int i = 0; i < call->message->parameter_count; i++) {
		const struct type *type = call->message->parameters[i].type;
		struct record *record;
		struct value *resolved;

		if (!names_object(call->message, i)) {
			if (reference_resolve(call->api->store, type, call->arguments[i], &resolved,
					      err) < 0)
				return -1;
			value_release(call->arguments[i]);
			call->arguments[i] = resolved;
			continue;
		}
		if (reference_find(call->api->store, type, argument_text(call, i), false, &record,
				   err) < 0)
			return -1;
		value_release(call->arguments[i]);
		call->arguments[i] = value_reference(record->ref);
		if (i == 0)
			call->self = record;
		else
			record_release(record);
	}
	return 0;
}

/* A VM that is not managed may be read, and be adopted: whatever else acts on it, setters included,
 * wants more than the role read_only. */
static int check_managed(const struct call *call, struct error *err)
{
	const struct record *self = call->self;

	if (!self || self->cls->id != CLASS_VM || record_bool(self, VM_is_managed) ||
	    call->message->role <= ROLE_read_only || call->handler == run_VM_adopt)
		return 0;
	return fail_unmanaged(err, self);
}

static bool is_async(const char *method)
{
	return strncmp(method, "Async.", strlen("Async.")) == 0;
}

/* The message behind Async. or Plan. where it can be called so; NULL: there is none. */
static const struct message_info *find_message(struct call *call, const char *method)
{
	const char *plan = "Plan.";
	const struct message_info *message;

	if (is_async(method)) {
		message = schema_message(method + strlen("Async."));
		return message && message->async ? message : NULL;
	}
	if (strncmp(method, plan, strlen(plan)) != 0)
		return schema_message(method);
	call->plan = call->dry_run = true;
	message = schema_message(method + strlen(plan));
	return message && schema_changes(message) ? message : NULL;
}

/* The outer call may be gone when the call is still on its way. */
static void note_actor(struct call *call)
{
	snprintf(call->address, sizeof(call->address), "%s", call->outer->origin.address);
	call->actor = (struct store_actor){
		.user = call->session ? record_text(call->session, session_auth_user_name) : "",
		.address = call->address,
		.call = call->message->name,
		.task = call->task,
		.request = &call->request,
	};
}

/* What is done to which objects, and whether this session may. */
static int judge(struct call *call, struct error *err)
{
	if (find_objects(call, err) < 0 || role_check_task(call, err) < 0 ||
	    check_managed(call, err) < 0)
		return -1;
	return call->message->generated == GENERATED_update ? update_read(call, err) : 0;
}

int call_become(struct call *call, const struct message_info *message, struct error *err)
{
	call->message = message;
	call->handler = call_handler(message);
	return role_check(call, err) < 0 ? -1 : judge(call, err);
}

static int prepare(struct call *call, struct error *err)
{
	const struct value *given = call->outer->parameters;
	bool open;

	call->message = find_message(call, call->outer->method);
	if (!call->message)
		return fail(err, ERROR_MESSAGE_METHOD_UNKNOWN, call->outer->method);
	call->handler = call_handler(call->message);
	open = call->message->role == ROLE_nobody ||
	       (call->outer->trusted && call->message->role == ROLE_read_only);
	if (!open && (given->length == 0 || given->items[0]->kind != VALUE_STRING))
		return fail(err, ERROR_SESSION_INVALID, "");
	if (check_count(call->message, (int)given->length - !open, err) < 0 ||
	    convert_arguments(call, !open, err) < 0)
		return -1;
	if (!open)
		call->session = session_find(call->api, given->items[0]->text, err);
	note_actor(call);
	if (!open && (!call->session || role_check(call, err) < 0))
		return -1;
	if ((call->plan && plan_check(call->message, err) < 0) || judge(call, err) < 0)
		return -1;
	/* whoever has no session yet may not fill the workers' queue */
	return open && !call->outer->trusted ? session_admit(call, err) : 0;
}

/* A call, its task, what waits for it in lists: about. */
#define CALL_BYTES 4096

int64_t api_bytes_held(const struct api *api)
{
	return atomic_load_explicit(&api->bytes_held, memory_order_relaxed);
}

struct call *call_new(struct api *api)
{
	struct call *call = allocate(sizeof(*call));

	call->api = api;
	call->begun_ns = clock_ns();
	atomic_fetch_add(&api->calls, 1);
	return call;
}

void call_free(struct call *call)
{
	struct api *api = call->api;

	atomic_fetch_sub_explicit(&api->bytes_held, call->bytes, memory_order_relaxed);
	for (int i = 0; i < PARAMETERS_MAX; i++)
		value_release(call->arguments[i]);
	value_release(call->result);
	value_release(call->planned);
	value_release(call->warnings);
	record_release(call->session);
	record_release(call->self);
	update_free(call->update);
	error_clear(&call->error);
	free(call);
	/* the last thing that is done with the api for it: api_close waits for that */
	atomic_fetch_sub(&api->calls, 1);
}

static void answer(struct call *call)
{
	struct api_call *outer = call->outer;

	requests_note(call);
	if (call->error.code != ERROR_NONE)
		error_move(&outer->error, &call->error);
	else if (call->plan)
		outer->result = plan_result(call);
	else
		outer->result = call->result ? TAKE(call->result) : value_string("");
}

static void explain(void *argument)
{
	struct call *call = argument;

	log_set_request(&call->request);
	update_explain(call);
	call_finish(call);
}

static void deliver(void *argument)
{
	struct call *call = argument;
	struct api_call *outer = call->outer;

	if (*call->task) {
		task_finish(call);
		return;
	}
	if (outer) {
		answer(call);
		outer->done(outer);
	}
	call_free(call);
}

void call_finish(struct call *call)
{
	if (call->error.code == ERROR_RECORD_CHANGED && !call->explained) {
		call->explained = true;
		workers_run(call->api->workers, 0, explain, call);
		return;
	}
	/* this thread may go on with something else */
	log_set_request(&call->request);
	audit_call(call);
	log_set_request(NULL);
	if (call->answer_delay_ms)
		workers_run(call->api->workers, call->answer_delay_ms, deliver, call);
	else
		deliver(call);
}

static int run_change(struct transaction *transaction, void *argument, struct error *err)
{
	struct call *call = argument;

	value_release(TAKE(call->result)); /* of an earlier run */
	plan_begin(call);
	call->transaction = transaction;
	return call->handler(call, err);
}

static void finish_change(struct mutation *mutation, struct error *err)
{
	struct call *call = mutation->argument;

	error_move(&call->error, err);
	call_finish(call);
}

static void run_deferred(struct call *call);

static void run_work(void *argument)
{
	struct call *call = argument;
	const struct message_info *message = call->message;
	int rc;

	store_act_as(&call->actor);
	rc = (call->plan ? dry_run : call->handler)(call, &call->error);
	store_act_as(NULL);
	if (rc == 0 && call->message != message)
		run_deferred(call);
	else
		call_finish(call);
}

static void run_deferred(struct call *call)
{
	enum operation_id id = call->update ? update_operation(call) : call->message->operation;

	if (id) {
		operation_start(call, id);
		return;
	}
	switch (call->message->runs) {
	case RUNS_CHANGE:
		call->mutation = (struct mutation){.run = run_change,
						   .done = finish_change,
						   .argument = call,
						   .actor = &call->actor,
						   .dry_run = call->dry_run,
						   .report = plan_add,
						   .report_to = call};
		store_submit(call->api->store, &call->mutation);
		break;
	case RUNS_WAIT:
		if (call->handler(call, &call->error) < 0)
			call_finish(call);
		break;
	default:
		workers_run(call->api->workers, 0, run_work, call);
	}
}

bool api_start(struct api *api, struct api_call *outer)
{
	struct call *call;

	if (system_run(outer))
		return true;
	call = call_new(api);
	call->outer = outer;
	call->request = outer->request;
	if (prepare(call, &call->error) < 0) {
		audit_call(call);
		answer(call);
		call_free(call);
		return true;
	}
	if (call->message->runs == RUNS_READ && !is_async(outer->method)) {
		call->handler(call, &call->error);
		audit_call(call);
		answer(call);
		call_free(call);
		return true;
	}
	call->bytes = CALL_BYTES + (int64_t)outer->bytes;
	atomic_fetch_add_explicit(&api->bytes_held, call->bytes, memory_order_relaxed);
	outer->defer(outer);
	if (is_async(outer->method))
		task_start(call, run_deferred);
	else
		run_deferred(call);
	return false;
}

void api_call_clear(struct api_call *call)
{
	value_release(TAKE(call->parameters));
	value_release(TAKE(call->result));
	if (call->events)
		events_end_reply(call);
	error_clear(&call->error);
}

void api_call_leave(struct api *api, struct api_call *call)
{
	atomic_store(&call->left, true);
	events_look(api->events);
}

struct record *call_edit(struct call *call, enum class_id cls, int index, struct error *err)
{
	struct record *record =
		transaction_edit(call->transaction, cls, argument_text(call, index));

	if (!record)
		fail(err, ERROR_HANDLE_INVALID, schema_classes[cls]->name,
		     argument_text(call, index));
	return record;
}
