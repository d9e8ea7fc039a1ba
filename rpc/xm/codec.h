/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* codec.h – calls and replies as XML-RPC, by way of xmlrpc-c. */
#ifndef RPC_XM_CODEC_H
#define RPC_XM_CODEC_H

#include "schema/buffer.h"
#include "schema/value.h"

/*
 * Appends a methodCall; `parameters` is a set. Ints go as strings, which every server takes and
 * which hold 64 bits. Returns 0, or −1 with *ret_reason (to be freed) when a text cannot be
 * carried: it is not UTF-8 or holds control characters.
 */
int codec_write_call(struct buffer *out, const char *method, const struct value *parameters,
		     char **ret_reason);

/* The value of a methodResponse, to be released. −1 with *ret_reason: it is none, or a fault. */
int codec_read_reply(const char *xml, size_t length, struct value **ret_result, char **ret_reason);

#endif
