/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reply.h – what goes back to the client. */
#ifndef SERVER_HTTP_REPLY_H
#define SERVER_HTTP_REPLY_H

#include "server/http/exchange.h"

/* A reply that is no outcome of a call. */
struct refusal {
	unsigned status;
	bool close; /* what follows on the connection can not be trusted, or is not wanted */
	const char *header; /* one more, or NULL */
	const char *value;
	const char *type; /* NULL: text/plain */
	const char *text; /* one sentence */
};

/* Queue it; each sets the deadline until which the client must have read it. */
enum MHD_Result reply_send_refusal(struct exchange *exchange, const struct refusal *refusal);
/* As it is in memory; is_known: the client has it already. */
enum MHD_Result reply_send_file(struct exchange *exchange, const struct page_file *file,
				bool is_known);
/* exchange->reply */
enum MHD_Result reply_send_outcome(struct exchange *exchange);

#endif
