/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_xmlrpc_read.c – any bytes as a call; what is taken must survive being written and read
 * again. */
#include "rpc/xmlrpc.h"
#include "tests/rpc/values.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct rpc_limits limits = {.depth = 16, .elements = 1000};

/* As a parameter it is one level deeper than as the set of parameters. */
static const struct rpc_limits wider = {.depth = 17, .elements = 1001};

static void write_call(struct buffer *out, const char *method, const struct value *parameters)
{
	buffer_add_format(out, "<methodCall><methodName>%s</methodName><params><param>", method);
	xmlrpc_write_value(out, parameters);
	buffer_add_literal(out, "</param></params></methodCall>");
}

static void check_again(struct xmlrpc_reader *reader, const char *method, struct value *parameters)
{
	AUTO(value) want = value_after_xmlrpc(parameters);
	AUTO(value) got = NULL;
	AUTO_TEXT again = NULL;
	AUTO_BUFFER call = {0};
	const char *problem;

	write_call(&call, method, parameters);
	problem = xmlrpc_read_call(reader, &wider, call.data, call.length, &again, &got);
	if (problem || strcmp(again, method) != 0 || !value_equal(got->items[0], want)) {
		fprintf(stderr, "%s: %s\n", problem ? problem : "differs", call.data);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct xmlrpc_reader *reader;
	AUTO_TEXT method = NULL;
	AUTO(value) parameters = NULL;

	if (!reader)
		reader = xmlrpc_reader_new();
	if (!xmlrpc_read_call(reader, &limits, (const char *)data, size, &method, &parameters))
		check_again(reader, method, parameters);
	return 0;
}
