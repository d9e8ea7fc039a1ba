/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* journal.c – lines of the log with their fields, to systemd's journal. */
#include "server/journal.h"

#include "schema/text.h"

#include <stdio.h>
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>
#include <unistd.h>

#define SOCKET "/run/systemd/journal/socket"

static struct iovec field_of(char *text)
{
	return (struct iovec){.iov_base = text, .iov_len = strlen(text)};
}

bool journal_send(int priority, const char *text, const char *request)
{
	AUTO_TEXT message = text_format("MESSAGE=%s", text);
	AUTO_TEXT request_id = text_format("REQUEST_ID=%s", request);
	char priority_field[] = "PRIORITY=0";
	/* otherwise the name of the thread is shown */
	char identifier[] = "SYSLOG_IDENTIFIER=xenapid";
	struct iovec fields[4];

	/* without it the library drops the line, and says that all is well */
	if (access(SOCKET, W_OK) < 0)
		return false;
	priority_field[sizeof("PRIORITY=") - 1] = (char)('0' + priority);
	fields[0] = field_of(message);
	fields[1] = field_of(priority_field);
	fields[2] = field_of(identifier);
	fields[3] = field_of(request_id);
	return sd_journal_sendv(fields, *request ? 4 : 3) == 0;
}
