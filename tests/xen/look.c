/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * look.c – what the rig's tests look at in dom0, as one static program
 *
 *   look tree PATH                  that part of xenstore, as `xenstore-ls -f PATH` prints it
 *   look wait PATH NUMBER SECONDS   until what PATH begins with is more than NUMBER, or the time is
 * over look row DATABASE QUERY         the first column of the query's first row
 *
 * Emulated, xenstore-ls or sqlite3 takes four to ten times as long to be loaded and linked as to
 * run.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xenstore.h>

static void print_tree(struct xs_handle *xenstore, const char *path)
{
	unsigned count = 0, length;
	char **names = xs_directory(xenstore, XBT_NULL, path, &count);

	for (unsigned i = 0; i < count; i++) {
		char child[1024];
		char *value;

		snprintf(child, sizeof(child), "%s/%s", path, names[i]);
		value = xs_read(xenstore, XBT_NULL, child, &length);
		if (value)
			printf("%s = \"%s\"\n", child, value);
		free(value);
		print_tree(xenstore, child);
	}
	free(names);
}

static long read_number(struct xs_handle *xenstore, const char *path)
{
	unsigned length;
	char *value = xs_read(xenstore, XBT_NULL, path, &length);
	long number = value ? strtol(value, NULL, 10) : 0;

	free(value);
	return number;
}

/* The static libxenstore has no thread that would notice watches. */
static int await(struct xs_handle *xenstore, const char *path, long number, int seconds)
{
	const struct timespec pause = {.tv_nsec = 200000000};

	for (int i = 0; i < 5 * seconds; i++) {
		if (read_number(xenstore, path) > number)
			return 0;
		nanosleep(&pause, NULL);
	}
	return 1;
}

static int print_row(const char *database, const char *query)
{
	sqlite3_stmt *statement;
	sqlite3 *db;

	if (sqlite3_open_v2(database, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
	    sqlite3_busy_timeout(db, 10000) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, query, -1, &statement, NULL) != SQLITE_OK ||
	    sqlite3_step(statement) != SQLITE_ROW) {
		fprintf(stderr, "look: %s\n", sqlite3_errmsg(db));
		return 1;
	}
	puts((const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return 0;
}

int main(int argc, char **argv)
{
	struct xs_handle *xenstore;

	if (argc == 4 && strcmp(argv[1], "row") == 0)
		return print_row(argv[2], argv[3]);
	xenstore = xs_open(0);
	if (!xenstore) {
		perror("look: xenstore");
		return 1;
	}
	if (argc == 3 && strcmp(argv[1], "tree") == 0) {
		print_tree(xenstore, argv[2]);
		return 0;
	}
	if (argc == 5 && strcmp(argv[1], "wait") == 0)
		return await(xenstore, argv[2], strtol(argv[3], NULL, 10), atoi(argv[4]));
	fputs("look: tree PATH | wait PATH NUMBER SECONDS | row DATABASE QUERY\n", stderr);
	return 2;
}
