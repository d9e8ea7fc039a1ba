/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* worker.h – a thread that serves connections, with a libmicrohttpd daemon of its own. */
#ifndef SERVER_HTTP_WORKER_H
#define SERVER_HTTP_WORKER_H

#include "server/http/exchange.h"

/* −1 with errno. */
int worker_start(struct worker *worker, struct service *service, bool tls);
/* From another thread, one at a time: the socket is the worker's from now on, or closed (−1). */
int worker_serve(struct worker *worker, int fd, const struct sockaddr *peer, socklen_t length);
/* Its connections are closed; none may be suspended. One that was not started is fine. */
void worker_stop(struct worker *worker);

#endif
