/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_journal.c – fields for systemd's journal; its library is stood in for. */
#include "server/journal.h"

#include "schema/buffer.h"
#include "tests/tap.h"

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>
#include <unistd.h>

static struct buffer sent;
static bool is_there = true;
static int outcome;

/* The program's own are found before those of the libraries. */
int access(const char *path, int mode)
{
	(void)mode;
	return is_there && strcmp(path, "/run/systemd/journal/socket") == 0 ? 0 : -1;
}

int sd_journal_sendv(const struct iovec *fields, int count)
{
	for (int i = 0; i < count; i++) {
		buffer_add(&sent, fields[i].iov_base, fields[i].iov_len);
		buffer_add_char(&sent, '|');
	}
	return outcome;
}

int main(void)
{
	ok(journal_send(4, "a line request=R-1", "R-1"), "a line is taken");
	is_str(sent.data,
	       "MESSAGE=a line request=R-1|PRIORITY=4|SYSLOG_IDENTIFIER=xenapid|REQUEST_ID=R-1|",
	       "with its fields");
	sent.length = 0;
	ok(journal_send(3, "a line", ""), "a line of no request");
	is_str(sent.data, "MESSAGE=a line|PRIORITY=3|SYSLOG_IDENTIFIER=xenapid|",
	       "has no such field");
	outcome = -1;
	ok(!journal_send(3, "a line", ""), "the journal takes it not: it goes elsewhere");
	sent.length = 0;
	is_there = false;
	outcome = 0;
	ok(!journal_send(3, "a line", "") && sent.length == 0,
	   "likewise where there is no journal, of which the library says nothing");
	buffer_free(&sent);
	return done_testing();
}
