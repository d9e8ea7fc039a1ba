/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* request.h – libmicrohttpd's callbacks: what a request is, and what becomes of it. */
#ifndef SERVER_HTTP_REQUEST_H
#define SERVER_HTTP_REQUEST_H

#include "server/http/exchange.h"

/* All get their struct worker as the context. */
enum MHD_Result request_handle(void *context, struct MHD_Connection *handle, const char *url,
			       const char *method, const char *version, const char *body,
			       size_t *body_size, void **exchange);
void request_completed(void *context, struct MHD_Connection *handle, void **exchange,
		       enum MHD_RequestTerminationCode how);
void request_connection(void *context, struct MHD_Connection *handle, void **socket_context,
			enum MHD_ConnectionNotificationCode what);

#endif
