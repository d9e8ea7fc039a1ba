/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* exchange.c – one request and its reply. */
#include "server/http/exchange.h"

#include "schema/log.h"
#include "server/http/tls.h"

struct exchange *exchange_new(struct worker *worker, struct MHD_Connection *handle,
			      struct connection *connection)
{
	struct exchange *exchange = allocate(sizeof(*exchange));

	atomic_init(&exchange->references, 1);
	exchange->worker = worker;
	exchange->handle = handle;
	exchange->connection = connection_reference(connection);
	exchange->reply.cache = worker->service->cache;
	return exchange;
}

/* Of this reply; negative: it is gone. */
static void hold_reply(struct exchange *exchange, int64_t bytes)
{
	budget_use(&exchange->worker->service->replies, bytes);
	atomic_fetch_add_explicit(&exchange->connection->reply_bytes, bytes, memory_order_relaxed);
}

static void exchange_release(struct exchange *exchange)
{
	if (atomic_fetch_sub_explicit(&exchange->references, 1, memory_order_acq_rel) > 1)
		return;
	exchange_drop_body(exchange);
	hold_reply(exchange, -(int64_t)output_length(&exchange->reply));
	output_free(&exchange->reply);
	api_call_clear(&exchange->call);
	rpc_call_clear(&exchange->said);
	connection_release(exchange->connection);
	free(exchange);
}

void exchange_end(struct exchange *exchange)
{
	struct service *service = exchange->worker->service;

	if (exchange->begun && atomic_fetch_sub(&service->busy, 1) == 1 &&
	    atomic_load(&service->stopping)) {
		pthread_mutex_lock(&service->lock);
		pthread_cond_signal(&service->idle);
		pthread_mutex_unlock(&service->lock);
	}
	if (exchange->suspended && !atomic_load(&exchange->finished))
		api_call_leave(service->api, &exchange->call);
	exchange_release(exchange);
}

void exchange_add_body(struct exchange *exchange, const char *bytes, size_t length)
{
	buffer_add(&exchange->body, bytes, length);
	budget_use(&exchange->worker->service->requests, (int64_t)length);
}

void exchange_drop_body(struct exchange *exchange)
{
	budget_use(&exchange->worker->service->requests, -(int64_t)exchange->body.length);
	buffer_free(&exchange->body);
}

/* On the HTTP thread, in api_start. */
static void defer(struct api_call *call)
{
	struct exchange *exchange = call->context;

	atomic_fetch_add_explicit(&exchange->references, 1, memory_order_relaxed);
	exchange->suspended = connection_suspend(exchange->connection, exchange->handle,
						 &exchange->worker->waker);
}

/* On any thread. What the call found is encoded by the HTTP thread: this one may be the committer.
 */
static void done(struct api_call *call)
{
	struct exchange *exchange = call->context;

	atomic_store_explicit(&exchange->finished, true, memory_order_release);
	connection_resume(exchange->connection);
	exchange_release(exchange);
}

const char *exchange_read_call(struct exchange *exchange)
{
	struct worker *worker = exchange->worker;
	const struct buffer *body = &exchange->body;
	const char *problem = exchange->codec->read(worker->reader, &worker->service->limits,
						    body->data ? body->data : "", body->length,
						    &exchange->said);

	if (problem)
		return problem;
	exchange->call.bytes = body->length;
	exchange_drop_body(exchange);
	exchange->call.method = exchange->said.method;
	exchange->call.parameters = TAKE(exchange->said.parameters);
	return NULL;
}

/* Once for each connection: nothing is shown later. */
static void identify(struct exchange *exchange)
{
	struct connection *connection = exchange->connection;
	const union MHD_ConnectionInfo *info;

	if (connection->identified)
		return;
	connection->identified = true;
	info = MHD_get_connection_info(exchange->handle, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (!info || !info->tls_session ||
	    !tls_identify(info->tls_session, &connection->certificate, &connection->fingerprint))
		return;
	connection->origin.certificate = connection->certificate;
	connection->origin.fingerprint = connection->fingerprint;
}

bool exchange_run(struct exchange *exchange)
{
	struct api_call *call = &exchange->call;

	identify(exchange);
	exchange->begun = true;
	atomic_fetch_add(&exchange->worker->service->busy, 1);
	call->origin = exchange->connection->origin;
	call->defer = defer;
	call->done = done;
	call->context = exchange;
	return api_start(exchange->worker->service->api, call);
}

void exchange_write_reply(struct exchange *exchange)
{
	const struct codec *codec = exchange->codec;
	const struct api_call *call = &exchange->call;

	if (call->error.code != ERROR_NONE)
		codec->write_failure(&exchange->reply.bytes, &exchange->said, &call->error);
	else
		codec->write_success(&exchange->reply, &exchange->said, call->result, call->bare);
	value_release(TAKE(exchange->call.result));
	hold_reply(exchange, (int64_t)output_length(&exchange->reply));
}

void exchange_write_problem(struct exchange *exchange, const char *problem)
{
	exchange->codec->write_problem(&exchange->reply.bytes, &exchange->said, problem);
	hold_reply(exchange, (int64_t)output_length(&exchange->reply));
}
