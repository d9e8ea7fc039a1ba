/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* convert.c – values from outside against types. */
#include "schema/convert.h"

#include "schema/buffer.h"
#include "schema/record.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>

static int wrong_kind(const struct type *type, const struct value *value, const char *name,
		      struct error *err)
{
	AUTO_TEXT expected = type_text(type);
	AUTO_TEXT field =
		text_format("%s: %s expected, %s given", name, expected, value_kind_name(value));

	return fail(err, ERROR_FIELD_TYPE_ERROR, field);
}

static int not_accepted(const char *name, const char *accepted, const char *text, struct error *err)
{
	AUTO_TEXT field = text_format("%s: %s", name, accepted);

	return fail(err, ERROR_INVALID_VALUE, field, text);
}

static bool parse_int(const char *text, int64_t *ret_integer)
{
	const char *digits = text + strspn(text, " \t\r\n");
	bool hexadecimal;
	char *end;

	digits += *digits == '-' || *digits == '+';
	hexadecimal = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
	if (!isdigit((unsigned char)*digits))
		return false;
	errno = 0;
	*ret_integer = strtoll(text, &end, hexadecimal ? 16 : 10);
	end += strspn(end, " \t\r\n");
	return !errno && !*end;
}

static int to_int(const struct type *type, const struct value *value, const char *name,
		  struct value **ret_value, struct error *err)
{
	int64_t integer;

	if (value->kind == VALUE_INT) {
		*ret_value = value_reference(value);
		return 0;
	}
	if (value->kind != VALUE_STRING)
		return wrong_kind(type, value, name, err);
	if (!parse_int(value->text, &integer))
		return not_accepted(name,
				    "an integer from -9223372036854775808 to 9223372036854775807",
				    value->text, err);
	*ret_value = value_int(integer);
	return 0;
}

static int to_float(const struct type *type, const struct value *value, const char *name,
		    struct value **ret_value, struct error *err)
{
	double number = 0;
	char *end;

	if (value->kind == VALUE_FLOAT) {
		number = value->number;
	} else if (value->kind == VALUE_INT) {
		number = (double)value->integer;
	} else if (value->kind == VALUE_STRING) {
		number = strtod(value->text, &end);
		if (end == value->text || end[strspn(end, " \t\r\n")])
			number = NAN;
	} else {
		return wrong_kind(type, value, name, err);
	}
	if (!isfinite(number))
		return not_accepted(name, "a finite number",
				    value->kind == VALUE_STRING ? value->text : "not finite", err);
	*ret_value = value_float(number);
	return 0;
}

static bool parse_date(const char *text, struct tm *ret_parts, const char **ret_rest)
{
	int used = 0;
	struct tm parts = {0};

	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
		   &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &used) != 6 &&
	    sscanf(text, "%4d%2d%2dT%2d:%2d:%2d%n", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
		   &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &used) != 6)
		return false;
	*ret_parts = parts;
	*ret_rest = text + used;
	return used > 0 && parts.tm_year >= 1 && parts.tm_mon >= 1 && parts.tm_mon <= 12 &&
	       parts.tm_mday >= 1 && parts.tm_mday <= 31 && parts.tm_hour <= 23 &&
	       parts.tm_min <= 59 && parts.tm_sec <= 60;
}

/* Dashes are optional; Z, +hh:mm, -hhmm or no zone at all. */
static struct value *canonical_date(const char *text)
{
	struct tm parts;
	const char *rest;
	int hours = 0;
	int minutes = 0;
	int used = 0;
	time_t seconds;

	if (!parse_date(text, &parts, &rest))
		return NULL;
	parts.tm_year -= 1900;
	parts.tm_mon -= 1;
	seconds = timegm(&parts);
	if (!*rest) {
		struct value *zoneless = value_datetime_of(seconds);

		zoneless->text[--zoneless->length] = '\0';
		return zoneless;
	}
	if (*rest == '+' || *rest == '-') {
		if (sscanf(rest + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 &&
		    sscanf(rest + 1, "%2d%2d%n", &hours, &minutes, &used) != 2)
			return NULL;
		seconds += (*rest == '+' ? -60 : 60) * (60 * hours + minutes);
		return rest[1 + used] ? NULL : value_datetime_of(seconds);
	}
	return strcmp(rest, "Z") == 0 ? value_datetime_of(seconds) : NULL;
}

static int to_datetime(const struct type *type, const struct value *value, const char *name,
		       struct value **ret_value, struct error *err)
{
	struct value *date;

