/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_values.c – values of an xl.cfg as text and numbers, and what several keys say together. */
#include "server/import/xl_import.h"

#include <errno.h>
#include <stdio.h>

#define MIB ((int64_t)1 << 20)
/* The first number of MiB whose bytes do not fit. */
#define MIB_END ((int64_t)1 << 43)
/* Of a value in an error. */
#define SHOWN_MAX 200

char *xl_import_shorten(const char *text, size_t length)
{
	if (length > SHOWN_MAX) {
		length = SHOWN_MAX;
		/* not in the middle of a character */
		while (length && ((unsigned char)text[length] & 0xC0) == 0x80)
			length--;
	}
	return text_format("%.*s", (int)length, text);
}

int xl_import_refuse_line(struct xl_import *import, int line, const char *reason, const char *shown)
{
	AUTO_TEXT where = text_format("config (line %d: %s)", line, reason);
	AUTO_TEXT beginning = xl_import_shorten(shown, strlen(shown));

	return fail(import->err, ERROR_INVALID_VALUE, where, beginning);
}

int xl_import_refuse(struct xl_import *import, const struct setting *setting, const char *reason)
{
	const struct report_row *row = &import->settings.rows[setting->row];
	AUTO_TEXT text = text_format("%s %s", row->key, reason);

	return xl_import_refuse_line(import, row->line, text, row->value);
}

const struct setting *xl_import_find(const struct xl_import *import, const char *key)
{
	int found = settings_find(&import->settings, key);

	return found < 0 ? NULL : &import->settings.items[found];
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
	const struct setting *setting = xl_import_find(import, key);

	if (setting && setting->value->kind != VALUE_STRING)
		return xl_import_refuse(import, setting, "must be one value, not a list");
	if (setting && !xl_import_is_plain(setting->value->text))
		return xl_import_refuse(import, setting, "contains a control character");
	*ret_text = setting ? setting->value->text : NULL;
	return 0;
}

/* As libxlutil reads it. */
static bool read_number(const struct value *value, int64_t *ret_number)
{
	char *end;

	if (value->kind != VALUE_STRING)
		return false;
	errno = 0;
	*ret_number = strtol(value->text, &end, 0);
	return !errno && end != value->text && !*end;
}

int xl_import_number(struct xl_import *import, const char *key, int64_t min, int64_t max,
		     int64_t *number)
{
	const struct setting *setting = xl_import_find(import, key);
	AUTO_TEXT reason = NULL;
	int64_t found;

	if (!setting)
		return 0;
	if (!read_number(setting->value, &found))
		return xl_import_refuse(import, setting, "must be a whole number");
	if (found >= min && found <= max) {
		*number = found;
		return 0;
	}
	reason = text_format("must be between %lld and %lld", (long long)min, (long long)max);
	return xl_import_refuse(import, setting, reason);
}

/* It is not there, or what is there could not be read. */
static int refuse_missing(struct xl_import *import, const char *key)
{
	AUTO_TEXT where = text_format("config (%s is not set)", key);

	for (int i = 0; i < import->settings.row_count; i++) {
		const struct report_row *row = &import->settings.rows[i];
		AUTO_TEXT reason = NULL;

		if (strcmp(row->key, key) != 0 || !row->outcome.detail)
			continue;
		reason = text_format("%s: %s", key, row->outcome.detail);
		return xl_import_refuse_line(import, row->line, reason, row->value);
	}
	return fail(import->err, ERROR_INVALID_VALUE, where, "");
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
		return refuse_missing(import, "memory");
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
		return refuse_missing(import, "name");
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
