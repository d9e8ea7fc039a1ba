/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* threads.c – one thread a client, each with a histogram of its own. */
#include "tests/bench/threads.h"

#include "schema/clock.h"
#include "schema/base.h"

#include <pthread.h>
#include <stdlib.h>

struct client {
	const struct threads *threads;
	size_t index;
	pthread_t thread;
	uint64_t number;
	int64_t until_ns;
	struct histogram latency;
};

static void *run(void *argument)
{
	struct client *client = argument;
	int64_t start_ns = clock_ns();

	while (start_ns < client->until_ns || client->latency.total == 0) {
		int64_t end_ns;

		client->threads->change(client->threads->context, client->index, ++client->number);
		end_ns = clock_ns();
		if (end_ns < client->until_ns || client->latency.total == 0)
			histogram_add(&client->latency, end_ns - start_ns);
		start_ns = end_ns;
	}
	return NULL;
}

uint64_t threads_run(const struct threads *threads)
{
	struct client *clients = allocate(threads->clients * sizeof(*clients));
	struct histogram *latency = allocate(sizeof(*latency));
	int64_t until_ns = clock_ns() + (int64_t)(threads->seconds * 1e9);
	uint64_t last;

	for (size_t i = 0; i < threads->clients; i++) {
		clients[i].threads = threads;
		clients[i].index = i;
		clients[i].until_ns = until_ns;
		/* so that two on the same object do not write the same */
		clients[i].number = i * 1000003;
		if (pthread_create(&clients[i].thread, NULL, run, &clients[i]))
			give_up("no thread for a client");
	}
	for (size_t i = 0; i < threads->clients; i++) {
		pthread_join(clients[i].thread, NULL);
		histogram_merge(latency, &clients[i].latency);
	}
	last = clients[0].number;
	outcome_print(&(struct outcome){.name = threads->name,
					.seconds = threads->seconds,
					.last = last,
					.latency = latency});
	free(latency);
	free(clients);
	return last;
}
