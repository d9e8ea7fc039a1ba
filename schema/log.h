/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* log.h – one line per event on standard error. */
#ifndef SCHEMA_LOG_H
#define SCHEMA_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_AUDIT /* whatever else is shown; not what a user may ask for */
};

/* Which request a line belongs to: letters, digits and a few signs; "": none. */
#define LOG_REQUEST_SIZE 65
struct log_request {
	char id[LOG_REQUEST_SIZE];
};

/* What this thread logs from now on ends with request=ID, until the next call of it. NULL: with
 * nothing. */
void log_set_request(const struct log_request *request);

/*
 * May be called from any thread, before anything else is set up too. One write(2) each, so that
 * lines stay whole; control characters are written as \xNN, so that what a client sent can not look
 * like a line of its own. Never pass a password.
 *
 * error: something that was asked for was not done, an administrator should look. warning: it
 * works, but not as somebody may think. info: what happened, a few lines an hour. debug: everything
 * else.
 */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Who did what: shown at every level, and not among the lines of log_recent. */
void log_audit(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The last 64 KiB of lines of this process, to be freed. */
char *log_recent(void);

/* A line for the journal, with its fields; priority is syslog's, request "" if there is none.
 * False: it was not taken. */
typedef bool (*log_journal_fn)(int priority, const char *text, const char *request);

/* Finds out whether the journal reads standard error: then lines go to `journal` (NULL: there is
 * none), or where it does not take one to standard error with the priority in front. Otherwise the
 * time stands in front. */
void log_open(log_journal_fn journal);
/* What is less urgent is dropped; LOG_LEVEL_INFO at first. */
void log_set_level(enum log_level level);
/* "error", "warning", "info", "debug"; false: no such name. */
bool log_level_from_name(const char *name, enum log_level *ret_level);

#endif
