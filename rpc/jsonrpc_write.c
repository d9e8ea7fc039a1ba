/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jsonrpc_write.c – an outcome to a response object. */
#include "rpc/jsonrpc.h"

#include "schema/text.h"

/* Of a failure of the API, whose own code is the message: xapi's */
#define FAILED 1

static void begin(struct buffer *out, const struct rpc_call *call)
{
	buffer_add_char(out, '{');
	if (call->is_2_0)
		buffer_add_literal(out, "\"jsonrpc\":\"2.0\",");
}

static void end(struct buffer *out, const struct rpc_call *call)
{
	buffer_add_literal(out, ",\"id\":");
	value_add_json(out, call->id);
	buffer_add_char(out, '}');
}

/* 2.0 has either a result or an error: clients look whether there is a member of that name. */
void jsonrpc_write_success(struct buffer *out, const struct rpc_call *call,
			   const struct value *result)
{
	begin(out, call);
	buffer_add_literal(out, "\"result\":");
	value_add_json(out, result);
	if (!call->is_2_0)
		buffer_add_literal(out, ",\"error\":null");
	end(out, call);
}

static void add_parameters(struct buffer *out, const struct error *err, const char *separator)
{
	for (size_t i = 0; i < error_parameter_count(err->code); i++) {
		buffer_add_text(out, i ? "," : separator);
		text_add_json(out, err->parameters[i]);
	}
}

void jsonrpc_write_failure(struct buffer *out, const struct rpc_call *call, const struct error *err)
{
	const char *code = error_info(err->code)->name;

	begin(out, call);
	if (call->is_2_0) {
		buffer_add_format(out, "\"error\":{\"code\":%d,\"message\":\"%s\",\"data\":[",
				  FAILED, code);
		add_parameters(out, err, "");
		buffer_add_literal(out, "]}");
	} else {
		buffer_add_format(out, "\"result\":null,\"error\":[\"%s\"", code);
		add_parameters(out, err, ",");
		buffer_add_char(out, ']');
	}
	end(out, call);
}

void jsonrpc_write_problem(struct buffer *out, const struct rpc_call *call, const char *problem)
{
	AUTO_TEXT sentence = text_format("This is no JSON-RPC call: %s", problem);

	buffer_add_format(out, "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":%d,\"message\":",
			  call->problem_code);
	text_add_json(out, sentence);
	buffer_add_literal(out, ",\"data\":[]},\"id\":null}");
}
