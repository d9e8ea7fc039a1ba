/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* echo_call.c – reads a methodCall, answers its parameters; what oracle.py compares with Python's
 * client. */
#include "rpc/xmlrpc.h"

#include <stdio.h>

static void read_all(struct buffer *call)
{
	size_t got;

	do {
		buffer_reserve(call, 65536);
		got = fread(call->data + call->length, 1, 65536, stdin);
		call->length += got;
	} while (got);
}

int main(void)
{
	static const struct rpc_limits limits = {.depth = 50, .elements = 100000};
	struct xmlrpc_reader *reader = xmlrpc_reader_new();
	AUTO_TEXT method = NULL;
	AUTO(value) parameters = NULL;
	AUTO_BUFFER call = {0};
	struct output reply = {0};
	const char *problem;

	read_all(&call);
	problem = xmlrpc_read_call(reader, &limits, call.data, call.length, &method, &parameters);
	if (problem)
		buffer_add_text(&reply.bytes, problem);
	else
		xmlrpc_write_success(&reply, parameters);
	fwrite(reply.bytes.data, 1, reply.bytes.length, stdout);
	output_free(&reply);
	xmlrpc_reader_free(reader);
	return 0;
}
