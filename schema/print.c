/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* print.c – the API as a document for people. */
#include "schema/print.h"

#include "schema/error.h"
#include "schema/key_role.h"
#include "schema/text.h"

#include <ctype.h>

const struct system_message system_messages[SYSTEM_MESSAGES] = {
	{"system.listMethods", NULL, "set of string", "The names of all messages."},
	{"system.methodHelp", "method", "string",
	 "How a message is called, and what it does, in words."},
	{"system.methodSignature", "method", "set of set of string",
	 "How a message can be called: the XML-RPC types of its result and of its parameters."},
};

const char *print_qualifier(const struct field_info *field)
{
	switch (field->qualifier) {
	case QUALIFIER_RW:
		return "RW";
	case QUALIFIER_RO_INS:
		return "RO static";
	default:
		return "RO dynamic";
	}
}

static void add_type(struct buffer *out, const struct type *type)
{
	AUTO_TEXT text = type_text(type);

	buffer_add_text(out, text);
}

void print_add_signature(struct buffer *out, const struct message_info *message)
{
	const char *separator = "";

	add_type(out, message->result);
	buffer_add_format(out, " %s(", message->name);
	if (message->role != ROLE_nobody) {
		buffer_add_literal(out, "ref session session_id");
		separator = ", ";
	}
	for (int i = 0; i < message->parameter_count; i++) {
		const struct parameter *parameter = &message->parameters[i];

		buffer_add_text(out, separator);
		separator = ", ";
		add_type(out, parameter->type);
		buffer_add_format(out, " %s", parameter->name);
		if (parameter->default_text)
			buffer_add_format(out, " = %s",
					  *parameter->default_text ? parameter->default_text :
								     "\"\"");
	}
	buffer_add_char(out, ')');
}

void print_add_system_signature(struct buffer *out, const struct system_message *message)
{
	buffer_add_format(out, "%s %s(%s%s)", message->result, message->name,
			  message->parameter ? "string " : "",
			  message->parameter ? message->parameter : "");
}

/* In a cell of a table a bar would end it. */
static void add_cell(struct buffer *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			buffer_add_char(out, '\\');
		buffer_add_char(out, *text);
	}
}

/* As renderers make links from headings: lower case, no dots. */
static void add_link(struct buffer *out, const char *name, const char *prefix)
{
	buffer_add_format(out, "[%s](#%s", name, prefix);
	for (; *name; name++)
		buffer_add_char(out, (char)tolower((unsigned char)*name));
	buffer_add_char(out, ')');
}

static void add_contents(struct buffer *out)
{
	buffer_add_literal(out, "# API reference\n\n"
				"Printed by `xenapid --print-api markdown` from the tables in "
				"schema/: do not edit.\n\n"
				"Classes:\n");
	for (int i = 0; i < CLASS_COUNT; i++) {
		buffer_add_literal(out, "- ");
		add_link(out, schema_classes[i]->name, "class-");
		buffer_add_format(out, ": %s\n", schema_classes[i]->description);
	}
	buffer_add_literal(out, "- [system](#system): what the server says about its messages.\n\n"
				"And: [operations on VMs](#operations-on-vms), "
				"[enumerations](#enumerations), [errors](#errors).\n\n"
				"Qualifiers: RW fields have setters, RO static ones are given to "
				"`create`, RO dynamic ones are said by the server.\n"
				"Stored fields are in the database; those that are not are found "
				"out anew at each start.\n"
				"Async: `Async.CLASS.MESSAGE` answers with a task at once.\n\n");
}

static void add_field(struct buffer *out, const struct field_info *field)
{
	AUTO_BUFFER initial = {0};

	value_add_json(&initial, field->default_value);
	buffer_add_format(out, "| %s | ", field->name);
	add_type(out, field->type);
	buffer_add_format(out, " | %s | %s | `", print_qualifier(field),
			  field->storage == STORED ? "yes" : "no");
	add_cell(out, initial.data);
	buffer_add_literal(out, "` | ");
	add_cell(out, field->description);
	buffer_add_literal(out, " |\n");
}

static void add_fields(struct buffer *out, const struct class_info *cls)
{
	buffer_add_literal(out, "| field | type | qualifier | stored | default | |\n"
				"|---|---|---|---|---|---|\n");
	for (int i = 0; i < cls->field_count; i++)
		if (cls->fields[i].qualifier != QUALIFIER_INTERNAL)
			add_field(out, &cls->fields[i]);
	buffer_add_char(out, '\n');
}

