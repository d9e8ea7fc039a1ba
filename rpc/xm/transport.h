/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* transport.h – one request and its reply over HTTP, by way of libcurl. */
#ifndef RPC_XM_TRANSPORT_H
#define RPC_XM_TRANSPORT_H

#include "schema/buffer.h"

#include <stdbool.h>

struct transport;

struct transport_options {
	const char *server; /* unix:/PATH, http://HOST[:PORT][/PATH] or https://… */
	const char *cacert; /* file with the certificates that are trusted; NULL: the system's */
	const char *cert;   /* file with a certificate of the client's and its key; NULL: none */
	bool insecure;	    /* any certificate will do */
	long timeout_ms;    /* of a whole request; 0: none */
	/* Called about once a second while a reply is awaited; may be NULL. */
	void (*waiting)(void *context, double seconds);
	void *context;
};

/* Whether the text has one of the forms above. */
bool transport_is_server(const char *server);

/* Nothing is sent yet. The texts are copied. */
struct transport *transport_open(const struct transport_options *options);
void transport_close(struct transport *transport); /* NULL is fine */

/* Posts the body and appends the reply's. −1 with *ret_reason, to be freed. The connection is kept
 * for the next. */
int transport_post(struct transport *transport, const struct buffer *body, struct buffer *ret_reply,
		   char **ret_reason);

#endif
