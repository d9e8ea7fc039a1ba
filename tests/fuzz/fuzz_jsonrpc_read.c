/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_jsonrpc_read.c – any bytes as a call; what is taken must survive being written, and read as
 * JSON and by jansson. */
#include "rpc/json_read.h"
#include "rpc/jsonrpc.h"
#include "tests/rpc/values.h"

#include <jansson.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct rpc_limits limits = {.depth = 16, .elements = 1000};

/* The reply is an object deeper. */
static const struct rpc_limits wider = {.depth = 18, .elements = 1016};

static void check_reply(struct rpc_call *call)
{
	AUTO(value) want = value_after_json(call->parameters);
	AUTO(value) reply = NULL;
	AUTO_BUFFER json = {0};
	const char *problem;
	json_t *theirs;

	jsonrpc_write_success(&json, call, call->parameters);
	problem = json_read(&wider, json.data, json.length, &reply);
	theirs = json_loadb(json.data, json.length, JSON_REJECT_DUPLICATES, NULL);
	if (problem || !theirs || !value_equal(value_find(reply, "result"), want) ||
	    !value_equal(value_find(reply, "id"), call->id)) {
		fprintf(stderr, "%s: %s\n", problem ? problem : "differs", json.data);
		abort();
	}
	json_decref(theirs);
}

/* Whoever takes it, jansson does too, but for what is refused on purpose: it never takes less. */
static void check_taken(const uint8_t *data, size_t size)
{
	json_t *theirs = json_loadb((const char *)data, size,
				    JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);

	if (!theirs) {
		fprintf(stderr, "jansson does not take it\n");
		abort();
	}
	json_decref(theirs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rpc_call call = {0};

	if (!jsonrpc_read_call(&limits, (const char *)data, size, &call)) {
		check_taken(data, size);
		check_reply(&call);
		rpc_call_clear(&call);
	}
	return 0;
}
