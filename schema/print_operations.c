/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* print_operations.c – the rows of operations.def for people. */
#include "schema/print.h"

#include "schema/buffer.h"
#include "schema/operation_on.h"

enum { HALTED = 1, PAUSED = 2, RUNNING = 4, SUSPENDED = 8 };

static const struct row {
	const char *name;
	const char *wire;
	const int *states; /* ended by 0 */
	int on;
	bool listed;
	const char *effect;
} rows[] = {
	{0},
#define STATES(...)            \
	(const int[])          \
	{                      \
		__VA_ARGS__, 0 \
	}
#define LISTED true
#define UNLISTED false
#define RECORD "only the record"
#define LIVE "record; of a Running or Paused VM the domain first"
#define USES "acts on the domain, or on files"
#define BEGINS "a domain begins"
#define ENDS "the domain ends"
#define OPERATION(name, wire, states, on, listed, effect) \
	{#name, #wire, states, on, listed, effect},
#include "schema/operations.def"
};

static const struct {
	int state;
	const char *name;
} states[] = {
	{HALTED, "Halted"}, {PAUSED, "Paused"}, {RUNNING, "Running"}, {SUSPENDED, "Suspended"}};

static bool is_possible(const struct row *row, int state)
{
	for (const int *possible = row->states; *possible; possible++)
		if (*possible == state)
			return true;
	return false;
}

void print_add_states(struct buffer *out, enum operation_id operation)
{
	const char *separator = "";

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		if (!is_possible(&rows[operation], states[i].state))
			continue;
		buffer_add_format(out, "%s%s", separator, states[i].name);
		separator = ", ";
	}
}

static void add_objects(struct buffer *out, int on)
{
	static const struct {
		int flag;
		const char *name;
	} words[] = {
		{TEMPLATE, "templates"},      {OWN_TEMPLATE, "templates that are not default ones"},
		{SNAPSHOT, "snapshots"},      {SNAPSHOT_SUSPENDED, "Suspended snapshots"},
		{CONTROL, "control domains"}, {CONTROL_RUNNING, "Running control domains"},
		{NOT_DOM0, "not Domain-0"},   {UNMANAGED, "VMs that are not managed"},
	};
	const char *separator = "";

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!(on & words[i].flag))
			continue;
		buffer_add_format(out, "%s%s", separator, words[i].name);
		separator = ", ";
	}
}

static void add_row(struct buffer *out, const struct row *row)
{
	buffer_add_format(out, "| %s |", row->name);
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		buffer_add_text(out, is_possible(row, states[i].state) ? " yes |" : " |");
	buffer_add_char(out, ' ');
	add_objects(out, row->on);
	buffer_add_format(out, " | %s | %s | %s |\n", row->wire, row->listed ? "yes" : "",
			  row->effect);
}

void print_add_operations(struct buffer *out)
{
	buffer_add_literal(out,
			   "In another power state: VM_BAD_POWER_STATE. \"Also on\": what else "
			   "than a plain VM. \"Shown as\": in current_operations and errors. "
			   "\"Listed\": in allowed_operations.\n\n"
			   "| operation | Halted | Paused | Running | Suspended | also on | "
			   "shown as | listed | does |\n"
			   "|---|---|---|---|---|---|---|---|---|\n");
	for (int i = OPERATION_none + 1; i < OPERATION_COUNT; i++)
		add_row(out, &rows[i]);
}
