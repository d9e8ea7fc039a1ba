/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* complete_kinds.c – what stands for DOMAIN, FIELD and the like of a usage. */
#include "rpc/xm/complete_kinds.h"

#include "rpc/xm/complete.h"
#include "rpc/xm/object.h"
#include "schema/schema.h"

#include <ctype.h>

static void offer(struct completion *completion, const char *word, const char *what)
{
	complete_offer(completion, completion->before, word, what);
}

/* Objects of a class as a map by ref, to be released; NULL: nobody answers. */
static struct value *ask(struct completion *completion, const char *cls, const char *const *fields)
{
	struct value *records = NULL;

	if (!completion->is_open) {
		if (xm_open(&completion->xm, &completion->globals, completion->timeout_ms) !=
		    STATUS_DONE)
			return NULL;
		completion->is_open = true;
	}
	object_read_fields(&completion->xm, cls, fields, &records);
	return records;
}

void complete_close(struct completion *completion)
{
	if (completion->is_open)
		xm_close(&completion->xm);
}

static void offer_names(struct completion *completion, const char *cls)
{
	static const char *const fields[] = {"name_label", NULL};
	AUTO(value) records = ask(completion, cls, fields);

	for (uint32_t i = 0; records && i < records->length; i++)
		offer(completion, object_text(records->members[i].value, "name_label"), "");
}

static int offer_srs(struct completion *completion)
{
	offer_names(completion, "SR");
	return 0;
}

static int offer_vdis(struct completion *completion)
{
	offer_names(completion, "VDI");
	return 0;
}

static bool is_pattern(const struct value *record)
{
	return object_flag(record, "is_a_template") || object_flag(record, "is_a_snapshot");
}

/* As with any argument, templates and snapshots count only where nothing else has the name. */
static int offer_domains(struct completion *completion)
{
	static const char *const fields[] = {"name_label", "power_state", "is_a_template",
					     "is_a_snapshot", NULL};
	AUTO(value) records = ask(completion, "VM", fields);
	bool any = false;

	for (int patterns = 0; patterns < 2 && !any; patterns++) {
		for (uint32_t i = 0; records && i < records->length; i++) {
			const struct value *record = records->members[i].value;
			const char *name = object_text(record, "name_label");

			if (is_pattern(record) != patterns ||
			    strncmp(name, completion->word, strlen(completion->word)) != 0)
				continue;
			any = true;
			offer(completion, name,
			      patterns ? "template" : object_text(record, "power_state"));
		}
	}
	return 0;
}

static int offer_snapshots(struct completion *completion)
{
	static const char *const fields[] = {"name_label", "snapshot_of", NULL};
	AUTO(value) records = completion->domain ? ask(completion, "VM", fields) : NULL;

	if (!records || vm_find(&completion->xm, completion->domain) != STATUS_DONE)
		return 0;
	for (uint32_t i = 0; i < records->length; i++) {
		const struct value *record = records->members[i].value;

		if (strcmp(object_text(record, "snapshot_of"), completion->xm.subject.ref->text) ==
		    0)
			offer(completion, object_text(record, "name_label"), "");
	}
	return 0;
}

static int offer_tasks(struct completion *completion)
{
	static const char *const fields[] = {"uuid", "name_label", "status", NULL};
	AUTO(value) records = ask(completion, "task", fields);

	for (uint32_t i = 0; records && i < records->length; i++) {
		const struct value *record = records->members[i].value;

		if (strcmp(object_text(record, "status"), "pending") == 0)
			offer(completion, object_text(record, "uuid"),
			      object_text(record, "name_label"));
	}
	return 0;
}

static int offer_commands(struct completion *completion)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++)
		offer(completion, command->name, command->summary);
	return 0;
}

static int offer_classes(struct completion *completion)
{
	for (int i = 0; i < CLASS_COUNT; i++)
		offer(completion, schema_classes[i]->name, "");
	return 0;
}

static bool can_be_set(const struct class_info *cls, int field)
{
	return cls->fields[field].setter != ROLE_nobody || schema_setter(cls, field);
}

static int offer_fields(struct completion *completion)
{
	const struct class_info *cls = schema_class("VM");

	for (int i = 0; i < cls->field_count; i++)
		if (can_be_set(cls, i))
			offer(completion, cls->fields[i].name, "");
	return 0;
}

/* Of a field with few values. */
static void offer_field_values(struct completion *completion, const struct field_info *field)
{
	AUTO_TEXT before = text_format("%s=", field->name);
	const char *const *words;

	if (strncmp(completion->word, before, strlen(before)) != 0)
		return;
	if (field->type->kind == TYPE_BOOL) {
		complete_offer(completion, before, "true", "");
		complete_offer(completion, before, "false", "");
	}
	if (field->type->kind != TYPE_ENUM)
		return;
	for (words = schema_enums[field->type->enumeration].values; *words; words++)
		complete_offer(completion, before, *words, "");
}

static int offer_assignments(struct completion *completion)
{
	const struct class_info *cls = schema_class("VM");

	for (int i = 0; i < cls->field_count; i++) {
		const struct field_info *field = &cls->fields[i];

		if (!can_be_set(cls, i))
			continue;
		if (strchr(completion->word, '='))
			offer_field_values(completion, field);
		else
			complete_offer(completion, field->name,
				       field->type->kind == TYPE_MAP ? "." : "=", "");
	}
	return 0;
}

static int offer_states(struct completion *completion)
{
	const char *const *states = schema_enums[ENUM_vm_power_state].values;

	for (; *states; states++) {
		AUTO_TEXT state = text_copy(*states);

		*state = (char)tolower((unsigned char)*state);
		offer(completion, state, "");
	}
	return 0;
}

static int offer_files(struct completion *completion)
{
	(void)completion;
	return COMPLETE_FILES;
}

/* r|w is what it says. */
static void offer_words(struct completion *completion, const char *words)
{
	AUTO_TEXT rest = text_copy(words);
	char *state = NULL;

	for (char *word = strtok_r(rest, "|", &state); word; word = strtok_r(NULL, "|", &state))
		offer(completion, word, "");
}

int complete_kind(struct completion *completion, const char *kind)
{
	static const struct {
		const char *name;
		int (*offer)(struct completion *completion);
	} kinds[] = {
		{"DOMAIN", offer_domains}, {"FIELD=VALUE", offer_assignments},
		{"FIELD", offer_fields},   {"FILE", offer_files},
		{"FOLDER", offer_files},   {"COMMAND", offer_commands},
		{"CLASS", offer_classes},  {"SR", offer_srs},
		{"VDI", offer_vdis},	   {"SNAPSHOT", offer_snapshots},
		{"STATE", offer_states},   {"UUID", offer_tasks},
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].name, kind) == 0)
			return kinds[i].offer(completion);
	if (islower((unsigned char)*kind))
		offer_words(completion, kind);
	return 0;
}
