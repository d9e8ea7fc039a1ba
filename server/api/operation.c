/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* operation.c – a call that is an operation on a VM: it gets the VM for itself, waits for it, or
 * runs inside one transaction. */
#include "server/api/operation.h"

#include "schema/clock.h"
#include "schema/log.h"
#include "server/api/dry_run.h"
#include "server/api/live.h"
#include "server/api/message.h"
#include "server/api/plan.h"

#include <unistd.h>

#define EXPIRY_CHECK_MS 100
#define SLEEP_STEP_US 20000

struct operations {
	struct api *api;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	struct operation *waiting; /* for another operation on their VM; in order of arrival */
	struct operation *running; /* on workers */
	bool timer;		   /* somebody looks after deadlines */
};

struct operations *operations_new(struct api *api)
{
	struct operations *operations = allocate(sizeof(*operations));

	operations->api = api;
	pthread_mutex_init(&operations->lock, NULL);
	pthread_cond_init(&operations->ended, NULL);
	return operations;
}

void operations_free(struct operations *operations)
{
	pthread_cond_destroy(&operations->ended);
	pthread_mutex_destroy(&operations->lock);
	free(operations);
}

static void append(struct operation **list, struct operation *operation)
{
	while (*list)
		list = &(*list)->next;
	operation->next = NULL;
	*list = operation;
}

static void unlink_operation(struct operation **list, const struct operation *operation)
{
	while (*list != operation)
		list = &(*list)->next;
	*list = operation->next;
}

const char *operation_vm(const struct call *call)
{
	const struct record *self = call->self;

	if (!self || self->cls->id == CLASS_VM)
		return argument_text(call, 0);
	return record_text(self, (int)(schema_field(self->cls, "VM") - self->cls->fields));
}

static bool same_vm(const struct operation *a, const struct operation *b)
{
	return strcmp(operation_vm(a->call), operation_vm(b->call)) == 0;
}

static void finish(struct operation *operation)
{
	struct call *call = operation->call;

	if (!call->message && call->error.code != ERROR_NONE &&
	    call->error.code != ERROR_VM_BAD_POWER_STATE &&
	    call->error.code != ERROR_HANDLE_INVALID) {
		AUTO_TEXT text = error_text(&call->error);

		log_warning("%s of VM %s: %s", operation_info(operation->id)->name,
			    operation_vm(call), text);
	}
	if (!call->domain)
		call->domain = plan_of_domain(operation);
	record_release(operation->vm);
	operation_release_edited(operation);
	free(operation);
	call_finish(call);
}

static void submit(struct operation *operation);

/* hard_shutdown and hard_reboot need not wait for everything that another begins. */
static int kind_of(const struct operation *operation)
{
	if (operation->id == OPERATION_hard_shutdown)
		return 2;
	return operation->id == OPERATION_hard_reboot;
}

/* The first of each kind that waited for this VM tries again. Did all, all but one would find it
 * busy, again and again. */
static void wake(struct operations *operations, const struct operation *ended)
{
	struct operation **link = &operations->waiting;
	bool woken[3] = {false};

	while (*link) {
		struct operation *operation = *link;

		if (same_vm(operation, ended) && !woken[kind_of(operation)]) {
			*link = operation->next;
			woken[kind_of(operation)] = true;
			operation->woken = true;
			submit(operation);
		} else {
			link = &operation->next;
		}
	}
}

int operation_act(struct call *call, struct error *err)
{
	enum operation_id id = call->operation ? call->operation->id : OPERATION_none;

	return operation_info(id)->effect == LIVE_CHANGE ? live_change(call, err) :
							   call->handler(call, err);
}

static void run_on_worker(void *argument)
{
	struct operation *operation = argument;
	struct call *call = operation->call;
	struct operations *operations = call->api->operations;

	call->transaction = NULL;
	store_act_as(&call->actor);
	operation_act(call, &call->error);
	operation_leave_vm(operation);
	message_note_operation(operation);
	store_act_as(NULL);
	pthread_mutex_lock(&operations->lock);
	unlink_operation(&operations->running, operation);
	pthread_cond_broadcast(&operations->ended);
	wake(operations, operation);
	pthread_mutex_unlock(&operations->lock);
	finish(operation);
}

static void run_plan(void *argument)
{
	struct operation *operation = argument;

	log_set_request(&operation->call->request);
	dry_run(operation->call, &operation->call->error);
	finish(operation);
}

/* Waiting. */

static void expire(void *argument)
{
	struct operations *operations = argument;
	struct operation **link = &operations->waiting;
	int64_t now = clock_ms();

	pthread_mutex_lock(&operations->lock);
	while (*link) {
		struct operation *operation = *link;

		if (operation->deadline_ms <= now || atomic_load(&operations->api->closing)) {
			*link = operation->next;
			operation->expired = true;
			submit(operation);
		} else {
			link = &operation->next;
		}
	}
	operations->timer = operations->waiting != NULL;
	if (operations->timer)
		workers_run(operations->api->workers, EXPIRY_CHECK_MS, expire, operations);
	pthread_mutex_unlock(&operations->lock);
}

/* In order of arrival, which is that of the deadlines: one that was woken in vain keeps its place.
 */
static void wait_for_others(struct operations *operations, struct operation *operation)
{
	struct operation **link = &operations->waiting;

	while (*link && (*link)->deadline_ms <= operation->deadline_ms)
		link = &(*link)->next;
	operation->next = *link;
	*link = operation;
	operation->woken = false;
	if (!operations->timer)
		workers_run(operations->api->workers, EXPIRY_CHECK_MS, expire, operations);
	operations->timer = true;
}

