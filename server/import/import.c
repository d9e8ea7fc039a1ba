/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* import.c – other systems' configurations to the fields of a VM. */
#include "server/import/import.h"

#include "schema/buffer.h"
#include "schema/xml_character.h"
#include "server/import/xl_import.h"

/*
 * A copy as the readers (libxlutil above all) like it: no byte order mark, no carriage returns at
 * the ends of lines, a line feed after the last line (it takes no comment without). NULL when the
 * text is not plain.
 */
static char *tidy_text(const char *text, int *ret_line)
{
	AUTO_BUFFER tidy = {0};
	const char *end = text + strlen(text);
	int line = 1;

	if (strncmp(text, "\xEF\xBB\xBF", 3) == 0)
		text += 3;
	while (text < end) {
		size_t length = xml_character(text, end);

		if (!length) {
			*ret_line = line;
			return NULL;
		}
		line += *text == '\n';
		if (*text != '\r' || text[1] != '\n')
			buffer_add(&tidy, text, length);
		text += length;
	}
	buffer_add_char(&tidy, '\n');
	return buffer_take(&tidy);
}

/* What has no place stays with the VM. Disks too, in case they are not there. */
static void keep(struct xl_import *import, const struct setting *setting)
{
	AUTO_TEXT key = text_format("xl:%s", setting->key);
	AUTO_BUFFER written = {0};

	if (setting->verbatim)
		buffer_add_text(&written, setting->verbatim);
	else
		settings_write_value(&written, setting->value);
	value_put(import->other_config, key, value_string(written.data));
}

static int take_setting(struct xl_import *import, struct setting *setting)
{
	const struct xl_key *key = xl_key_find(setting->key);

	if (!key)
		outcome_set(&setting->outcome, OUTCOME_UNKNOWN, "xl knows no such key");
	else if (key->take(import, key, setting, &setting->outcome) < 0)
		return -1;
	if (setting->outcome.kind == OUTCOME_UNKNOWN || setting->outcome.kind == OUTCOME_IGNORED ||
	    strcmp(setting->key, "disk") == 0)
		keep(import, setting);
	return 0;
}

static int take_settings(struct xl_import *import)
{
	if (import->settings.overflow)
		return fail(import->err, ERROR_INVALID_VALUE, "config (more than 5000 values)", "");
	if (xl_import_basics(import) < 0)
		return -1;
	for (int i = 0; i < import->settings.count; i++)
		if (take_setting(import, &import->settings.items[i]) < 0)
			return -1;
	return 0;
}

static const struct format {
	const char *name;
	int (*read)(struct xl_import *import, const char *text);
} formats[] = {
#define FORMAT(name, description) {#name, read_##name},
#include "server/import/formats.def"
};

/* "auto": by what the text begins with. */
static const struct format *find_format(const char *name, const char *text)
{
	if (strcmp(name, "auto") == 0)
		name = import_recognise(text);
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

static void put_if_any(struct value *record, const char *field, struct value *map)
{
	if (map->length)
		value_put(record, field, map);
	else
		value_release(map);
}

/* What was said of single fields comes after what follows from the rest. */
static struct value *finish_record(struct xl_import *import)
{
	struct value *record = import->record;

	put_if_any(record, "VCPUs_params", import->vcpus_params);
	put_if_any(record, "HVM_boot_params", import->boot_params);
	put_if_any(record, "platform", import->platform);
	put_if_any(record, "other_config", import->other_config);
	for (uint32_t i = 0; i < import->fields->length; i++) {
		const struct member *member = &import->fields->members[i];
		struct value *with =
			value_map_with(record, member->key->text, value_reference(member->value));

		value_release(record);
		record = with;
	}
	value_release(import->fields);
	return record;
}

static int import_tidy(const char *text, const struct format *format, struct value **ret_record,
		       struct value **ret_report, struct error *err)
{
	struct xl_import import = {
		.record = value_map(),
		.fields = value_map(),
		.vcpus_params = value_map(),
		.boot_params = value_map(),
		.platform = value_map(),
		.other_config = value_map(),
		.err = err,
	};
	AUTO(value) record = NULL;
	int rc = format->read(&import, text);

	if (rc == 0)
		rc = take_settings(&import);
	record = finish_record(&import);
	if (rc == 0) {
		*ret_record = TAKE(record);
		*ret_report = settings_report(&import.settings);
	}
	settings_clear(&import.settings);
	return rc;
}

int import_config(const char *text, const char *name, struct value **ret_record,
		  struct value **ret_report, struct error *err)
{
	const struct format *format;
	AUTO_TEXT tidy = NULL;
	int line = 0;

	if (strnlen(text, IMPORT_TEXT_MAX + 1) > IMPORT_TEXT_MAX)
		return fail(err, ERROR_INVALID_VALUE, "config (more than 1 MiB)", "");
	tidy = tidy_text(text, &line);
	if (!tidy) {
		AUTO_TEXT where = text_format(
			"config (line %d: a control character, or bytes that are not UTF-8)", line);

		return fail(err, ERROR_INVALID_VALUE, where, "");
	}
	format = find_format(name, tidy);
	if (!format)
		return fail(err, ERROR_INVALID_VALUE, "format: auto, " IMPORT_FORMATS, name);
	return import_tidy(tidy, format, ret_record, ret_report, err);
}

const char *import_recognise(const char *text)
{
	text += strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
	text += strspn(text, " \t\r\n");
	if (*text == '<')
		return "libvirt";
	if (*text == '(')
		return "sxp";
	return python_recognise(text) ? "python" : "xl";
}
