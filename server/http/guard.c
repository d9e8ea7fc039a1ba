/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guard.c – what is refused, or answered, on the strength of a request's headers. */
#include "server/http/guard.h"

#include <strings.h>

/* A body that is refused is still read, and dropped, as long as it is not this much longer than the
 * longest call. */
#define SKIPPED_CALLS 16
#define METHODS "GET, HEAD, OPTIONS, POST"

const struct refusal guard_too_large = {.status = MHD_HTTP_CONTENT_TOO_LARGE,
					.close = true,
					.text = "The call is too long: see max-request-bytes.\n"};

static const struct refusal wrong_method = {.status = MHD_HTTP_METHOD_NOT_ALLOWED,
					    .close = true,
					    .header = MHD_HTTP_HEADER_ALLOW,
					    .value = METHODS,
					    .text = "Only " METHODS " are served.\n"};
/* What a browser asks before it sends a call; reply.c says what pages may. */
static const struct refusal methods = {
	.status = MHD_HTTP_OK, .header = MHD_HTTP_HEADER_ALLOW, .value = METHODS, .text = ""};
static const struct refusal no_length = {
	.status = MHD_HTTP_LENGTH_REQUIRED,
	.close = true,
	.text = "A call needs a Content-Length, or to be chunked.\n"};
static const struct refusal two_lengths = {.status = MHD_HTTP_BAD_REQUEST,
					   .close = true,
					   .text = "A call has either one Content-Length or "
						   "Transfer-Encoding: chunked.\n"};
static const struct refusal from_page = {
	.status = MHD_HTTP_FORBIDDEN,
	.close = true,
	.text = "Nobody has to sign in here, so nothing is taken that a web page may have sent (Origin).\n"};
static const struct refusal other_host = {
	.status = MHD_HTTP_FORBIDDEN,
	.close = true,
	.text = "Nobody has to sign in here, so the Host can only be localhost, 127.0.0.1 or [::1].\n"};
static const struct refusal stopping = {.status = MHD_HTTP_SERVICE_UNAVAILABLE,
					.close = true,
					.header = MHD_HTTP_HEADER_RETRY_AFTER,
					.value = "5",
					.text = "The server is stopping.\n"};
static const struct refusal overloaded = {.status = MHD_HTTP_SERVICE_UNAVAILABLE,
					  .close = true,
					  .header = MHD_HTTP_HEADER_RETRY_AFTER,
					  .value = "1",
					  .text = "Too much is under way already: see "
						  "max-reply-bytes-in-flight.\n"};

/* "localhost:9363": a name that no page of another site can make its own by changing its DNS. */
static bool is_local_host(const char *host)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t length = strlen(names[i]);
		const char *port = host + length;

		if (strncasecmp(host, names[i], length) != 0)
			continue;
		if (!*port || (*port == ':' && strspn(port + 1, "0123456789") == strlen(port + 1)))
			return true;
	}
	return false;
}

struct headers {
	const struct refusal *refusal;
	unsigned lengths;
	unsigned codings;
	bool chunked;
	bool long_length; /* not even a number of reasonable size */
	bool expects;	  /* waits before it sends the body */
	int64_t length;
};

static enum MHD_Result read_local(void *context, enum MHD_ValueKind kind, const char *name,
				  const char *value)
{
	struct headers *headers = context;

	if (strcasecmp(name, MHD_HTTP_HEADER_ORIGIN) == 0)
		headers->refusal = &from_page;
	else if (strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0 && (!value || !is_local_host(value)))
		headers->refusal = &other_host;
	return headers->refusal ? MHD_NO : MHD_YES;
}

static enum MHD_Result read_length(void *context, enum MHD_ValueKind kind, const char *name,
				   const char *value)
{
	struct headers *headers = context;

	if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
		headers->lengths++;
		headers->long_length = !value || strlen(value) > 18;
		headers->length = headers->long_length ? 0 : strtoll(value, NULL, 10);
	} else if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
		headers->codings++;
		headers->chunked = value && strcasecmp(value, "chunked") == 0;
	} else if (strcasecmp(name, MHD_HTTP_HEADER_EXPECT) == 0) {
		headers->expects = true;
	}
	return MHD_YES;
}

static const struct refusal *check_length(struct service *service,
					  const struct connection *connection,
					  struct MHD_Connection *handle)
{
	struct headers headers = {0};

	MHD_get_connection_values(handle, MHD_HEADER_KIND, read_length, &headers);
	if (!headers.lengths && !headers.codings)
		return &no_length;
	if (headers.lengths + headers.codings > 1 || (headers.codings && !headers.chunked))
		return &two_lengths;
	if (headers.long_length || headers.length > atomic_load(&service->request_bytes))
		return &guard_too_large;
	return guard_check_load(service, connection);
}

bool guard_skips_body(struct service *service, struct MHD_Connection *handle)
{
	struct headers headers = {0};

	MHD_get_connection_values(handle, MHD_HEADER_KIND, read_length, &headers);
	if (headers.expects || headers.lengths + headers.codings != 1)
		return false;
	if (headers.codings)
		return headers.chunked;
	return !headers.long_length &&
	       headers.length / SKIPPED_CALLS <= atomic_load(&service->request_bytes);
}

/* When half of all is spent, nobody may have more than a quarter: one client that does not read its
 * replies does not lock out the others. */
static bool has_its_share(struct service *service, const struct connection *connection)
{
	int64_t limit = atomic_load(&service->replies.limit);

	return atomic_load(&service->replies.used) > limit / 2 &&
	       connections_reply_bytes(service->connections, connection) > limit / 4;
}

const struct refusal *guard_check_budget(struct service *service,
					 const struct connection *connection)
{
	/* slow readers on the network do not lock root out */
	if (connection->origin.is_unix)
		return NULL;
	if (budget_is_spent(&service->replies) || budget_is_spent(&service->requests) ||
	    api_bytes_held(service->api) > atomic_load(&service->requests.limit) ||
	    has_its_share(service, connection))
		return &overloaded;
	return NULL;
}

const struct refusal *guard_check_load(struct service *service, const struct connection *connection)
{
	if (atomic_load_explicit(&service->stopping, memory_order_relaxed))
		return &stopping;
	return guard_check_budget(service, connection);
}

bool guard_is_local(const struct connection *connection, struct MHD_Connection *handle)
{
	const char *address = connection->origin.address;
	struct headers headers = {0};

	if (connection->origin.is_unix)
		return true;
	MHD_get_connection_values(handle, MHD_HEADER_KIND, read_local, &headers);
	return !headers.refusal &&
	       (strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0);
}

const struct refusal *guard_check(struct service *service, const struct connection *connection,
				  struct MHD_Connection *handle, const char *method)
{
	struct headers headers = {0};

	if (service->local_pages_only && !connection->origin.is_unix)
		MHD_get_connection_values(handle, MHD_HEADER_KIND, read_local, &headers);
	if (headers.refusal)
		return headers.refusal;
	if (strcmp(method, MHD_HTTP_METHOD_POST) == 0)
		return check_length(service, connection, handle);
	if (strcmp(method, MHD_HTTP_METHOD_OPTIONS) == 0)
		return &methods;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return &wrong_method;
	return NULL;
}
