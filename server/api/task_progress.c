/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* task_progress.c – how far the task of an operation has come. */
#include "server/api/task_progress.h"

#include <sys/stat.h>

/* Less is not worth an event. */
#define STEP 0.01
#define LOOK_MS 200

/* Frees itself. Counts as a call: the store's rules need the api. */
struct note {
	struct mutation mutation;
	struct api *api;
	struct value *task;
	double share;
};

static int set_progress(struct transaction *transaction, void *argument, struct error *err)
{
	const struct note *note = argument;
	const struct record *task = transaction_read(transaction, CLASS_task, note->task->text);

	(void)err;
	if (task && record_is(task, task_status, "pending") &&
	    record_float(task, task_progress) + STEP <= note->share)
		record_set(transaction_edit(transaction, CLASS_task, note->task->text),
			   task_progress, value_float(note->share));
	return 0;
}

static void free_note(struct mutation *mutation, struct error *err)
{
	struct note *note = mutation->argument;
	struct api *api = note->api;

	error_clear(err);
	value_release(note->task);
	free(note);
	atomic_fetch_sub(&api->calls, 1);
}

void task_set_progress(struct api *api, const char *task, double share)
{
	struct note *note = allocate(sizeof(*note));

	*note = (struct note){
		.mutation = {.run = set_progress, .done = free_note, .argument = note},
		.api = api,
		.task = value_string(task),
		.share = share};
	atomic_fetch_add(&api->calls, 1);
	store_submit(api->store, &note->mutation);
}

void task_note_progress(struct call *call, double share)
{
	struct operation *operation = call->operation;

	if (share < operation->progress + STEP)
		return;
	operation->progress = share;
	task_set_progress(call->api, operation->task, share);
}

/* "" when there is none. */
static const char *task_of(const struct call *call)
{
	if (call->part_of)
		return call->part_of;
	return call->operation ? call->operation->task : call->task;
}

int task_go_on(struct call *call, double share, struct error *err)
{
	const char *name = task_of(call);
	AUTO(record) task = store_read(call->api->store, CLASS_task, name);

	if (task_is_cancelled(task))
		return fail(err, ERROR_TASK_CANCELLED, name);
	if (atomic_load(&call->api->closing))
		return fail(err, ERROR_INTERNAL_ERROR, "the server stops");
	if (*name && share < 1)
		task_set_progress(call->api, name, share);
	return 0;
}

/* Two have it: whoever began it, and the worker that looks now and then. */
struct file_watch {
	atomic_uint references;
	struct api *api;
	char task[REF_SIZE];
	char *path;
	double bytes;
	double share;
};

static void release(struct file_watch *watch)
{
	if (atomic_fetch_sub(&watch->references, 1) > 1)
		return;
	free(watch->path);
	free(watch);
}

static void look(void *argument)
{
	struct file_watch *watch = argument;
	struct stat file;

	if (atomic_load(&watch->references) == 1) {
		release(watch);
		return;
	}
	if (stat(watch->path, &file) == 0 && watch->bytes > 0)
		task_set_progress(watch->api, watch->task,
				  watch->share * (file.st_size < watch->bytes ?
							  (double)file.st_size / watch->bytes :
							  1));
	workers_run(watch->api->workers, LOOK_MS, look, watch);
}

struct file_watch *task_watch_file(struct call *call, const char *path, int64_t bytes, double share)
{
	struct file_watch *watch = allocate(sizeof(*watch));

	atomic_init(&watch->references, 2);
	watch->api = call->api;
	strcpy(watch->task, call->operation->task);
	watch->path = text_copy(path);
	watch->bytes = (double)bytes;
	watch->share = share;
	workers_run(call->api->workers, LOOK_MS, look, watch);
	return watch;
}

void task_end_watch(struct file_watch *watch)
{
	release(watch);
}
