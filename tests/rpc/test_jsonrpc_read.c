/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_jsonrpc_read.c – every form of a JSON-RPC call, what is none, and calls that mean harm. */
#include "rpc/json_read.h"
#include "rpc/jsonrpc.h"
#include "tests/rpc/values.h"
#include "tests/tap.h"

static struct rpc_limits limits = {.depth = 20, .elements = 100000};

/* An exact copy, so that the sanitizer sees a read past its end. */
static const char *read_value(const char *bytes, size_t length, struct value **ret_value)
{
	AUTO_TEXT copy = allocate(length);

	memcpy(copy, bytes, length);
	return json_read(&limits, copy, length, ret_value);
}

static const char *read_call(const char *bytes, size_t length, struct rpc_call *ret_call)
{
	AUTO_TEXT copy = allocate(length);

	memcpy(copy, bytes, length);
	return jsonrpc_read_call(&limits, copy, length, ret_call);
}

/* clang-format off: tables */
static const struct {
	const char *json;
	const char *want;
} values[] = {
	{"null", "nil"},
	{"true", "true"},
	{" \t\r\n false ", "false"},
	{"0", "0"},
	{"-0", "0"},
	{"42", "42"},
	{"9223372036854775807", "9223372036854775807"},
	{"-9223372036854775808", "-9223372036854775808"},
	{"9223372036854775808", "9.2233720368547758e+18"},
	{"-9223372036854775809", "-9.2233720368547758e+18"},
	{"1.5", "1.5"},
	{"0.0", "0"},
	{"-2.25e-3", "-0.0022499999999999998"},
	{"1e3", "1000"},
	{"1E+3", "1000"},
	{"1.7976931348623157e308", "1.7976931348623157e+308"},
	{"1e-999", "0"},
	{"\"\"", "\"\""},
	{"\"a b\"", "\"a b\""},
	{"\"😀 é\"", "\"😀 é\""},
	{"\"\\\"\\\\\\/\\n\\r\\t\"", "\"\"\\/\n\r\t\""},
	{"\"\\u0041\\u00e9\\u20AC\"", "\"Aé€\""},
	{"\"\\ud83d\\uDE00\"", "\"😀\""},
	{"\"\x7f\"", "\"\x7f\""},
	{"[]", "[]"},
	{"[ ]", "[]"},
	{"[1 , [\"a\"],{}]", "[1, [\"a\"], {}]"},
	{"{ }", "{}"},
	{"{\"b\": 1, \"a\":{\"\":null}}", "{a: {: nil}, b: 1}"},
};

static const struct {
	const char *json;
	const char *problem;
} broken[] = {
	{"", "it ends too soon"},
	{" ", "it ends too soon"},
	{"[", "it ends too soon"},
	{"[1", "it ends too soon"},
	{"[1,", "it ends too soon"},
	{"{\"a\":1", "it ends too soon"},
	{"\"a", "it ends too soon"},
	{"\"a\\", "it ends too soon"},
	{"{", "an object whose member has no name"},
	{"{1:1}", "an object whose member has no name"},
	{"{\"a\":1,}", "an object whose member has no name"},
	{"{\"a\"}", "an object whose member has no value"},
	{"{\"a\":}", "a value that is no JSON"},
	{"{\"a\":1,\"b\":2,\"a\":3}", "an object with the same member twice"},
	{"{\"a\":1,\"\\u0061\":2}", "an object with the same member twice"},
	{"[1 2]", "two values without a comma"},
	{"[1}", "two values without a comma"},
	{"[1,]", "a value that is no JSON"},
	{"[,1]", "a value that is no JSON"},
	{"1 2", "something behind the value"},
	{"{}]", "something behind the value"},
	{"01", "something behind the value"},
	{"0x10", "something behind the value"},
	{"1.", "a value that is no JSON"},
	{".5", "a value that is no JSON"},
	{"+1", "a value that is no JSON"},
	{"-", "a value that is no JSON"},
	{"1e", "a value that is no JSON"},
	{"1e+", "a value that is no JSON"},
	{"NaN", "a value that is no JSON"},
	{"Infinity", "a value that is no JSON"},
	{"nul", "a value that is no JSON"},
	{"True", "a value that is no JSON"},
	{"'a'", "a value that is no JSON"},
	{"// a\n1", "a value that is no JSON"},
	{"\xef\xbb\xbf"
	 "1",
	 "a value that is no JSON"},
	{"1e999", "a number that is too large"},
	{"-1e999", "a number that is too large"},
	{"\"\\x\"", "a string with a broken escape"},
	{"\"\\u12g4\"", "a string with a broken escape"},
	{"\"\\u12", "a string with a broken escape"},
	{"\"a\nb\"", "a string with a control character, or that is not UTF-8"},
	{"\"\x01\"", "a string with a control character, or that is not UTF-8"},
	{"\"\xff\"", "a string with a control character, or that is not UTF-8"},
	{"\"\xc3\"", "a string with a control character, or that is not UTF-8"},
	{"\"\xed\xa0\xbd\"", "a string with a control character, or that is not UTF-8"},
	{"\"\\u0000\"", "a string with a character that XML-RPC can not carry"},
	{"\"\\b\"", "a string with a character that XML-RPC can not carry"},
	{"\"\\ud83d\"", "a string with a character that XML-RPC can not carry"},
	{"\"\\ud83d\\u0041\"", "a string with a character that XML-RPC can not carry"},
	{"\"\\ude00\"", "a string with a character that XML-RPC can not carry"},
	{"\"\\uffff\"", "a string with a character that XML-RPC can not carry"},
};

