/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_where.c – the expressions of get_all_where: what they mean, and what is wrong with them. */
#include "server/api/where.h"

#include "schema/buffer.h"
#include "tests/tap.h"

static struct record *example(void)
{
	struct record *vm = record_new(schema_classes[CLASS_VM], "OpaqueRef:1");
	struct value *tags = value_set();
	struct value *config = value_map();

	value_append(tags, value_string("a"));
	value_append(tags, value_string("it's"));
	value_put(config, "z", value_string("1"));
	value_put(config, "b", value_string("back\\slash"));
	record_set_text(vm, VM_name_label, "demo \"1\"");
	record_set_text(vm, VM_power_state, "Running");
	record_set_int(vm, VM_memory_static_max, 1073741824);
	record_set_int(vm, VM_memory_dynamic_max, 1073741824);
	record_set(vm, VM_is_a_template, value_bool(true));
	record_set(vm, VM_tags, tags);
	record_set(vm, VM_other_config, config);
	return vm;
}

static const struct {
	const char *text;
	bool matches;
} meanings[] = {
	{"true", true},
	{"false", false},
	{" \t\ntrue\r\n ", true},
	{"not true", false},
	{"not not true", true},
	{"(true)", true},
	{"((false))", false},
	{"not(false)", true},
	{"not false and false", false},
	{"not (false and false)", true},
	{"true or true and false", true},
	{"(true or true) and false", false},
	{"false and false or true", true},
	{"false and (false or true)", false},
	{"not true or true", true},
	{"not (true or true)", false},
	{"true and true and true and false", false},
	{"false or false or false or true", true},
	{"field \"power_state\" = \"Running\"", true},
	{"field \"power_state\" = 'Running'", true},
	{"field 'power_state'='Running'", true},
	{"field\"power_state\"=\"Halted\"", false},
	{"field \"power_state\" = \"running\"", false},
	{"\"Running\" = field \"power_state\"", true},
	{"'a' = 'a'", true},
	{"'a' = \"b\"", false},
	{"field \"memory_static_max\" = field \"memory_dynamic_max\"", true},
	{"field \"memory_static_max\" = \"1073741824\"", true},
	{"field \"memory_static_max\" = \"01073741824\"", false},
	{"field \"memory__static_max\" = \"1073741824\"", true},
	{"field \"name__label\" = 'demo \"1\"'", true},
	{"field \"name_label\" = \"demo \\\"1\\\"\"", true},
	{"field \"name_label\" = \"demo\"", false},
	{"field \"is_a_template\" = \"true\"", true},
	{"field \"is_a_template\" = \"false\"", false},
	{"field \"affinity\" = \"OpaqueRef:NULL\"", true},
	{"field \"snapshot_time\" = \"19700101T00:00:00Z\"", true},
	{"field \"HVM_shadow_multiplier\" = \"1.0\"", true},
	{"field \"tags\" = \"('a' 'it\\\\'s')\"", true},
	{"field \"VBDs\" = \"()\"", true},
	{"field \"HVM_boot_params\" = \"()\"", true},
	{"field \"other_config\" = \"(('b' 'back\\\\\\\\slash') ('z' '1'))\"", true},
	{"field \"name_description\" = \"\"", true},
	{"'a\\b' = 'a\\\\b'", true},
	{"field \"is_a_template\" = \"true\" and not field \"power_state\" = \"Halted\"", true},
};

static const struct {
	const char *text;
	const char *problem;
} mistakes[] = {
	{"", "expr: something is missing at character 1"},
	{"   ", "expr: something is missing at character 4"},
	{"true and", "expr: something is missing at character 9"},
	{"true true", "expr: and, or or the end is expected at character 6"},
	{"(true", "expr: and, or or ) is expected at character 6"},
	{"true)", "expr: and, or or the end is expected at character 5"},
	{"truex", "expr: field, not, true, false, ( or a text is expected at character 1"},
	{"name = 'x'", "expr: field, not, true, false, ( or a text is expected at character 1"},
	{"field name = 'x'", "expr: a text in quotes is expected at character 7"},
	{"field \"uuid\" 'x'", "expr: = is expected at character 14"},
	{"field \"uuid\" = ", "expr: a text in quotes is expected at character 16"},
	{"field \"uuid\" = 'x", "expr: the text has no closing quote at character 16"},
	{"field \"uuid\" = 'x\\'", "expr: the text has no closing quote at character 16"},
	{"'é' = \"é\" x", "expr: and, or or the end is expected at character 11"},
	{"field \"colour\" = 'red'", "expr: VM has no field \"colour\": at character 7"},
	{"field \"live_intent\" = ''", "expr: VM has no field \"live_intent\": at character 7"},
	{"field \"name___label\" = ''", "expr: VM has no field \"name___label\": at character 7"},
	{"NOT true", "expr: field, not, true, false, ( or a text is expected at character 1"},
};

static void test_meanings(const struct record *vm)
{
	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++) {
		AUTO(where) where = NULL;
		AUTO_ERROR err = {0};

		if (where_parse(vm->cls, meanings[i].text, &where, &err) < 0) {
			AUTO_TEXT text = error_text(&err);

			ok(false, "%s: %s", meanings[i].text, text);
			continue;
		}
		is_int(where_match(where, vm), meanings[i].matches, "%s", meanings[i].text);
	}
}

static void test_mistakes(const struct record *vm)
{
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		struct where *where = NULL;
		AUTO_ERROR err = {0};
		int rc = where_parse(vm->cls, mistakes[i].text, &where, &err);

		ok(rc < 0 && !where && err.code == ERROR_INVALID_VALUE, "refused: \"%s\"",
		   mistakes[i].text);
		is_str(err.parameters[0], mistakes[i].problem, "and says why");
		is_str(err.parameters[1], mistakes[i].text, "and repeats it");
	}
}

static bool is_accepted(const struct record *vm, const char *text)
{
	AUTO(where) where = NULL;
	AUTO_ERROR err = {0};

	return where_parse(vm->cls, text, &where, &err) == 0 && where_match(where, vm);
}

static char *repeat(const char *before, const char *part, int times, const char *after)
{
	struct buffer text = {0};

	buffer_add_text(&text, before);
	for (int i = 0; i < times; i++)
		buffer_add_text(&text, part);
	buffer_add_text(&text, after);
	return buffer_take(&text);
}

static void test_bounds(const struct record *vm)
{
	AUTO_TEXT deep = repeat("", "(", 60000, "");
	AUTO_TEXT nots = repeat("", "not ", 1000, "true");
	AUTO_TEXT fine = repeat("", "not ", 98, "true");
	AUTO_TEXT chain = repeat("true", " and true", 7000, "");
	AUTO_TEXT mixed = repeat("true", " or true and true", 3000, "");
	AUTO_TEXT too_long = repeat("true", " and true", 8000, "");

	ok(!is_accepted(vm, deep), "60,000 parentheses are refused");
	ok(!is_accepted(vm, nots), "1,000 nots are refused");
	ok(is_accepted(vm, fine), "98 nots are not");
	ok(is_accepted(vm, chain), "7,000 ands are fine");
	ok(is_accepted(vm, mixed), "so are 3,000 ors of ands");
	ok(!is_accepted(vm, too_long), "more than 64 KiB are refused");
}

int main(void)
{
	AUTO(record) vm = NULL;

	schema_init();
	vm = example();
	test_meanings(vm);
	test_mistakes(vm);
	test_bounds(vm);
	return done_testing();
}
