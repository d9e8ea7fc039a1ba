/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* http.h – the API over HTTP, on TCP, TLS and Unix sockets. */
#ifndef SERVER_HTTP_HTTP_H
#define SERVER_HTTP_HTTP_H

#include "server/http/tls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct api;
struct http;
struct inherited;

/* What clients may use up. Can be changed while it runs. */
struct http_limits {
	int64_t connections; /* of TCP, and as many of the Unix socket */
	int64_t connections_per_address;
	int64_t request_bytes;	    /* of one call */
	int64_t bytes_in_flight;    /* replies being sent, and as much of calls being received */
	int64_t cached_bytes;	    /* of records, kept for further replies */
	int64_t request_timeout_ms; /* for a whole call, from connecting or from its headers on */
	int64_t idle_timeout_ms;    /* until the next call */
};

/* Who is told of them: nobody, who has a session, and besides who is on this host. */
enum metrics_access { METRICS_OFF, METRICS_SESSION, METRICS_LOCAL };

struct http_options {
	char *const *listen;	     /* URIs as address.h has them, NULL-terminated */
	struct inherited *inherited; /* what of these systemd has opened */
	const char *socket_group;    /* "": none */
	struct tls_files tls;	     /* for https */
	bool makes_certificate;	     /* where there is no file yet; it is that of the key, too */
	const char *page_folder;     /* with the files of the web page; NULL: there is none */
	bool local_pages_only; /* nobody has to sign in: refuse what a web page may have sent */
	enum metrics_access metrics;
	struct http_limits limits;
};

/*
 * Answers calls of `api` from now on, on threads of its own. NULL with *ret_problem, a sentence to
 * be freed. Nothing of the options is kept.
 */
struct http *http_open(struct api *api, const struct http_options *options, char **ret_problem);
/* What listener i really listens on, NULL behind the last one. */
const char *http_uri(const struct http *http, size_t i);
void http_set_limits(struct http *http, const struct http_limits *limits);
/* Files that are not right change nothing: −1 with *ret_problem, to be freed. */
int http_reload_tls(struct http *http, const struct tls_files *files, char **ret_problem);

/*
 * Stops listening, lets calls in progress finish for at most grace_ms, cuts the rest off. Deferred
 * calls may still be finished afterwards; once the api is closed none is left, then http_free may
 * follow.
 */
void http_stop(struct http *http, int64_t grace_ms);
void http_free(struct http *http);

#endif
