/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* address.h – the URI of a listener. */
#ifndef SERVER_HTTP_ADDRESS_H
#define SERVER_HTTP_ADDRESS_H

#include "schema/base.h"

#include <stdbool.h>
#include <stdint.h>

#define ADDRESS_ACCEPTED "unix:/PATH, http://HOST:PORT or https://HOST:PORT"

enum address_kind { ADDRESS_UNIX, ADDRESS_HTTP, ADDRESS_HTTPS };

struct address {
	enum address_kind kind;
	uint16_t port;	/* 0: a free one */
	char path[108]; /* Unix: of the socket */
	char host[256]; /* otherwise: a name or an address, IPv6 without its brackets */
};

/* NULL, or static text that says what is wrong. */
const char *address_parse(const char *uri, struct address *ret_address);
/* The URI again, to be freed; with this port. */
char *address_text(const struct address *address, uint16_t port);
/* Nothing but this machine can connect: a Unix socket, localhost, 127.0.0.0/8, ::1. */
bool address_is_local(const struct address *address);

#endif