static void add_message(struct buffer *out, const struct message_info *message)
{
	buffer_add_literal(out, "| `");
	print_add_signature(out, message);
	buffer_add_format(out, "` | %s | %s | ", role_name(message->role),
			  message->async ? "yes" : "");
	if (message->operation)
		print_add_states(out, message->operation);
	buffer_add_literal(out, " | ");
	add_cell(out, message->description);
	buffer_add_literal(out, " |\n");
}

static void add_messages(struct buffer *out, const struct class_info *cls)
{
	bool any = false;

	for (size_t i = 0; i < schema_message_count(); i++) {
		const struct message_info *message = schema_message_at(i);

		if (message->cls != cls)
			continue;
		if (!any)
			buffer_add_literal(out, "| message | role | Async | power states | |\n"
						"|---|---|---|---|---|\n");
		any = true;
		add_message(out, message);
	}
	if (any)
		buffer_add_char(out, '\n');
}

static void add_key_roles(struct buffer *out, const struct class_info *cls)
{
	bool any = false;

	for (size_t i = 0; key_role_at(i); i++) {
		const struct key_role *row = key_role_at(i);

		if (row->cls != cls->id)
			continue;
		buffer_add_format(out, "%s`%s:%s` (%s)", any ? ", " : "Keys that want less: ",
				  cls->fields[row->field].name, row->key, role_name(row->role));
		any = true;
	}
	if (any)
		buffer_add_literal(out, ".\n\n");
}

static void add_class(struct buffer *out, const struct class_info *cls)
{
	buffer_add_format(out, "## Class %s\n\n%s\n\n", cls->name, cls->description);
	if (cls->flags & CLASS_VOLATILE)
		buffer_add_literal(out, "Objects of this class are kept in memory only.\n\n");
	if (cls->flags & CLASS_OF_ADMINS)
		buffer_add_literal(out, "Only pool-admin sees them, in events too.\n\n");
	if (cls->flags & CLASS_UNLISTED)
		buffer_add_literal(out, "There are no lists of them.\n\n");
	add_fields(out, cls);
	add_key_roles(out, cls);
	add_messages(out, cls);
}

static void add_system(struct buffer *out)
{
	buffer_add_literal(out, "## system\n\n"
				"These need no session, and their results have no envelope.\n\n"
				"| message | |\n|---|---|\n");
	for (int i = 0; i < SYSTEM_MESSAGES; i++) {
		buffer_add_literal(out, "| `");
		print_add_system_signature(out, &system_messages[i]);
		buffer_add_format(out, "` | %s |\n", system_messages[i].description);
	}
	buffer_add_char(out, '\n');
}

static void add_enums(struct buffer *out)
{
	buffer_add_literal(out, "## Enumerations\n\n| name | values |\n|---|---|\n");
	for (int i = 0; i < ENUM_COUNT; i++) {
		const char *separator = "";

		buffer_add_format(out, "| %s | ", schema_enums[i].name);
		for (const char *const *value = schema_enums[i].values; *value; value++) {
			buffer_add_format(out, "%s%s", separator, *value);
			separator = ", ";
		}
		buffer_add_literal(out, " |\n");
	}
	buffer_add_char(out, '\n');
}

void print_add_error(struct buffer *out, const struct error_info *info)
{
	buffer_add_format(out, "| %s | ", info->name);
	for (size_t i = 0; info->parameters[i]; i++)
		buffer_add_format(out, "%s%s", i ? ", " : "", info->parameters[i]);
	buffer_add_literal(out, " | ");
}

static void add_errors(struct buffer *out)
{
	buffer_add_literal(out, "## Errors\n\n| code | parameters | |\n|---|---|---|\n");
	for (int code = ERROR_NONE + 1; code < ERROR_COUNT; code++) {
		const struct error_info *info = error_info((enum error_code)code);

		print_add_error(out, info);
		add_cell(out, info->description);
		buffer_add_literal(out, " |\n");
	}
}

void print_api_markdown(FILE *file)
{
	AUTO_BUFFER out = {0};

	add_contents(&out);
	for (int i = 0; i < CLASS_COUNT; i++)
		add_class(&out, schema_classes[i]);
	add_system(&out);
	buffer_add_literal(&out, "## Operations on VMs\n\n");
	print_add_operations(&out);
	buffer_add_char(&out, '\n');
	add_enums(&out);
	add_errors(&out);
	fwrite(out.data, 1, out.length, file);
}
