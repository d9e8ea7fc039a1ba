/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_jsonrpc_write.c – every form of a reply, byte for byte; what is written is read again. */
#include "rpc/json_read.h"
#include "rpc/jsonrpc.h"
#include "schema/text.h"
#include "tests/rpc/values.h"
#include "tests/tap.h"

#define ROUNDS 3000

/* clang-format off: a table */
static const struct {
	const char *text;
	const char *want;
} texts[] = {
	{"", "\"\""},
	{"a b/c", "\"a b/c\""},
	{"\"\\", "\"\\\"\\\\\""},
	{"\t\n\r\x01\x1f", "\"\\u0009\\u000a\\u000d\\u0001\\u001f\""},
	{"é€😀\x7f", "\"é€😀\x7f\""},
	{"</script>&", "\"</script>&\""},
	{"\xff\xc3", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
	{"a\xc3\"", "\"a\xef\xbf\xbd\\\"\""},
	{"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
};
/* clang-format on */

static void test_texts(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		AUTO_BUFFER out = {0};

		text_add_json(&out, texts[i].text);
		is_str(out.data, texts[i].want, "%s", texts[i].want);
	}
}

static void is_success(struct value *id, bool is_2_0, struct value *result, const char *want)
{
	struct rpc_call call = {.id = id, .is_2_0 = is_2_0};
	AUTO(value) owned = result;
	AUTO_BUFFER out = {0};

	jsonrpc_write_success(&out, &call, owned);
	is_str(out.data, want, "%s", want);
	rpc_call_clear(&call);
}

static void test_success(void)
{
	is_success(value_int(0), true, value_string(""),
		   "{\"jsonrpc\":\"2.0\",\"result\":\"\",\"id\":0}");
	is_success(value_string("\"7\""), true, value_int(INT64_MIN),
		   "{\"jsonrpc\":\"2.0\",\"result\":-9223372036854775808,\"id\":\"\\\"7\\\"\"}");
	is_success(value_int(-5), false, value_int32(7), "{\"result\":7,\"error\":null,\"id\":-5}");
	is_success(value_string(""), false, value_datetime("19700101T00:00:00Z"),
		   "{\"result\":\"19700101T00:00:00Z\",\"error\":null,\"id\":\"\"}");
	is_success(value_int(1), true, value_float(0.1),
		   "{\"jsonrpc\":\"2.0\",\"result\":0.1,\"id\":1}");
	is_success(value_int(1), true, value_bool(true),
		   "{\"jsonrpc\":\"2.0\",\"result\":true,\"id\":1}");
	is_success(value_int(1), true, value_nil(),
		   "{\"jsonrpc\":\"2.0\",\"result\":null,\"id\":1}");
}

static void is_failure(bool is_2_0, const struct error *err, const char *want)
{
	struct rpc_call call = {.id = value_int(3), .is_2_0 = is_2_0};
	AUTO_BUFFER out = {0};

	jsonrpc_write_failure(&out, &call, err);
	is_str(out.data, want, "%s", want);
	rpc_call_clear(&call);
}

static void test_failure(void)
{
	AUTO_ERROR err = {0};

	fail(&err, ERROR_HANDLE_INVALID, "VM", "\"\n");
	is_failure(true, &err,
		   "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":1,\"message\":\"HANDLE_INVALID\","
		   "\"data\":[\"VM\",\"\\\"\\u000a\"]},\"id\":3}");
	is_failure(
		false, &err,
		"{\"result\":null,\"error\":[\"HANDLE_INVALID\",\"VM\",\"\\\"\\u000a\"],\"id\":3}");
	fail(&err, ERROR_TASK_CANCELLED, "t");
	is_failure(false, &err, "{\"result\":null,\"error\":[\"TASK_CANCELLED\",\"t\"],\"id\":3}");
}

static void test_problem(void)
{
	struct rpc_call call = {.problem_code = -32600};
	AUTO_BUFFER out = {0};

	jsonrpc_write_problem(&out, &call, "\"x\" is wrong");
	is_str(out.data,
	       "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,\"message\":\"This is no JSON-RPC "
	       "call: \\\"x\\\" is wrong\",\"data\":[]},\"id\":null}",
	       "what is no call");
}

static void test_round_trip(void)
{
	static const struct rpc_limits limits = {.depth = 20, .elements = 100000};
	struct draw draw = {.state = 20061216, .any_value = true};
	int good = 0;

	for (int i = 0; i < ROUNDS; i++) {
		AUTO(value) value = draw_value(&draw, 6);
		AUTO(value) want = value_after_json(value);
		AUTO(value) got = NULL;
		AUTO_BUFFER json = {0};
		const char *problem;

		value_add_json(&json, value);
		problem = json_read(&limits, json.data, json.length, &got);
		if (!problem && value_equal(got, want))
			good++;
		else
			diag("%s: %s", problem ? problem : "differs", json.data);
	}
	is_int(good, ROUNDS, "random values come back as they were written");
}

int main(void)
{
	test_texts();
	test_success();
	test_failure();
	test_problem();
	test_round_trip();
	return done_testing();
}
