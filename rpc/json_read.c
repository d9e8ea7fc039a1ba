/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* json_read.c – JSON from outside to a value, in one pass; it recurses as deep as the limit lets
 * it. */
#include "rpc/json_read.h"

#include "rpc/scalar.h"
#include "schema/buffer.h"
#include "schema/xml_character.h"

#define CUT_OFF "it ends too soon"

struct reader {
	const char *at;
	const char *end;
	const struct rpc_limits *limits;
	unsigned depth;
	unsigned values;
	struct buffer text; /* of the string or number that is being read */
};

/* All return what is wrong, or NULL. */
static const char *read_value(struct reader *reader, struct value **ret_value);

static void skip_space(struct reader *reader)
{
	while (reader->at < reader->end && is_space(*reader->at))
		reader->at++;
}

/* The next character that is no space, 0 at the end. */
static char peek(struct reader *reader)
{
	skip_space(reader);
	return reader->at < reader->end ? *reader->at : '\0';
}

static bool take(struct reader *reader, char character)
{
	if (reader->at == reader->end || *reader->at != character)
		return false;
	buffer_add_char(&reader->text, character);
	reader->at++;
	return true;
}

static bool take_digits(struct reader *reader)
{
	const char *start = reader->at;

	while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
		reader->at++;
	buffer_add(&reader->text, start, (size_t)(reader->at - start));
	return reader->at > start;
}

/* Copies the number's characters; *ret_is_int: it has neither fraction nor exponent. */
static bool take_number(struct reader *reader, bool *ret_is_int)
{
	buffer_clear(&reader->text);
	take(reader, '-');
	if (!take(reader, '0') && !take_digits(reader))
		return false;
	*ret_is_int = true;
	if (take(reader, '.')) {
		*ret_is_int = false;
		if (!take_digits(reader))
			return false;
	}
	if (take(reader, 'e') || take(reader, 'E')) {
		*ret_is_int = false;
		if (!take(reader, '-'))
			take(reader, '+');
		return take_digits(reader);
	}
	return true;
}

static const char *read_number(struct reader *reader, struct value **ret_value)
{
	AUTO(value) number = NULL;
	bool is_int;

	if (!take_number(reader, &is_int))
		return "a value that is no JSON";
	if (is_int)
		number = scalar_int(reader->text.data, reader->text.length);
	if (!number || number->kind != VALUE_INT) {
		value_release(number);
		number = scalar_float(reader->text.data, reader->text.length);
	}
	if (number->kind == VALUE_STRING)
		return "a number that is too large";
	*ret_value = TAKE(number);
	return NULL;
}

static const char *read_word(struct reader *reader, const char *word, struct value *value,
			     struct value **ret_value)
{
	AUTO(value) owned = value;
	size_t length = strlen(word);

	if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
		return "a value that is no JSON";
	reader->at += length;
	*ret_value = TAKE(owned);
	return NULL;
}

static int hex_digit(char character)
{
	if (character >= '0' && character <= '9')
		return character - '0';
	if (character >= 'a' && character <= 'f')
		return character - 'a' + 10;
	if (character >= 'A' && character <= 'F')
		return character - 'A' + 10;
	return -1;
}

