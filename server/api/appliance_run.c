/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* appliance_run.c – the VMs of an appliance started or stopped: those of one order together, then
 * the next. */
#include "server/api/appliance.h"

#include "schema/buffer.h"
#include "schema/clock.h"
#include "server/api/dry_run.h"
#include "server/api/task_progress.h"

#include <stdio.h>
#include <unistd.h>

#define LOOK_US 20000
#define DELAY_MOST_S (365 * 24 * 3600)

/* One VM's turn: a call of its own. */
struct part {
	struct run *run;
	struct value *vm; /* its reference */
	int64_t order;
	int64_t delay_s;
	bool begun;
	struct api_call outcome;
};

struct run {
	struct call *call;
	const struct appliance_action *action;
	const char *wanted; /* power state */
	bool paused;
	char task[REF_SIZE];
	struct part *parts; /* in order of their turns */
	size_t count;
	pthread_mutex_t lock; /* of what follows, and of the outcomes */
	pthread_cond_t ended;
	size_t under_way;
	size_t done;
};

static int compare_order(const void *a, const void *b)
{
	const struct part *left = a;
	const struct part *right = b;
	int order = (left->order > right->order) - (left->order < right->order);

	return left->run->action->is_start ? order : -order;
}

static void free_parts(struct run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		value_release(run->parts[i].vm);
		api_call_clear(&run->parts[i].outcome);
	}
	free(TAKE(run->parts));
	run->count = 0;
}

/* Those that are not yet as they should be. */
static void collect(struct run *run, struct transaction *transaction, const struct value *vms)
{
	bool is_start = run->action->is_start;

	run->parts = allocate(vms->length * sizeof(*run->parts));
	for (uint32_t i = 0; i < vms->length; i++) {
		const struct record *vm =
			transaction_read(transaction, CLASS_VM, vms->items[i]->text);

		if (!vm || record_is(vm, VM_power_state, run->wanted))
			continue;
		run->parts[run->count++] = (struct part){
			.run = run,
			.vm = value_reference(vms->items[i]),
			.order = record_int(vm, VM_order),
			.delay_s = record_int(vm, is_start ? VM_start_delay : VM_shutdown_delay)};
	}
	qsort(run->parts, run->count, sizeof(*run->parts), compare_order);
}

static int begin(struct transaction *transaction, void *argument, struct error *err)
{
	struct run *run = argument;
	struct call *call = run->call;
	struct record *appliance =
		transaction_edit(transaction, CLASS_VM_appliance, argument_text(call, 0));
	const char *task = call->task;

	free_parts(run);
	if (!appliance)
		return fail(err, ERROR_HANDLE_INVALID, "VM_appliance", argument_text(call, 0));
	if (appliance_judge(transaction, appliance, run->action, err) < 0)
		return -1;
	collect(run, transaction, record_get(appliance, VM_appliance_VMs));
	if (!*task)
		task = record_ref(task_create(call, transaction, call->message->name, true));
	snprintf(run->task, sizeof(run->task), "%s", task);
	record_set(appliance, VM_appliance_current_operations,
		   value_map_with(record_get(appliance, VM_appliance_current_operations), task,
				  value_string(run->action->name)));
	return 0;
}

static int end(struct transaction *transaction, void *argument, struct error *err)
{
	const struct run *run = argument;
	struct record *appliance =
		transaction_edit(transaction, CLASS_VM_appliance, argument_text(run->call, 0));

	(void)err;
	if (!*run->call->task)
		transaction_delete(transaction, CLASS_task, run->task);
	if (appliance)
		record_set(appliance, VM_appliance_current_operations, value_map());
	return 0;
}

/* Nothing of the run is touched once the lock is given up: it may be gone. */
static void part_done(struct api_call *outcome)
{
	struct part *part = outcome->context;
	struct run *run = part->run;

	pthread_mutex_lock(&run->lock);
	run->under_way--;
	run->done++;
	task_set_progress(run->call->api, run->task, (double)run->done / (double)run->count);
	pthread_cond_signal(&run->ended);
	pthread_mutex_unlock(&run->lock);
}

