/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_values.c – values of an xl.cfg as text and numbers, and what several keys say together. */
#include "server/import/xl_import.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define MIB ((int64_t)1 << 20)
/* The first number of MiB whose bytes do not fit. */
#define MIB_END ((int64_t)1 << 43)
/* Of a value in an error. */
#define SHOWN_MAX 200

static size_t shown_length(const char *text, size_t length)
{
	if (length <= SHOWN_MAX)
		return length;
	length = SHOWN_MAX;
	/* not in the middle of a character */
	while (length && ((unsigned char)text[length] & 0xC0) == 0x80)
		length--;
	return length;
}

int xl_import_refuse(struct xl_import *import, const struct xl_statement *statement,
		     const char *reason)
{
	AUTO_TEXT where = text_format("config (line %d: %.*s %s)", statement->line,
				      (int)statement->key_length, statement->key, reason);
	size_t length = shown_length(statement->value, statement->value_length);
	AUTO_TEXT shown = text_format("%.*s", (int)length, statement->value);

	return fail(import->err, ERROR_INVALID_VALUE, where, shown);
}

void xl_outcome_set(struct xl_outcome *outcome, enum xl_outcome_kind kind, const char *format, ...)
{
	va_list arguments;
	char *detail;

	va_start(arguments, format);
	detail = text_format_list(format, arguments);
	va_end(arguments);
	free(outcome->detail);
	*outcome = (struct xl_outcome){kind, detail};
}

const struct xl_statement *xl_import_find(const struct xl_import *import, const char *key)
{
	const struct xl_statement *found = NULL;

	for (size_t i = 0; i < import->statements->count; i++) {
		const struct xl_statement *statement = &import->statements->items[i];

		if (xl_statement_is(statement, key) && (!found || !statement->adds))
			found = statement;
	}
	return found;
}

bool xl_import_is_plain(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' && !strchr("\t\n\r", *text))
			return false;
	}
	return true;
}

int xl_import_text(struct xl_import *import, const char *key, const char **ret_text)
{
	const struct xl_statement *statement = xl_import_find(import, key);
	const char *text = NULL;

	if (statement && xlu_cfg_get_string(import->config, key, &text, 1) != 0)
		return xl_import_refuse(import, statement, "must be one value, not a list");
	if (text && !xl_import_is_plain(text))
		return xl_import_refuse(import, statement, "contains a control character");
	*ret_text = text;
	return 0;
}

int xl_import_number(struct xl_import *import, const char *key, int64_t min, int64_t max,
		     int64_t *number)
{
	const struct xl_statement *statement = xl_import_find(import, key);
	AUTO_TEXT reason = NULL;
	long found;

	if (!statement)
		return 0;
	if (xlu_cfg_get_long(import->config, key, &found, 1) != 0)
		return xl_import_refuse(import, statement, "must be a whole number");
	if (found >= min && found <= max) {
		*number = found;
		return 0;
	}
	reason = text_format("must be between %lld and %lld", (long long)min, (long long)max);
	return xl_import_refuse(import, statement, reason);
}

static void put_mib(struct xl_import *import, const char *field, int64_t mib)
{
	value_put(import->record, field, value_int(mib * MIB));
}

static int read_memory(struct xl_import *import)
{
	import->memory_mib = -1;
	if (xl_import_number(import, "memory", 0, MIB_END - 1, &import->memory_mib) < 0)
		return -1;
	import->maximum_mib = import->memory_mib;
	if (xl_import_number(import, "maxmem", 0, MIB_END - 1, &import->maximum_mib) < 0)
		return -1;
	if (import->maximum_mib < 0)
		return fail(import->err, ERROR_INVALID_VALUE, "config (memory is not set)", "");
	if (import->memory_mib < 0)
		import->memory_mib = import->maximum_mib;
	if (import->maximum_mib < import->memory_mib)
		return xl_import_refuse(import, xl_import_find(import, "maxmem"),
					"must not be less than memory");
	put_mib(import, "memory_target", import->memory_mib);
	put_mib(import, "memory_dynamic_min", import->memory_mib);
	put_mib(import, "memory_dynamic_max", import->maximum_mib);
	put_mib(import, "memory_static_max", import->maximum_mib);
	put_mib(import, "memory_static_min", 0);
	return 0;
}

static int read_vcpus(struct xl_import *import)
{
	import->vcpus = 1;
	import->vcpus_max = 0;
	if (xl_import_number(import, "maxvcpus", 1, INT32_MAX, &import->vcpus_max) < 0 ||
	    xl_import_number(import, "vcpus", 1, INT32_MAX, &import->vcpus) < 0)
		return -1;
	if (!import->vcpus_max)
		import->vcpus_max = import->vcpus;
	if (import->vcpus_max < import->vcpus)
		return xl_import_refuse(import, xl_import_find(import, "maxvcpus"),
					"must not be less than vcpus");
	value_put(import->record, "VCPUs_at_startup", value_int(import->vcpus));
	value_put(import->record, "VCPUs_max", value_int(import->vcpus_max));
	return 0;
}

static int read_name(struct xl_import *import)
{
	const char *name;

	if (xl_import_text(import, "name", &name) < 0)
		return -1;
	if (!name || !*name)
		return fail(import->err, ERROR_INVALID_VALUE, "config (name is not set)", "");
	value_put(import->record, "name_label", value_string(name));
	return 0;
}

static const char *type_of_builder(const char *builder)
{
	if (strcmp(builder, "hvm") == 0)
		return "hvm";
	/* linux is what xm called it */
	return strcmp(builder, "generic") == 0 || strcmp(builder, "linux") == 0 ? "pv" : NULL;
}

static int read_type(struct xl_import *import)
{
	const char *type, *builder;

	if (xl_import_text(import, "type", &type) < 0 ||
	    xl_import_text(import, "builder", &builder) < 0)
		return -1;
	if (type && strcmp(type, "pv") && strcmp(type, "pvh") && strcmp(type, "hvm"))
		return xl_import_refuse(import, xl_import_find(import, "type"),
					"must be pv, pvh or hvm");
	if (builder && !type_of_builder(builder))
		return xl_import_refuse(import, xl_import_find(import, "builder"),
					"must be hvm or generic");
	if (type && builder && strcmp(type, type_of_builder(builder)) != 0)
		return xl_import_refuse(import, xl_import_find(import, "builder"),
					"contradicts type");
	if (!type)
		type = builder ? type_of_builder(builder) : "pv";
	import->domain_type = type;
	value_put(import->record, "domain_type", value_string(type));
	if (strcmp(type, "hvm") == 0)
		value_put(import->record, "HVM_boot_policy", value_string("BIOS order"));
	return 0;
}

/* As xl makes it: cmdline, or else root and extra. */
static int read_arguments(struct xl_import *import)
{
	const char *cmdline, *root, *extra;
	AUTO_TEXT made = NULL;

	if (xl_import_text(import, "cmdline", &cmdline) < 0 ||
	    xl_import_text(import, "root", &root) < 0 ||
	    xl_import_text(import, "extra", &extra) < 0)
		return -1;
	if (cmdline)
		made = text_copy(cmdline);
	else if (root)
		made = text_format("root=%s%s%s", root, extra ? " " : "", extra ? extra : "");
	else if (extra)
		made = text_copy(extra);
	if (made)
		value_put(import->record, "PV_args", value_string(made));
	return 0;
}

int xl_import_basics(struct xl_import *import)
{
	if (read_name(import) < 0 || read_type(import) < 0 || read_memory(import) < 0 ||
	    read_vcpus(import) < 0)
		return -1;
	return read_arguments(import);
}
