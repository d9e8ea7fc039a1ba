/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* exchange.h – one request and its reply. */
#ifndef SERVER_HTTP_EXCHANGE_H
#define SERVER_HTTP_EXCHANGE_H

#include "rpc/codec.h"
#include "server/http/connection.h"
#include "server/http/page_files.h"

#include <microhttpd.h>

/* Bytes that are held for clients. Reserving never fails: a call that runs may finish, the next one
 * is refused. */
struct budget {
	atomic_llong used;
	atomic_llong limit;
};

static inline bool budget_is_spent(struct budget *budget)
{
	return atomic_load_explicit(&budget->used, memory_order_relaxed) >
	       atomic_load_explicit(&budget->limit, memory_order_relaxed);
}

static inline void budget_use(struct budget *budget, int64_t bytes)
{
	atomic_fetch_add_explicit(&budget->used, bytes, memory_order_relaxed);
}

/* What all exchanges share. */
struct service {
	struct api *api;
	struct connections *connections;
	bool local_pages_only;
	enum metrics_access metrics;
	struct rpc_limits limits;
	atomic_llong request_bytes;
	_Atomic int64_t request_timeout_ms;
	_Atomic int64_t idle_timeout_ms;
	struct budget requests;
	struct budget replies;
	struct record_cache *cache;
	struct page_files *page_files; /* NULL: there is no web page */
	atomic_bool stopping;
	/* Calls whose client waits, for who waits until there are none. */
	pthread_mutex_t lock;
	pthread_cond_t idle;
	atomic_int busy;
};

/* One libmicrohttpd daemon, which is one thread: server/http/worker.h. */
struct worker {
	struct service *service;
	struct MHD_Daemon *daemon;
	struct xmlrpc_reader *reader;
	pthread_t thread;
	int inbox[2]; /* a pipe with sockets that were accepted */
	struct waker waker;
};

/*
 * Two own it: the connection until the reply is sent or the client has left, and a deferred call
 * until it is done. Whatever is not atomic belongs to the HTTP thread; the call's outcome does so
 * once `finished` is set.
 */
struct exchange {
	atomic_uint references;
	struct worker *worker;
	struct connection *connection;
	struct MHD_Connection *handle;
	const struct refusal *refusal; /* decided before the body had come */
	bool is_call;		       /* or a page is asked for */
	struct buffer body;
	const struct codec *codec;
	struct rpc_call said; /* as it came */
	struct api_call call;
	bool begun;	/* counted in service.busy */
	bool suspended; /* the call was deferred, and the client waits */
	atomic_bool finished;
	struct output reply;
};

struct exchange *exchange_new(struct worker *worker, struct MHD_Connection *handle,
			      struct connection *connection);
/* The connection is done with it. */
void exchange_end(struct exchange *exchange);
void exchange_add_body(struct exchange *exchange, const char *bytes, size_t length);
void exchange_drop_body(struct exchange *exchange);

/* Makes a call of the body, which is dropped. Returns NULL, or static text that says why it is
 * none.
 */
const char *exchange_read_call(struct exchange *exchange);
/* Runs it. True: call.result or call.error is there. */
bool exchange_run(struct exchange *exchange);
/* Encode the outcome, or what is no call, into `reply`. */
void exchange_write_reply(struct exchange *exchange);
void exchange_write_problem(struct exchange *exchange, const char *problem);

#endif
