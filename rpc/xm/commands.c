/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* commands.c – the table of commands: dispatch, help and arguments. */
#include "rpc/xm/globals.h"
#include "rpc/xm/run.h"

#include <ctype.h>
#include <stdio.h>

static const struct command commands[] = {
#define COMMAND(name, function, least, most, usage, summary, help) \
	{name, usage, summary, help, least, most, run_##function},
#include "rpc/xm/commands.def"
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

const struct command *command_at(size_t number)
{
	return number < ARRAY_SIZE(commands) ? &commands[number] : NULL;
}

void command_print_all(FILE *file)
{
	fputs("Usage: xm [OPTION]... COMMAND [ARGUMENT]...\n\n", file);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(file, "  %-15s %s\n", commands[i].name, commands[i].summary);
	fputs("\nDOMAIN is a uuid, the id of a running domain, or a name.\n\n", file);
	globals_print(file);
}

void command_print_help(FILE *file, const struct command *command)
{
	fprintf(file, "Usage: xm %s%s%s\n%s\n%s", command->name, *command->usage ? " " : "",
		command->usage, command->summary, command->help);
}

/* An option exists for the commands whose usage shows it. */
static const struct {
	const char *name;
	char letter;
	size_t place; /* of its flag in struct xm; of a text if it takes a value */
	bool takes_value;
} options[] = {
	{"paused", 'p', offsetof(struct xm, options.paused), false},
	{"wait", 'w', offsetof(struct xm, options.wait), false},
	{"long", 'l', offsetof(struct xm, options.detailed), false},
	{"json", 0, offsetof(struct xm, options.json), false},
	{"templates", 0, offsetof(struct xm, options.templates), false},
	{"force", 'f', offsetof(struct xm, options.force), false},
	{"memory", 0, offsetof(struct xm, options.memory), false},
	{"now", 0, offsetof(struct xm, options.now), false},
	{"next-boot", 0, offsetof(struct xm, options.next_boot), false},
	{"dry-run", 'n', offsetof(struct xm, options.dry_run), false},
	{"drop", 0, offsetof(struct xm, options.drop), false},
	{"again", 0, offsetof(struct xm, options.again), false},
	{"state", 0, offsetof(struct xm, options.state), true},
	{"fix", 0, offsetof(struct xm, options.fix), true},
	{"format", 0, offsetof(struct xm, options.format), true},
};

static bool command_has(const struct command *command, size_t option)
{
	AUTO_TEXT name = text_format("--%s", options[option].name);
	char letter[] = {'-', options[option].letter, ']', '\0'};

	return strstr(command->usage, name) || (letter[1] && strstr(command->usage, letter));
}

const char *command_option(const struct command *command, size_t number, bool *ret_takes_value)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (!command_has(command, i) || number--)
			continue;
		*ret_takes_value = options[i].takes_value;
		return options[i].name;
	}
	return NULL;
}

static void store_option(struct xm *xm, size_t option, const char *value)
{
	char *place = (char *)xm + options[option].place;

	if (options[option].takes_value)
		memcpy(place, &value, sizeof(value));
	else
		*(bool *)place = true;
}

static bool is_named(const char *text, size_t length, size_t option)
{
	const char *name = options[option].name;

	if (length == 2 && text[0] == '-' && options[option].letter)
		return text[1] == options[option].letter;
	return length == strlen(name) + 2 && strncmp(text, "--", 2) == 0 &&
	       strncmp(text + 2, name, length - 2) == 0;
}

/* Returns how many arguments it took, −1: it is no option of the command. */
static int read_option(struct xm *xm, int argc, char **argv)
{
	size_t length = strcspn(argv[0], "=");
	const char *value = argv[0][length] ? argv[0] + length + 1 : NULL;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		bool takes_value = options[i].takes_value;

		if (!is_named(argv[0], length, i) || !command_has(xm->command, i))
			continue;
		if (takes_value ? !value && argc < 2 : value != NULL)
			return -1;
		store_option(xm, i, value ? value : argv[1]);
		return takes_value && !value ? 2 : 1;
	}
	return -1;
}

/* -5 is a bad number, not an option; so is a bare -. */
static bool looks_like_option(const char *argument)
{
	return argument[0] == '-' && argument[1] && !isdigit((unsigned char)argument[1]);
}

int command_read_arguments(struct xm *xm, int argc, char **argv)
{
	bool options_end = false;

	xm->arguments = argv;
	for (int i = 0, taken; i < argc; i += taken) {
		taken = 1;
		if (!options_end && strcmp(argv[i], "--") == 0) {
			options_end = true;
		} else if (options_end || !looks_like_option(argv[i])) {
			xm->arguments[xm->count++] = argv[i];
		} else {
			taken = read_option(xm, argc - i, argv + i);
			if (taken < 0) {
				AUTO_TEXT shown = terminal_quoted(argv[i]);

				xm_misuse(xm, "%s is not understood", shown);
				return -1;
			}
		}
	}
	if (xm->count < xm->command->least) {
		xm_misuse(xm, "%s needs more than that", xm->command->name);
		return -1;
	}
	if (xm->command->most >= 0 && xm->count > xm->command->most) {
		AUTO_TEXT shown = terminal_quoted(xm->arguments[xm->command->most]);

		xm_misuse(xm, "%s is too much", shown);
		return -1;
	}
	return 0;
}

enum status run_help(struct xm *xm)
{
	const struct command *command;

	if (!xm->count) {
		command_print_all(stdout);
		return STATUS_DONE;
	}
	command = command_find(xm->arguments[0]);
	if (!command) {
		AUTO_TEXT shown = terminal_quoted(xm->arguments[0]);

		return xm_misuse(xm, "there is no command %s", shown);
	}
	command_print_help(stdout, command);
	return STATUS_DONE;
}
