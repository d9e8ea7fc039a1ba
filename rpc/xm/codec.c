/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* codec.c – calls and replies as XML-RPC, by way of xmlrpc-c. */
#include "rpc/xm/codec.h"

#include "rpc/xm/escape.h"

#include <stdio.h>
#include <xmlrpc-c/base.h>

/* A reply may be as large as memory has room for: the server is one that the user chose. */
#define REPLY_SIZE_MAX ((size_t)1 << 31)

static xmlrpc_value *make_value(xmlrpc_env *env, const struct value *value);

static xmlrpc_value *make_string(xmlrpc_env *env, const char *text, size_t length)
{
	AUTO_BUFFER escaped = {0};

	escape_text(&escaped, text, length);
	return xmlrpc_string_new_lp(env, escaped.length, escaped.data ? escaped.data : "");
}

static xmlrpc_value *make_set(xmlrpc_env *env, const struct value *set)
{
	xmlrpc_value *array = xmlrpc_array_new(env);

	for (uint32_t i = 0; i < set->length && !env->fault_occurred; i++) {
		xmlrpc_value *item = make_value(env, set->items[i]);

		if (env->fault_occurred)
			break;
		xmlrpc_array_append_item(env, array, item);
		xmlrpc_DECREF(item);
	}
	return array;
}

static xmlrpc_value *make_map(xmlrpc_env *env, const struct value *map)
{
	xmlrpc_value *made = xmlrpc_struct_new(env);

	for (uint32_t i = 0; i < map->length && !env->fault_occurred; i++) {
		const struct value *key = map->members[i].key;
		xmlrpc_value *name = make_string(env, key->text, key->length);
		xmlrpc_value *value = env->fault_occurred ? NULL :
							    make_value(env, map->members[i].value);

		if (!env->fault_occurred)
			xmlrpc_struct_set_value_v(env, made, name, value);
		if (name)
			xmlrpc_DECREF(name);
		if (value)
			xmlrpc_DECREF(value);
	}
	return made;
}

/* What xm sends: texts, numbers, flags, sets and structs of them, and a set as the parameters. */
static xmlrpc_value *make_value(xmlrpc_env *env, const struct value *value)
{
	char number[24];

	switch (value->kind) {
	case VALUE_NIL:
		return xmlrpc_nil_new(env);
	case VALUE_BOOL:
		return xmlrpc_bool_new(env, value->boolean);
	case VALUE_FLOAT:
		return xmlrpc_double_new(env, value->number);
	case VALUE_SET:
		return make_set(env, value);
	case VALUE_MAP:
		return make_map(env, value);
	case VALUE_INT:
		snprintf(number, sizeof(number), "%lld", (long long)value->integer);
		return make_string(env, number, strlen(number));
	default:
		return make_string(env, value->text, value->length);
	}
}

/* XML has no place for them, however they are written. */
static bool is_carried(const struct value *value)
{
	if (value->kind == VALUE_SET) {
		for (uint32_t i = 0; i < value->length; i++) {
			if (!is_carried(value->items[i]))
				return false;
		}
		return true;
	}
	if (value->kind == VALUE_MAP) {
		for (uint32_t i = 0; i < value->length; i++) {
			if (!is_carried(value->members[i].key) ||
			    !is_carried(value->members[i].value))
				return false;
		}
		return true;
	}
	if (value->kind != VALUE_STRING)
		return true;
	for (const char *p = value->text; *p; p++) {
		if ((unsigned char)*p < ' ' && !strchr("\t\n\r", *p))
			return false;
	}
	return !strstr(value->text, "\xEF\xBF\xBE") && !strstr(value->text, "\xEF\xBF\xBF");
}

int codec_write_call(struct buffer *out, const char *method, const struct value *parameters,
		     char **ret_reason)
{
	xmlrpc_value *array = NULL;
	xmlrpc_mem_block *xml = NULL;
	xmlrpc_env env;
	int rc = 0;

	if (!is_carried(parameters)) {
		*ret_reason = text_copy("control characters cannot be sent");
		return -1;
	}
	xmlrpc_env_init(&env);
	array = make_value(&env, parameters);
	if (!env.fault_occurred)
		xml = xmlrpc_mem_block_new(&env, 0);
	if (!env.fault_occurred)
		xmlrpc_serialize_call(&env, xml, method, array);
	if (env.fault_occurred) {
		*ret_reason = text_copy(env.fault_string);
		rc = -1;
	} else {
		unescape_xml(out, xmlrpc_mem_block_contents(xml), xmlrpc_mem_block_size(xml));
	}
	if (xml)
		xmlrpc_mem_block_free(xml);
	if (array)
		xmlrpc_DECREF(array);
	xmlrpc_env_clean(&env);
	return rc;
}

static struct value *read_value(xmlrpc_env *env, xmlrpc_value *value);

