/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* print_json.c – the API as a document for programs. */
#include "schema/print.h"

#include "schema/error.h"
#include "schema/key_role.h"
#include "schema/text.h"

/* "name": "text" with what stands before it. */
static void add_pair(struct buffer *out, const char *before, const char *name, const char *text)
{
	buffer_add_format(out, "%s\"%s\": ", before, name);
	text_add_json(out, text);
}

static void add_type(struct buffer *out, const char *name, const struct type *type)
{
	AUTO_TEXT text = type_text(type);

	add_pair(out, ", ", name, text);
}

static void add_key_roles(struct buffer *out, const struct class_info *cls, int field)
{
	const char *before = "{";

	buffer_add_literal(out, ", \"key_roles\": ");
	for (size_t i = 0; key_role_at(i); i++) {
		const struct key_role *row = key_role_at(i);

		if (row->cls != cls->id || row->field != field)
			continue;
		add_pair(out, before, row->key, role_name(row->role));
		before = ", ";
	}
	buffer_add_text(out, *before == '{' ? "{}" : "}");
}

static void add_field(struct buffer *out, const struct class_info *cls, int index)
{
	const struct field_info *field = &cls->fields[index];

	add_pair(out, "{", "name", field->name);
	add_type(out, "type", field->type);
	add_pair(out, ", ", "qualifier", print_qualifier(field));
	buffer_add_literal(out, ", \"default\": ");
	value_add_json(out, field->default_value);
	buffer_add_format(out, ", \"stored\": %s", field->storage == STORED ? "true" : "false");
	if (field->type->kind == TYPE_MAP)
		add_key_roles(out, cls, index);
	add_pair(out, ", ", "description", field->description);
	buffer_add_char(out, '}');
}

static void add_fields(struct buffer *out, const struct class_info *cls)
{
	const char *separator = "\n";

	for (int i = 0; i < cls->field_count; i++) {
		if (cls->fields[i].qualifier == QUALIFIER_INTERNAL)
			continue;
		buffer_add_format(out, "%s      ", separator);
		separator = ",\n";
		add_field(out, cls, i);
	}
}

static void add_parameters(struct buffer *out, const struct message_info *message)
{
	const char *separator = "";

	if (message->role != ROLE_nobody) {
		buffer_add_literal(out, "{\"name\": \"session_id\", \"type\": \"ref session\"}");
		separator = ", ";
	}
	for (int i = 0; i < message->parameter_count; i++) {
		const struct parameter *parameter = &message->parameters[i];

		buffer_add_text(out, separator);
		separator = ", ";
		add_pair(out, "{", "name", parameter->name);
		add_type(out, "type", parameter->type);
		if (parameter->default_text)
			add_pair(out, ", ", "optional", parameter->default_text);
		buffer_add_char(out, '}');
	}
}

static void add_message(struct buffer *out, const struct message_info *message)
{
	add_pair(out, "{", "name", message->name + strlen(message->cls->name) + 1);
	buffer_add_literal(out, ", \"params\": [");
	add_parameters(out, message);
	buffer_add_char(out, ']');
	add_type(out, "result", message->result);
	add_pair(out, ", ", "role", role_name(message->role));
	buffer_add_format(out, ", \"async\": %s", message->async ? "true" : "false");
	add_pair(out, ", ", "description", message->description);
	buffer_add_char(out, '}');
}

static void add_messages(struct buffer *out, const struct class_info *cls)
{
	const char *separator = "\n";

	for (size_t i = 0; i < schema_message_count(); i++) {
		const struct message_info *message = schema_message_at(i);

		if (message->cls != cls)
			continue;
		buffer_add_format(out, "%s      ", separator);
		separator = ",\n";
		add_message(out, message);
	}
}

static void add_class(struct buffer *out, const struct class_info *cls)
{
	add_pair(out, "    {", "name", cls->name);
	add_pair(out, ", ", "description", cls->description);
	buffer_add_literal(out, ",\n     \"fields\": [");
	add_fields(out, cls);
	buffer_add_literal(out, "],\n     \"messages\": [");
	add_messages(out, cls);
	buffer_add_literal(out, "]},\n");
}

static void add_system_message(struct buffer *out, const struct system_message *message)
{
	add_pair(out, "      {", "name", strchr(message->name, '.') + 1);
	buffer_add_literal(out, ", \"params\": [");
	if (message->parameter) {
		add_pair(out, "{", "name", message->parameter);
		add_pair(out, ", ", "type", "string");
		buffer_add_char(out, '}');
	}
	buffer_add_char(out, ']');
	add_pair(out, ", ", "result", message->result);
	add_pair(out, ", ", "role", role_name(ROLE_nobody));
	buffer_add_literal(out, ", \"async\": false");
	add_pair(out, ", ", "description", message->description);
	buffer_add_char(out, '}');
}

static void add_system(struct buffer *out)
{
	add_pair(out, "    {", "name", "system");
	add_pair(out, ", ", "description", "What the server says about its messages.");
	buffer_add_literal(out, ",\n     \"fields\": [],\n     \"messages\": [");
	for (int i = 0; i < SYSTEM_MESSAGES; i++) {
		buffer_add_text(out, i ? ",\n" : "\n");
		add_system_message(out, &system_messages[i]);
	}
	buffer_add_literal(out, "]}\n");
}

static void add_strings(struct buffer *out, const char *const *texts)
{
	for (const char *const *text = texts; *text; text++) {
		if (text != texts)
			buffer_add_literal(out, ", ");
		text_add_json(out, *text);
	}
}

static void add_enums(struct buffer *out)
{
	for (int i = 0; i < ENUM_COUNT; i++) {
		add_pair(out, i ? ",\n    {" : "\n    {", "name", schema_enums[i].name);
		buffer_add_literal(out, ", \"values\": [");
		add_strings(out, schema_enums[i].values);
		buffer_add_literal(out, "]}");
	}
}

static void add_errors(struct buffer *out)
{
	for (int code = ERROR_NONE + 1; code < ERROR_COUNT; code++) {
		const struct error_info *info = error_info((enum error_code)code);

		add_pair(out, code > ERROR_NONE + 1 ? ",\n    {" : "\n    {", "name", info->name);
		buffer_add_literal(out, ", \"params\": [");
		add_strings(out, info->parameters);
		buffer_add_char(out, ']');
		add_pair(out, ", ", "description", info->description);
		add_pair(out, ", ", "words", info->words);
		add_pair(out, ", ", "advice", info->advice);
		buffer_add_char(out, '}');
	}
}

void print_api_json(FILE *file)
{
	AUTO_BUFFER out = {0};

	buffer_add_literal(&out, "{\"classes\": [\n");
	for (int i = 0; i < CLASS_COUNT; i++)
		add_class(&out, schema_classes[i]);
	add_system(&out);
	buffer_add_literal(&out, "  ],\n \"enums\": [");
	add_enums(&out);
	buffer_add_literal(&out, "],\n \"errors\": [");
	add_errors(&out);
	buffer_add_literal(&out, "]}\n");
	fwrite(out.data, 1, out.length, file);
}