static void begin_part(struct run *run, struct part *part)
{
	struct call *call = operation_part(run->call, run->task, part->vm->text, &part->outcome);

	part->begun = true;
	part->outcome = (struct api_call){.done = part_done, .context = part};
	call->message = schema_message(run->action->message);
	call->handler = run->action->handler;
	if (run->action->is_start) {
		call->arguments[1] = value_bool(run->paused);
		call->arguments[2] = value_bool(false);
	}
	if (dry_run_is_on()) {
		dry_run_part(run->call, call, call->message->operation, &part->outcome.error);
		call_free(call);
		return;
	}
	pthread_mutex_lock(&run->lock);
	run->under_way++;
	pthread_mutex_unlock(&run->lock);
	operation_start(call, call->message->operation);
}

static bool is_stopping(const struct run *run)
{
	AUTO(record) task = store_read(run->call->api->store, CLASS_task, run->task);

	return task_is_cancelled(task) || atomic_load(&run->call->api->closing);
}

static void wait_ms(struct run *run, int64_t ms)
{
	int64_t until = clock_ms() + ms;

	workers_begin_wait(run->call->api->workers);
	while (clock_ms() < until && !is_stopping(run))
		usleep(LOOK_US);
	workers_end_wait(run->call->api->workers);
}

static void await_parts(struct run *run)
{
	workers_begin_wait(run->call->api->workers);
	pthread_mutex_lock(&run->lock);
	while (run->under_way)
		pthread_cond_wait(&run->ended, &run->lock);
	pthread_mutex_unlock(&run->lock);
	workers_end_wait(run->call->api->workers);
}

/* Those of one order, from `first` on; returns the first one of the next. */
static size_t run_together(struct run *run, size_t first)
{
	int64_t delay_s = 0;
	size_t next = first;

	for (; next < run->count && run->parts[next].order == run->parts[first].order; next++) {
		if (run->parts[next].delay_s > delay_s)
			delay_s = run->parts[next].delay_s;
		begin_part(run, &run->parts[next]);
	}
	await_parts(run);
	if (next < run->count && !dry_run_is_on())
		wait_ms(run, 1000 * (delay_s < DELAY_MOST_S ? delay_s : DELAY_MOST_S));
	return next;
}

/* Somebody else may have done it meanwhile. */
static bool has_failed(const struct run *run, const struct part *part)
{
	AUTO(record) vm = store_read(run->call->api->store, CLASS_VM, part->vm->text);

	return (!part->begun || part->outcome.error.code != ERROR_NONE) &&
	       !(vm && record_is(vm, VM_power_state, run->wanted));
}

static int judge(const struct run *run, struct error *err)
{
	AUTO_BUFFER failed = {0};
	AUTO_TEXT reason = NULL;

	if (run->count && !run->parts[run->count - 1].begun &&
	    !atomic_load(&run->call->api->closing))
		return fail(err, ERROR_TASK_CANCELLED, run->task);
	for (size_t i = 0; i < run->count; i++) {
		const struct part *part = &run->parts[i];

		if (!has_failed(run, part))
			continue;
		if (!reason)
			reason = part->begun ? error_text(&part->outcome.error) :
					       text_copy("the server stops");
		buffer_add_format(&failed, "%s%s", failed.length ? "," : "", part->vm->text);
	}
	if (!reason)
		return 0;
	return fail(err, ERROR_OPERATION_PARTIALLY_FAILED, run->action->name, failed.data, reason);
}

static int run_all(struct run *run, struct error *err)
{
	AUTO_ERROR ignored = {0};
	size_t next = 0;
	int rc;

	pthread_mutex_init(&run->lock, NULL);
	pthread_cond_init(&run->ended, NULL);
	while (next < run->count && !is_stopping(run))
		next = run_together(run, next);
	rc = judge(run, err);
	store_mutate(run->call->api->store, end, run, &ignored);
	free_parts(run);
	pthread_cond_destroy(&run->ended);
	pthread_mutex_destroy(&run->lock);
	return rc;
}

static int run_action(struct call *call, const char *name, const char *wanted, bool paused,
		      struct error *err)
{
	struct run run = {
		.call = call, .action = appliance_action(name), .wanted = wanted, .paused = paused};

	if (store_mutate(call->api->store, begin, &run, err) < 0) {
		free_parts(&run);
		return -1;
	}
	return run_all(&run, err);
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
