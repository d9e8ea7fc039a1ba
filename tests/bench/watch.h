/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* watch.h – how long it takes from a change until everybody who waits for it has heard of it. */
#ifndef TESTS_BENCH_WATCH_H
#define TESTS_BENCH_WATCH_H

#include "tests/bench/client.h"

struct watch {
	struct client *client;
	size_t connections; /* that wait */
	struct call *wait;
	struct call *change;
	const char *token;
	size_t rounds;
};

/* Prints two outcomes: "event", each client's time from the change being sent to its event, and
 * "last", the same of the last client of each round. */
void watch_run(const struct watch *watch);

#endif
