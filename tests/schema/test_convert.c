/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_convert.c – which values from outside a type accepts, and what they become. */
#include "schema/convert.h"

#include "schema/text.h"
#include "schema/types.h"
#include "tests/tap.h"

#include <math.h>

enum given { STRING_, INT_, FLOAT_, DATE_ };

static const struct type *const types[] = {
	[TYPE_STRING] = STRING, [TYPE_INT] = INT,	    [TYPE_FLOAT] = FLOAT,
	[TYPE_BOOL] = BOOL,	[TYPE_DATETIME] = DATETIME, [TYPE_ENUM] = ENUM(vm_power_state),
	[TYPE_REF] = REF(VM),
};

/* NULL: refused, with this error. */
static const struct {
	enum type_kind type;
	enum given kind;
	const char *given;
	const char *becomes;
	enum error_code error;
} scalars[] = {
	{TYPE_INT, INT_, "42", "42", 0},
	{TYPE_INT, STRING_, "42", "42", 0},
	{TYPE_INT, STRING_, "-42", "-42", 0},
	{TYPE_INT, STRING_, "+42", "42", 0},
	{TYPE_INT, STRING_, " 42\n", "42", 0},
	{TYPE_INT, STRING_, "0x2a", "42", 0},
	{TYPE_INT, STRING_, "-0X2A", "-42", 0},
	{TYPE_INT, STRING_, "010", "10", 0},
	{TYPE_INT, STRING_, "9223372036854775807", "9223372036854775807", 0},
	{TYPE_INT, STRING_, "-9223372036854775808", "-9223372036854775808", 0},
	{TYPE_INT, STRING_, "9223372036854775808", NULL, ERROR_INVALID_VALUE},
	{TYPE_INT, STRING_, "-9223372036854775809", NULL, ERROR_INVALID_VALUE},
	{TYPE_INT, STRING_, "", NULL, ERROR_INVALID_VALUE},
	{TYPE_INT, STRING_, " ", NULL, ERROR_INVALID_VALUE},
	{TYPE_INT, STRING_, "-", NULL, ERROR_INVALID_VALUE},
	{TYPE_INT, STRING_, "- 1", NULL, ERROR_INVALID_VALUE},
	{TYPE_INT, STRING_, "1e3", NULL, ERROR_INVALID_VALUE},
	{TYPE_INT, STRING_, "1.0", NULL, ERROR_INVALID_VALUE},
	{TYPE_INT, STRING_, "42 MiB", NULL, ERROR_INVALID_VALUE},
	{TYPE_INT, STRING_, "0x", NULL, ERROR_INVALID_VALUE},
	{TYPE_INT, STRING_, "0b101", NULL, ERROR_INVALID_VALUE},
	{TYPE_INT, FLOAT_, "42", NULL, ERROR_FIELD_TYPE_ERROR},
	{TYPE_INT, DATE_, "19700101T00:00:00Z", NULL, ERROR_FIELD_TYPE_ERROR},
	{TYPE_FLOAT, FLOAT_, "1.5", "1.5", 0},
	{TYPE_FLOAT, INT_, "2", "2.0", 0},
	{TYPE_FLOAT, STRING_, "2.5", "2.5", 0},
	{TYPE_FLOAT, STRING_, "1e3", "1000.0", 0},
	{TYPE_FLOAT, STRING_, "inf", NULL, ERROR_INVALID_VALUE},
	{TYPE_FLOAT, STRING_, "nan", NULL, ERROR_INVALID_VALUE},
	{TYPE_FLOAT, STRING_, "1e999", NULL, ERROR_INVALID_VALUE},
	{TYPE_FLOAT, STRING_, "", NULL, ERROR_INVALID_VALUE},
	{TYPE_FLOAT, STRING_, "1.5x", NULL, ERROR_INVALID_VALUE},
	{TYPE_BOOL, STRING_, "true", NULL, ERROR_FIELD_TYPE_ERROR},
	{TYPE_BOOL, INT_, "1", NULL, ERROR_FIELD_TYPE_ERROR},
	{TYPE_DATETIME, DATE_, "20061203T14:05:59Z", "20061203T14:05:59Z", 0},
	{TYPE_DATETIME, STRING_, "20061203T14:05:59Z", "20061203T14:05:59Z", 0},
	{TYPE_DATETIME, STRING_, "2006-12-03T14:05:59Z", "20061203T14:05:59Z", 0},
	{TYPE_DATETIME, STRING_, "20061203T14:05:59", "20061203T14:05:59", 0},
	{TYPE_DATETIME, STRING_, "20061203T14:05:59+01:00", "20061203T13:05:59Z", 0},
	{TYPE_DATETIME, STRING_, "20061203T14:05:59-0130", "20061203T15:35:59Z", 0},
	{TYPE_DATETIME, STRING_, "111T0:0:0", NULL, ERROR_INVALID_VALUE},
	{TYPE_DATETIME, STRING_, "20061303T14:05:59Z", NULL, ERROR_INVALID_VALUE},
	{TYPE_DATETIME, STRING_, "20061203T24:05:59Z", NULL, ERROR_INVALID_VALUE},
	{TYPE_DATETIME, STRING_, "20061203T14:05:59Zx", NULL, ERROR_INVALID_VALUE},
	{TYPE_DATETIME, STRING_, "20061203T14:05:59+1", NULL, ERROR_INVALID_VALUE},
	{TYPE_DATETIME, STRING_, "20061203", NULL, ERROR_INVALID_VALUE},
	{TYPE_DATETIME, STRING_, "", NULL, ERROR_INVALID_VALUE},
	{TYPE_DATETIME, INT_, "0", NULL, ERROR_FIELD_TYPE_ERROR},
	{TYPE_ENUM, STRING_, "Halted", "Halted", 0},
	{TYPE_ENUM, STRING_, "halted", NULL, ERROR_INVALID_VALUE},
	{TYPE_ENUM, STRING_, "", NULL, ERROR_INVALID_VALUE},
	{TYPE_ENUM, INT_, "0", NULL, ERROR_FIELD_TYPE_ERROR},
	{TYPE_STRING, STRING_, "", "", 0},
	{TYPE_STRING, STRING_, "any \"text\"", "any \"text\"", 0},
	{TYPE_STRING, INT_, "1", NULL, ERROR_FIELD_TYPE_ERROR},
	{TYPE_REF, STRING_, "OpaqueRef:1", "OpaqueRef:1", 0},
	{TYPE_REF, STRING_, "", "OpaqueRef:NULL", 0},
	{TYPE_REF, INT_, "1", NULL, ERROR_FIELD_TYPE_ERROR},
};

