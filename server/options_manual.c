/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* options_manual.c – the lists of the manual pages xenapid(8) and xenapid.conf(5). */
#include "schema/roff.h"
#include "server/options_table.h"

static void print_item(FILE *file, const char *dashes, const char *member, const char *argument,
		       const char *description)
{
	AUTO_TEXT name = option_name(member);
	AUTO_TEXT shown = text_format("%s%s", dashes, name);

	roff_begin_item(file, shown, " ", argument);
	roff_print_text(file, description);
	fputc('\n', file);
}

static void print_commands(FILE *file, bool words)
{
	for (size_t i = 0; i < option_command_count; i++) {
		const struct option_command *command = &option_commands[i];

		if (command->is_word == words)
			print_item(file, words ? "" : "--", command->member, command->argument,
				   command->description);
	}
}

void options_print_manual_options(FILE *file)
{
	fputs(".SS Instead of serving\n", file);
	print_commands(file, true);
	fputs(".SS Options\n", file);
	for (size_t i = 0; i < ROW_COUNT; i++) {
		const struct option_row *row = &option_rows[i];

		if (row->on_command_line)
			print_item(file, "--", row->member, option_argument(row), row->description);
	}
	print_commands(file, false);
}

static void print_key(FILE *file, const struct option_row *row)
{
	AUTO_TEXT name = option_name(row->member);
	AUTO_TEXT accepted = option_accepted(row);

	roff_begin_item(file, name, " = ", row->standard);
	roff_print_text(file, row->description);
	if (option_is_bounded(row)) {
		fputs("\nAccepted: ", file);
		roff_print_text(file, accepted);
		fputc('.', file);
	}
	fputs(row->live ? "\nSIGHUP makes a change take effect.\n" :
			  "\nA change needs a restart.\n",
	      file);
}

void options_print_manual_keys(FILE *file)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		print_key(file, &option_rows[i]);
}
