/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * export.c – the fields of a VM as a configuration. What is written is imported at once, and what
 * would be another value gets a line of its own: so the two can not drift apart.
 */
#include "server/import/export.h"

#include "schema/text.h"
#include "server/import/fields.h"
#include "server/import/import.h"
#include "server/import/sxp_write.h"
#include "server/import/xl_give.h"

#include <ctype.h>

bool export_has_field(const struct field_info *field)
{
	return field_may_be_said(field);
}

static bool is_key(const char *key)
{
	return *key >= 'a' && *key <= 'z' &&
	       !key[strspn(key, "_.0123456789abcdefghijklmnopqrstuvwxyz")];
}

/* Whether it is one key with a value that a VM of the type may have. *ret_value is of the key. */
static bool read_kept(const char *key, const char *text, const char *type, struct value **ret_value)
{
	AUTO_TEXT config = text_format("%s = %s\n", key, text);
	AUTO_TEXT whole = text_format("name = 'x'\nmemory = 1\ntype = '%s'\n%s", type, config);
	AUTO(value) record = NULL;
	AUTO(value) report = NULL;
	AUTO_ERROR err = {0};
	struct xl_import import = {.err = &err};
	bool is_it = false;

	if (import_config(whole, "xl", &record, &report, &err) < 0)
		return false;
	if (read_xl(&import, config) == 0 && import.settings.count == 1 &&
	    strcmp(import.settings.items[0].key, key) == 0) {
		*ret_value = value_reference(import.settings.items[0].value);
		is_it = true;
	}
	settings_clear(&import.settings);
	return is_it;
}

/* What an import could not use, and left with the VM. Anybody may have written it. */
static void give_kept(const struct value *fields, struct settings *settings)
{
	const struct value *map = value_find(fields, "other_config");

	for (uint32_t i = 0; map && i < map->length; i++) {
		const char *key = map->members[i].key->text;
		const char *text = map->members[i].value->text;
		struct value *value;
		int setting;

		if (strncmp(key, "xl:", 3) != 0 || !is_key(key + 3) ||
		    settings_find(settings, key + 3) >= 0 ||
		    strncmp(key + 3, FIELD_PREFIX, strlen(FIELD_PREFIX)) == 0 ||
		    !read_kept(key + 3, text, xl_give_type(fields), &value))
			continue;
		setting = settings_add(settings, key + 3, value,
				       settings_add_row(settings, key + 3, "", 0));
		settings->items[setting].verbatim = text_copy(text);
	}
}

static struct value *default_of(const struct class_info *cls, const char *field)
{
	const struct field_info *info = schema_field(cls, field);

	return info->default_value;
}

static bool differs(const struct class_info *cls, const struct field_info *field,
		    const struct value *want, const struct value *have)
{
	const struct value *got = value_find(have, field->name);

	return want && !value_equal(want, got ? got : default_of(cls, field->name));
}

static char *small_letters(const char *text)
{
	char *small = text_copy(text);

	for (char *at = small; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return small;
}

static void give_field(struct settings *settings, const char *field, const struct value *want)
{
	AUTO_TEXT small = small_letters(field);
	AUTO_TEXT key = text_format(FIELD_PREFIX "%s", small);
	AUTO_TEXT text = value_to_text(want);

	xl_give_text(settings, key, text);
}

static void add_device(struct value *items, const struct device_fields *kind,
		       const struct value *want, const struct value *have)
{
	const struct class_info *cls = schema_class(kind->cls);

	for (int i = 0; i < cls->field_count; i++) {
		const struct field_info *field = &cls->fields[i];
		const struct value *value = value_find(want, field->name);
		AUTO_TEXT text = NULL;

		if (!field_may_be_said(field) || strcmp(field->name, kind->name) == 0 ||
		    !differs(cls, field, value, have))
			continue;
		text = value_to_text(value);
		value_append(items,
			     value_string_format("%s %s %s", value_find_text(want, kind->name),
						 field->name, text));
	}
}

static void give_devices(struct settings *settings, const struct device_fields *kind,
			 const struct value *want, const struct value *have)
{
	struct value *items = value_set();

	for (uint32_t i = 0; want && have && i < want->length && i < have->length; i++)
		add_device(items, kind, want->items[i], have->items[i]);
	if (items->length)
		settings_add(settings, kind->key, items,
			     settings_add_row(settings, kind->key, "", 0));
	else
		value_release(items);
}

static void give_differences(struct settings *settings, const struct value *fields,
			     const struct value *record)
{
	const struct class_info *cls = schema_class("VM");

	for (int i = 0; i < cls->field_count; i++) {
		const struct field_info *field = &cls->fields[i];
		const struct value *want = value_find(fields, field->name);

		if (field_may_be_said(field) && differs(cls, field, want, record))
			give_field(settings, field->name, want);
	}
	for (const struct device_fields *kind = device_fields; kind->key; kind++)
		give_devices(settings, kind, value_find(fields, kind->devices),
			     value_find(record, kind->devices));
}

static int give_all(const struct value *fields, struct settings *settings, struct error *err)
{
	AUTO(value) record = NULL;
	AUTO(value) report = NULL;
	AUTO_BUFFER text = {0};

	xl_give(fields, settings);
	give_kept(fields, settings);
	settings_write(&text, settings);
	if (import_config(text.data, "xl", &record, &report, err) < 0)
		return -1;
	give_differences(settings, fields, record);
	return 0;
}

int export_xl(const struct value *fields, const char *notes, struct buffer *out, struct error *err)
{
	struct settings settings = {0};
	int rc = give_all(fields, &settings, err);

	if (rc == 0) {
		buffer_add_literal(out, "# written by xenapid, for xl and for xm import; xl looks "
					"at nothing that begins with xenapi.\n");
		buffer_add_text(out, notes);
		settings_write(out, &settings);
	}
	settings_clear(&settings);
	return rc;
}

int export_sxp(const struct value *fields, const char *notes, struct buffer *out, struct error *err)
{
	struct settings settings = {0};
	int rc = give_all(fields, &settings, err);

	if (rc == 0) {
		sxp_write(out, &settings, xl_give_type(fields));
		buffer_add_text(out, notes);
	}
	settings_clear(&settings);
	return rc;
}