static struct value *make(enum given kind, const char *text)
{
	switch (kind) {
	case INT_:
		return value_int(strtoll(text, NULL, 10));
	case FLOAT_:
		return value_float(strtod(text, NULL));
	case DATE_:
		return value_datetime(text);
	default:
		return value_string(text);
	}
}

static void test_scalars(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(scalars); i++) {
		const struct type *type = types[scalars[i].type];
		AUTO(value) given = make(scalars[i].kind, scalars[i].given);
		AUTO(value) made = NULL;
		AUTO_TEXT name = type_text(type);
		AUTO_TEXT text = NULL;
		AUTO_ERROR err = {0};
		int rc = convert_value(type, given, "name", &made, &err);

		text = made ? value_to_text(made) : NULL;
		is_int(rc, scalars[i].becomes ? 0 : -1, "%s %s for %s", value_kind_name(given),
		       scalars[i].given, name);
		is_str(text, scalars[i].becomes, "what it becomes");
		is_int(err.code, scalars[i].error, "the error");
		if (rc < 0)
			ok(strncmp(err.parameters[0], "name: ", 6) == 0, "names it: %s",
			   err.parameters[0]);
	}
}

/* Given and accepted as JSON. */
static const struct {
	const struct type *type;
	const struct type *given_type;
	const char *given;
	const char *becomes;
	enum error_code error;
} composed[] = {
	{SET(STRING), SET(STRING), "[\"a\",\"b\"]", "[\"a\",\"b\"]", 0},
	{SET(STRING), SET(STRING), "[]", "[]", 0},
	{SET(INT), SET(STRING), "[\"1\",\"0x10\"]", "[1,16]", 0},
	{SET(INT), SET(STRING), "[\"1\",\"x\"]", NULL, ERROR_INVALID_VALUE},
	{SET(STRING), SET(INT), "[1]", NULL, ERROR_FIELD_TYPE_ERROR},
	{SET(STRING), MAP(STRING, STRING), "{\"a\":\"b\"}", NULL, ERROR_FIELD_TYPE_ERROR},
	{SET(STRING), STRING, "a", NULL, ERROR_FIELD_TYPE_ERROR},
	{MAP(STRING, STRING), MAP(STRING, STRING), "{\"b\":\"1\",\"a\":\"2\"}",
	 "{\"a\":\"2\",\"b\":\"1\"}", 0},
	{MAP(STRING, STRING), MAP(STRING, INT), "{\"b\":1}", NULL, ERROR_FIELD_TYPE_ERROR},
	{MAP(STRING, STRING), SET(STRING), "[]", NULL, ERROR_FIELD_TYPE_ERROR},
	{MAP(INT, FLOAT), MAP(STRING, STRING), "{\"0\":\"0.5\"}", "{\"0\":0.5}", 0},
	{MAP(INT, FLOAT), MAP(STRING, STRING), "{\"x\":\"0.5\"}", NULL, ERROR_INVALID_VALUE},
	{MAP(ENUM(vm_operations), STRING), MAP(STRING, STRING), "{\"start\":\"no\"}",
	 "{\"start\":\"no\"}", 0},
	{MAP(ENUM(vm_operations), STRING), MAP(STRING, STRING), "{\"jump\":\"no\"}", NULL,
	 ERROR_INVALID_VALUE},
	{MAP(STRING, SET(STRING)), MAP(STRING, SET(STRING)), "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}",
	 0},
	{BOOL, BOOL, "true", "true", 0},
	{RECORD(VM), MAP(STRING, INT), "{\"order\":1}", "{\"order\":1}", 0},
	{RECORD(VM), SET(STRING), "[]", NULL, ERROR_FIELD_TYPE_ERROR},
	{ANY, SET(INT), "[1]", "[1]", 0},
};

