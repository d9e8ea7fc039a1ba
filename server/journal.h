/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* journal.h – lines of the log with their fields, to systemd's journal. */
#ifndef SERVER_JOURNAL_H
#define SERVER_JOURNAL_H

#include <stdbool.h>

/* A log_journal_fn (schema/log.h). */
bool journal_send(int priority, const char *text, const char *request);

#endif