/* The four digits behind \u, −1 where they are not. */
static int32_t take_unit(struct reader *reader)
{
	int32_t unit = 0;

	if (reader->end - reader->at < 6 || reader->at[0] != '\\' || reader->at[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		int digit = hex_digit(reader->at[i]);

		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	reader->at += 6;
	return unit;
}

/* Half a pair stays what it is: no character. */
static size_t encode(int32_t character, char bytes[4])
{
	if (character < 0x80) {
		bytes[0] = (char)character;
		return 1;
	}
	if (character < 0x800) {
		bytes[0] = (char)(0xc0 | character >> 6);
		bytes[1] = (char)(0x80 | (character & 0x3f));
		return 2;
	}
	if (character < 0x10000) {
		bytes[0] = (char)(0xe0 | character >> 12);
		bytes[1] = (char)(0x80 | (character >> 6 & 0x3f));
		bytes[2] = (char)(0x80 | (character & 0x3f));
		return 3;
	}
	bytes[0] = (char)(0xf0 | character >> 18);
	bytes[1] = (char)(0x80 | (character >> 12 & 0x3f));
	bytes[2] = (char)(0x80 | (character >> 6 & 0x3f));
	bytes[3] = (char)(0x80 | (character & 0x3f));
	return 4;
}

static const char *read_unit(struct reader *reader)
{
	int32_t character = take_unit(reader);
	char bytes[4];
	size_t length;

	if (character < 0)
		return "a string with a broken escape";
	if (character >= 0xd800 && character < 0xdc00) {
		int32_t low = take_unit(reader);

		if (low >= 0xdc00 && low < 0xe000)
			character = 0x10000 + ((character - 0xd800) << 10) + (low - 0xdc00);
	}
	length = encode(character, bytes);
	if (!xml_character(bytes, bytes + length))
		return "a string with a character that XML-RPC can not carry";
	buffer_add(&reader->text, bytes, length);
	return NULL;
}

static const char *read_escape(struct reader *reader)
{
	static const char names[] = "\"\\/bfnrt";
	static const char characters[] = "\"\\/\b\f\n\r\t";
	const char *name;

	if (reader->end - reader->at < 2)
		return CUT_OFF;
	if (reader->at[1] == 'u')
		return read_unit(reader);
	name = reader->at[1] ? strchr(names, reader->at[1]) : NULL;
	if (!name)
		return "a string with a broken escape";
	if (*name == 'b' || *name == 'f')
		return "a string with a character that XML-RPC can not carry";
	buffer_add_char(&reader->text, characters[name - names]);
	reader->at += 2;
	return NULL;
}

static const char *read_plain(struct reader *reader)
{
	const char *start = reader->at;

	while (reader->at < reader->end && *reader->at != '"' && *reader->at != '\\') {
		size_t length = xml_character(reader->at, reader->end);

		if (!length || (length == 1 && *reader->at < ' '))
			return "a string with a control character, or that is not UTF-8";
		reader->at += length;
	}
	buffer_add(&reader->text, start, (size_t)(reader->at - start));
	return NULL;
}

static const char *read_string(struct reader *reader, struct value **ret_value)
{
	const char *problem;

	buffer_clear(&reader->text);
	reader->at++;
	for (;;) {
		if (reader->at == reader->end)
			return CUT_OFF;
		if (*reader->at == '"')
			break;
		problem = *reader->at == '\\' ? read_escape(reader) : read_plain(reader);
		if (problem)
			return problem;
	}
	reader->at++;
	*ret_value =
		value_string_n(reader->text.data ? reader->text.data : "", reader->text.length);
	return NULL;
}

/* Behind an item: whether another one follows. */
static const char *read_separator(struct reader *reader, char closing, bool *ret_more)
{
	char next = peek(reader);

	if (next != ',' && next != closing)
		return next ? "two values without a comma" : CUT_OFF;
	reader->at++;
	*ret_more = next == ',';
	return NULL;
}

static const char *read_array(struct reader *reader, struct value **ret_value)
{
	AUTO(value) set = value_set();
	const char *problem;
	bool more = true;

	reader->at++;
	if (peek(reader) == ']') {
		reader->at++;
		more = false;
	}
	while (more) {
		struct value *item;

		problem = read_value(reader, &item);
		if (problem)
			return problem;
		value_append(set, item);
		problem = read_separator(reader, ']', &more);
		if (problem)
			return problem;
	}
	*ret_value = TAKE(set);
	return NULL;
}

static const char *read_member(struct reader *reader, struct value *map)
{
	AUTO(value) key = NULL;
	struct value *value;
	const char *problem;

	if (peek(reader) != '"')
		return "an object whose member has no name";
	problem = read_string(reader, &key);
	if (problem)
		return problem;
	if (peek(reader) != ':')
		return "an object whose member has no value";
	reader->at++;
	problem = read_value(reader, &value);
	if (!problem)
		value_put_member(map, TAKE(key), value);
	return problem;
}

static const char *read_object(struct reader *reader, struct value **ret_value)
{
	AUTO(value) map = value_map();
	const char *problem;
	bool more = true;

	reader->at++;
	if (peek(reader) == '}') {
		reader->at++;
		more = false;
	}
	while (more) {
		problem = read_member(reader, map);
		if (!problem)
			problem = read_separator(reader, '}', &more);
		if (problem)
			return problem;
	}
	if (value_sort(map))
		return "an object with the same member twice";
	*ret_value = TAKE(map);
	return NULL;
}

static const char *read_content(struct reader *reader, struct value **ret_value)
{
	switch (peek(reader)) {
	case '\0':
		return reader->at == reader->end ? CUT_OFF : "a value that is no JSON";
	case '{':
		return read_object(reader, ret_value);
	case '[':
		return read_array(reader, ret_value);
	case '"':
		return read_string(reader, ret_value);
	case 't':
		return read_word(reader, "true", value_bool(true), ret_value);
	case 'f':
		return read_word(reader, "false", value_bool(false), ret_value);
	case 'n':
		return read_word(reader, "null", value_nil(), ret_value);
	default:
		return read_number(reader, ret_value);
	}
}

static const char *read_value(struct reader *reader, struct value **ret_value)
{
	const char *problem;

	if (reader->depth == reader->limits->depth)
		return "values nested too deep";
	if (reader->values == reader->limits->elements)
		return "too many values";
	reader->depth++;
	reader->values++;
	problem = read_content(reader, ret_value);
	reader->depth--;
	return problem;
}

const char *json_read(const struct rpc_limits *limits, const char *bytes, size_t length,
		      struct value **ret_value)
{
	struct reader reader = {.at = bytes, .end = bytes + length, .limits = limits};
	AUTO(value) value = NULL;
	const char *problem = read_value(&reader, &value);

	if (!problem && (peek(&reader) || reader.at < reader.end))
		problem = "something behind the value";
	buffer_free(&reader.text);
	if (!problem)
		*ret_value = TAKE(value);
	return problem;
}
