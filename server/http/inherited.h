/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* inherited.h – the listening sockets that systemd has opened for the daemon. */
#ifndef SERVER_HTTP_INHERITED_H
#define SERVER_HTTP_INHERITED_H

#include <stddef.h>
#include <sys/socket.h>

#define INHERITED_MAX 32

/* Zeroed, then received. */
struct inherited {
	int fds[INHERITED_MAX]; /* −1: taken by a listener */
	size_t count;
};

/* Once, before there are threads: it changes the environment. −1: *ret_problem is a sentence, to be
 * freed. */
int inherited_receive(struct inherited *inherited, char **ret_problem);
/* The one that is bound to this address, which is the caller's then; or −1. */
int inherited_take(struct inherited *inherited, const struct sockaddr *address);
/* One that nobody has taken, in words and to be freed, or NULL. Clients that connect to it would
 * wait for ever. */
char *inherited_rest(const struct inherited *inherited);

#endif
