/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* connection.h – the clients' connections: how many, whose, how long, and whether the client is
 * still there. */
#ifndef SERVER_HTTP_CONNECTION_H
#define SERVER_HTTP_CONNECTION_H

#include "server/api/api.h"
#include "server/http/http.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>
#include <sys/socket.h>

struct MHD_Connection;
struct connections;

/* Of a thread: tells it that a connection is to go on. */
struct waker {
	int fd; /* an eventfd */
	atomic_bool due;
};

/* One client. References: the table's, until the connection is closed, and one for every exchange.
 */
struct connection {
	atomic_uint references;
	struct api_origin origin;
	uint64_t serial; /* its fd may be another connection's later, this never */
	int fd; /* libmicrohttpd's; valid under the table's lock while it is in the table */
	uint64_t network; /* IPv4 address or IPv6 /64, for the limit; 0: Unix */
	LIST_ENTRY(connection) same_bucket;
	_Atomic int64_t deadline_ms; /* of the monotonic clock; 0: none */
	atomic_llong reply_bytes;    /* on their way */
	bool identified; /* whether it shows a certificate was looked at; its HTTP thread's */
	char *certificate;
	char *fingerprint;
	atomic_bool started; /* libmicrohttpd has it, and will say when it closes it */

	pthread_mutex_t lock; /* guards the rest */
	bool gone; /* the client left or the server stops: not to be suspended any more */
	struct MHD_Connection *suspended;
	struct waker *waker; /* of its thread, while it is suspended */
};

/* The table of all; every function may be called from any thread. */
struct connections *connections_new(const struct http_limits *limits);
void connections_free(struct connections *connections); /* all are closed by then */
void connections_set_limits(struct connections *connections, const struct http_limits *limits);

/*
 * Enters an accepted socket, with the deadline of its first call. NULL: that would be too many, and
 * *ret_reason says what there is too much of. The result stays in the table.
 */
struct connection *connections_add(struct connections *connections, int fd,
				   const struct sockaddr *peer, int64_t deadline_ms,
				   const char **ret_reason);
/* A reference of its own, or NULL. serial 0: whichever it is. */
struct connection *connections_find(struct connections *connections, int fd, uint64_t serial);
/* The fd is about to be closed. */
void connections_remove(struct connections *connections, struct connection *connection);
/* Shuts down those that are overdue. Returns the next deadline, 0 when no connection is left. */
int64_t connections_check(struct connections *connections, int64_t now_ms);
/* Of replies on their way to the network that this one belongs to. */
int64_t connections_reply_bytes(struct connections *connections,
				const struct connection *connection);
/* Nothing is suspended afterwards, nor will be. */
void connections_release_all(struct connections *connections);

/* On its HTTP thread, inside the handler. False: the client is gone, nothing waits for the answer.
 */
bool connection_suspend(struct connection *connection, struct MHD_Connection *handle,
			struct waker *waker);
/* Hands it back to its HTTP thread, once, whoever comes first. */
void connection_resume(struct connection *connection);
/* The client left. */
void connection_leave(struct connection *connection);

static inline void connection_set_deadline(struct connection *connection, int64_t deadline_ms)
{
	atomic_store_explicit(&connection->deadline_ms, deadline_ms, memory_order_relaxed);
}

struct connection *connection_reference(struct connection *connection);
void connection_release(struct connection *connection);

#endif
