/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* options_read.c – the options of the file and the command line. */
#include "server/options_table.h"

#include <errno.h>
#include <stdarg.h>

enum source { SOURCE_DEFAULT, SOURCE_FILE, SOURCE_COMMAND_LINE };

/* Where each row's value came from, while everything is read. */
struct reader {
	struct options *options;
	struct buffer *problems;
	struct {
		enum source source;
		int line;
	} given[ROW_COUNT];
};

static char *say_where(const struct reader *reader, enum source source, int line)
{
	switch (source) {
	case SOURCE_FILE:
		return text_format("%s:%d", reader->options->config, line);
	case SOURCE_COMMAND_LINE:
		return text_copy("command line");
	default:
		return text_copy("default");
	}
}

static void __attribute__((format(printf, 4, 5)))
add_problem(struct reader *reader, enum source source, int line, const char *format, ...)
{
	AUTO_TEXT where = say_where(reader, source, line);
	AUTO_TEXT text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = text_format_list(format, arguments);
	va_end(arguments);
	buffer_add_format(reader->problems, "%s: %s\n", where, text);
}

static char *where_is(void *context, const char *member)
{
	struct reader *reader = context;

	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (strcmp(option_rows[i].member, member) == 0)
			return say_where(reader, reader->given[i].source, reader->given[i].line);
	}
	return NULL;
}

static const struct option_row *find_row(const char *name, size_t length)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (option_name_is(option_rows[i].member, name, length))
			return &option_rows[i];
	}
	return NULL;
}

static const struct option_command *find_command(const char *name, size_t length, bool is_word)
{
	for (size_t i = 0; i < option_command_count; i++) {
		if (option_commands[i].is_word == is_word &&
		    option_name_is(option_commands[i].member, name, length))
			return &option_commands[i];
	}
	return NULL;
}

static void set(struct reader *reader, const struct option_row *row, const char *value,
		enum source source, int line)
{
	size_t i = (size_t)(row - option_rows);
	AUTO_TEXT name = option_name(row->member);
	AUTO_TEXT accepted = option_accepted(row);
	AUTO_TEXT problem = NULL;

	if (source == SOURCE_FILE && reader->given[i].source == source && !option_is_list(row)) {
		add_problem(reader, source, line, "%s is in line %d already; once is accepted",
			    name, reader->given[i].line);
		return;
	}
	if (option_is_list(row) && reader->given[i].source < source)
		option_clear(row, reader->options);
	reader->given[i].source = source;
	reader->given[i].line = line;
	if (!*value && row->kind != KIND_TEXT && source != SOURCE_DEFAULT)
		problem = text_copy("empty");
	else
		problem = option_set(row, reader->options, value);
	if (problem)
		add_problem(reader, source, line, "%s = %s: %s; accepted is %s", name, value,
			    problem, accepted);
}

static void set_defaults(struct reader *reader)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		const struct option_row *row = &option_rows[i];
		AUTO_TEXT rest = text_copy(row->standard);
		char *state = NULL;

		if (!option_is_list(row)) {
			set(reader, row, row->standard, SOURCE_DEFAULT, 0);
			continue;
		}
		for (char *item = strtok_r(rest, " ", &state); item;
		     item = strtok_r(NULL, " ", &state))
			set(reader, row, item, SOURCE_DEFAULT, 0);
	}
}

/* Cuts white space off both ends, in place. */
static char *trim(char *text)
{
	size_t length;

	text += strspn(text, " \t\r\n");
	length = strlen(text);
	while (length && strchr(" \t\r\n", text[length - 1]))
		text[--length] = '\0';
	return text;
}

/* KEY=VALUE, of a line of the file or of --set. */
static void read_setting(struct reader *reader, char *text, enum source source, int line)
{
	char *equals = strchr(text, '=');
	const struct option_row *row;
	char *name;

	if (!equals) {
		add_problem(reader, source, line, "%s: no key = value", text);
		return;
	}
	*equals = '\0';
	name = trim(text);
	row = find_row(name, strlen(name));
	if (row)
		set(reader, row, trim(equals + 1), source, line);
	else
		add_problem(reader, source, line,
			    "%s: there is no such key; xenapid --print-config lists all", name);
}

/* From a # that starts a line or follows white space. */
static void cut_comment(char *line)
{
	for (char *hash = line; (hash = strchr(hash, '#')); hash++) {
		if (hash == line || hash[-1] == ' ' || hash[-1] == '\t') {
			*hash = '\0';
			return;
		}
	}
}

static void read_file(struct reader *reader, bool may_be_missing)
{
	FILE *file = fopen(reader->options->config, "re");
	AUTO_TEXT line = NULL;
	size_t capacity = 0;
	int number = 0;

	if (!file) {
		if (errno != ENOENT || !may_be_missing)
			buffer_add_format(reader->problems, "%s: can not be read: %s\n",
					  reader->options->config, strerror(errno));
		return;
	}
	while (getline(&line, &capacity, file) >= 0) {
		char *text;

		number++;
		cut_comment(line);
		text = trim(line);
		if (*text)
			read_setting(reader, text, SOURCE_FILE, number);
	}
	if (ferror(file))
		buffer_add_format(reader->problems, "%s: can not be read: %s\n",
				  reader->options->config, strerror(errno));
	fclose(file);
}

static void set_text(char **text, const char *value)
{
	free(*text);
	*text = text_copy(value);
}

