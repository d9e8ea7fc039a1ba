/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* system.c – system.*: what the server says about its own messages, without a session. */
#include "server/api/system.h"

#include "schema/buffer.h"
#include "schema/convert.h"
#include "schema/print.h"
#include "server/api/call.h"

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(struct value *const *)a)->text, (*(struct value *const *)b)->text);
}

struct value *system_method_names(void)
{
	struct value *names = value_set();

	for (size_t i = 0; i < schema_message_count(); i++)
		value_append(names, value_string(schema_message_at(i)->name));
	for (int i = 0; i < SYSTEM_MESSAGES; i++)
		value_append(names, value_string(system_messages[i].name));
	qsort(names->items, names->length, sizeof(struct value *), compare_names);
	return names;
}

#define PREFIX_LENGTH 7 /* of "system." */

/* system.message and system_message are the same name. */
static bool is_prefixed(const char *name)
{
	return strncmp(name, "system.", PREFIX_LENGTH) == 0 ||
	       strncmp(name, "system_", PREFIX_LENGTH) == 0;
}

static const struct system_message *find(const char *name)
{
	for (int i = 0; i < SYSTEM_MESSAGES; i++)
		if (is_prefixed(name) &&
		    strcmp(system_messages[i].name + PREFIX_LENGTH, name + PREFIX_LENGTH) == 0)
			return &system_messages[i];
	return NULL;
}

/* One of the two that are called `name`; the other is NULL. Class_message is a name too. */
struct named {
	const struct message_info *message;
	const struct system_message *system;
};

static int find_named(const char *name, struct named *ret_named, struct error *err)
{
	struct named named = {.message = schema_message(name), .system = find(name)};

	if (!named.message && !named.system)
		return fail(err, ERROR_MESSAGE_METHOD_UNKNOWN, name);
	*ret_named = named;
	return 0;
}

static int list_methods(const char *argument, struct value **ret_value, struct error *err)
{
	(void)argument;
	(void)err;
	*ret_value = system_method_names();
	return 0;
}

static int method_help(const char *name, struct value **ret_value, struct error *err)
{
	AUTO_BUFFER text = {0};
	struct named named = {0};

	if (find_named(name, &named, err) < 0)
		return -1;
	if (named.message)
		print_add_signature(&text, named.message);
	else
		print_add_system_signature(&text, named.system);
	buffer_add_format(&text, "\n%s",
			  named.message ? named.message->description : named.system->description);
	*ret_value = value_string_n(text.data, text.length);
	return 0;
}

/* The element that stands for it. Int is what clients may send; what the server sends is a string,
 * as it has 64 bits. */
static const char *wire_type(const struct type *type, bool is_result)
{
	switch (type->kind) {
	case TYPE_INT:
		return is_result ? "string" : "int";
	case TYPE_FLOAT:
		return "double";
	case TYPE_BOOL:
		return "boolean";
	case TYPE_DATETIME:
		return "dateTime.iso8601";
	case TYPE_SET:
		return "array";
	case TYPE_MAP:
	case TYPE_RECORD:
	case TYPE_ANY:
		return "struct";
	case TYPE_VOID:
	case TYPE_STRING:
	case TYPE_ENUM:
	case TYPE_REF:
		break;
	}
	return "string";
}

static struct value *signature(const struct message_info *message, int parameters)
{
	struct value *types = value_set();

	value_append(types, value_string(wire_type(message->result, true)));
	if (message->role != ROLE_nobody)
		value_append(types, value_string("string"));
	for (int i = 0; i < parameters; i++)
		value_append(types, value_string(wire_type(message->parameters[i].type, false)));
	return types;
}

static struct value *system_signature(const struct system_message *message)
{
	struct value *types = value_set();

	value_append(types,
		     value_string(strncmp(message->result, "set", 3) == 0 ? "array" : "string"));
	if (message->parameter)
		value_append(types, value_string("string"));
	return types;
}

/* One for each number of optional parameters that may be given. */
static int method_signature(const char *name, struct value **ret_value, struct error *err)
{
	struct named named = {0};
	struct value *signatures;

	if (find_named(name, &named, err) < 0)
		return -1;
	signatures = value_set();
	if (named.system)
		value_append(signatures, system_signature(named.system));
	else
		for (int given = named.message->required_count;
		     given <= named.message->parameter_count; given++)
			value_append(signatures, signature(named.message, given));
	*ret_value = signatures;
	return 0;
}

static int run(struct api_call *outer, const struct system_message *message,
	       struct value **ret_value, struct error *err)
{
	static int (*const handlers[SYSTEM_MESSAGES])(const char *, struct value **,
						      struct error *) = {list_methods, method_help,
									 method_signature};
	static const struct type string = {.kind = TYPE_STRING};
	const struct value *given = outer->parameters;
	uint32_t expected = message->parameter ? 1 : 0;
	AUTO_TEXT received = NULL;
	AUTO(value) argument = NULL;

	if (given->length != expected) {
		received = text_format("%u", given->length);
		return fail(err, ERROR_MESSAGE_PARAMETER_COUNT_MISMATCH, message->name,
			    expected ? "1" : "0", received);
	}
	if (expected &&
	    convert_value(&string, given->items[0], message->parameter, &argument, err) < 0)
		return -1;
	return handlers[message - system_messages](argument ? argument->text : NULL, ret_value,
						   err);
}

bool system_run(struct api_call *outer)
{
	const struct system_message *message;

	if (!is_prefixed(outer->method))
		return false;
	message = find(outer->method);
	if (!message)
		fail(&outer->error, ERROR_MESSAGE_METHOD_UNKNOWN, outer->method);
	else if (run(outer, message, &outer->result, &outer->error) == 0)
		outer->bare = true;
	return true;
}
