/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fields.c – fields of a VM that xl.cfg has no key for. */
#include "server/import/fields.h"

#include "schema/buffer.h"
#include "schema/text.h"

#include <stdio.h>
#include <strings.h>

const struct device_fields device_fields[] = {
	{FIELD_PREFIX "vifs", "VIFs", "device", "VIF"},
	{FIELD_PREFIX "vbds", "VBDs", "userdevice", "VBD"},
	{0},
};

/* xl's keys have small letters only. */
static const struct field_info *find_field(const struct class_info *cls, const char *name)
{
	for (int i = 0; i < cls->field_count; i++)
		if (strcasecmp(cls->fields[i].name, name) == 0)
			return &cls->fields[i];
	return NULL;
}

bool field_may_be_said(const struct field_info *field)
{
	/* how the domain was is not how the VM is to be */
	static const char *const past[] = {"power_state", "last_booted_record",
					   "last_boot_CPU_flags"};

	for (size_t i = 0; i < ARRAY_SIZE(past); i++)
		if (strcmp(past[i], field->name) == 0)
			return false;
	return field->is_setting && field->qualifier != QUALIFIER_INTERNAL &&
	       field->type->kind != TYPE_REF;
}

/* NULL after having said what is wrong. */
static struct value *read_text(struct xl_import *import, const struct setting *setting,
			       const struct field_info *field, const char *text)
{
	struct value *value;
	const char *problem = "contains a control character";
	AUTO_TEXT reason = NULL;

	if (xl_import_is_plain(text))
		problem = text_to_value(field->type, text, &value);
	if (!problem)
		return value;
	reason = text_format("has a value for %s that is %s", field->name, problem);
	xl_import_refuse(import, setting, reason);
	return NULL;
}

static struct value *find_device(const struct value *devices, const char *name, const char *text,
				 size_t length)
{
	for (uint32_t i = 0; devices && i < devices->length; i++) {
		const char *own = value_find_text(devices->items[i], name);

		if (own && strlen(own) == length && memcmp(own, text, length) == 0)
			return devices->items[i];
	}
	return NULL;
}

static void set_member(struct value *devices, const struct value *device, const char *field,
		       struct value *value)
{
	for (uint32_t i = 0; i < devices->length; i++) {
		if (devices->items[i] != device)
			continue;
		devices->items[i] = value_map_with(device, field, value);
		value_release(device);
		return;
	}
}

/* "DEVICE FIELD TEXT" */
static int take_item(struct xl_import *import, const struct setting *setting,
		     const struct device_fields *kind, const char *item)
{
	/* it is this import's own, and nobody else sees it yet */
	struct value *devices =
		(struct value *)(uintptr_t)value_find(import->record, kind->devices);
	const struct class_info *cls = schema_class(kind->cls);
	size_t name_length = strcspn(item, " ");
	const char *rest = item + name_length + (item[name_length] == ' ');
	size_t field_length = strcspn(rest, " ");
	AUTO_TEXT name = text_format("%.*s", (int)field_length, rest);
	const struct field_info *field = find_field(cls, name);
	const struct value *device = find_device(devices, kind->name, item, name_length);
	struct value *value;

	if (!device || !field || !field_may_be_said(field) || !rest[field_length])
		return xl_import_refuse(import, setting,
					"names no device above it, or no field of one");
	value = read_text(import, setting, field, rest + field_length + 1);
	if (!value)
		return -1;
	set_member(devices, device, field->name, value);
	return 0;
}

static int take_items(struct xl_import *import, const struct setting *setting,
		      const struct device_fields *kind, struct outcome *outcome)
{
	const struct value *list = setting->value;

	for (uint32_t i = 0; list->kind == VALUE_SET && i < list->length; i++) {
		if (list->items[i]->kind != VALUE_STRING)
			return xl_import_refuse(import, setting, "must be a list of texts");
		if (take_item(import, setting, kind, list->items[i]->text) < 0)
			return -1;
	}
	outcome_set(outcome, OUTCOME_TAKEN, "%s", kind->devices);
	return 0;
}

int take_field(TAKE_ARGUMENTS)
{
	const struct field_info *field =
		find_field(schema_class("VM"), setting->key + strlen(FIELD_PREFIX));
	struct value *value;

	(void)key;
	for (const struct device_fields *kind = device_fields; kind->key; kind++)
		if (strcmp(kind->key, setting->key) == 0)
			return take_items(import, setting, kind, outcome);
	if (!field || !field_may_be_said(field)) {
		outcome_set(outcome, OUTCOME_UNKNOWN, "no field of a VM that can be imported");
		return 0;
	}
	if (setting->value->kind != VALUE_STRING)
		return xl_import_refuse(import, setting, "must be one value, not a list");
	value = read_text(import, setting, field, setting->value->text);
	if (!value)
		return -1;
	value_put(import->fields, field->name, value);
	outcome_set(outcome, OUTCOME_TAKEN, "%s", field->name);
	return 0;
}
