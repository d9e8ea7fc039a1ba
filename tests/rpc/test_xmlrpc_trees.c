/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_xmlrpc_trees.c – random values through the codec and back, and through xmlrpc-c in both
 * directions. */
#include "rpc/xmlrpc.h"
#include "tests/rpc/values.h"
#include "tests/tap.h"

#include <math.h>
#include <xmlrpc-c/base.h>

#define ROUNDS 3000
#define LEVELS 6

static const struct rpc_limits limits = {.depth = 20, .elements = 100000};
static struct xmlrpc_reader *reader;

static void write_call(struct buffer *out, const struct value *value)
{
	buffer_add_literal(
		out,
		"<?xml version=\"1.0\"?><methodCall><methodName>m</methodName><params><param>");
	xmlrpc_write_value(out, value);
	buffer_add_literal(out, "</param></params></methodCall>");
}

/* NULL when it is refused; the caller's to release. */
static struct value *read_parameter(const char *bytes, size_t length)
{
	AUTO_TEXT method = NULL;
	AUTO(value) parameters = NULL;
	const char *problem =
		xmlrpc_read_call(reader, &limits, bytes, length, &method, &parameters);

	if (problem)
		diag("%s", problem);
	return problem ? NULL : value_reference(parameters->items[0]);
}

static void test_round_trip(void)
{
	struct draw draw = {.state = 20061215, .any_value = true};
	int good = 0;

	for (int i = 0; i < ROUNDS; i++) {
		AUTO(value) value = draw_value(&draw, LEVELS);
		AUTO(value) want = value_after_xmlrpc(value);
		AUTO(value) got = NULL;
		AUTO_BUFFER call = {0};

		write_call(&call, value);
		got = read_parameter(call.data, call.length);
		if (got && value_equal(got, want))
			good++;
		else
			diag("%s", call.data);
	}
	is_int(good, ROUNDS, "what is written is read back equal");
}

static bool same(xmlrpc_env *env, xmlrpc_value *theirs, const struct value *ours);

static bool same_text(xmlrpc_env *env, xmlrpc_value *theirs, const char *text)
{
	AUTO_TEXT copy = NULL;
	const char *read = NULL;

	xmlrpc_read_string(env, theirs, &read);
	copy = (char *)(uintptr_t)read;
	return read && strcmp(read, text) == 0;
}

static bool same_sets(xmlrpc_env *env, xmlrpc_value *theirs, const struct value *ours)
{
	bool equal = (uint32_t)xmlrpc_array_size(env, theirs) == ours->length;

	for (uint32_t i = 0; equal && i < ours->length; i++) {
		xmlrpc_value *item;

		xmlrpc_array_read_item(env, theirs, i, &item);
		equal = same(env, item, ours->items[i]);
		xmlrpc_DECREF(item);
	}
	return equal;
}

static bool same_maps(xmlrpc_env *env, xmlrpc_value *theirs, const struct value *ours)
{
	bool equal = (uint32_t)xmlrpc_struct_size(env, theirs) == ours->length;

	for (uint32_t i = 0; equal && i < ours->length; i++) {
		xmlrpc_value *value = NULL;

		xmlrpc_struct_find_value(env, theirs, ours->members[i].key->text, &value);
		equal = value && same(env, value, ours->members[i].value);
		if (value)
			xmlrpc_DECREF(value);
	}
	return equal;
}

static bool same_scalars(xmlrpc_env *env, xmlrpc_value *theirs, const struct value *ours)
{
	xmlrpc_bool boolean;
	double number;
	int integer;

	switch (xmlrpc_value_type(theirs)) {
	case XMLRPC_TYPE_NIL:
		return ours->kind == VALUE_NIL;
	case XMLRPC_TYPE_BOOL:
		xmlrpc_read_bool(env, theirs, &boolean);
		return ours->kind == VALUE_BOOL && (boolean != 0) == ours->boolean;
	case XMLRPC_TYPE_INT:
		xmlrpc_read_int(env, theirs, &integer);
		return ours->kind == VALUE_INT && integer == ours->integer;
	case XMLRPC_TYPE_DOUBLE:
		xmlrpc_read_double(env, theirs, &number);
		return ours->kind == VALUE_FLOAT && fabs(number - ours->number) < 1e-9;
	case XMLRPC_TYPE_DATETIME:
		return ours->kind == VALUE_DATETIME;
	default:
		return ours->kind == VALUE_STRING && same_text(env, theirs, ours->text);
	}
}

/* Of dates only that xmlrpc-c takes them. It is a little off when it reads a float. */
static bool same(xmlrpc_env *env, xmlrpc_value *theirs, const struct value *ours)
{
	if (xmlrpc_value_type(theirs) == XMLRPC_TYPE_ARRAY)
		return ours->kind == VALUE_SET && same_sets(env, theirs, ours);
	if (xmlrpc_value_type(theirs) == XMLRPC_TYPE_STRUCT)
		return ours->kind == VALUE_MAP && same_maps(env, theirs, ours);
	return same_scalars(env, theirs, ours);
}

/* Ours is written, theirs is read; then that is written by xmlrpc-c and read by us. */
static bool agree(xmlrpc_env *env, const struct value *value)
{
	AUTO(value) want = value_after_xmlrpc(value);
	AUTO(value) back = NULL;
	AUTO_BUFFER call = {0};
	xmlrpc_mem_block *theirs = XMLRPC_MEMBLOCK_NEW(char, env, 0);
	xmlrpc_value *parameters = NULL;
	const char *method = NULL;
	bool equal;

	write_call(&call, value);
	xmlrpc_parse_call(env, call.data, call.length, &method, &parameters);
	equal = !env->fault_occurred &&
		same_sets(env, parameters,
			  &(struct value){.kind = VALUE_SET, .length = 1, .items = &want});
	if (equal) {
		xmlrpc_serialize_call(env, theirs, "m", parameters);
		back = read_parameter(XMLRPC_MEMBLOCK_CONTENTS(char, theirs),
				      XMLRPC_MEMBLOCK_SIZE(char, theirs));
		equal = back &&
			same_sets(env, parameters,
				  &(struct value){.kind = VALUE_SET, .length = 1, .items = &back});
	}
	if (parameters)
		xmlrpc_DECREF(parameters);
	free((char *)(uintptr_t)method);
	XMLRPC_MEMBLOCK_FREE(char, theirs);
	return equal;
}

static void test_oracle(void)
{
	struct draw draw = {.state = 20061216};
	int good = 0;

	for (int i = 0; i < ROUNDS; i++) {
		AUTO(value) value = draw_value(&draw, LEVELS);
		AUTO_TEXT shown = value_show(value);
		xmlrpc_env env;

		xmlrpc_env_init(&env);
		if (agree(&env, value))
			good++;
		else
			diag("%s: %s", env.fault_occurred ? env.fault_string : "differs", shown);
		xmlrpc_env_clean(&env);
	}
	is_int(good, ROUNDS, "xmlrpc-c reads what we write, and we what it writes");
}

int main(void)
{
	reader = xmlrpc_reader_new();
	test_round_trip();
	test_oracle();
	xmlrpc_reader_free(reader);
	return done_testing();
}
