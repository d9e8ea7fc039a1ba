/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* options.c – the table of options and its kinds of values. */
#include "server/options_table.h"

#include "server/http/address.h"
#include "server/signin_roles.h"

#include <assert.h>
#include <strings.h>

#define PLACE_COMMAND_LINE true
#define PLACE_FILE_ONLY false
#define RELOAD_LIVE true
#define RELOAD_RESTART false

/* auto, and each adapter: "simulator|simulator:PATH" */
static const char hypervisor_choices[] = "auto"
#define NO_ARGUMENT(name)
#define STATE_FILE(name) "|" name ":PATH"
#define ABSENT(name) "|" #name
#define ADAPTER(name, argument) "|" #name argument(#name)
#include "server/hypervisor/adapters.def"
	;

const struct option_row option_rows[ROW_COUNT] = {
#define OPTION(member, KIND, standard, limits, place, reload, description) \
	{#member,	  offsetof(struct options, member),                \
	 KIND_##KIND,	  standard,                                        \
	 limits,	  PLACE_##place,                                   \
	 RELOAD_##reload, description},
#define COMMAND(...)
#define WORD(...)
#include "server/options.def"
};

const struct option_command option_commands[] = {
#define OPTION(...)
#define COMMAND(member, argument, description) {#member, argument, description, false},
#define WORD(member, argument, description) {#member, argument, description, true},
#include "server/options.def"
};
const size_t option_command_count = ARRAY_SIZE(option_commands);

bool option_is_bounded(const struct option_row *row)
{
	return row->kind != KIND_TEXT && row->kind != KIND_PATH && row->kind != KIND_LISTENERS;
}

const char *option_argument(const struct option_row *row)
{
	switch (row->kind) {
	case KIND_LISTENERS:
		return "URI";
	case KIND_PATH:
		return "FILE";
	case KIND_CHOICE:
		return row->limits;
	case KIND_FLAG:
		return NULL;
	default:
		return "VALUE";
	}
}

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit no_units[] = {{"", 1}, {NULL, 0}};
static const struct unit size_units[] = {{"", 1},	   {"k", 1LL << 10}, {"m", 1LL << 20},
					 {"g", 1LL << 30}, {"t", 1LL << 40}, {NULL, 0}};
static const struct unit duration_units[] = {{"ms", 1},	     {"s", 1000},     {"m", 60000},
					     {"h", 3600000}, {"d", 86400000}, {NULL, 0}};

bool option_name_is(const char *member, const char *name, size_t length)
{
	if (strlen(member) != length)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (name[i] != (member[i] == '_' ? '-' : member[i]))
			return false;
	}
	return true;
}

char *option_name(const char *member)
{
	char *name = text_copy(member);

	for (char *dash = name; (dash = strchr(dash, '_'));)
		*dash = '-';
	return name;
}

bool option_is_list(const struct option_row *row)
{
	return row->kind >= KIND_LISTENERS;
}

char *option_accepted(const struct option_row *row)
{
	switch (row->kind) {
	case KIND_COUNT:
		return text_format("a number in %s", row->limits);
	case KIND_SIZE:
		return text_format("bytes, or with k, m, g or t, in %s", row->limits);
	case KIND_DURATION:
		return text_format("a number of ms, s, m, h or d in %s", row->limits);
	case KIND_CHOICE:
		return text_copy(row->limits);
	case KIND_FLAG:
		return text_copy("yes or no");
	case KIND_LISTENERS:
		return text_copy(ADDRESS_ACCEPTED);
	case KIND_FOLDERS:
		return text_copy("a folder, from / on");
	case KIND_ROLES:
		return text_copy("WHO ROLE, where ROLE is read-only, vm-operator, vm-admin, "
				 "vm-power-admin, pool-operator or pool-admin");
	default:
		return text_copy("a text that is not empty");
	}
}

static void *value_of(const struct option_row *row, const struct options *options)
{
	return (char *)options + row->offset;
}

static const struct unit *units_of(const struct option_row *row)
{
	switch (row->kind) {
	case KIND_SIZE:
		return size_units;
	case KIND_DURATION:
		return duration_units;
	default:
		return no_units;
	}
}

/* Digits and a unit, the first `length` bytes of text. */
static bool parse_number(const char *text, size_t length, const struct unit *units,
			 int64_t *ret_number)
{
	const char *end = text + length;
	int64_t number = 0;

	if (!length || *text < '0' || *text > '9')
		return false;
	for (; text < end && *text >= '0' && *text <= '9'; text++) {
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, *text - '0', &number))
			return false;
	}
	length = (size_t)(end - text);
	for (; units->name; units++) {
		if (strlen(units->name) == length && strncasecmp(units->name, text, length) == 0)
			return !__builtin_mul_overflow(number, units->factor, ret_number);
	}
	return false;
}

static char *set_number(const struct option_row *row, int64_t *value, const char *text)
{
	const char *dots = strstr(row->limits, "..");
	const struct unit *units = units_of(row);
	int64_t lowest = 0;
	int64_t highest = 0;
	int64_t number;

	assert(dots);
	parse_number(row->limits, (size_t)(dots - row->limits), units, &lowest);
	parse_number(dots + 2, strlen(dots + 2), units, &highest);
	if (!parse_number(text, strlen(text), units, &number))
		return text_copy(row->kind == KIND_DURATION ? "no number with a unit" :
							      "no number");
	if (number < lowest || number > highest)
		return text_copy(number < lowest ? "too little" : "too much");
	*value = number;
	return NULL;
}