static void test_composed(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(composed); i++) {
		AUTO(value) given = NULL;
		AUTO(value) made = NULL;
		AUTO_TEXT name = type_text(composed[i].type);
		AUTO_TEXT text = NULL;
		AUTO_ERROR err = {0};
		int rc;

		ok(!text_to_value(composed[i].given_type, composed[i].given, &given), "%s is read",
		   composed[i].given);
		rc = convert_value(composed[i].type, given, "name", &made, &err);
		text = made ? value_to_text(made) : NULL;
		is_int(rc, composed[i].becomes ? 0 : -1, "%s for %s", composed[i].given, name);
		is_str(text, composed[i].becomes, "what it becomes");
		is_int(err.code, composed[i].error, "the error");
	}
}

static void test_kinds_without_text(void)
{
	AUTO(value) infinite = value_float(INFINITY);
	AUTO(value) made = NULL;
	AUTO_ERROR err = {0};

	ok(convert_value(FLOAT, infinite, "x", &made, &err) < 0 && err.code == ERROR_INVALID_VALUE,
	   "an infinite float is refused");
	for (size_t i = TYPE_STRING; i < ARRAY_SIZE(types); i++)
		if (types[i])
			ok(convert_value(types[i], value_nil(), "x", &made, &err) < 0 &&
				   err.code == ERROR_FIELD_TYPE_ERROR,
			   "nil is refused");
}

int main(void)
{
	schema_init();
	test_scalars();
	test_composed();
	test_kinds_without_text();
	return done_testing();
}