	if (value->kind != VALUE_DATETIME && value->kind != VALUE_STRING)
		return wrong_kind(type, value, name, err);
	date = canonical_date(value->text);
	if (!date)
		return not_accepted(name, "a date as 20061203T14:05:59Z", value->text, err);
	*ret_value = date;
	return 0;
}

static int to_enum(const struct type *type, const struct value *value, const char *name,
		   struct value **ret_value, struct error *err)
{
	const struct enum_info *info = &schema_enums[type->enumeration];
	AUTO_BUFFER accepted = {0};

	if (value->kind != VALUE_STRING)
		return wrong_kind(type, value, name, err);
	if (schema_enum_has(type->enumeration, value->text)) {
		*ret_value = value_reference(value);
		return 0;
	}
	for (const char *const *known = info->values; *known; known++)
		buffer_add_format(&accepted, "%s%s", known == info->values ? "one of " : ", ",
				  *known);
	return not_accepted(name, accepted.data, value->text, err);
}

static int to_text(const struct type *type, const struct value *value, const char *name,
		   struct value **ret_value, struct error *err)
{
	if (value->kind != VALUE_STRING)
		return wrong_kind(type, value, name, err);
	if (type->kind == TYPE_REF && !value->length)
		*ret_value = value_string(NULL_REF);
	else
		*ret_value = value_reference(value);
	return 0;
}

static int to_set(const struct type *type, const struct value *value, const char *name,
		  struct value **ret_value, struct error *err)
{
	AUTO(value) set = value_set();
	struct value *item;

	if (value->kind != VALUE_SET)
		return wrong_kind(type, value, name, err);
	for (uint32_t i = 0; i < value->length; i++) {
		if (convert_value(type->item, value->items[i], name, &item, err) < 0)
			return -1;
		value_append(set, item);
	}
	*ret_value = TAKE(set);
	return 0;
}

static int to_map(const struct type *type, const struct value *value, const char *name,
		  struct value **ret_value, struct error *err)
{
	AUTO(value) map = value_map();

	if (value->kind != VALUE_MAP)
		return wrong_kind(type, value, name, err);
	for (uint32_t i = 0; i < value->length; i++) {
		const struct member *member = &value->members[i];
		AUTO(value) key = NULL;
		struct value *item;

		if (!member->key->length)
			return not_accepted(name, "keys that are not empty", "", err);
		/* keys are text whatever their type: only judged */
		if (convert_value(type->key, member->key, name, &key, err) < 0 ||
		    convert_value(type->item, member->value, name, &item, err) < 0)
			return -1;
		value_put_member(map, value_reference(member->key), item);
	}
	value_sort(map);
	*ret_value = TAKE(map);
	return 0;
}

int convert_value(const struct type *type, const struct value *value, const char *name,
		  struct value **ret_value, struct error *err)
{
	switch (type->kind) {
	case TYPE_INT:
		return to_int(type, value, name, ret_value, err);
	case TYPE_FLOAT:
		return to_float(type, value, name, ret_value, err);
	case TYPE_BOOL:
		if (value->kind != VALUE_BOOL)
			return wrong_kind(type, value, name, err);
		*ret_value = value_reference(value);
		return 0;
	case TYPE_DATETIME:
		return to_datetime(type, value, name, ret_value, err);
	case TYPE_ENUM:
		return to_enum(type, value, name, ret_value, err);
	case TYPE_SET:
		return to_set(type, value, name, ret_value, err);
	case TYPE_MAP:
		return to_map(type, value, name, ret_value, err);
	case TYPE_RECORD:
		if (value->kind != VALUE_MAP)
			return wrong_kind(type, value, name, err);
		*ret_value = value_reference(value);
		return 0;
	case TYPE_ANY:
		*ret_value = value_reference(value);
		return 0;
	case TYPE_STRING:
	case TYPE_REF:
	case TYPE_VOID:
		break;
	}
	return to_text(type, value, name, ret_value, err);
}
