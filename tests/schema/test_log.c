/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_log.c – lines on standard error. */
#include "schema/log.h"

#include "schema/base.h"
#include "schema/buffer.h"
#include "tests/tap.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define THREADS 4
#define LINES 200

static int kept_stderr;
static FILE *caught;

static void catch_lines(void)
{
	caught = tmpfile();
	kept_stderr = dup(STDERR_FILENO);
	dup2(fileno(caught), STDERR_FILENO);
}

/* What was written since; to be freed. */
static char *caught_text(void)
{
	long length;
	char *text;

	dup2(kept_stderr, STDERR_FILENO);
	close(kept_stderr);
	fseek(caught, 0, SEEK_END);
	length = ftell(caught);
	rewind(caught);
	text = allocate((size_t)length + 1);
	if (fread(text, 1, (size_t)length, caught) != (size_t)length)
		abort();
	fclose(caught);
	return text;
}

static void test_levels(void)
{
	AUTO_TEXT text = NULL;
	enum log_level level = LOG_LEVEL_INFO;

	catch_lines();
	log_error("one %d", 1);
	log_debug("two");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("three");
	log_set_level(LOG_LEVEL_ERROR);
	log_warning("four");
	log_audit("five");
	log_set_level(LOG_LEVEL_INFO);
	text = caught_text();
	ok(strlen(text) > 24 && text[10] == 'T' && text[23] == 'Z', "a line starts with the time");
	ok(strstr(text, "Z error: one 1\n"), "then come the level and the text");
	ok(strstr(text, "Z audit: five\n"), "audit lines come at every level");
	ok(!strstr(text, "two") && strstr(text, "debug: three") && !strstr(text, "four"),
	   "what is less urgent than the level is dropped");
	ok(!log_level_from_name("audit", &level), "audit lines are no level to choose");
	ok(log_level_from_name("debug", &level) && level == LOG_LEVEL_DEBUG, "levels have names");
	ok(!log_level_from_name("loud", &level), "no others");
}

static void test_control_characters(void)
{
	AUTO_TEXT text = NULL;

	catch_lines();
	log_info("%s", "a\nerror: b\033[2J\x7f\xc2\x9b é\xc2");
	text = caught_text();
	ok(strstr(text, "info: a\\x0aerror: b\\x1b[2J\\x7f\\xc2\\x9b é\xc2\n"),
	   "control characters are escaped, other text is not");
}

static void *write_one(void *argument)
{
	(void)argument;
	log_info("of another thread");
	return NULL;
}

static void test_requests(void)
{
	struct log_request request = {"R-1"};
	AUTO_TEXT text = NULL;
	pthread_t thread;

	catch_lines();
	log_set_request(&request);
	request.id[0] = '\0';
	log_info("while it is served");
	pthread_create(&thread, NULL, write_one, NULL);
	pthread_join(thread, NULL);
	log_set_request(NULL);
	log_info("afterwards");
	text = caught_text();
	ok(strstr(text, "info: while it is served request=R-1\n"),
	   "a line names its request, also when that is gone");
	ok(strstr(text, "of another thread\n") && strstr(text, "afterwards\n"),
	   "lines of others do not");
}

static struct buffer sent;
static bool is_journal_there = true;

static bool send_to_journal(int priority, const char *text, const char *request)
{
	if (is_journal_there)
		buffer_add_format(&sent, "%d|%s|%s\n", priority, text, request);
	return is_journal_there;
}

static void test_journal(void)
{
	const struct log_request request = {"R-1"};
	AUTO_TEXT stream = NULL;
	AUTO_TEXT text = NULL;
	struct stat status;

	catch_lines();
	fstat(STDERR_FILENO, &status);
	stream = text_format("%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_open(NULL);
	log_warning("x");
	log_open(send_to_journal);
	log_set_request(&request);
	log_error("a\nb");
	log_audit("who");
	is_journal_there = false;
	log_audit("who");
	log_set_request(NULL);
	text = caught_text();
	is_str(text, "<4>x\n<5>audit: who request=R-1\n",
	       "the journal gets the priority, and knows the time itself");
	is_str(sent.data, "3|a\\x0ab request=R-1|R-1\n5|audit: who request=R-1|R-1\n",
	       "with fields where it takes them");
	log_open(NULL);
	unsetenv("JOURNAL_STREAM");
	free(TAKE(text));
	catch_lines();
	log_warning("x");
	text = caught_text();
	ok(strstr(text, "warning: x"), "a stream that is another one's by now does not");
	buffer_free(&sent);
}

static void *write_lines(void *argument)
{
	for (int i = 0; i < LINES; i++)
		log_info("%0100d|", (int)(size_t)argument);
	return NULL;
}

static void test_threads(void)
{
	pthread_t threads[THREADS];
	AUTO_TEXT text = NULL;
	char *state = NULL;
	int whole = 0;

	catch_lines();
	for (size_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, write_lines, (void *)i);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	text = caught_text();
	for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
		whole += strlen(line) == strlen("2026-01-01T00:00:00.000Z info: ") + 101;
	is_int(whole, (int64_t)THREADS * LINES, "lines of several threads stay whole");
}

static void test_recent(void)
{
	AUTO_TEXT before = NULL;
	AUTO_TEXT after = NULL;

	catch_lines();
	log_info("the last line");
	free(caught_text());
	before = log_recent();
	ok(strstr(before, "the last line\n"), "recent lines are kept");
	catch_lines();
	for (int i = 0; i < 2000; i++)
		log_info("%04d %060d", i, 0);
	free(caught_text());
	after = log_recent();
	ok(strlen(after) > 60000 && strlen(after) <= 65536, "not more than 64 KiB of them");
	ok(strstr(after, "info: 1999 ") && !strstr(after, "info: 0000 "), "the newest");
	ok(after[10] == 'T' && after[23] == 'Z', "from the begin of a line on");
}

int main(void)
{
	test_levels();
	test_control_characters();
	test_requests();
	test_journal();
	test_threads();
	test_recent();
	return done_testing();
}
