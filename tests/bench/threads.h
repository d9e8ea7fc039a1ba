/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* threads.h – client threads that change something again and again, for peers without HTTP. */
#ifndef TESTS_BENCH_THREADS_H
#define TESTS_BENCH_THREADS_H

#include "tests/bench/measure.h"

struct threads {
	const char *name;
	size_t clients;
	double seconds;
	/* Changes what is client i's to the number, which is never the same twice in a row, and
	 * returns once that is on the disk. */
	void (*change)(void *context, size_t client, uint64_t number);
	void *context;
};

/* Prints an outcome. Returns the last number of client 0. */
uint64_t threads_run(const struct threads *threads);

#endif
