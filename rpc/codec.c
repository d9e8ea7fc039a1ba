/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* codec.c – the two ways to speak the API. */
#include "rpc/codec.h"

#include "rpc/jsonrpc.h"

static const char *xmlrpc_read(struct xmlrpc_reader *reader, const struct rpc_limits *limits,
			       const char *bytes, size_t length, struct rpc_call *ret_call)
{
	return xmlrpc_read_call(reader, limits, bytes, length, &ret_call->method,
				&ret_call->parameters);
}

/* A client that does not speak XML-RPC reads text sooner than a fault. */
static void xmlrpc_problem(struct buffer *out, const struct rpc_call *call, const char *problem)
{
	(void)call;
	buffer_add_format(out, "This is no XML-RPC call: %s.\n", problem);
}

static void xmlrpc_success(struct output *out, const struct rpc_call *call,
			   const struct value *result, bool bare)
{
	(void)call;
	if (bare)
		xmlrpc_write_bare(out, result);
	else
		xmlrpc_write_success(out, result);
}

static void xmlrpc_failure(struct buffer *out, const struct rpc_call *call, const struct error *err)
{
	(void)call;
	xmlrpc_write_failure(out, err);
}

const struct codec codec_xmlrpc = {
	.type = "text/xml",
	.problem_type = "text/plain; charset=utf-8",
	.read = xmlrpc_read,
	.write_problem = xmlrpc_problem,
	.write_success = xmlrpc_success,
	.write_failure = xmlrpc_failure,
};

static const char *jsonrpc_read(struct xmlrpc_reader *reader, const struct rpc_limits *limits,
				const char *bytes, size_t length, struct rpc_call *ret_call)
{
	(void)reader;
	return jsonrpc_read_call(limits, bytes, length, ret_call);
}

static void jsonrpc_success(struct output *out, const struct rpc_call *call,
			    const struct value *result, bool bare)
{
	(void)bare;
	jsonrpc_write_success(&out->bytes, call, result);
}

const struct codec codec_jsonrpc = {
	.type = "application/json",
	.problem_type = "application/json",
	.read = jsonrpc_read,
	.write_problem = jsonrpc_write_problem,
	.write_success = jsonrpc_success,
	.write_failure = jsonrpc_write_failure,
};

static const char *nothing_read(struct xmlrpc_reader *reader, const struct rpc_limits *limits,
				const char *bytes, size_t length, struct rpc_call *ret_call)
{
	(void)reader;
	(void)limits;
	(void)bytes;
	(void)length;
	(void)ret_call;
	return NULL;
}

static void text_problem(struct buffer *out, const struct rpc_call *call, const char *problem)
{
	(void)call;
	buffer_add_format(out, "%s\n", problem);
}

static void text_success(struct output *out, const struct rpc_call *call,
			 const struct value *result, bool bare)
{
	(void)call;
	(void)bare;
	buffer_add_text(&out->bytes, result->text);
}

static void text_failure(struct buffer *out, const struct rpc_call *call, const struct error *err)
{
	AUTO_TEXT text = error_text(err);

	text_problem(out, call, text);
}

const struct codec codec_openmetrics = {
	.type = "application/openmetrics-text; version=1.0.0; charset=utf-8",
	.problem_type = "text/plain; charset=utf-8",
	.failure_status = 403,
	.read = nothing_read,
	.write_problem = text_problem,
	.write_success = text_success,
	.write_failure = text_failure,
};
