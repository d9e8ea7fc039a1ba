/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* print_running.c – the rows of running.def for people: what VM.update does with a VM that runs. */
#include "schema/print.h"

#include "schema/buffer.h"

struct row {
	const char *words; /* for now, next_boot and auto */
	const char *reason;
};

#define LIVE "live | waits | live"
#define STAGED "refused | waits | waits"
#define START "recorded | recorded | recorded"
#define NEVER "refused | refused | refused"
#define RUNNING(field, kind, operation, effects, reason) [VM_##field] = {kind, reason},
static const struct row rows[] = {
#include "schema/running.def"
};

static void add_field(struct buffer *out, int field)
{
	const struct class_info *cls = schema_classes[CLASS_VM];
	bool has_row = field < (int)ARRAY_SIZE(rows) && rows[field].words;

	if (!schema_setter(cls, field) || cls->fields[field].qualifier == QUALIFIER_INTERNAL)
		return;
	buffer_add_format(out, "| %s | %s | %s |\n", cls->fields[field].name,
			  has_row ? rows[field].words : "at once | at once | at once",
			  has_row ? rows[field].reason : "");
}

void print_running_markdown(FILE *file)
{
	AUTO_BUFFER out = {0};

	buffer_add_literal(
		&out,
		"# Live, or with the next boot\n\n"
		"Printed by `xenapid --print-api running` from schema/running.def: do not edit.\n\n"
		"What `VM.update` does with a field of a VM that is Running, by its option `when`; "
		"[staged-changes.md](staged-changes.md) says what it is for. Of a VM\n"
		"that is Halted every field is set at once.\n\n"
		"- live: the domain is told first, then it is stored\n"
		"- waits: kept for the next start; the record says what runs\n"
		"- recorded: the record says it at once, the domain has it from its next start on\n"
		"- at once: nothing of the domain depends on it\n"
		"- refused: with the error of the field's setter\n\n"
		"| field | now | next_boot | auto | |\n|---|---|---|---|---|\n");
	for (int i = 0; i < schema_classes[CLASS_VM]->field_count; i++)
		add_field(&out, i);
	fwrite(out.data, 1, out.length, file);
}
