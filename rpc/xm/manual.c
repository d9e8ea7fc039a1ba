/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* manual.c – the lists of the manual page xm(1). */
#include "rpc/xm/manual.h"

#include "rpc/xm/xm.h"
#include "schema/roff.h"

static void print_options(void)
{
	const struct global_option *option;

	for (size_t i = 0; (option = global_option(i)); i++) {
		AUTO_TEXT name = text_format("%s%s%s", option->letter ? option->letter : "",
					     option->letter ? ", " : "", option->name);
		AUTO_TEXT variable = text_format("$%s", option->variable ? option->variable : "");

		roff_begin_item(stdout, name, option->argument ? "=" : "", option->argument);
		roff_print_text(stdout, option->description);
		if (option->variable) {
			fputs("; ", stdout);
			roff_print_text(stdout, variable);
		}
		fputs(".\n", stdout);
	}
}

static void print_commands(void)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++) {
		roff_begin_item(stdout, command->name, " ", command->usage);
		roff_print_text(stdout, command->summary);
		fputc('\n', stdout);
		if (*command->help)
			roff_print_literal(stdout, command->help);
	}
}

int manual_print(const char *list)
{
	if (strcmp(list, "options") == 0)
		print_options();
	else if (strcmp(list, "commands") == 0)
		print_commands();
	else
		return xm_misuse(NULL, "the lists are options and commands");
	return STATUS_DONE;
}
