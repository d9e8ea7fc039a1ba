/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reply.c – what goes back to the client. */
#include "server/http/reply.h"

#include "schema/clock.h"
#include "schema/meter.h"
#include "server/http/request_id.h"

/* Bytes a second that a client must read at least: otherwise slow readers could hold all that may
 * be in flight. */
#define SLOWEST_READER 65536
#define PIECE 65536 /* is copied at once */

/*
 * As xapi has it: any page may ask, since it has to sign in as everybody else. What a browser wants
 * to send besides (a preflight says it) it may. Not where nobody has to sign in.
 */
static void add_sharing(struct exchange *exchange, struct MHD_Response *response)
{
	const char *asked = MHD_lookup_connection_value(
		exchange->handle, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCESS_CONTROL_REQUEST_HEADERS);
	AUTO_TEXT headers = asked ? text_format("%s, X-Requested-With", asked) :
				    text_copy("X-Requested-With");

	/* and no page reads what is told whoever is on this host */
	if (exchange->worker->service->local_pages_only || exchange->call.trusted)
		return;
	MHD_add_response_header(response, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_ORIGIN, "*");
	MHD_add_response_header(response, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_HEADERS, headers);
	MHD_add_response_header(response, MHD_HTTP_HEADER_ACCESS_CONTROL_EXPOSE_HEADERS,
				REQUEST_ID_HEADER);
}

static enum MHD_Result queue(struct exchange *exchange, unsigned status,
			     struct MHD_Response *response, size_t length)
{
	struct service *service = exchange->worker->service;
	enum MHD_Result result;

	MHD_add_response_header(response, REQUEST_ID_HEADER, exchange->call.request.id);
	if (atomic_load_explicit(&service->stopping, memory_order_relaxed))
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	connection_set_deadline(exchange->connection,
				clock_ms() + atomic_load(&service->request_timeout_ms) +
					(int64_t)(length / (SLOWEST_READER / 1000)));
	result = MHD_queue_response(exchange->handle, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result send_reply(struct exchange *exchange, unsigned status, const char *type,
				  struct MHD_Response *response, size_t length)
{
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache, no-store");
	add_sharing(exchange, response);
	return queue(exchange, status, response, length);
}

enum MHD_Result reply_send_refusal(struct exchange *exchange, const struct refusal *refusal)
{
	const char *type = refusal->type ? refusal->type : "text/plain; charset=utf-8";
	size_t length = strlen(refusal->text);
	struct MHD_Response *response = MHD_create_response_from_buffer(
		length, (void *)refusal->text, MHD_RESPMEM_PERSISTENT);

	if (!response)
		return MHD_NO;
	meter_add(METER_refused_requests, refusal->status >= MHD_HTTP_BAD_REQUEST);
	if (refusal->header)
		MHD_add_response_header(response, refusal->header, refusal->value);
	if (refusal->close)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	return send_reply(exchange, refusal->status, type, response, length);
}

/* What a browser is to do with the web page: only its own files, calls of this server, and nobody
 * around it. */
static const char *const file_headers[][2] = {
	{"Content-Security-Policy",
	 "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
	 "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Referrer-Policy", "no-referrer"},
	{"X-Content-Type-Options", "nosniff"},
	{MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache"}};

enum MHD_Result reply_send_file(struct exchange *exchange, const struct page_file *file,
				bool is_known)
{
	size_t length = is_known ? 0 : file->length;
	struct MHD_Response *response = MHD_create_response_from_buffer(length, (void *)file->bytes,
									MHD_RESPMEM_PERSISTENT);

	if (!response)
		return MHD_NO;
	for (size_t i = 0; i < ARRAY_SIZE(file_headers); i++)
		MHD_add_response_header(response, file_headers[i][0], file_headers[i][1]);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, file->type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, file->tag);
	return queue(exchange, is_known ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, response, length);
}

static ssize_t read_reply(void *context, uint64_t position, char *to, size_t room)
{
	struct output *reply = context;
	size_t length;

	if (position != reply->read)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	length = output_read(reply, to, room);
	return length ? (ssize_t)length : MHD_CONTENT_READER_END_OF_STREAM;
}

/*
 * What is short goes with its headers in one piece. What is long is copied a piece at a time, while
 * it is sent: libmicrohttpd could send the parts from where they are, but 0.9.75 wants room for the
 * list of them in the memory of the connection and ends the process when there is none.
 */
static struct MHD_Response *make_response(struct output *reply)
{
	if (reply->part_bytes > PIECE)
		return MHD_create_response_from_callback(output_length(reply), PIECE, read_reply,
							 reply, NULL);
	output_join(reply);
	return MHD_create_response_from_buffer(reply->bytes.length, reply->bytes.data,
					       MHD_RESPMEM_PERSISTENT);
}

/* The bytes stay the exchange's, which lives until they are sent. */
enum MHD_Result reply_send_outcome(struct exchange *exchange)
{
	size_t length = output_length(&exchange->reply);
	struct MHD_Response *response = make_response(&exchange->reply);
	const struct codec *codec = exchange->codec;
	bool refused = exchange->call.error.code != ERROR_NONE && codec->failure_status;

	if (!response)
		return MHD_NO;
	return send_reply(exchange, refused ? codec->failure_status : MHD_HTTP_OK,
			  refused ? codec->problem_type : codec->type, response, length);
}
