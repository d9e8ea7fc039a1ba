/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jsonrpc.h – JSON-RPC 1.0 and 2.0: a call's bytes to values, an outcome to bytes. */
#ifndef RPC_JSONRPC_H
#define RPC_JSONRPC_H

#include "rpc/call.h"
#include "schema/buffer.h"
#include "schema/error.h"

/*
 * Reads a request object: 2.0 with "jsonrpc": "2.0", otherwise 1.0. The id must be a string or an
 * int of 64 bits: no notifications, no batches. Positional params; in 2.0 they may also be missing,
 * null, or one object, which is then the only parameter. Values as json_read() says. Returns NULL,
 * or static text that says why this is no call: then only the problem_code is set.
 */
const char *jsonrpc_read_call(const struct rpc_limits *limits, const char *bytes, size_t length,
			      struct rpc_call *ret_call);

/* Replies of the call's version with its id: compact, ints as numbers, dates as strings. */
void jsonrpc_write_success(struct buffer *out, const struct rpc_call *call,
			   const struct value *result);
void jsonrpc_write_failure(struct buffer *out, const struct rpc_call *call,
			   const struct error *err);
/* The reply to what is no call: nothing but the problem_code is looked at. */
void jsonrpc_write_problem(struct buffer *out, const struct rpc_call *call, const char *problem);

#endif
