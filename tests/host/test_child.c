/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_child.c – programs that are run: what they get, what they say, how they end. */
#include "server/host/child.h"

#include "schema/base.h"
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 60000

static struct child_output output;

/* Runs a line of sh; its exit status, or −1. */
static int run_line(const char *line, int timeout_ms)
{
	const char *const arguments[] = {"sh", "-c", line, NULL};

	child_output_clear(&output);
	errno = 0;
	return child_run(arguments, timeout_ms, &output);
}

static void test_says(void)
{
	is_int(run_line("echo yes; echo no >&2; exit 3", PATIENCE_MS), 3, "the exit status");
	is_str(output.text, "yes\n", "what it said");
	is_str(output.complaint, "no", "and what it complained of");
	is_int(run_line("cat", PATIENCE_MS), 0, "there is nothing to read");
	is_str(output.text, "", "so there is nothing to say");
	is_int(run_line("yes | head -c 1000000", PATIENCE_MS), 0, "a long story");
	is_int((int)strlen(output.text), 1000000, "all of it is heard");
	is_int(run_line("yes | head -c 10000 >&2; echo done", PATIENCE_MS), 0, "a long complaint");
	is_int((int)strlen(output.complaint), 4095, "begins to be heard");
	is_str(output.text, "done\n", "and keeps nobody from going on");
}

static void test_gets(void)
{
	const char *const odd[] = {"printf", "%s|", "a b", "$HOME;`id`", "", "--", NULL};
	int fd = open("/dev/null", O_RDONLY); /* to be seen, if it were passed on */

	child_output_clear(&output);
	is_int(child_run(odd, PATIENCE_MS, &output), 0, "arguments that a shell would take apart");
	is_str(output.text, "a b|$HOME;`id`||--|", "come as they are");
	is_int(run_line("ls /proc/self/fd | tr '\\n' ' '", PATIENCE_MS), 0, "its descriptors");
	is_str(output.text, "0 1 2 3 ", "are the standard ones and the one that looks");
	is_int(run_line("echo $LC_ALL; trap", PATIENCE_MS), 0, "its environment");
	is_str(output.text, "C.UTF-8\n", "is English");
	close(fd);
}

static void test_ends(void)
{
	const char *const nobody[] = {"there-is-no-such-program", NULL};

	child_output_clear(&output);
	is_int(child_run(nobody, PATIENCE_MS, &output), -1, "a program that is not there");
	is_int(errno, ENOENT, "why");
	is_str(output.text, "", "it said nothing");
	is_int(run_line("kill -9 $$", PATIENCE_MS), -1, "one that is killed");
	is_int(errno, EINTR, "why");
	is_int(run_line("sleep 1000 & sleep 1000", 50), -1, "one that takes too long");
	is_int(errno, ETIMEDOUT, "why");
	is_int(run_line("yes", PATIENCE_MS), -1, "one that never stops talking");
	is_int(errno, EMSGSIZE, "why");
	is_int(run_line("sleep 1000 & echo $!", PATIENCE_MS), 0, "one that leaves another behind");
	ok(atoi(output.text) > 1, "is not waited for longer than it lives");
	kill(atoi(output.text), 9);
}

/* Lets it go on until it has said "two". */
static int watch(void *argument, const char *text)
{
	int *calls = argument;

	(*calls)++;
	return strstr(text, "two") ? -1 : 0;
}

static void test_watched(void)
{
	const char *const long_one[] = {"sh", "-c", "echo one; echo two; sleep 1000", NULL};
	const char *const short_one[] = {"echo", "one", NULL};
	int calls = 0;

	child_output_clear(&output);
	is_int(child_run_watched(long_one, PATIENCE_MS, watch, &calls, &output), -1,
	       "who watches can stop it");
	is_int(errno, ECANCELED, "why");
	is_str(output.text, "one\ntwo\n", "after it said that");
	child_output_clear(&output);
	is_int(child_run_watched(short_one, PATIENCE_MS, watch, &calls, &output), 0,
	       "or let it end");
	ok(calls >= 2, "both were watched");
}

int main(void)
{
	test_says();
	test_gets();
	test_ends();
	test_watched();
	child_output_clear(&output);
	return done_testing();
}
