/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* transport.c – one request and its reply over HTTP, by way of libcurl. */
#include "rpc/xm/transport.h"

#include <curl/curl.h>

#define CONNECT_TIMEOUT_S 20L
/* A server that floods us is cut off. */
#define REPLY_MAX ((size_t)1 << 31)

struct transport {
	CURL *curl;
	struct curl_slist *headers;
	void (*waiting)(void *context, double seconds);
	void *context;
	char *server;
	char problem[CURL_ERROR_SIZE];
};

static bool begins(const char *text, const char *beginning)
{
	return strncmp(text, beginning, strlen(beginning)) == 0;
}

bool transport_is_server(const char *server)
{
	return (begins(server, "unix:/") && server[6]) ||
	       (begins(server, "http://") && server[7]) ||
	       (begins(server, "https://") && server[8]);
}

static size_t receive(char *bytes, size_t size, size_t count, void *context)
{
	struct buffer *reply = context;

	if (reply->length + size * count > REPLY_MAX)
		return 0;
	buffer_add(reply, bytes, size * count);
	return size * count;
}

static int progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
		    curl_off_t up)
{
	struct transport *transport = context;
	curl_off_t microseconds = 0;

	(void)down_total, (void)down, (void)up_total, (void)up;
	curl_easy_getinfo(transport->curl, CURLINFO_TOTAL_TIME_T, &microseconds);
	transport->waiting(transport->context, (double)microseconds / 1e6);
	return 0;
}

static void set_server(CURL *curl, const char *server)
{
	bool has_path = !begins(server, "unix:") && strchr(strstr(server, "://") + 3, '/');
	AUTO_TEXT url = text_format("%s%s", server, has_path ? "" : "/RPC2");

	if (begins(server, "unix:")) {
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, server + 5);
		curl_easy_setopt(curl, CURLOPT_URL, "http://localhost/RPC2");
	} else {
		curl_easy_setopt(curl, CURLOPT_URL, url);
	}
}

struct transport *transport_open(const struct transport_options *options)
{
	struct transport *transport = allocate(sizeof(*transport));
	CURL *curl = curl_easy_init();

	if (!curl)
		abort();
	transport->curl = curl;
	transport->waiting = options->waiting;
	transport->context = options->context;
	transport->server = text_copy(options->server);
	transport->headers = curl_slist_append(NULL, "Content-Type: text/xml");
	/* no Expect: 100-continue, which would cost a round trip, or a second of waiting */
	transport->headers = curl_slist_append(transport->headers, "Expect:");
	set_server(curl, options->server);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, transport->headers);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	/* the server is the one that was named, whatever http_proxy says */
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, options->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transport->problem);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
	if (options->cacert)
		curl_easy_setopt(curl, CURLOPT_CAINFO, options->cacert);
	if (options->cert) {
		curl_easy_setopt(curl, CURLOPT_SSLCERT, options->cert);
		curl_easy_setopt(curl, CURLOPT_SSLKEY, options->cert);
	}
	if (options->insecure) {
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (options->waiting) {
		curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
		curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, progress);
		curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transport);
	}
	return transport;
}

void transport_close(struct transport *transport)
{
	if (!transport)
		return;
	curl_easy_cleanup(transport->curl);
	curl_slist_free_all(transport->headers);
	free(transport->server);
	free(transport);
}

/* libcurl speaks of port 80 where a Unix socket is meant. */
static char *explain(struct transport *transport, CURLcode code)
{
	const char *problem = transport->problem;
	long number = 0;

	if (code != CURLE_COULDNT_CONNECT)
		return text_format("%s: %s", transport->server,
				   *problem ? problem : curl_easy_strerror(code));
	curl_easy_getinfo(transport->curl, CURLINFO_OS_ERRNO, &number);
	return text_format("cannot connect to %s: %s; is xenapid running there?", transport->server,
			   number ? strerror((int)number) : curl_easy_strerror(code));
}

int transport_post(struct transport *transport, const struct buffer *body, struct buffer *ret_reply,
		   char **ret_reason)
{
	CURL *curl = transport->curl;
	long status = 0;
	CURLcode code;

	transport->problem[0] = '\0';
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->data);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->length);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, ret_reply);
	code = curl_easy_perform(curl);
	if (code != CURLE_OK) {
		*ret_reason = explain(transport, code);
		return -1;
	}
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200) {
		*ret_reason =
			text_format("%s answers with HTTP status %ld", transport->server, status);
		return -1;
	}
	return 0;
}
