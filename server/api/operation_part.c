/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* operation_part.c – an operation on another VM as a part of what a call does. */
#include "server/api/operation.h"

#include "server/api/dry_run.h"

struct call *operation_part(const struct call *whole, const char *task, const char *vm,
			    struct api_call *outcome)
{
	struct call *call = call_new(whole->api);

	call->session = whole->session ? record_reference(whole->session) : NULL;
	call->actor = whole->actor;
	call->request = whole->request;
	call->outer = outcome;
	call->part_of = task;
	call->arguments[0] = value_string(vm);
	return call;
}

struct waiting {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool over;
};

static void note_end(struct api_call *outcome)
{
	struct waiting *waiting = outcome->context;

	pthread_mutex_lock(&waiting->lock);
	waiting->over = true;
	pthread_cond_signal(&waiting->ended);
	pthread_mutex_unlock(&waiting->lock);
}

static void await(struct api *api, struct waiting *waiting)
{
	workers_begin_wait(api->workers);
	pthread_mutex_lock(&waiting->lock);
	while (!waiting->over)
		pthread_cond_wait(&waiting->ended, &waiting->lock);
	pthread_mutex_unlock(&waiting->lock);
	workers_end_wait(api->workers);
	pthread_mutex_destroy(&waiting->lock);
	pthread_cond_destroy(&waiting->ended);
}

int operation_run_part(struct call *whole, const char *vm, enum operation_id id, handler_fn handler,
		       struct error *err)
{
	struct waiting waiting = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
	struct api_call outcome = {.done = note_end, .context = &waiting};
	struct call *part = operation_part(whole, whole->operation->task, vm, &outcome);
	bool failed;

	part->message = whole->message;
	part->handler = handler;
	part->self = record_reference(whole->operation->vm);
	if (dry_run_is_on()) {
		failed = dry_run_part(whole, part, id, err) < 0;
		call_free(part);
		return failed ? -1 : 0;
	}
	operation_start(part, id);
	await(whole->api, &waiting);
	failed = outcome.error.code != ERROR_NONE;
	error_move(err, &outcome.error);
	api_call_clear(&outcome);
	return failed ? -1 : 0;
}