static void set_text(char **value, const char *text)
{
	free(*value);
	*value = text_copy(text);
}

/* "simulator:PATH" among the choices accepts simulator:/run/state. */
static bool choice_matches(const char *choice, size_t length, const char *text)
{
	static const char path[] = ":PATH";
	const size_t tail = sizeof(path) - 1;

	if (length > tail && memcmp(choice + length - tail, path, tail) == 0)
		return strncmp(choice, text, length - tail + 1) == 0 && text[length - tail + 1];
	return strlen(text) == length && memcmp(choice, text, length) == 0;
}

bool option_is_choice(const char *choices, const char *text)
{
	while (*choices) {
		size_t length = strcspn(choices, "|");

		if (choice_matches(choices, length, text))
			return true;
		choices += length + (choices[length] == '|');
	}
	return false;
}

static char *set_choice(const struct option_row *row, char **value, const char *text)
{
	if (!option_is_choice(row->limits, text))
		return text_copy("not known");
	set_text(value, text);
	return NULL;
}

static char *set_flag(bool *value, const char *text)
{
	*value = strcmp(text, "yes") == 0;
	return *value || strcmp(text, "no") == 0 ? NULL : text_copy("neither");
}

static char *append(const struct option_row *row, struct text_list *list, const char *text)
{
	struct address ignored;
	const char *problem = NULL;

	if (row->kind == KIND_LISTENERS)
		problem = address_parse(text, &ignored);
	else if (row->kind == KIND_ROLES)
		problem = signin_role_problem(text);
	else if (text[0] != '/')
		problem = "it does not start with /";
	if (problem)
		return text_copy(problem);
	list->items = reallocate(list->items, (list->count + 2) * sizeof(*list->items));
	list->items[list->count++] = text_copy(text);
	list->items[list->count] = NULL;
	return NULL;
}

char *option_set(const struct option_row *row, struct options *options, const char *text)
{
	void *value = value_of(row, options);

	switch (row->kind) {
	case KIND_COUNT:
	case KIND_SIZE:
	case KIND_DURATION:
		return set_number(row, value, text);
	case KIND_CHOICE:
		return set_choice(row, value, text);
	case KIND_FLAG:
		return set_flag(value, text);
	case KIND_LISTENERS:
	case KIND_FOLDERS:
	case KIND_ROLES:
		return append(row, value, text);
	default:
		set_text(value, text);
		return NULL;
	}
}

static void clear_list(struct text_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct text_list){0};
}

void option_clear(const struct option_row *row, struct options *options)
{
	char **text = value_of(row, options);

	if (option_is_list(row)) {
		clear_list(value_of(row, options));
	} else if (row->kind <= KIND_CHOICE) {
		free(*text);
		*text = NULL;
	}
}

static size_t size_of(const struct option_row *row)
{
	if (option_is_list(row))
		return sizeof(struct text_list);
	if (row->kind == KIND_FLAG)
		return sizeof(bool);
	return row->kind <= KIND_CHOICE ? sizeof(char *) : sizeof(int64_t);
}

void option_swap(const struct option_row *row, struct options *a, struct options *b)
{
	char kept[sizeof(struct text_list)];
	size_t size = size_of(row);

	memcpy(kept, value_of(row, a), size);
	memcpy(value_of(row, a), value_of(row, b), size);
	memcpy(value_of(row, b), kept, size);
}

static bool lists_equal(const struct text_list *a, const struct text_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	}
	return true;
}

bool option_equal(const struct option_row *row, const struct options *a, const struct options *b)
{
	if (option_is_list(row))
		return lists_equal(value_of(row, a), value_of(row, b));
	if (row->kind <= KIND_CHOICE)
		return strcmp(*(char **)value_of(row, a), *(char **)value_of(row, b)) == 0;
	return memcmp(value_of(row, a), value_of(row, b), size_of(row)) == 0;
}

void options_free(struct options *options)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		option_clear(&option_rows[i], options);
	free(options->form);
	free(options->config);
	free(options->copy);
	*options = (struct options){0};
}

char *options_beside_database(const struct options *options, const char *name)
{
	const char *slash = strrchr(options->database, '/');
	int length = slash ? (int)(slash - options->database) + 1 : 0;

	return text_format("%.*s%s", length, options->database, name);
}

char *options_suspend_folder(const struct options *options)
{
	return *options->suspend_folder ? text_copy(options->suspend_folder) :
					  options_beside_database(options, "suspend");
}

char *options_backup_folder(const struct options *options)
{
	return *options->backup_folder ? text_copy(options->backup_folder) :
					 options_beside_database(options, "backup");
}

void options_reload(struct options *options, struct options *fresh, struct buffer *needs_restart)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		const struct option_row *row = &option_rows[i];
		AUTO_TEXT name = option_name(row->member);

		if (row->live)
			option_swap(row, options, fresh);
		else if (!option_equal(row, options, fresh))
			buffer_add_format(needs_restart, "%s%s", needs_restart->length ? ", " : "",
					  name);
	}
}
