/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* watch.c – rounds of one change and all of its events. */
#include "tests/bench/watch.h"

#include "schema/clock.h"
#include "schema/base.h"

#include <stdlib.h>

/* Between rounds: longer than the 50 ms that the server waits at least before it answers the same
 * client again. */
#define QUIET_NS INT64_C(150000000)
#define PATIENCE_NS INT64_C(60000000000)

struct rounds {
	const struct watch *watch;
	int64_t changed_ns; /* 0: between rounds */
	size_t outstanding; /* who has not heard of this change */
	size_t *heard;	    /* for each connection, the last round that it has heard of */
	size_t round;
	struct histogram event;
	struct histogram last;
};

static void answered(void *argument, struct connection *connection, const struct call *call,
		     int64_t latency_ns)
{
	struct rounds *rounds = argument;
	int64_t since_ns = clock_ns() - rounds->changed_ns;

	(void)latency_ns;
	if (call == rounds->watch->change)
		return;
	if (rounds->changed_ns && rounds->heard[connection->index] != rounds->round) {
		rounds->heard[connection->index] = rounds->round;
		rounds->outstanding--;
		histogram_add(&rounds->event, since_ns);
		if (rounds->outstanding == 0)
			histogram_add(&rounds->last, since_ns);
	}
	connection_send(connection, call);
}

static void rest(struct rounds *rounds)
{
	int64_t until_ns = clock_ns() + QUIET_NS;

	while (clock_ns() < until_ns)
		client_wait(rounds->watch->client, 10, answered, rounds);
}

static void run_round(struct rounds *rounds, struct connection *changer)
{
	const struct watch *watch = rounds->watch;

	rounds->round++;
	rounds->outstanding = watch->connections;
	rounds->changed_ns = clock_ns();
	connection_send(changer, watch->change);
	while (rounds->outstanding > 0 || changer->call) {
		client_wait(watch->client, 100, answered, rounds);
		if (clock_ns() > rounds->changed_ns + PATIENCE_NS)
			give_up("%zu clients have not heard of a change", rounds->outstanding);
	}
	rounds->changed_ns = 0;
}

void watch_run(const struct watch *watch)
{
	struct connection *connections =
		client_connect(watch->client, watch->connections + 1, watch->token);
	struct rounds *rounds = allocate(sizeof(*rounds));
	int64_t start_ns = clock_ns();
	double seconds;

	rounds->watch = watch;
	rounds->heard = allocate(watch->connections * sizeof(*rounds->heard));
	for (size_t i = 0; i < watch->connections; i++)
		connection_send(&connections[i], watch->wait);
	for (size_t i = 0; i < watch->rounds; i++) {
		rest(rounds);
		run_round(rounds, &connections[watch->connections]);
	}
	seconds = (double)(clock_ns() - start_ns) / 1e9;
	outcome_print(
		&(struct outcome){.name = "event", .seconds = seconds, .latency = &rounds->event});
	outcome_print(
		&(struct outcome){.name = "last", .seconds = seconds, .latency = &rounds->last});
	client_close(watch->client, connections, watch->connections + 1);
	free(rounds->heard);
	free(rounds);
}
