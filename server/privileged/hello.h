/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hello.h – the first message on each line, from the privileged process: who it is, so that two
 * versions do not misunderstand each other. */
#ifndef SERVER_PRIVILEGED_HELLO_H
#define SERVER_PRIVILEGED_HELLO_H

#include "server/privileged/request.h"

#include <sys/un.h>

bool hello_send(int fd, const char *adapter, const struct host_facts *facts);
/* *ret_adapter is to be freed. False with *ret_problem. */
bool hello_receive(int fd, char **ret_adapter, struct host_facts *ret_facts, char **ret_problem);

/* Of the socket at which the lines are made. False with errno: the path is too long. */
bool hello_address(const char *path, struct sockaddr_un *ret_address);

/* Who is at the other end; −1 with errno. */
int64_t hello_peer(int fd);

#endif
