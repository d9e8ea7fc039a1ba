/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jsonrpc_read.c – a request object to a call. */
#include "rpc/jsonrpc.h"

#include "rpc/json_read.h"

/* What is around the parameters: the object and the array, and up to so many values. */
#define ENVELOPE_DEPTH 2
#define ENVELOPE_ELEMENTS 8

/* JSON-RPC 2.0, section 5.1 */
#define PARSE_ERROR (-32700)
#define INVALID_REQUEST (-32600)

/* All return what is wrong, or NULL. */
static const char *take_version(const struct value *request, struct rpc_call *call)
{
	const struct value *version = value_find(request, "jsonrpc");

	if (version && (version->kind != VALUE_STRING || strcmp(version->text, "2.0") != 0))
		return "\"jsonrpc\" is not \"2.0\"";
	call->is_2_0 = version != NULL;
	return NULL;
}

static const char *take_id(const struct value *request, struct rpc_call *call)
{
	const struct value *id = value_find(request, "id");

	if (!id || (id->kind != VALUE_STRING && id->kind != VALUE_INT))
		return "its id is neither a string nor an integer of 64 bits";
	call->id = value_reference(id);
	return NULL;
}

static const char *take_method(const struct value *request, struct rpc_call *call)
{
	const struct value *method = value_find(request, "method");

	if (!method || method->kind != VALUE_STRING ||
	    !rpc_is_method_name(method->text, method->length))
		return "its method can not be one";
	call->method = text_copy(method->text);
	return NULL;
}

static const char *take_parameters(const struct value *request, struct rpc_call *call)
{
	const struct value *params = value_find(request, "params");

	if (params && params->kind == VALUE_SET) {
		call->parameters = value_reference(params);
		return NULL;
	}
	if (!call->is_2_0)
		return "its params are no array";
	if (params && params->kind != VALUE_NIL && params->kind != VALUE_MAP)
		return "its params are neither an array nor an object";
	call->parameters = value_set();
	if (params && params->kind == VALUE_MAP)
		value_append(call->parameters, value_reference(params));
	return NULL;
}

static const char *take_request(const struct value *request, struct rpc_call *call)
{
	const char *problem;

	if (request->kind == VALUE_SET)
		return "batches are not served";
	if (request->kind != VALUE_MAP)
		return "it is no object";
	problem = take_version(request, call);
	if (!problem)
		problem = take_id(request, call);
	if (!problem)
		problem = take_method(request, call);
	return problem ? problem : take_parameters(request, call);
}

const char *jsonrpc_read_call(const struct rpc_limits *limits, const char *bytes, size_t length,
			      struct rpc_call *ret_call)
{
	const struct rpc_limits wider = {.depth = limits->depth + ENVELOPE_DEPTH,
					 .elements = limits->elements + ENVELOPE_ELEMENTS};
	AUTO(value) request = NULL;
	struct rpc_call call = {0};
	const char *problem = json_read(&wider, bytes, length, &request);

	if (problem) {
		ret_call->problem_code = PARSE_ERROR;
		return problem;
	}
	problem = take_request(request, &call);
	if (problem) {
		rpc_call_clear(&call);
		ret_call->problem_code = INVALID_REQUEST;
		return problem;
	}
	*ret_call = call;
	return NULL;
}
