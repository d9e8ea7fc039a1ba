/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* load.c – the load generator: clients that send the next call as soon as the last is answered, or
 * that wait for events of changes. */
#include "tests/bench/watch.h"

#include "schema/clock.h"
#include "schema/base.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALLS_MAX 2
#define DRAIN_NS INT64_C(5000000000)

struct load {
	struct client client;
	uint64_t connections;
	struct call *calls[CALLS_MAX];
	struct histogram latency[CALLS_MAX];
	uint64_t last[CALLS_MAX];
	size_t call_count;
	uint64_t every; /* which calls are the second kind */
	uint64_t sent;
	uint64_t requests; /* 0: until the time is up */
	double seconds;
	int64_t until_ns;
	const char *token;
	struct call *change; /* with it, watch */
	uint64_t rounds;
};

static const char usage[] =
	"Usage: load --host PORT|PATH --call FILE [--call FILE --every N] [--connections N]\n"
	"            [--seconds S | --requests N] [--refs FILE] [--number N] [--token TOKEN]\n"
	"            [--expect TEXT] [--change FILE --rounds N]\n"
	"Of two calls, every Nth is the second. With --change the connections wait for events of it.";

static void send_next(struct load *load, struct connection *connection)
{
	bool second = load->call_count > 1 && load->sent % load->every == load->every - 1;

	load->sent++;
	connection_send(connection, load->calls[second]);
}

/* Of each kind there is one call at least. */
static bool is_over(const struct load *load)
{
	if (load->requests)
		return load->sent >= load->requests;
	return load->sent >= load->every && clock_ns() >= load->until_ns;
}

static void answered(void *argument, struct connection *connection, const struct call *call,
		     int64_t latency_ns)
{
	struct load *load = argument;
	size_t kind = call != load->calls[0];
	bool over = is_over(load);

	if (!over || load->requests || load->latency[kind].total == 0)
		histogram_add(&load->latency[kind], latency_ns);
	load->last[kind] = connection->number;
	if (!over)
		send_next(load, connection);
}

/* Those that wait for events would do so for long. */
static bool is_drained(const struct load *load)
{
	return load->client.waiting == 0 ||
	       (load->calls[0]->token_at && clock_ns() > load->until_ns);
}

static void run(struct load *load)
{
	struct connection *connections =
		client_connect(&load->client, load->connections, load->token);
	int64_t start_ns = clock_ns();
	double seconds;

	load->until_ns = start_ns + (int64_t)(load->seconds * 1e9);
	for (size_t i = 0; i < load->connections && (!load->requests || !is_over(load)); i++)
		send_next(load, &connections[i]);
	while (!is_drained(load)) {
		client_wait(&load->client, 100, answered, load);
		if (!load->requests && clock_ns() > load->until_ns + DRAIN_NS)
			give_up("%zu calls are not answered", load->client.waiting);
	}
	seconds = load->requests ? (double)(clock_ns() - start_ns) / 1e9 : load->seconds;
	for (size_t i = 0; i < load->call_count; i++)
		outcome_print(&(struct outcome){load->calls[i]->name, seconds, load->client.bytes,
						load->last[i], &load->latency[i]});
	client_close(&load->client, connections, load->connections);
}

static void run_watch(struct load *load)
{
	struct watch watch = {.client = &load->client,
			      .connections = load->connections,
			      .wait = load->calls[0],
			      .change = load->change,
			      .token = load->token,
			      .rounds = load->rounds};

	watch_run(&watch);
}

static void add_call(struct load *load, const char *path)
{
	if (load->call_count == CALLS_MAX)
		give_up("%s", usage);
	load->calls[load->call_count++] = call_read(path);
}

/* How much of what. False: the option is another one. */
static bool take_number(struct load *load, int option)
{
	uint64_t *const numbers[] = {['y'] = &load->every,
				     ['n'] = &load->connections,
				     ['r'] = &load->requests,
				     ['u'] = &load->client.next_number,
				     ['o'] = &load->rounds};

	if (option >= (int)ARRAY_SIZE(numbers) || !numbers[option])
		return false;
	*numbers[option] = number_of(optarg);
	return true;
}

static void take_option(struct load *load, int option)
{
	switch (option) {
	case 'h':
		load->client.host = optarg;
		break;
	case 'c':
		add_call(load, optarg);
		break;
	case 's':
		load->seconds = strtod(optarg, NULL);
		break;
	case 'f':
		client_read_refs(&load->client, optarg);
		break;
	case 't':
		load->token = optarg;
		break;
	case 'e':
		load->client.expected = optarg;
		break;
	case 'g':
		load->change = call_read(optarg);
		break;
	default:
		if (!take_number(load, option))
			give_up("%s", usage);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"host", required_argument, NULL, 'h'},
						{"call", required_argument, NULL, 'c'},
						{"every", required_argument, NULL, 'y'},
						{"connections", required_argument, NULL, 'n'},
						{"seconds", required_argument, NULL, 's'},
						{"requests", required_argument, NULL, 'r'},
						{"refs", required_argument, NULL, 'f'},
						{"number", required_argument, NULL, 'u'},
						{"token", required_argument, NULL, 't'},
						{"expect", required_argument, NULL, 'e'},
						{"change", required_argument, NULL, 'g'},
						{"rounds", required_argument, NULL, 'o'},
						{0}};
	struct load *load = allocate(sizeof(*load));
	int option;

	load->client.expected = "Success</"; /* as we write it, and as Python does */
	load->token = "";
	load->connections = load->every = load->rounds = 1;
	load->seconds = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0)
		take_option(load, option);
	if (!load->client.host || load->call_count == 0 || optind < argc)
		give_up("%s", usage);
	(load->change ? run_watch : run)(load);
	for (size_t i = 0; i < load->call_count; i++)
		call_free(load->calls[i]);
	if (load->change)
		call_free(load->change);
	free(load);
	return 0;
}
