/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ordered_run.c – VMs that are started or stopped in order. */
#include "server/api/ordered_run.h"

#include "schema/clock.h"
#include "server/api/dry_run.h"
#include "server/api/task_progress.h"

#include <stdio.h>
#include <unistd.h>

#define LOOK_US 20000
#define DELAY_MOST_S (365 * 24 * 3600)

static int compare_order(const void *a, const void *b)
{
	const struct ordered_part *left = a;
	const struct ordered_part *right = b;
	int order = (left->order > right->order) - (left->order < right->order);

	return left->run->is_start ? order : -order;
}

void ordered_run_free(struct ordered_run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		value_release(run->parts[i].vm);
		api_call_clear(&run->parts[i].outcome);
	}
	free(TAKE(run->parts));
	run->count = 0;
}

void ordered_run_begin(struct ordered_run *run, struct transaction *transaction)
{
	const char *task = run->call->task;

	ordered_run_free(run);
	if (!*task)
		task = record_ref(
			task_create(run->call, transaction, run->call->message->name, true));
	snprintf(run->task, sizeof(run->task), "%s", task);
}

void ordered_run_add(struct ordered_run *run, const struct record *vm)
{
	run->parts = reallocate(run->parts, (run->count + 1) * sizeof(*run->parts));
	run->parts[run->count++] = (struct ordered_part){
		.run = run,
		.vm = value_reference(vm->ref),
		.order = record_int(vm, VM_order),
		.delay_s = record_int(vm, run->is_start ? VM_start_delay : VM_shutdown_delay)};
}

void ordered_run_end(struct ordered_run *run, struct transaction *transaction)
{
	if (!*run->call->task)
		transaction_delete(transaction, CLASS_task, run->task);
}

/* Nothing of the run is touched once the lock is given up: it may be gone. */
static void part_done(struct api_call *outcome)
{
	struct ordered_part *part = outcome->context;
	struct ordered_run *run = part->run;

	pthread_mutex_lock(&run->lock);
	run->under_way--;
	run->done++;
	task_set_progress(run->call->api, run->task, (double)run->done / (double)run->count);
	pthread_cond_signal(&run->ended);
	pthread_mutex_unlock(&run->lock);
}

static void begin_part(struct ordered_run *run, struct ordered_part *part)
{
	struct call *call = operation_part(run->call, run->task, part->vm->text, &part->outcome);

	part->begun = true;
	part->outcome = (struct api_call){.done = part_done, .context = part};
	call->message = schema_message(run->message);
	call->handler = run->handler;
	call->deadline_ms = run->deadline_ms;
	if (run->is_start) {
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

static bool is_stopping(const struct ordered_run *run)
{
	AUTO(record) task = store_read(run->call->api->store, CLASS_task, run->task);

	return task_is_cancelled(task) || atomic_load(&run->call->api->closing);
}

static void wait_until(struct ordered_run *run, int64_t until)
{
	workers_begin_wait(run->call->api->workers);
	while (clock_ms() < until && !is_stopping(run))
		usleep(LOOK_US);
	workers_end_wait(run->call->api->workers);
}

static void wait_delay(struct ordered_run *run, int64_t delay_s)
{
	int64_t until = clock_ms() + 1000 * lesser_of(delay_s, DELAY_MOST_S);

	wait_until(run, run->deadline_ms ? lesser_of(until, run->deadline_ms) : until);
}

static void await_parts(struct ordered_run *run)
{
	workers_begin_wait(run->call->api->workers);
	pthread_mutex_lock(&run->lock);
	while (run->under_way)
		pthread_cond_wait(&run->ended, &run->lock);
	pthread_mutex_unlock(&run->lock);
	workers_end_wait(run->call->api->workers);
}

/* Those of one order, from `first` on; returns the first one of the next. */
static size_t run_together(struct ordered_run *run, size_t first)
{
	int64_t delay_s = 0;
	size_t next = first;

	for (; next < run->count && run->parts[next].order == run->parts[first].order; next++) {
		delay_s = greater_of(delay_s, run->parts[next].delay_s);
		begin_part(run, &run->parts[next]);
	}
	await_parts(run);
	if (next < run->count && !dry_run_is_on())
		wait_delay(run, delay_s);
	return next;
}

void ordered_run_go(struct ordered_run *run)
{
	size_t next = 0;

	if (run->count)
		qsort(run->parts, run->count, sizeof(*run->parts), compare_order);
	pthread_mutex_init(&run->lock, NULL);
	pthread_cond_init(&run->ended, NULL);
	while (next < run->count && !is_stopping(run))
		next = run_together(run, next);
	pthread_cond_destroy(&run->ended);
	pthread_mutex_destroy(&run->lock);
}

bool ordered_run_is_whole(const struct ordered_run *run)
{
	return !run->count || run->parts[run->count - 1].begun;
}

bool ordered_part_has_failed(const struct ordered_part *part)
{
	const struct ordered_run *run = part->run;
	AUTO(record) vm = store_read(run->call->api->store, CLASS_VM, part->vm->text);

	return (!part->begun || part->outcome.error.code != ERROR_NONE) &&
	       !(vm && record_is(vm, VM_power_state, run->wanted));
}

char *ordered_part_reason(const struct ordered_part *part)
{
	const struct api *api = part->run->call->api;

	if (part->begun)
		return error_text(&part->outcome.error);
	return text_copy(atomic_load(&api->closing) ? "the server stops" : "it was cancelled");
}