#define PARSE_ERROR -32700
#define INVALID_REQUEST -32600

static const struct {
	const char *name;
	const char *json;
	const char *params;
	const char *id;
	bool is_2_0;
} calls[] = {
	{"2.0", "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":[1,\"a\"],\"id\":0}",
	 "[1, \"a\"]", "0", true},
	{"1.0", "{\"method\":\"m\",\"params\":[],\"id\":\"7\"}", "[]", "\"7\"", false},
	{"no params in 2.0", "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":-1}", "[]", "-1", true},
	{"null as params in 2.0", "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":null,\"id\":1}",
	 "[]", "1", true},
	{"an object as params in 2.0",
	 "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"a\":1},\"id\":1}", "[{a: 1}]", "1",
	 true},
	{"an empty id", "{\"method\":\"m\",\"params\":[],\"id\":\"\"}", "[]", "\"\"", false},
	{"other members", "{\"method\":\"m\",\"x\":{\"y\":[1]},\"params\":[],\"id\":1}", "[]", "1",
	 false},
};

static const struct {
	const char *json;
	const char *problem;
	int code;
} no_calls[] = {
	{"nonsense", "a value that is no JSON", PARSE_ERROR},
	{"[]", "batches are not served", INVALID_REQUEST},
	{"[{\"method\":\"m\",\"params\":[],\"id\":1}]", "batches are not served", INVALID_REQUEST},
	{"1", "it is no object", INVALID_REQUEST},
	{"{}", "its id is neither a string nor an integer of 64 bits", INVALID_REQUEST},
	{"{\"method\":\"m\",\"params\":[]}", "its id is neither a string nor an integer of 64 bits",
	 INVALID_REQUEST},
	{"{\"method\":\"m\",\"params\":[],\"id\":null}",
	 "its id is neither a string nor an integer of 64 bits", INVALID_REQUEST},
	{"{\"method\":\"m\",\"params\":[],\"id\":1.5}",
	 "its id is neither a string nor an integer of 64 bits", INVALID_REQUEST},
	{"{\"method\":\"m\",\"params\":[],\"id\":9223372036854775808}",
	 "its id is neither a string nor an integer of 64 bits", INVALID_REQUEST},
	{"{\"method\":\"m\",\"params\":[],\"id\":[1]}",
	 "its id is neither a string nor an integer of 64 bits", INVALID_REQUEST},
	{"{\"params\":[],\"id\":1}", "its method can not be one", INVALID_REQUEST},
	{"{\"method\":1,\"params\":[],\"id\":1}", "its method can not be one", INVALID_REQUEST},
	{"{\"method\":\"\",\"params\":[],\"id\":1}", "its method can not be one", INVALID_REQUEST},
	{"{\"method\":\"a b\",\"params\":[],\"id\":1}", "its method can not be one",
	 INVALID_REQUEST},
	{"{\"method\":\"a\\nb\",\"params\":[],\"id\":1}", "its method can not be one",
	 INVALID_REQUEST},
	{"{\"method\":\"m\",\"id\":1}", "its params are no array", INVALID_REQUEST},
	{"{\"method\":\"m\",\"params\":null,\"id\":1}", "its params are no array", INVALID_REQUEST},
	{"{\"method\":\"m\",\"params\":{},\"id\":1}", "its params are no array", INVALID_REQUEST},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":1,\"id\":1}",
	 "its params are neither an array nor an object", INVALID_REQUEST},
	{"{\"jsonrpc\":\"1.0\",\"method\":\"m\",\"params\":[],\"id\":1}",
	 "\"jsonrpc\" is not \"2.0\"", INVALID_REQUEST},
	{"{\"jsonrpc\":2.0,\"method\":\"m\",\"params\":[],\"id\":1}", "\"jsonrpc\" is not \"2.0\"",
	 INVALID_REQUEST},
};
/* clang-format on */

static void test_values(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		AUTO(value) value = NULL;
		const char *problem = read_value(values[i].json, strlen(values[i].json), &value);
		AUTO_TEXT got = value ? value_show(value) : text_copy(problem);

		is_str(got, values[i].want, "%s", values[i].json);
	}
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		struct value *value = NULL;

		is_str(read_value(broken[i].json, strlen(broken[i].json), &value),
		       broken[i].problem, "refused: %s", broken[i].json);
	}
	is_str(read_value("\"a\0b\"", 5, NULL),
	       "a string with a control character, or that is not UTF-8", "refused: a NUL");
	is_str(read_value("1\0", 2, NULL), "something behind the value", "and one behind it");
}

