/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_text.c – values to text and back, random ones of every type; JSON; what is no such text. */
#include "schema/text.h"

#include "schema/record.h"
#include "schema/types.h"
#include "tests/tap.h"

#include <inttypes.h>
#include <math.h>

#define ROUNDS 50

static uint64_t seed = 20061203;

/* xorshift: the same numbers at each run */
static uint64_t draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static struct value *random_string(void)
{
	static const char *const parts[] = {"a",    "Z", " ", "\"", "\\", "\n", "\t",  "\x01",
					    "\x7f", "é", "€", "𝄞",  "'",  "/",	"<&>", "\r"};
	struct buffer text = {0};
	struct value *value;

	for (uint64_t left = draw() % 12; left; left--)
		buffer_add_text(&text, parts[draw() % ARRAY_SIZE(parts)]);
	value = value_string_n(text.data ? text.data : "", text.length);
	buffer_free(&text);
	return value;
}

static struct value *random_float(void)
{
	union {
		uint64_t bits;
		double number;
	} drawn = {draw()};

	if (draw() % 2)
		return value_float((double)(int64_t)(draw() % 2000) / 8 - 100);
	return value_float(isfinite(drawn.number) ? drawn.number : 0.1);
}

static struct value *random_value(const struct type *type);

static struct value *random_set(const struct type *type)
{
	struct value *set = value_set();

	for (uint64_t left = draw() % 6; left; left--)
		value_append(set, random_value(type->item));
	return set;
}

static struct value *random_map(const struct type *type)
{
	struct value *map = value_map();

	for (uint64_t left = draw() % 6; left; left--) {
		AUTO(value) text = random_string();
		AUTO_TEXT key = text_format("%" PRIu64 "%s", left, text->text);

		value_put(map, key, random_value(type->item));
	}
	return map;
}

static struct value *random_value(const struct type *type)
{
	const char *const *values;
	int count = 0;

	switch (type->kind) {
	case TYPE_INT:
		return value_int((int64_t)(draw() % 2 ? draw() : draw() % 100));
	case TYPE_FLOAT:
		return random_float();
	case TYPE_BOOL:
		return value_bool(draw() % 2);
	case TYPE_DATETIME:
		return value_datetime_of((time_t)(draw() % 4000000000));
	case TYPE_ENUM:
		values = schema_enums[type->enumeration].values;
		while (values[count])
			count++;
		return value_string(values[draw() % (uint64_t)count]);
	case TYPE_REF:
		return value_string_format("OpaqueRef:%" PRIx64, draw());
	case TYPE_SET:
		return random_set(type);
	case TYPE_MAP:
		return random_map(type);
	default:
		return random_string();
	}
}

/* "" is read as the zero of the type, which for a string is "" again. */
static bool comes_back(const struct type *type)
{
	AUTO(value) value = random_value(type);
	AUTO(value) back = NULL;
	AUTO_TEXT text = value_to_text(value);
	const char *problem = text_to_value(type, text, &back);

	if (!problem && value_equal(value, back))
		return true;
	diag("%s: %s", text, problem ? problem : "another value");
	return false;
}

static void test_round_trips(const struct class_info *cls)
{
	int wrong = 0;

	for (int i = 0; i < cls->field_count; i++)
		for (int round = 0; round < ROUNDS; round++)
			wrong += cls->fields[i].type->kind != TYPE_ANY &&
				 !comes_back(cls->fields[i].type);
	is_int(wrong, 0, "random values of the fields of %s come back", cls->name);
}

static const struct {
	const struct type *type;
	const char *text;
	const char *json; /* of what is read; NULL: it is refused */
} texts[] = {
	{
		INT,
		"",
		"0",
	},
	{FLOAT, "", "0.0"},
	{BOOL, "", "false"},
	{DATETIME, "", "\"19700101T00:00:00Z\""},
	{ENUM(vm_power_state), "", "\"Halted\""},
	{REF(VM), "", "\"OpaqueRef:NULL\""},
	{SET(STRING), "", "[]"},
	{MAP(STRING, STRING), "", "{}"},
	{STRING, "", "\"\""},
	{INT, "12x", NULL},
	{INT, "9223372036854775808", NULL},
	{INT, "-9223372036854775808", "-9223372036854775808"},
	{FLOAT, "0.1", "0.1"},
	{FLOAT, "1e300", "1e+300"},
	{FLOAT, "nan", NULL},
	{FLOAT, "x", NULL},
	{BOOL, "yes", NULL},
	{ENUM(vm_power_state), "Crashed", NULL},
	{SET(STRING), "[\"a\", \"b\"]", "[\"a\",\"b\"]"},
	{SET(STRING), "[1]", NULL},
	{SET(STRING), "{}", NULL},
	{SET(STRING), "[", NULL},
	{SET(INT), "[0, 1]", "[0,1]"},
	{SET(INT), "[\"0\"]", NULL},
	{SET(ENUM(vm_power_state)), "[\"Halted\",\"x\"]", NULL},
	{MAP(STRING, STRING), "{\"b\":\"2\",\"a\":\"1\"}", "{\"a\":\"1\",\"b\":\"2\"}"},
	{MAP(STRING, STRING), "{\"a\":\"1\",\"a\":\"2\"}", NULL},
	{MAP(STRING, STRING), "[]", NULL},
	{MAP(STRING, FLOAT), "{\"a\":1}", "{\"a\":1.0}"},
	{MAP(STRING, BOOL), "{\"a\":true}", "{\"a\":true}"},
	{MAP(STRING, BOOL), "{\"a\":1}", NULL},
};

static void test_texts(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		AUTO(value) value = NULL;
		AUTO_BUFFER json = {0};
		AUTO_TEXT type = type_text(texts[i].type);
		const char *problem = text_to_value(texts[i].type, texts[i].text, &value);

		if (value)
			value_add_json(&json, value);
		ok(!problem == !!texts[i].json && !problem == !!value, "\"%s\" as %s: %s",
		   texts[i].text, type, problem ? problem : "fine");
		is_str(json.data, texts[i].json, "what is read");
	}
}

static void test_json(void)
{
	AUTO(record) record = record_new(schema_classes[CLASS_console], "OpaqueRef:1");
	AUTO(value) value = value_record(record);
	AUTO_BUFFER json = {0};

	record_set_text(record, console_location, "a\"b\\c\x1f/é");
	value_add_json(&json, value);
	is_str(json.data,
	       "{\"uuid\":\"\",\"protocol\":\"vt100\",\"location\":\"a\\\"b\\\\c\\u001f/é\","
	       "\"VM\":\"OpaqueRef:NULL\",\"other_config\":{}}",
	       "a record as JSON");
	buffer_clear(&json);
	value_add_json(&json, value_nil());
	is_str(json.data, "null", "nil as JSON");
}

int main(void)
{
	schema_init();
	for (int i = 0; i < CLASS_COUNT; i++)
		test_round_trips(schema_classes[i]);
	test_texts();
	test_json();
	return done_testing();
}
