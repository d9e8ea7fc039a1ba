/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* field.c – fields of a VM as people write and read them. */
#include "rpc/xm/field.h"

#include "rpc/xm/amount.h"
#include "schema/schema.h"
#include "schema/text.h"

#include <string.h>

static bool is_memory(const char *field)
{
	return strncmp(field, "memory_", 7) == 0;
}

static struct value *read_set(const char *text)
{
	struct value *set = value_set();

	while (*text) {
		size_t length = strcspn(text, ",");

		value_append(set, value_string_n(text, length));
		text += length + (text[length] == ',');
	}
	return set;
}

static const char *read_bool(const char *text, struct value **ret_value)
{
	bool yes = strcmp(text, "true") == 0 || strcmp(text, "yes") == 0;

	if (!yes && strcmp(text, "false") != 0 && strcmp(text, "no") != 0)
		return "the field is true or false";
	*ret_value = value_bool(yes);
	return NULL;
}

/* The server judges numbers and words. */
static const char *read_value(const struct field_info *field, const char *text,
			      struct value **ret_value)
{
	int64_t bytes;

	switch (field->type->kind) {
	case TYPE_BOOL:
		return read_bool(text, ret_value);
	case TYPE_SET:
		*ret_value = read_set(text);
		return NULL;
	case TYPE_MAP:
		if (*text)
			return "keys are set by FIELD.KEY=VALUE; FIELD= removes all";
		*ret_value = value_map();
		return NULL;
	default:
		if (!is_memory(field->name)) {
			*ret_value = value_string(text);
			return NULL;
		}
		if (!amount_read_memory(text, &bytes))
			return "memory is " AMOUNT_MEMORY_FORMS;
		*ret_value = value_int(bytes);
		return NULL;
	}
}

static const char *read_key(const char *text, const char *key, char **ret_name,
			    struct value **ret_value)
{
	size_t length = strcspn(key, "=");
	bool goes = !key[length];

	if (goes && (!length || key[--length] != '-'))
		return "it has no value; FIELD.KEY- removes a key";
	if (!length)
		return "a key cannot be empty";
	*ret_name = text_format("%.*s:%.*s", (int)(key - 1 - text), text, (int)length, key);
	*ret_value = goes ? value_nil() : value_string(key + length + 1);
	return NULL;
}

const char *field_read(const char *text, char **ret_name, struct value **ret_value)
{
	size_t length = strcspn(text, ".=");
	AUTO_TEXT name = text_format("%.*s", (int)length, text);
	const struct field_info *field = schema_field(schema_class("VM"), name);
	const char *problem;

	if (!field)
		return "a VM has no such field";
	if (text[length] == '.')
		return read_key(text, text + length + 1, ret_name, ret_value);
	if (!text[length])
		return "it has no value: FIELD=VALUE";
	problem = read_value(field, text + length + 1, ret_value);
	if (!problem)
		*ret_name = TAKE(name);
	return problem;
}

char *field_text(const char *field, const struct value *value)
{
	AUTO_BUFFER out = {0};

	if (is_memory(field) && (value->kind == VALUE_STRING || value->kind == VALUE_INT)) {
		AUTO_TEXT amount = amount_text(
			value->kind == VALUE_INT ? value->integer : strtoll(value->text, NULL, 10));

		return text_format("%s MiB", amount);
	}
	if (value->kind == VALUE_STRING && *value->text)
		return text_copy(value->text);
	value_add_json(&out, value);
	return buffer_take(&out);
}