static void test_calls(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		struct rpc_call call = {0};
		const char *problem = read_call(calls[i].json, strlen(calls[i].json), &call);
		AUTO_TEXT params = problem ? NULL : value_show(call.parameters);
		AUTO_TEXT id = problem ? NULL : value_show(call.id);

		ok(!problem && strcmp(call.method, "m") == 0 && call.is_2_0 == calls[i].is_2_0,
		   "%s", calls[i].name);
		is_str(params, calls[i].params, "its parameters");
		is_str(id, calls[i].id, "its id");
		rpc_call_clear(&call);
	}
	for (size_t i = 0; i < ARRAY_SIZE(no_calls); i++) {
		struct rpc_call call = {0};

		is_str(read_call(no_calls[i].json, strlen(no_calls[i].json), &call),
		       no_calls[i].problem, "no call: %s", no_calls[i].json);
		ok(call.problem_code == no_calls[i].code && !call.method && !call.id,
		   "with that code, and nothing else");
	}
}

static char *tower(size_t levels, const char *up, const char *middle, const char *down)
{
	struct buffer json = {0};

	for (size_t i = 0; i < levels; i++)
		buffer_add_text(&json, up);
	buffer_add_text(&json, middle);
	for (size_t i = 0; i < levels; i++)
		buffer_add_text(&json, down);
	return buffer_take(&json);
}

static void is_read(char *json, const char *want, const char *name)
{
	AUTO_TEXT owned = json;
	AUTO(value) value = NULL;

	is_str(read_value(owned, strlen(owned), &value), want, "%s", name);
}

static void test_limits(void)
{
	static const char too_deep[] = "values nested too deep";

	limits = (struct rpc_limits){.depth = 10, .elements = 100};
	is_read(tower(9, "[", "1", "]"), NULL, "10 arrays deep");
	is_read(tower(10, "[", "1", "]"), too_deep, "11 arrays deep");
	is_read(tower(9, "{\"a\":", "1", "}"), NULL, "10 objects deep");
	is_read(tower(10, "{\"a\":", "1", "}"), too_deep, "11 objects deep");
	is_read(tower(500000, "[", "", ""), too_deep, "500,000 arrays that nobody closes");
	is_read(tower(500000, "{\"\":", "", ""), too_deep, "500,000 objects that nobody closes");
	is_read(tower(1, "[1", ",[[1]],{\"a\":1},[[1]]", "]"), NULL, "the depth is counted anew");
	is_read(tower(98, "[],", "[]", ""), "something behind the value", "no array around them");
	limits.elements = 3;
	is_read(tower(1, "[", "1,1", "]"), NULL, "as many values as are allowed");
	is_read(tower(1, "[", "1,1,1", "]"), "too many values", "one more");
	is_read(tower(1, "{", "\"a\":1,\"b\":1,\"c\":1", "}"), "too many values",
		"in an object too");
	is_read(tower(1000000, "9", "", ""), "a number that is too large", "a million digits");
	limits = (struct rpc_limits){.depth = 10, .elements = 100000};
	is_read(tower(1, "\"", "x", "\""), NULL, "a string");
}

static void test_large_object(void)
{
	AUTO_BUFFER json = {0};
	AUTO(value) map = NULL;

	for (int i = 0; i < 75000; i++)
		buffer_add_format(&json, "%c\"m%d\":%d", i ? ',' : '{', i * 7919 % 75000, i);
	buffer_add_char(&json, '}');
	is_str(read_value(json.data, json.length, &map), NULL, "an object of 75,000 members");
	is_int(value_find(map, "m7919")->integer, 1, "which are found");
}

/* However a call is cut or changed, it is read or refused. */
static void test_mutations(void)
{
	static const char json[] =
		"{\"jsonrpc\":\"2.0\",\"method\":\"VM.create\",\"params\":"
		"[\"s\\u00e9\\ud83d\\ude00\",{\"a\":[1,-2.5e3,true,null]}],\"id\":1}";
	int refused = 0;
	int read = 0;

	for (size_t i = 0; i < sizeof(json) - 1; i++) {
		struct rpc_call call = {0};

		refused += read_call(json, i, &call) != NULL;
		for (int byte = 0; byte < 256; byte++) {
			AUTO_TEXT changed = text_copy(json);

			changed[i] = (char)byte;
			if (!read_call(changed, sizeof(json) - 1, &call)) {
				read++;
				rpc_call_clear(&call);
			}
		}
	}
	is_int(refused, sizeof(json) - 1, "a call that is cut off anywhere is refused");
	ok(read > (int)sizeof(json), "one with another byte may be one (%d)", read);
}

int main(void)
{
	test_values();
	test_calls();
	test_limits();
	test_large_object();
	test_mutations();
	return done_testing();
}
