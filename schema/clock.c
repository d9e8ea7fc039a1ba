/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clock.c – CLOCK_MONOTONIC. */
#include "schema/clock.h"

#include <time.h>

#define SECOND_NS 1000000000

int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

int64_t clock_ms(void)
{
	return clock_ns() / 1000000;
}

void clock_init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

bool clock_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t until_ns)
{
	const struct timespec until = {.tv_sec = until_ns / SECOND_NS,
				       .tv_nsec = until_ns % SECOND_NS};

	return pthread_cond_timedwait(condition, lock, &until) == 0;
}
