/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guard.h – what is refused, or answered, on the strength of a request's headers. */
#ifndef SERVER_HTTP_GUARD_H
#define SERVER_HTTP_GUARD_H

#include "server/http/reply.h"

/* NULL: a call whose body is to be read, or a page that is asked for. Static. */
const struct refusal *guard_check(struct service *service, const struct connection *connection,
				  struct MHD_Connection *handle, const char *method);
/* NULL, or why no more bytes can be held for this client. Static. */
const struct refusal *guard_check_budget(struct service *service,
					 const struct connection *connection);
/* NULL, or why no call can be taken now. Static. */
const struct refusal *guard_check_load(struct service *service,
				       const struct connection *connection);
/*
 * Whether the body of a refused request should be read, and dropped, before the reply: most clients
 * send all of it before they look, and closing the connection on unread bytes would take the reply
 * away from them.
 */
bool guard_skips_body(struct service *service, struct MHD_Connection *handle);

/* Somebody on this host, and no web page that is shown on it. */
bool guard_is_local(const struct connection *connection, struct MHD_Connection *handle);

extern const struct refusal guard_too_large;

#endif
