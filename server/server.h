/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* server.h – the daemon's parts, in the order in which they need each other. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "server/options.h"

struct server;

/* Serves when it returns. The options must outlive it. NULL with *ret_problem, a sentence to be
 * freed. */
struct server *server_open(const struct options *options, char **ret_problem);
const char *server_uri(const struct server *server, size_t i); /* NULL behind the last one */
/* Takes over from the options what can be changed while it runs. */
void server_reload(struct server *server);
/* Lets calls in progress finish, for a bounded time. */
void server_close(struct server *server);

#endif
