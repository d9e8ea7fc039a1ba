/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* acceptor.h – the thread that accepts connections and watches them. */
#ifndef SERVER_HTTP_ACCEPTOR_H
#define SERVER_HTTP_ACCEPTOR_H

#include "server/http/connection.h"
#include "server/http/listener.h"

struct acceptor;

struct acceptor_options {
	struct connections *connections;
	const struct listener *listeners; /* the caller's; must outlive it */
	size_t listener_count;
	const _Atomic int64_t *request_timeout_ms;
	/* Takes the socket, which is in the table already, and closes it in the end. −1: it is
	 * closed already. */
	int (*serve)(void *context, bool tls, int fd, const struct sockaddr *peer,
		     socklen_t length);
	void *context;
};

/* NULL with errno. */
struct acceptor *acceptor_start(const struct acceptor_options *options);
/* Nothing is accepted nor watched any more; the listeners stay open. */
void acceptor_stop(struct acceptor *acceptor);

#endif