static void set_form(struct reader *reader, const struct option_command *command, const char *value)
{
	AUTO_TEXT name = option_name(command->member);

	set_text(&reader->options->form, value);
	if (!option_is_choice(command->argument, value))
		add_problem(reader, SOURCE_COMMAND_LINE, 0, "--%s %s: accepted is %s", name, value,
			    command->argument);
}

static void run_command(struct reader *reader, const struct option_command *command,
			const char *value)
{
	static const struct {
		const char *member;
		enum options_action action;
	} actions[] = {{"check_config", ACTION_CHECK_CONFIG},
		       {"print_config", ACTION_PRINT_CONFIG},
		       {"print_api", ACTION_PRINT_API},
		       {"print_manual", ACTION_PRINT_MANUAL},
		       {"version", ACTION_VERSION},
		       {"help", ACTION_HELP},
		       {"backup", ACTION_BACKUP},
		       {"restore", ACTION_RESTORE},
		       {"doctor", ACTION_DOCTOR}};

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (strcmp(actions[i].member, command->member) == 0)
			reader->options->action = actions[i].action;
	}
	if (strcmp(command->member, "config") == 0)
		set_text(&reader->options->config, value);
	if (command->is_word && value)
		set_text(&reader->options->copy, value);
	if (strcmp(command->member, "repair") == 0)
		reader->options->repair = true;
	if (strncmp(command->member, "print_", 6) == 0 && value)
		set_form(reader, command, value);
}

/* One word of the command line, split. */
struct argument {
	const struct option_row *row; /* this or */
	const struct option_command *command;
	const char *value; /* NULL: it takes none */
};

static bool takes_value(const struct argument *argument)
{
	return argument->row ? argument->row->kind != KIND_FLAG :
			       argument->command->argument != NULL;
}

/* --name=value, or --name and the next word. Returns −1 when it is neither. */
static int read_argument(struct reader *reader, char *const argv[], int *index,
			 struct argument *ret_argument)
{
	const char *word = argv[*index];
	bool is_word = strncmp(word, "--", 2) != 0;
	const char *name = word + (is_word ? 0 : 2);
	size_t length = is_word ? strlen(name) : strcspn(name, "=");
	bool attached = !is_word && length && name[length] == '=';
	struct argument found = {0};

	if (!is_word)
		found.row = find_row(name, length);
	if (!found.row)
		found.command = find_command(name, length, is_word);
	if (!found.command && (!found.row || !found.row->on_command_line)) {
		add_problem(reader, SOURCE_COMMAND_LINE, 0, "%s: there is no such option%s", word,
			    found.row ? "; use --set KEY=VALUE" : "; see xenapid --help");
		return -1;
	}
	if (attached)
		found.value = name + length + 1;
	else if (takes_value(&found))
		found.value = argv[*index + 1] ? argv[++*index] : NULL;
	if (takes_value(&found) != (found.value != NULL)) {
		add_problem(reader, SOURCE_COMMAND_LINE, 0, "%s: %s", word,
			    found.value ? "it takes no value" : "a value is missing");
		return -1;
	}
	*ret_argument = found;
	return 0;
}

static size_t read_command_line(struct reader *reader, int argc, char *const argv[],
				struct argument *arguments)
{
	size_t count = 0;

	for (int i = 1; i < argc; i++) {
		if (read_argument(reader, argv, &i, &arguments[count]) == 0)
			count++;
	}
	return count;
}

static void run_commands(struct reader *reader, const struct argument *arguments, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (arguments[i].command)
			run_command(reader, arguments[i].command, arguments[i].value);
	}
}

/* What wins over the file. */
static void read_settings(struct reader *reader, const struct argument *arguments, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct argument *argument = &arguments[i];
		AUTO_TEXT value = text_copy(argument->value ? argument->value : "yes");

		if (argument->row)
			set(reader, argument->row, value, SOURCE_COMMAND_LINE, 0);
		else if (strcmp(argument->command->member, "set") == 0)
			read_setting(reader, value, SOURCE_COMMAND_LINE, 0);
	}
}

static bool only_prints(const struct options *options)
{
	return options->action >= ACTION_PRINT_CONFIG && options->action <= ACTION_HELP;
}

/* The others only look for the database. */
static bool serves(const struct options *options)
{
	return options->action == ACTION_RUN || options->action == ACTION_CHECK_CONFIG;
}

int options_read(struct options *ret_options, int argc, char *const argv[], struct buffer *problems)
{
	struct options options = {0};
	struct reader reader = {.options = &options, .problems = problems};
	size_t before = problems->length;
	struct argument *arguments;
	size_t count;

	arguments = allocate((size_t)argc * sizeof(*arguments));
	set_defaults(&reader);
	count = read_command_line(&reader, argc, argv, arguments);
	run_commands(&reader, arguments, count);
	if (!only_prints(&options)) {
		bool given = options.config != NULL;

		if (!given)
			options.config = text_copy(OPTIONS_DEFAULT_FILE);
		read_file(&reader, !given);
		read_settings(&reader, arguments, count);
	}
	free(arguments);
	if (options.repair && options.action != ACTION_DOCTOR)
		add_problem(&reader, SOURCE_COMMAND_LINE, 0, "--repair: it goes with doctor");
	if (serves(&options) && problems->length == before)
		options_check(&options, where_is, &reader, problems);
	if (problems->length > before) {
		options_free(&options);
		return -1;
	}
	*ret_options = options;
	return 0;
}
