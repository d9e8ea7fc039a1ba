/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* options_table.h – options.def as an array, and what its kinds are; for options*.c and their
 * tests. */
#ifndef SERVER_OPTIONS_TABLE_H
#define SERVER_OPTIONS_TABLE_H

#include "server/options.h"

enum option_kind {
	KIND_TEXT,
	KIND_PATH,
	KIND_CHOICE,
	KIND_COUNT,
	KIND_SIZE,
	KIND_DURATION,
	KIND_FLAG,
	KIND_LISTENERS,
	KIND_FOLDERS,
	KIND_ROLES
};

struct option_row {
	const char *member; /* the key, with underscores */
	size_t offset;	    /* of its value in struct options */
	enum option_kind kind;
	const char *standard;
	const char *limits;
	bool on_command_line;
	bool live;
	const char *description;
};

struct option_command {
	const char *member;
	const char *argument; /* NULL: takes none */
	const char *description;
	bool is_word; /* no dashes in front */
};

enum {
#define OPTION(member, ...) ROW_##member,
#define COMMAND(...)
#define WORD(...)
#include "server/options.def"
	ROW_COUNT
};

extern const struct option_row option_rows[ROW_COUNT];
extern const struct option_command option_commands[];
extern const size_t option_command_count;

/* "max-connections" names the member max_connections. */
bool option_name_is(const char *member, const char *name, size_t length);
/* The name of a member, to be freed. */
char *option_name(const char *member);
/* Not every text will do: option_accepted() says something. */
bool option_is_bounded(const struct option_row *row);
/* Whether the text is one of those that are separated by |. */
bool option_is_choice(const char *choices, const char *text);
bool option_is_list(const struct option_row *row);
/* "yes or no", "1..65536": to be freed. */
char *option_accepted(const struct option_row *row);
/* What stands behind the option in a list, NULL: nothing. */
const char *option_argument(const struct option_row *row);

/* Reads the value, appends it where the row is a list. NULL, or text that says what is wrong, to be
 * freed. */
char *option_set(const struct option_row *row, struct options *options, const char *text);
void option_clear(const struct option_row *row, struct options *options);
/* Exchanges the values of both. */
void option_swap(const struct option_row *row, struct options *a, struct options *b);
bool option_equal(const struct option_row *row, const struct options *a, const struct options *b);

/* What only shows when everything is read: one line each, `where` says where a key stands. */
typedef char *option_where_fn(void *context, const char *member);
void options_check(const struct options *options, option_where_fn *where, void *context,
		   struct buffer *problems);

#endif
