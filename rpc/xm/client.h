/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* client.h – a session with the server: calls in, values or failures out. */
#ifndef RPC_XM_CLIENT_H
#define RPC_XM_CLIENT_H

#include "rpc/xm/transport.h"
#include "schema/value.h"

struct client;

/* Why a call failed; a zeroed one is no failure. */
struct failure {
	struct value *description; /* a set of strings, CODE first: the server refused */
	char *reason;		   /* in words: there was no answer that can be read */
};

/* Nothing is sent before the first call. */
struct client *client_open(const struct transport_options *options);
void client_close(struct client *client); /* logs out; NULL is fine */

/* Takes the texts' copies; user and password are sent when the first call needs a session. */
void client_set_account(struct client *client, const char *user, const char *password);

/*
 * Calls Class.message with the session and then `parameters`, a set of which it takes the caller's
 * reference. 0 and *ret_result, to be released; or −1 and *failure.
 */
int client_call(struct client *client, const char *method, struct value *parameters,
		struct value **ret_result, struct failure *failure);

/* The session is not logged out: something that it began goes on. */
void client_leave_session(struct client *client);

/* A set of these values, ended by NULL; takes their references. */
struct value *parameters_of(struct value *first, ...) __attribute__((sentinel));

/* The n-th part of the description, CODE being 0; NULL when there is none. */
const char *failure_part(const struct failure *failure, uint32_t n);
void failure_clear(struct failure *failure);

#endif
