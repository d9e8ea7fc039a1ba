/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* http.c – the API over HTTP, on TCP, TLS and Unix sockets. */
#include "server/http/http.h"

#include "schema/clock.h"
#include "schema/log.h"
#include "server/http/acceptor.h"
#include "server/http/certificate.h"
#include "server/http/worker.h"

#include <errno.h>
#include <stdio.h>

/* libmicrohttpd 0.9.75 has no thread pool without a listening socket of its own: a daemon each
 * instead. */
#define THREADS 2
#define DEPTH_MAX 64
#define ELEMENTS_MAX 200000

struct http {
	struct service service;
	struct worker plain[THREADS];
	struct worker tls[THREADS]; /* not started without https */
	struct listener *listeners;
	size_t listener_count;
	struct acceptor *acceptor;
	unsigned next; /* the accepting thread's: who gets the next connection */
	bool has_tls;
};

static int serve(void *context, bool tls, int fd, const struct sockaddr *peer, socklen_t length)
{
	struct http *http = context;
	struct worker *workers = tls ? http->tls : http->plain;
	struct worker *worker = &workers[http->next++ % THREADS];

	return worker_serve(worker, fd, peer, length);
}

static int open_listeners(struct http *http, const struct http_options *options, char **ret_problem)
{
	AUTO_TEXT rest = NULL;
	size_t count = 0;

	while (options->listen[count])
		count++;
	http->listeners = allocate((count + 1) * sizeof(*http->listeners));
	for (size_t i = 0; i < count; i++) {
		struct listener *listener = &http->listeners[i];

		if (listener_open(listener, options->listen[i], options->socket_group,
				  options->inherited, ret_problem) < 0)
			return -1;
		http->listener_count++;
		http->has_tls = http->has_tls || listener->address.kind == ADDRESS_HTTPS;
	}
	rest = inherited_rest(options->inherited);
	if (!rest)
		return 0;
	*ret_problem = text_format("systemd listens on %s, which no listen of the configuration "
				   "names: it is to be there, or not in the socket unit",
				   rest);
	return -1;
}

static int start_workers(struct http *http, char **ret_problem)
{
	for (size_t i = 0; i < THREADS; i++) {
		if (worker_start(&http->plain[i], &http->service, false) < 0 ||
		    (http->has_tls && worker_start(&http->tls[i], &http->service, true) < 0)) {
			*ret_problem = text_format("can not start HTTP: %s", strerror(errno));
			return -1;
		}
	}
	return 0;
}

static int start_tls(const struct http_options *options, char **ret_problem)
{
	if (options->makes_certificate &&
	    certificate_make(options->tls.certificate, ret_problem) < 0)
		return -1;
	return tls_load(&options->tls, ret_problem);
}

static int start(struct http *http, const struct http_options *options, char **ret_problem)
{
	struct acceptor_options accepting = {.connections = http->service.connections,
					     .request_timeout_ms =
						     &http->service.request_timeout_ms,
					     .serve = serve,
					     .context = http};

	if (open_listeners(http, options, ret_problem) < 0 ||
	    (http->has_tls && start_tls(options, ret_problem) < 0) ||
	    start_workers(http, ret_problem) < 0)
		return -1;
	accepting.listeners = http->listeners;
	accepting.listener_count = http->listener_count;
	http->acceptor = acceptor_start(&accepting);
	if (!http->acceptor)
		*ret_problem = text_format("can not accept connections: %s", strerror(errno));
	return http->acceptor ? 0 : -1;
}

void http_set_limits(struct http *http, const struct http_limits *limits)
{
	struct service *service = &http->service;

	connections_set_limits(service->connections, limits);
	atomic_store(&service->request_bytes, limits->request_bytes);
	atomic_store(&service->request_timeout_ms, limits->request_timeout_ms);
	atomic_store(&service->idle_timeout_ms, limits->idle_timeout_ms);
	atomic_store(&service->requests.limit, limits->bytes_in_flight);
	atomic_store(&service->replies.limit, limits->bytes_in_flight);
	record_cache_set_limit(service->cache, limits->cached_bytes);
}

int http_reload_tls(struct http *http, const struct tls_files *files, char **ret_problem)
{
	return http->has_tls ? tls_load(files, ret_problem) : 0;
}

static void init_service(struct service *service, struct api *api,
			 const struct http_options *options)
{
	service->api = api;
	service->connections = connections_new(&options->limits);
	service->cache = record_cache_new(options->limits.cached_bytes);
	service->local_pages_only = options->local_pages_only;
	service->page_files = options->page_folder ? page_files_load(options->page_folder) : NULL;
	service->metrics = options->metrics;
	service->limits = (struct rpc_limits){.depth = DEPTH_MAX, .elements = ELEMENTS_MAX};
	pthread_mutex_init(&service->lock, NULL);
	clock_init_condition(&service->idle);
}

struct http *http_open(struct api *api, const struct http_options *options, char **ret_problem)
{
	struct http *http = allocate(sizeof(*http));

	init_service(&http->service, api, options);
	http_set_limits(http, &options->limits);
	if (start(http, options, ret_problem) == 0)
		return http;
	http_stop(http, 0);
	http_free(http);
	return NULL;
}

const char *http_uri(const struct http *http, size_t i)
{
	return i < http->listener_count ? http->listeners[i].uri : NULL;
}

static void wait_idle(struct service *service, int64_t grace_ms)
{
	int64_t until_ns = clock_ns() + grace_ms * 1000000;
	bool in_time = true;

	pthread_mutex_lock(&service->lock);
	while (atomic_load(&service->busy) && in_time)
		in_time = clock_wait(&service->idle, &service->lock, until_ns);
	pthread_mutex_unlock(&service->lock);
	if (!in_time)
		log_warning("%d calls were not finished in time, their clients are cut off",
			    atomic_load(&service->busy));
}

void http_stop(struct http *http, int64_t grace_ms)
{
	atomic_store(&http->service.stopping, true);
	acceptor_stop(http->acceptor);
	http->acceptor = NULL;
	for (size_t i = 0; i < http->listener_count; i++)
		listener_close(&http->listeners[i]);
	http->listener_count = 0;
	wait_idle(&http->service, grace_ms);
	/* libmicrohttpd aborts the process when one is still suspended. */
	connections_release_all(http->service.connections);
	for (size_t i = 0; i < THREADS; i++) {
		worker_stop(&http->plain[i]);
		worker_stop(&http->tls[i]);
	}
}

void http_free(struct http *http)
{
	for (size_t i = 0; i < THREADS; i++) {
		xmlrpc_reader_free(http->plain[i].reader);
		xmlrpc_reader_free(http->tls[i].reader);
	}
	connections_free(http->service.connections);
	record_cache_free(http->service.cache);
	page_files_free(http->service.page_files);
	pthread_mutex_destroy(&http->service.lock);
	pthread_cond_destroy(&http->service.idle);
	free(http->listeners);
	tls_forget();
	free(http);
}
