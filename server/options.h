/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* options.h – the configuration: rows of options.def, read from the file and the command line. */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include "schema/buffer.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define OPTIONS_DEFAULT_FILE "/etc/xenapid/xenapid.conf"

struct text_list {
	char **items; /* NULL-terminated; NULL when there is none */
	size_t count;
};

/* What the command line asks for. */
enum options_action {
	ACTION_RUN,
	ACTION_CHECK_CONFIG,
	ACTION_PRINT_CONFIG,
	ACTION_PRINT_API,
	ACTION_PRINT_MANUAL,
	ACTION_VERSION,
	ACTION_HELP,
	ACTION_BACKUP,
	ACTION_RESTORE,
	ACTION_DOCTOR
};

typedef char *option_TEXT;
typedef char *option_PATH;
typedef char *option_CHOICE;
typedef int64_t option_COUNT;
typedef int64_t option_SIZE;	 /* bytes */
typedef int64_t option_DURATION; /* milliseconds */
typedef bool option_FLAG;
typedef struct text_list option_LISTENERS;
typedef struct text_list option_FOLDERS;
typedef struct text_list option_ROLES;

/* Everything belongs to it. */
struct options {
	enum options_action action;
	char *form;   /* of --print-api or --print-manual */
	char *config; /* the file that was read */
	char *copy;   /* the file of backup or restore */
	bool repair;
#define OPTION(member, KIND, ...) option_##KIND member;
#define COMMAND(...)
#define WORD(...)
#include "server/options.def"
};

/*
 * Defaults, then the file, then the command line. Returns −1 when something is not right: *problems
 * then has a line for everything that is not, with where it stands and what would be accepted.
 */
int options_read(struct options *ret_options, int argc, char *const argv[],
		 struct buffer *problems);
void options_free(struct options *options);

/*
 * What SIGHUP changed: takes over what can be changed live from `fresh` (which loses it), and says
 * in *needs_restart which other keys differ, separated by commas.
 */
void options_reload(struct options *options, struct options *fresh, struct buffer *needs_restart);

/* The folder of that name beside the database, so that a private one needs nothing of /var. To be
 * freed, as those below: where files go by the configuration. */
char *options_beside_database(const struct options *options, const char *name);
char *options_suspend_folder(const struct options *options);
char *options_backup_folder(const struct options *options);

void options_print_help(FILE *file);
void options_print_config(FILE *file); /* the sample: each key with its default, commented out */
/* Lists of manual pages, in man(7): of xenapid(8), what the command line takes; of xenapid.conf(5),
 * the keys. */
void options_print_manual_options(FILE *file);
void options_print_manual_keys(FILE *file);

#endif
