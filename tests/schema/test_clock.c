/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_clock.c – time goes forward, and waiting ends: by a signal, or when it is due. */
#include "schema/clock.h"
#include "schema/thread.h"
#include "tests/tap.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition;
static bool done;

static void *signal_it(void *argument)
{
	pthread_mutex_lock(&lock);
	done = true;
	pthread_cond_signal(&condition);
	pthread_mutex_unlock(&lock);
	return argument;
}

static void test_due(void)
{
	int64_t due_ns = clock_ns() + 20 * 1000000;
	bool in_time = true;

	pthread_mutex_lock(&lock);
	while (in_time)
		in_time = clock_wait(&condition, &lock, due_ns);
	pthread_mutex_unlock(&lock);
	ok(clock_ns() >= due_ns, "not before it is due");
	ok(clock_ms() >= due_ns / 1000000, "in milliseconds too");
}

static void test_signal(void)
{
	int64_t due_ns = clock_ns() + (int64_t)60 * 1000000000;
	bool in_time = true;
	pthread_t thread;

	pthread_mutex_lock(&lock);
	thread_start(&thread, "signal", signal_it, NULL);
	while (!done && in_time)
		in_time = clock_wait(&condition, &lock, due_ns);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	ok(in_time, "a signal ends it");
}

int main(void)
{
	clock_init_condition(&condition);
	test_due();
	test_signal();
	return done_testing();
}
