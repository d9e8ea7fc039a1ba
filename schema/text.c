/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* text.c – values as text and JSON. Reading is jansson's; writing is one walk over the value. */
#include "schema/text.h"

#include "schema/record.h"
#include "schema/xml_character.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>

static const char *from_json(const struct type *type, const json_t *json, struct value **ret_value);

static const char *set_from_json(const struct type *type, const json_t *json,
				 struct value **ret_value)
{
	AUTO(value) set = value_set();
	const char *problem;
	struct value *item;
	json_t *element;
	size_t index;

	if (!json_is_array(json))
		return "not a JSON array";
	json_array_foreach(json, index, element)
	{
		problem = from_json(type->item, element, &item);
		if (problem)
			return problem;
		value_append(set, item);
	}
	*ret_value = TAKE(set);
	return NULL;
}

static const char *map_from_json(const struct type *type, const json_t *json,
				 struct value **ret_value)
{
	AUTO(value) map = value_map();
	const char *problem;
	struct value *item;
	json_t *element;
	const char *key;

	if (!json_is_object(json))
		return "not a JSON object";
	json_object_foreach((json_t *)(uintptr_t)json, key, element)
	{
		problem = from_json(type->item, element, &item);
		if (problem)
			return problem;
		value_put(map, key, item);
	}
	value_sort(map);
	*ret_value = TAKE(map);
	return NULL;
}

static const char *from_json(const struct type *type, const json_t *json, struct value **ret_value)
{
	switch (type->kind) {
	case TYPE_SET:
		return set_from_json(type, json, ret_value);
	case TYPE_MAP:
		return map_from_json(type, json, ret_value);
	case TYPE_INT:
		if (!json_is_integer(json))
			return "not an integer";
		*ret_value = value_int(json_integer_value(json));
		return NULL;
	case TYPE_FLOAT:
		if (!json_is_number(json))
			return "not a number";
		*ret_value = value_float(json_number_value(json));
		return NULL;
	case TYPE_BOOL:
		if (!json_is_boolean(json))
			return "neither true nor false";
		*ret_value = value_bool(json_is_true(json));
		return NULL;
	default:
		if (!json_is_string(json))
			return "not a string";
		return text_to_value(type, json_string_value(json), ret_value);
	}
}

static const char *from_json_text(const struct type *type, const char *text,
				  struct value **ret_value)
{
	json_t *json;
	const char *problem;

	/* what most of them are */
	if (strcmp(text, type->kind == TYPE_SET ? "[]" : "{}") == 0) {
		*ret_value = type->kind == TYPE_SET ? value_set() : value_map();
		return NULL;
	}
	json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	problem = json ? from_json(type, json, ret_value) : "not JSON";
	json_decref(json);
	return problem;
}

void text_each_field(const struct class_info *cls, const char *text, text_field_fn each,
		     void *argument)
{
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	json_t *element;
	const char *name;

	json_object_foreach(json, name, element)
	{
		const struct field_info *field = schema_field(cls, name);
		const struct type set = {.kind = TYPE_SET, .item = field ? field->type : NULL};
		AUTO(value) values = NULL;

		if (field && !from_json(&set, element, &values))
			each(argument, (int)(field - cls->fields), values);
	}
	json_decref(json);
}

static const char *int_from_text(const char *text, struct value **ret_value)
{
	long long number;
	char *end;

	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno || end == text || *end)
		return "not an integer of 64 bits";
	*ret_value = value_int(number);
	return NULL;
}

static const char *float_from_text(const char *text, struct value **ret_value)
{
	double number;
	char *end;

	number = strtod(text, &end);
	if (end == text || *end || !isfinite(number))
		return "not a finite number";
	*ret_value = value_float(number);
	return NULL;
}

static const char *zero(const struct type *type, struct value **ret_value)
{
	switch (type->kind) {
	case TYPE_INT:
		*ret_value = value_int(0);
		break;
	case TYPE_FLOAT:
		*ret_value = value_float(0);
		break;
	case TYPE_BOOL:
		*ret_value = value_bool(false);
		break;
	case TYPE_DATETIME:
		*ret_value = value_datetime("19700101T00:00:00Z");
		break;
	case TYPE_ENUM:
		*ret_value = value_string(schema_enums[type->enumeration].values[0]);
		break;
	case TYPE_REF:
		*ret_value = value_string(NULL_REF);
		break;
	case TYPE_SET:
		*ret_value = value_set();
		break;
	case TYPE_MAP:
		*ret_value = value_map();
		(*ret_value)->sorted = 1;
		break;
	default:
		*ret_value = value_string("");
	}
	return NULL;
}

