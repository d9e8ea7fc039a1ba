/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_workers.c – threads that may block: order, delays, the maximum, the end. */
#include "server/api/workers.h"

#include "schema/base.h"
#include "tests/tap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define FAR_AWAY_MS (24 * 3600 * 1000)

/* What the works of a test report to. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int started;
	int finished;
	int most_at_once;
	bool blocked;
	char order[64];
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void reset(bool blocked)
{
	pthread_mutex_lock(&state.lock);
	state.started = state.finished = state.most_at_once = 0;
	state.blocked = blocked;
	memset(state.order, 0, sizeof(state.order));
	pthread_mutex_unlock(&state.lock);
}

static void set_blocked(bool blocked)
{
	pthread_mutex_lock(&state.lock);
	state.blocked = blocked;
	pthread_cond_broadcast(&state.changed);
	pthread_mutex_unlock(&state.lock);
}

static void wait_for(const int *counter, int wanted)
{
	pthread_mutex_lock(&state.lock);
	while (*counter < wanted)
		pthread_cond_wait(&state.changed, &state.lock);
	pthread_mutex_unlock(&state.lock);
}

/* Runs until it is let go; adds its letter to the order. */
static void work(void *argument)
{
	const char *letter = argument;

	pthread_mutex_lock(&state.lock);
	state.started++;
	if (state.started - state.finished > state.most_at_once)
		state.most_at_once = state.started - state.finished;
	pthread_cond_broadcast(&state.changed);
	while (state.blocked)
		pthread_cond_wait(&state.changed, &state.lock);
	strncat(state.order, letter, sizeof(state.order) - strlen(state.order) - 1);
	state.finished++;
	pthread_cond_broadcast(&state.changed);
	pthread_mutex_unlock(&state.lock);
}

static int64_t elapsed_ms(const struct timespec *since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}

static void test_order(void)
{
	struct workers *workers = workers_new(1);

	reset(true);
	workers_run(workers, 0, work, "-");
	wait_for(&state.started, 1);
	workers_run(workers, 20, work, "c");
	workers_run(workers, 0, work, "a");
	workers_run(workers, 10, work, "b");
	workers_run(workers, 20, work, "d");
	workers_run(workers, 30, work, "e");
	set_blocked(false);
	wait_for(&state.finished, 6);
	is_str(state.order, "-abcde", "by time, those of one time as they came");
	workers_free(workers);
}

static void test_delay(void)
{
	struct workers *workers = workers_new(4);
	struct timespec start;

	reset(false);
	clock_gettime(CLOCK_MONOTONIC, &start);
	workers_run(workers, FAR_AWAY_MS, work, "z");
	workers_run(workers, 50, work, "a");
	wait_for(&state.finished, 1);
	ok(elapsed_ms(&start) >= 50, "not before its time");
	workers_run(workers, 0, work, "b");
	wait_for(&state.finished, 2);
	is_str(state.order, "ab", "what is far away stops nobody");
	clock_gettime(CLOCK_MONOTONIC, &start);
	workers_free(workers);
	is_str(state.order, "abz", "it runs before the end");
	ok(elapsed_ms(&start) < FAR_AWAY_MS, "without its delay");
}

/* A delayed work must be waited for even if all that waited were called away meanwhile. */
static void test_waiter_is_replaced(void)
{
	struct workers *workers = workers_new(3);

	reset(true);
	workers_run(workers, 30, work, "d");
	for (int i = 0; i < 2; i++)
		workers_run(workers, 0, work, "n");
	wait_for(&state.started, 3);
	ok(true, "the third thread takes what became due while two were busy");
	set_blocked(false);
	workers_free(workers);
	is_int(state.finished, 3, "all have run");
}

static void test_maximum(void)
{
	struct workers *workers = workers_new(3);

	reset(true);
	for (int i = 0; i < 10; i++)
		workers_run(workers, 0, work, "x");
	wait_for(&state.started, 3);
	set_blocked(false);
	workers_free(workers);
	is_int(state.finished, 10, "all have run");
	is_int(state.most_at_once, 3, "never more at once than the maximum");
}

struct chain {
	struct workers *workers;
	int left;
};

static void run_chain(void *argument)
{
	struct chain *chain = argument;

	if (chain->left-- > 0)
		workers_run(chain->workers, FAR_AWAY_MS, run_chain, chain);
}

static void test_end(void)
{
	struct workers *workers = workers_new(2);
	struct chain chain = {workers, 5};

	workers_run(workers, FAR_AWAY_MS, run_chain, &chain);
	workers_free(workers);
	is_int(chain.left, -1, "what work hands in at the end runs too");
	workers_free(NULL);
}

static atomic_int counter;

static void count(void *argument)
{
	(void)argument;
	counter++;
}

static void *submit_many(void *argument)
{
	for (int i = 0; i < 1000; i++)
		workers_run(argument, i % 3, count, NULL);
	return NULL;
}

static void test_many(void)
{
	struct workers *workers = workers_new(8);
	pthread_t threads[8];

	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, submit_many, workers);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	workers_free(workers);
	is_int(counter, 8000, "none is lost");
}

static void wait_for_another(void *argument)
{
	struct workers *workers = argument;

	workers_begin_wait(workers);
	workers_run(workers, 0, work, "a");
	wait_for(&state.finished, 1);
	workers_end_wait(workers);
	work("b");
}

static void test_wait(void)
{
	struct workers *workers = workers_new(1);

	reset(false);
	workers_run(workers, 0, wait_for_another, workers);
	wait_for(&state.finished, 2);
	is_str(state.order, "ab", "who waits for somebody else keeps nobody from working");
	workers_free(workers);
}

int main(void)
{
	test_order();
	test_wait();
	test_delay();
	test_waiter_is_replaced();
	test_maximum();
	test_end();
	test_many();
	return done_testing();
}