static void begun(struct mutation *mutation, struct error *err)
{
	struct operation *operation = mutation->argument;
	struct operations *operations = operation->call->api->operations;
	bool refused = err->code != ERROR_NONE;
	bool waits = !refused && operation->busy;
	bool goes_on = !refused && !waits && operation->on_worker;

	error_move(&operation->call->error, err);
	/* once it is in a list and the lock is given up, others may submit it again */
	pthread_mutex_lock(&operations->lock);
	if (waits)
		wait_for_others(operations, operation);
	if (goes_on)
		append(&operations->running, operation);
	if (!waits && !goes_on && operation->woken)
		wake(operations, operation);
	pthread_mutex_unlock(&operations->lock);
	if (goes_on)
		workers_run(operations->api->workers, 0, run_on_worker, operation);
	if (waits || goes_on)
		return;
	if (!refused && operation->plans) {
		workers_run(operations->api->workers, 0, run_plan, operation);
		return;
	}
	if (!refused && operation->after && !operation->call->dry_run)
		operation->after(operation->call);
	finish(operation);
}

static int begin(struct transaction *transaction, void *argument, struct error *err)
{
	return operation_begin(argument, transaction, err);
}

static void submit(struct operation *operation)
{
	struct call *call = operation->call;

	call->mutation = (struct mutation){.run = begin,
					   .done = begun,
					   .argument = operation,
					   .actor = &call->actor,
					   .dry_run = call->dry_run,
					   .report = plan_add,
					   .report_to = call};
	store_submit(call->api->store, &call->mutation);
}

void operation_start(struct call *call, enum operation_id id)
{
	struct operation *operation = allocate(sizeof(*operation));

	operation->call = call;
	operation->id = id;
	operation->deadline_ms = clock_ms() + call->api->options.operation_wait_ms;
	call->operation = operation;
	submit(operation);
}

void operation_start_internal(struct api *api, const char *vm_ref, enum operation_id id,
			      handler_fn handler)
{
	struct call *call = call_new(api);

	call->handler = handler;
	call->arguments[0] = value_string(vm_ref);
	operation_start(call, id);
}

/* For handlers. */

struct commit {
	struct call *call;
	vm_change_fn change;
};

static int commit(struct transaction *transaction, void *argument, struct error *err)
{
	const struct commit *wanted = argument;
	const char *ref = record_ref(wanted->call->operation->vm);
	struct record *vm = transaction_edit(transaction, CLASS_VM, ref);

	if (!vm)
		return fail(err, ERROR_HANDLE_INVALID, "VM", ref);
	return wanted->change(wanted->call, transaction, vm, err);
}

int operation_commit(struct call *call, vm_change_fn change, struct error *err)
{
	struct commit wanted = {call, change};

	return store_mutate(call->api->store, commit, &wanted, err);
}

/* `other`, which runs, is to end because of `own`. */
static bool is_cancelled_by(const struct operation *other, const struct operation *own)
{
	return other != own && same_vm(other, own) &&
	       operation_cancels(own->id, operation_info(other->id)->wire);
}

void operation_cancel_others(struct call *call)
{
	struct operations *operations = call->api->operations;

	if (dry_run_is_on())
		return;
	pthread_mutex_lock(&operations->lock);
	for (struct operation *other = operations->running; other; other = other->next)
		if (is_cancelled_by(other, call->operation))
			atomic_store(&other->cancelled, true);
	pthread_mutex_unlock(&operations->lock);
}

static bool has_others(const struct operations *operations, const struct operation *own)
{
	for (const struct operation *other = operations->running; other; other = other->next)
		if (is_cancelled_by(other, own))
			return true;
	return false;
}

void operation_await_others(struct call *call)
{
	struct operations *operations = call->api->operations;

	if (dry_run_is_on())
		return;
	workers_begin_wait(call->api->workers);
	pthread_mutex_lock(&operations->lock);
	while (has_others(operations, call->operation))
		pthread_cond_wait(&operations->ended, &operations->lock);
	pthread_mutex_unlock(&operations->lock);
	workers_end_wait(call->api->workers);
}

void operation_sleep(struct call *call, int64_t ms)
{
	int64_t until = clock_ms() + ms;

	workers_begin_wait(call->api->workers);
	while (clock_ms() < until && !operation_is_cancelled(call) &&
	       !atomic_load(&call->api->closing))
		usleep(SLEEP_STEP_US);
	workers_end_wait(call->api->workers);
}

bool operation_is_cancelled(const struct call *call)
{
	const struct operation *operation = call->operation;
	AUTO(record) task = store_read(call->api->store, CLASS_task, operation->task);

	return atomic_load(&operation->cancelled) ||
	       (operation_can_be_cancelled(operation->id) && task_is_cancelled(task));
}

int operation_check_cancelled(struct call *call, struct error *err)
{
	if (operation_is_cancelled(call))
		return fail(err, ERROR_TASK_CANCELLED, call->operation->task);
	return 0;
}

int operation_check_overruled(struct call *call, struct error *err)
{
	if (atomic_load(&call->operation->cancelled))
		return fail(err, ERROR_TASK_CANCELLED, call->operation->task);
	return 0;
}

void operation_wake_cancelled(struct api *api, const char *task)
{
	struct operations *operations = api->operations;
	struct operation **link = &operations->waiting;

	pthread_mutex_lock(&operations->lock);
	while (*link) {
		struct operation *operation = *link;

		if (strcmp(operation->call->task, task) == 0) {
			*link = operation->next;
			submit(operation);
		} else {
			link = &operation->next;
		}
	}
	pthread_mutex_unlock(&operations->lock);
}