const char *text_to_value(const struct type *type, const char *text, struct value **ret_value)
{
	if (!*text)
		return zero(type, ret_value);
	switch (type->kind) {
	case TYPE_INT:
		return int_from_text(text, ret_value);
	case TYPE_FLOAT:
		return float_from_text(text, ret_value);
	case TYPE_BOOL:
		if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
			return "neither true nor false";
		*ret_value = value_bool(*text == 't');
		return NULL;
	case TYPE_DATETIME:
		*ret_value = value_datetime(text);
		return NULL;
	case TYPE_ENUM:
		if (!schema_enum_has(type->enumeration, text))
			return "not a value of its enumeration";
		*ret_value = value_string(text);
		return NULL;
	case TYPE_SET:
	case TYPE_MAP:
		return from_json_text(type, text, ret_value);
	default:
		*ret_value = value_string(text);
		return NULL;
	}
}

static bool is_plain(unsigned char byte)
{
	return byte >= ' ' && byte < 0x80 && byte != '"' && byte != '\\';
}

/* One character that is not plain; returns its length. Whatever the bytes are, what comes out is
 * UTF-8. */
static size_t add_special(struct buffer *out, const char *text, const char *end)
{
	size_t length = xml_character(text, end);

	if (*text == '"' || *text == '\\') {
		buffer_add_char(out, '\\');
		buffer_add_char(out, *text);
	} else if ((unsigned char)*text < ' ') {
		buffer_add_format(out, "\\u%04x", (unsigned char)*text);
	} else if (length) {
		buffer_add(out, text, length);
	} else {
		buffer_add_literal(out, "\xef\xbf\xbd");
	}
	return length ? length : 1;
}

void text_add_json(struct buffer *out, const char *text)
{
	const char *end = text + strlen(text);

	buffer_add_char(out, '"');
	while (text < end) {
		const char *run = text;

		while (is_plain((unsigned char)*text))
			text++;
		buffer_add(out, run, (size_t)(text - run));
		if (text < end)
			text += add_special(out, text, end);
	}
	buffer_add_char(out, '"');
}

/* The shortest text that reads back as the same number, always with a sign that it is no integer.
 */
static void add_float(struct buffer *out, double number)
{
	char text[32];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, number);
		if (strtod(text, NULL) == number)
			break;
	}
	buffer_add_text(out, text);
	if (!strpbrk(text, ".e"))
		buffer_add_literal(out, ".0");
}

static void add_record(struct buffer *out, const struct record *record)
{
	bool first = true;

	buffer_add_char(out, '{');
	for (int i = 0; i < record->cls->field_count; i++) {
		if (record->cls->fields[i].qualifier == QUALIFIER_INTERNAL)
			continue;
		if (!first)
			buffer_add_char(out, ',');
		first = false;
		text_add_json(out, record->cls->fields[i].name);
		buffer_add_char(out, ':');
		value_add_json(out, record->fields[i]);
	}
	buffer_add_char(out, '}');
}

static void add_set(struct buffer *out, const struct value *set)
{
	buffer_add_char(out, '[');
	for (uint32_t i = 0; i < set->length; i++) {
		if (i)
			buffer_add_char(out, ',');
		value_add_json(out, set->items[i]);
	}
	buffer_add_char(out, ']');
}

static void add_map(struct buffer *out, const struct value *map)
{
	buffer_add_char(out, '{');
	for (uint32_t i = 0; i < map->length; i++) {
		if (i)
			buffer_add_char(out, ',');
		text_add_json(out, map->members[i].key->text);
		buffer_add_char(out, ':');
		value_add_json(out, map->members[i].value);
	}
	buffer_add_char(out, '}');
}

void value_add_json(struct buffer *out, const struct value *value)
{
	switch ((enum value_kind)value->kind) {
	case VALUE_NIL:
		buffer_add_literal(out, "null");
		break;
	case VALUE_STRING:
	case VALUE_DATETIME:
		text_add_json(out, value->text);
		break;
	case VALUE_INT:
	case VALUE_INT32:
		buffer_add_int(out, value->integer);
		break;
	case VALUE_FLOAT:
		add_float(out, value->number);
		break;
	case VALUE_BOOL:
		buffer_add_text(out, value->boolean ? "true" : "false");
		break;
	case VALUE_SET:
		add_set(out, value);
		break;
	case VALUE_MAP:
		add_map(out, value);
		break;
	case VALUE_RECORD:
		add_record(out, value->record);
		break;
	}
}

char *value_to_text(const struct value *value)
{
	struct buffer text = {0};

	if (value->kind == VALUE_STRING || value->kind == VALUE_DATETIME)
		buffer_add(&text, value->text, value->length);
	else
		value_add_json(&text, value);
	return buffer_take(&text);
}
