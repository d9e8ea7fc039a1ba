/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* client.h – HTTP clients in one thread: connections that are kept, one call at a time on each. */
#ifndef TESTS_BENCH_CLIENT_H
#define TESTS_BENCH_CLIENT_H

#include "tests/bench/measure.h"

#include <stdbool.h>

#define TOKEN_LENGTH 20

/*
 * The bytes of a request, with places of a fixed length that are filled anew each time: 46 @ for a
 * reference, # for a number that is never the same twice in a row, 20 ? for the token that the last
 * reply on the connection ended with.
 */
struct call {
	const char *name;
	char *text;
	size_t length;
	size_t ref_at; /* 0: it has no such place */
	size_t token_at;
	size_t number_at;
	size_t number_digits;
};

/* From a file; gives up when it can not be read. */
struct call *call_read(const char *path);
void call_free(struct call *call);

struct client {
	int epoll;
	const char *host;     /* a port of 127.0.0.1, or the path of a Unix socket */
	const char *expected; /* stands in the first KiB of each right reply */
	char (*refs)[47];
	size_t ref_count;
	size_t connection_count;
	uint64_t next_number;
	size_t waiting; /* calls that are not answered yet */
	uint64_t bytes; /* received, without headers */
};

struct connection {
	struct client *client;
	size_t index;
	int fd;
	const struct call *call; /* the one under way, or NULL */
	uint64_t number;	 /* that it carried */
	uint64_t sent;		 /* calls so far */
	int64_t sent_ns;
	size_t received;
	size_t whole; /* length of the reply, 0 until that is known */
	size_t body;  /* of that without its headers */
	char head[1025];
	char tail[256];
	char token[TOKEN_LENGTH + 1];
};

/* Of the lines of a file. */
void client_read_refs(struct client *client, const char *path);
/* An array of `count`, connected. */
struct connection *client_connect(struct client *client, size_t count, const char *token);
void client_close(struct client *client, struct connection *connections, size_t count);

/* Nothing may be under way on it. */
void connection_send(struct connection *connection, const struct call *call);

/* Waits at most timeout_ms for replies, and calls `answered` for each that is whole. */
typedef void (*answered_fn)(void *argument, struct connection *connection, const struct call *call,
			    int64_t latency_ns);
void client_wait(struct client *client, int timeout_ms, answered_fn answered, void *argument);

#endif