static struct value *read_string(xmlrpc_env *env, xmlrpc_value *value)
{
	AUTO_BUFFER text = {0};
	const char *escaped = NULL;
	size_t length = 0;

	xmlrpc_read_string_lp(env, value, &length, &escaped);
	if (env->fault_occurred)
		return value_nil();
	unescape_text(&text, escaped, length);
	free((void *)(uintptr_t)escaped);
	return value_string_n(text.data ? text.data : "", text.length);
}

static struct value *read_set(xmlrpc_env *env, xmlrpc_value *array)
{
	int count = xmlrpc_array_size(env, array);
	struct value *set = value_set();

	for (int i = 0; i < count && !env->fault_occurred; i++) {
		xmlrpc_value *item = NULL;

		xmlrpc_array_read_item(env, array, (unsigned)i, &item);
		if (env->fault_occurred)
			break;
		value_append(set, read_value(env, item));
		xmlrpc_DECREF(item);
	}
	return set;
}

static struct value *read_map(xmlrpc_env *env, xmlrpc_value *structure)
{
	int count = xmlrpc_struct_size(env, structure);
	struct value *map = value_map();

	for (int i = 0; i < count && !env->fault_occurred; i++) {
		xmlrpc_value *key = NULL, *value = NULL;
		struct value *name;

		xmlrpc_struct_read_member(env, structure, (unsigned)i, &key, &value);
		if (env->fault_occurred)
			break;
		name = read_string(env, key);
		value_put_member(map, name, read_value(env, value));
		xmlrpc_DECREF(key);
		xmlrpc_DECREF(value);
	}
	value_sort(map);
	return map;
}

static struct value *read_date(xmlrpc_env *env, xmlrpc_value *value)
{
	const char *text = NULL;
	struct value *date;
	char *utc;

	xmlrpc_read_datetime_str(env, value, &text);
	if (env->fault_occurred)
		return value_nil();
	/* xmlrpc-c takes a date for UTC, as Xen-API does, and leaves out its Z */
	utc = text_format("%sZ", text);
	date = value_datetime(utc);
	free(utc);
	free((void *)(uintptr_t)text);
	return date;
}

static struct value *read_number(xmlrpc_env *env, xmlrpc_value *value, xmlrpc_type type)
{
	xmlrpc_int64 long_number = 0;
	xmlrpc_bool flag = 0;
	double number = 0;
	int integer = 0;

	switch (type) {
	case XMLRPC_TYPE_INT:
		xmlrpc_read_int(env, value, &integer);
		return value_int(integer);
	case XMLRPC_TYPE_I8:
		xmlrpc_read_i8(env, value, &long_number);
		return value_int(long_number);
	case XMLRPC_TYPE_BOOL:
		xmlrpc_read_bool(env, value, &flag);
		return value_bool(flag != 0);
	default:
		xmlrpc_read_double(env, value, &number);
		return value_float(number);
	}
}

static struct value *read_value(xmlrpc_env *env, xmlrpc_value *value)
{
	xmlrpc_type type = xmlrpc_value_type(value);

	switch (type) {
	case XMLRPC_TYPE_STRING:
		return read_string(env, value);
	case XMLRPC_TYPE_ARRAY:
		return read_set(env, value);
	case XMLRPC_TYPE_STRUCT:
		return read_map(env, value);
	case XMLRPC_TYPE_DATETIME:
		return read_date(env, value);
	case XMLRPC_TYPE_INT:
	case XMLRPC_TYPE_I8:
	case XMLRPC_TYPE_BOOL:
	case XMLRPC_TYPE_DOUBLE:
		return read_number(env, value, type);
	default:
		return value_nil();
	}
}

int codec_read_reply(const char *xml, size_t length, struct value **ret_result, char **ret_reason)
{
	AUTO_BUFFER escaped = {0};
	AUTO(value) result = NULL;
	xmlrpc_value *parsed = NULL;
	const char *fault = NULL;
	xmlrpc_env env;
	int code = 0;

	escape_xml(&escaped, xml, length);
	xmlrpc_limit_set(XMLRPC_XML_SIZE_LIMIT_ID, REPLY_SIZE_MAX);
	xmlrpc_env_init(&env);
	xmlrpc_parse_response2(&env, escaped.data ? escaped.data : "", escaped.length, &parsed,
			       &code, &fault);
	if (!env.fault_occurred && !fault)
		result = read_value(&env, parsed);
	if (env.fault_occurred)
		*ret_reason = text_format("the reply cannot be read: %s", env.fault_string);
	else if (fault)
		*ret_reason = text_format("fault %d: %s", code, fault);
	else
		*ret_result = TAKE(result);
	if (parsed)
		xmlrpc_DECREF(parsed);
	free((void *)(uintptr_t)fault);
	code = env.fault_occurred || fault ? -1 : 0;
	xmlrpc_env_clean(&env);
	return code;
}
