/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* request.c – libmicrohttpd's callbacks: what a request is, and what becomes of it. */
#include "server/http/request.h"

#include "schema/clock.h"
#include "schema/log.h"
#include "server/http/guard.h"
#include "server/http/page.h"
#include "server/http/request_id.h"

/* xapi takes XML-RPC at every other path too, and npm xen-api sends it to /xmlrpc. */
static const struct codec *codec_at(const char *url)
{
	return strcmp(url, "/jsonrpc") == 0 ? &codec_jsonrpc : &codec_xmlrpc;
}

static enum MHD_Result begin(struct worker *worker, struct MHD_Connection *handle, const char *url,
			     const char *method, void **ret_exchange)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct connection *connection = info ? info->socket_context : NULL;
	struct service *service = worker->service;
	struct exchange *exchange;

	if (!connection)
		return MHD_NO;
	connection_set_deadline(connection, clock_ms() + atomic_load(&service->request_timeout_ms));
	exchange = exchange_new(worker, handle, connection);
	exchange->codec = codec_at(url);
	*ret_exchange = exchange;
	request_id_choose(MHD_lookup_connection_value(handle, MHD_HEADER_KIND, REQUEST_ID_HEADER),
			  &exchange->call.request);
	exchange->refusal = guard_check(service, connection, handle, method);
	exchange->is_call = strcmp(method, MHD_HTTP_METHOD_POST) == 0;
	if (!exchange->is_call && strcmp(url, "/metrics") == 0 && service->metrics != METRICS_OFF) {
		exchange->is_call = true;
		exchange->codec = &codec_openmetrics;
	}
	/* Now or never: libmicrohttpd takes a reply only before a body or after all of it. */
	if (exchange->refusal && exchange->refusal->close && !guard_skips_body(service, handle))
		return reply_send_refusal(exchange, exchange->refusal);
	return MHD_YES;
}

/* libmicrohttpd takes no reply before the end of a body, so the rest of one that is too long is
 * skipped. */
static void take_body(struct exchange *exchange, const char *bytes, size_t length)
{
	int64_t limit = atomic_load(&exchange->worker->service->request_bytes);

	if (exchange->refusal || !exchange->is_call)
		return;
	if ((int64_t)(exchange->body.length + length) > limit) {
		exchange->refusal = &guard_too_large;
		exchange_drop_body(exchange);
		return;
	}
	exchange_add_body(exchange, bytes, length);
}

static enum MHD_Result refuse_call(struct exchange *exchange, const char *problem)
{
	struct refusal refusal = {.status = MHD_HTTP_BAD_REQUEST, .close = true};

	log_debug("a request from %s is no call: %s", exchange->connection->origin.address,
		  problem);
	exchange_write_problem(exchange, problem);
	refusal.text = exchange->reply.bytes.data;
	refusal.type = exchange->codec->problem_type;
	return reply_send_refusal(exchange, &refusal);
}

static enum MHD_Result answer(struct exchange *exchange)
{
	const struct api_call *call = &exchange->call;

	exchange_write_reply(exchange);
	log_debug("%s from %s: %s", call->method, call->origin.address,
		  call->error.code ? error_info(call->error.code)->name : "done");
	return reply_send_outcome(exchange);
}

/* As xapi's handlers have it in the query, or as Prometheus sends what it is configured with. */
static const char *find_session(struct MHD_Connection *handle)
{
	const char *bearer = "Bearer ";
	const char *given =
		MHD_lookup_connection_value(handle, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);

	if (given && strncmp(given, bearer, strlen(bearer)) == 0)
		return given + strlen(bearer);
	return MHD_lookup_connection_value(handle, MHD_GET_ARGUMENT_KIND, "session_id");
}

/* GET /metrics is a call that the client did not write. */
static void scrape(struct exchange *exchange)
{
	const char *session = find_session(exchange->handle);
	struct api_call *call = &exchange->call;

	call->method = "host.get_openmetrics";
	call->parameters = value_set();
	if (session)
		value_append(call->parameters, value_string(session));
	call->trusted = !session && exchange->worker->service->metrics == METRICS_LOCAL &&
			guard_is_local(exchange->connection, exchange->handle);
}

static const char *read_call(struct exchange *exchange)
{
	if (exchange->codec != &codec_openmetrics)
		return exchange_read_call(exchange);
	scrape(exchange);
	return NULL;
}

static enum MHD_Result run(struct exchange *exchange)
{
	const struct refusal *overload =
		guard_check_load(exchange->worker->service, exchange->connection);
	const char *problem;

	/* All of it has come: from here on the time is the server's. */
	connection_set_deadline(exchange->connection, 0);
	if (overload)
		return reply_send_refusal(exchange, overload);
	problem = read_call(exchange);
	if (problem)
		return refuse_call(exchange, problem);
	if (exchange_run(exchange))
		return answer(exchange);
	return exchange->suspended ? MHD_YES : MHD_NO;
}

/* Resumed: the call is done, or the client has left (or the server stops) before it was. */
static enum MHD_Result go_on(struct exchange *exchange)
{
	const struct refusal *overload = NULL;

	if (!atomic_load_explicit(&exchange->finished, memory_order_acquire))
		return MHD_NO;
	/* many that waited may be answered at once */
	if (exchange->call.repeatable)
		overload = guard_check_budget(exchange->worker->service, exchange->connection);
	return overload ? reply_send_refusal(exchange, overload) : answer(exchange);
}

/* All of it is there, or the reply is. */
static enum MHD_Result serve(struct exchange *exchange, const char *url)
{
	if (exchange->refusal)
		return reply_send_refusal(exchange, exchange->refusal);
	if (!exchange->is_call)
		return page_answer(exchange, url);
	return exchange->begun ? go_on(exchange) : run(exchange);
}

enum MHD_Result request_handle(void *context, struct MHD_Connection *handle, const char *url,
			       const char *method, const char *version, const char *body,
			       size_t *body_size, void **ret_exchange)
{
	struct exchange *exchange = *ret_exchange;
	enum MHD_Result result;

	if (!exchange)
		return begin(context, handle, url, method, ret_exchange);
	if (*body_size) {
		take_body(exchange, body, *body_size);
		*body_size = 0;
		return MHD_YES;
	}
	log_set_request(&exchange->call.request);
	result = serve(exchange, url);
	log_set_request(NULL);
	return result;
}

void request_completed(void *context, struct MHD_Connection *handle, void **ret_exchange,
		       enum MHD_RequestTerminationCode how)
{
	struct worker *worker = context;
	struct exchange *exchange = *ret_exchange;

	if (!exchange)
		return;
	*ret_exchange = NULL;
	connection_set_deadline(exchange->connection,
				clock_ms() + atomic_load(&worker->service->idle_timeout_ms));
	exchange_end(exchange);
}

void request_connection(void *context, struct MHD_Connection *handle, void **socket_context,
			enum MHD_ConnectionNotificationCode what)
{
	struct connections *connections = ((struct worker *)context)->service->connections;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct connection *connection = *socket_context;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		connection = info ? connections_find(connections, info->connect_fd, 0) : NULL;
		if (connection)
			atomic_store(&connection->started, true);
		*socket_context = connection;
	} else if (connection) {
		*socket_context = NULL;
		connections_remove(connections, connection);
		connection_release(connection);
	}
}
