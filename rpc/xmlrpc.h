/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xmlrpc.h – XML-RPC: a call's bytes to values, a result's values to bytes. */
#ifndef RPC_XMLRPC_H
#define RPC_XMLRPC_H

#include "rpc/call.h"
#include "rpc/output.h"
#include "schema/buffer.h"
#include "schema/error.h"

/* One per thread, reused from call to call. */
struct xmlrpc_reader;
struct xmlrpc_reader *xmlrpc_reader_new(void);
void xmlrpc_reader_free(struct xmlrpc_reader *reader);

/*
 * Reads a methodCall in one pass. *ret_method is to be freed, *ret_parameters is a set (empty
 * without params). Values are as they were sent: untyped and <string> are VALUE_STRING, <int>,
 * <i4>, <i8> VALUE_INT unless they do not fit 64 bits or are no number: then VALUE_STRING, so that
 * the parameter's own check names it; likewise a <double> that is not finite and a <boolean> that
 * is neither 0 nor 1. <base64> is the VALUE_STRING that it stands for. Struct members are sorted.
 * Returns NULL, or static text that says what is wrong with the bytes (no XML, a DOCTYPE, not
 * UTF-8, too deep, a member twice, …): such a request is not a call at all.
 */
const char *xmlrpc_read_call(struct xmlrpc_reader *reader, const struct rpc_limits *limits,
			     const char *bytes, size_t length, char **ret_method,
			     struct value **ret_parameters);

/*
 * <value>…</value>, compact, as reference clients need it; records field by field without their
 * internal fields. Always XML: what XML forbids in a text, bad UTF-8 too, goes out as U+FFFD.
 */
void xmlrpc_write_value(struct buffer *out, const struct value *value);

/* Whole response documents. Success: Status and Value, or the bare value (system.*); records as
 * cached ones where `out` has a cache. */
void xmlrpc_write_success(struct output *out, const struct value *result);
void xmlrpc_write_bare(struct output *out, const struct value *result);
void xmlrpc_write_failure(struct buffer *out, const struct error *err);

#endif
