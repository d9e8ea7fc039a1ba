/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* options_print.c – the options for people: --help and the sample configuration. */
#include "server/options_table.h"

#define WIDTH 100

/* Words up to the width, each line after `indent`. */
static void print_wrapped(FILE *file, const char *indent, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t length = strcspn(text, " ");

		if (!column || column + 1 + length > WIDTH) {
			fprintf(file, "%s%s", column ? "\n" : "", indent);
			column = strlen(indent);
		} else {
			fputc(' ', file);
			column++;
		}
		fprintf(file, "%.*s", (int)length, text);
		column += length;
		text += length + (text[length] == ' ');
	}
	fputc('\n', file);
}

static void print_option(FILE *file, const char *dashes, const char *member, const char *argument,
			 const char *description)
{
	AUTO_TEXT name = option_name(member);

	fprintf(file, "  %s%s%s%s\n", dashes, name, argument ? " " : "", argument ? argument : "");
	print_wrapped(file, "        ", description);
}

static void print_commands(FILE *file, bool words)
{
	for (size_t i = 0; i < option_command_count; i++) {
		const struct option_command *command = &option_commands[i];

		if (command->is_word == words)
			print_option(file, words ? "" : "--", command->member, command->argument,
				     command->description);
	}
}

void options_print_help(FILE *file)
{
	fputs("usage: xenapid [OPTION]... [COMMAND]\n\n"
	      "Serves the Xen-API for this host, in the foreground; with a command does that "
	      "instead.\n\n",
	      file);
	print_commands(file, true);
	fputc('\n', file);
	for (size_t i = 0; i < ROW_COUNT; i++) {
		const struct option_row *row = &option_rows[i];

		if (row->on_command_line)
			print_option(file, "--", row->member, option_argument(row),
				     row->description);
	}
	print_commands(file, false);
	fputs("\nOptions win over the configuration; --listen replaces its listeners. Exit status: 0 "
	      "stopped as asked,\n1 failed, 2 options or configuration are not right.\n",
	      file);
}

static void print_key(FILE *file, const struct option_row *row)
{
	AUTO_TEXT name = option_name(row->member);
	AUTO_TEXT accepted = option_accepted(row);
	AUTO_TEXT rest = text_copy(row->standard);
	char *state = NULL;

	fputc('\n', file);
	print_wrapped(file, "# ", row->description);
	if (option_is_bounded(row)) {
		AUTO_TEXT line = text_format("Accepted: %s.", accepted);

		print_wrapped(file, "# ", line);
	}
	if (!option_is_list(row) || !*row->standard) {
		fprintf(file, "#%s =%s%s\n", name, *row->standard ? " " : "", row->standard);
		return;
	}
	for (char *item = strtok_r(rest, " ", &state); item; item = strtok_r(NULL, " ", &state))
		fprintf(file, "#%s = %s\n", name, item);
}

void options_print_config(FILE *file)
{
	fputs("# " OPTIONS_DEFAULT_FILE " – configuration of xenapid\n#\n"
	      "# key = value, one a line; a # that starts a line or follows white space starts a "
	      "comment.\n# Every key is here with its default. xenapid --check-config says what is "
	      "not right.\n",
	      file);
	for (size_t i = 0; i < ROW_COUNT; i++)
		print_key(file, &option_rows[i]);
}
