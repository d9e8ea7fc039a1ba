/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* workers.c – threads that may block. */
#include "server/api/workers.h"

#include "schema/base.h"
#include "schema/clock.h"
#include "schema/log.h"
#include "schema/thread.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct work {
	int64_t due_ns;
	uint64_t number; /* of those that are due at once, the first given runs first */
	work_fn run;
	void *argument;
};

struct workers {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* A heap: the first is the one that is due first. */
	struct work *heap;
	size_t count;
	size_t capacity;
	uint64_t next_number;
	int idle; /* threads that wait */
	int started;
	int waiting; /* threads that wait for something else than work */
	int maximum; /* of those that do not */
	bool closing;
	pthread_t *threads;
};

static bool before(const struct work *a, const struct work *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->number < b->number;
}

static void push(struct workers *workers, struct work work)
{
	size_t place = workers->count++;

	if (workers->count > workers->capacity) {
		workers->capacity = 2 * workers->count + 16;
		workers->heap =
			reallocate(workers->heap, workers->capacity * sizeof(*workers->heap));
	}
	while (place > 0 && before(&work, &workers->heap[(place - 1) / 2])) {
		workers->heap[place] = workers->heap[(place - 1) / 2];
		place = (place - 1) / 2;
	}
	workers->heap[place] = work;
}

static struct work pop(struct workers *workers)
{
	struct work first = workers->heap[0];
	struct work last = workers->heap[--workers->count];
	size_t place = 0;
	size_t child;

	while ((child = 2 * place + 1) < workers->count) {
		if (child + 1 < workers->count &&
		    before(&workers->heap[child + 1], &workers->heap[child]))
			child++;
		if (!before(&workers->heap[child], &last))
			break;
		workers->heap[place] = workers->heap[child];
		place = child;
	}
	workers->heap[place] = last;
	return first;
}

/* Until something changes, or the first work is due. */
static void wait_for_work(struct workers *workers)
{
	workers->idle++;
	if (workers->count)
		clock_wait(&workers->changed, &workers->lock, workers->heap[0].due_ns);
	else
		pthread_cond_wait(&workers->changed, &workers->lock);
	workers->idle--;
}

static void *run(void *argument);

/* Somebody looks after what is first in the list now: one that waits already, or a new thread. */
static void call_another(struct workers *workers)
{
	if (workers->idle > 0) {
		pthread_cond_signal(&workers->changed);
	} else if (workers->started - workers->waiting < workers->maximum && !workers->closing) {
		workers->threads = reallocate(workers->threads,
					      ((size_t)workers->started + 1) * sizeof(pthread_t));
		if (pthread_create(&workers->threads[workers->started], NULL, run, workers) == 0)
			workers->started++;
		else
			log_warning("no further worker thread can be started, there are %d",
				    workers->started);
	}
}

static void *run(void *argument)
{
	struct workers *workers = argument;

	pthread_setname_np(pthread_self(), "worker");
	pthread_mutex_lock(&workers->lock);
	while (workers->count || !workers->closing) {
		struct work work;

		if (!workers->count ||
		    (!workers->closing && workers->heap[0].due_ns > clock_ns())) {
			wait_for_work(workers);
			continue;
		}
		work = pop(workers);
		/* the signal for the next may have come to this thread as well */
		if (workers->count)
			call_another(workers);
		pthread_mutex_unlock(&workers->lock);
		work.run(work.argument);
		pthread_mutex_lock(&workers->lock);
	}
	pthread_mutex_unlock(&workers->lock);
	return NULL;
}

struct workers *workers_new(int threads)
{
	struct workers *workers = allocate(sizeof(*workers));

	workers->maximum = threads;
	workers->threads = allocate(sizeof(pthread_t));
	pthread_mutex_init(&workers->lock, NULL);
	clock_init_condition(&workers->changed);
	/* With one there, everything runs some time, whatever happens to the others. */
	thread_start(&workers->threads[0], "worker", run, workers);
	pthread_mutex_lock(&workers->lock);
	workers->started = 1;
	pthread_mutex_unlock(&workers->lock);
	return workers;
}

void workers_run(struct workers *workers, int delay_ms, work_fn work, void *argument)
{
	int64_t due_ns = clock_ns() + (int64_t)delay_ms * 1000000;

	pthread_mutex_lock(&workers->lock);
	push(workers, (struct work){due_ns, workers->next_number++, work, argument});
	call_another(workers);
	pthread_mutex_unlock(&workers->lock);
}

void workers_begin_wait(struct workers *workers)
{
	pthread_mutex_lock(&workers->lock);
	workers->waiting++;
	if (workers->count)
		call_another(workers);
	pthread_mutex_unlock(&workers->lock);
}

void workers_end_wait(struct workers *workers)
{
	pthread_mutex_lock(&workers->lock);
	workers->waiting--;
	pthread_mutex_unlock(&workers->lock);
}

void workers_free(struct workers *workers)
{
	if (!workers)
		return;
	pthread_mutex_lock(&workers->lock);
	workers->closing = true;
	pthread_cond_broadcast(&workers->changed);
	pthread_mutex_unlock(&workers->lock);
	for (int i = 0; i < workers->started; i++)
		pthread_join(workers->threads[i], NULL);
	pthread_cond_destroy(&workers->changed);
	pthread_mutex_destroy(&workers->lock);
	free(workers->threads);
	free(workers->heap);
	free(workers);
}
