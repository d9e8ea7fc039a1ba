/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* listener.h – the sockets of one listening URI. */
#ifndef SERVER_HTTP_LISTENER_H
#define SERVER_HTTP_LISTENER_H

#include "server/http/address.h"
#include "server/http/inherited.h"

#include <sys/types.h>

#define LISTENER_SOCKETS_MAX 8

/* Zeroed, then opened; closing it twice is fine. */
struct listener {
	struct address address;
	char *uri;		       /* with the real port */
	int fds[LISTENER_SOCKETS_MAX]; /* a name may stand for several addresses; non-blocking */
	size_t count;
	dev_t device; /* of the Unix socket that was made here; none is when it is systemd's */
	ino_t inode;
};

/*
 * Listens, on the socket that systemd has opened where it has. `group` is that of a Unix socket, ""
 * leaves it. A socket that nobody listens on any more is replaced, any other file is an error. −1:
 * *ret_problem is a sentence, to be freed.
 */
int listener_open(struct listener *listener, const char *uri, const char *group,
		  struct inherited *inherited, char **ret_problem);
/* Removes the Unix socket too, unless somebody else's is there now. */
void listener_close(struct listener *listener);

#endif
