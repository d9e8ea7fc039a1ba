/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_options.c – every row of options.def: its default, its limits, the file, the command line.
 */
#include "server/options_table.h"

#include "tests/tap.h"

#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/optionsXXXXXX";

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file) != 0)
		abort();
}

/* Reads a configuration with this text, and --set of this. Returns what options_read does. */
static int read_both(struct options *options, const char *text, const char *setting,
		     struct buffer *problems)
{
	AUTO_TEXT path = text_format("%s/conf", folder);
	char *argv[] = {(char *)"xenapid", (char *)"--config", path,
			(char *)"--set",   (char *)setting,    NULL};

	write_file(path, text);
	return options_read(options, setting ? 5 : 3, argv, problems);
}

static bool accepts(const char *text)
{
	AUTO_BUFFER problems = {0};
	struct options options = {0};
	int status = read_both(&options, text, NULL, &problems);

	options_free(&options);
	return status == 0;
}

static void test_row(const struct option_row *row)
{
	struct options options = {0};
	AUTO_TEXT name = option_name(row->member);
	AUTO_TEXT accepted = option_accepted(row);
	AUTO_TEXT nonsense = text_format("%s = \001nonsense", name);
	AUTO_TEXT empty = text_format("%s =", name);

	ok(option_name_is(row->member, name, strlen(name)), "%s: its name", name);
	ok(strchr(row->description, '.') && *accepted, "%s: is described", name);
	if (row->kind == KIND_TEXT || row->kind == KIND_PATH)
		return;
	ok(!accepts(nonsense), "%s: nonsense is refused", name);
	ok(!accepts(empty), "%s: nothing is refused", name);
	if (!option_is_list(row)) {
		AUTO_TEXT problem = option_set(row, &options, row->standard);

		ok(!problem, "%s: its default is accepted", name);
	}
	options_free(&options);
}

static void test_range(const struct option_row *row)
{
	const char *dots = strstr(row->limits, "..");
	AUTO_TEXT name = option_name(row->member);
	AUTO_TEXT lowest = text_format("%s = %.*s", name, (int)(dots - row->limits), row->limits);
	AUTO_TEXT highest = text_format("%s = %s", name, dots + 2);
	AUTO_TEXT beyond = text_format("%s = 1%s", name, dots + 2);
	AUTO_TEXT negative = text_format("%s = -1", name);
	AUTO_TEXT huge = text_format("%s = 99999999999999999999", name);

	ok(accepts(lowest) && accepts(highest), "%s: %s", name, row->limits);
	ok(!accepts(beyond) && !accepts(negative) && !accepts(huge), "%s: not beyond", name);
}

static void test_values(void)
{
	AUTO_BUFFER problems = {0};
	struct options options = {0};

	is_int(read_both(&options,
			 "# comment\n\n  idle-timeout=2m # two\nmax-request-bytes = 8M\r\n"
			 "listen = unix:/a\nlisten = http://[::1]:0\ntls-key = /a#b\n",
			 "idle-timeout = 90s", &problems),
	       0, "a configuration");
	is_str(problems.data, NULL, "without a problem");
	is_int(options.idle_timeout, 90000, "the command line wins");
	is_int(options.max_request_bytes, 8 << 20, "sizes have units, in either case");
	is_int(options.session_idle, 86400000, "what is not there has its default");
	is_int((int64_t)options.listen.count, 2,
	       "repeated listeners add up and replace the defaults");
	is_str(options.listen.items[1], "http://[::1]:0", "in their order");
	is_str(options.tls_key, "/a#b", "a # inside a word is no comment");
	options_free(&options);

	is_int(read_both(&options, "listen = unix:/a\nlisten = unix:/b\n", "listen=unix:/c",
			 &problems),
	       0, "listeners of the command line");
	is_int((int64_t)options.listen.count, 1, "replace those of the file");
	options_free(&options);
}

static void test_refusals(void)
{
	ok(!accepts("idle-timeout = 1m\nidle-timeout = 1m\n"), "a key twice");
	ok(!accepts("idle-timeout\n"), "no equals sign");
	ok(!accepts("idle_timeout = 1m\n"), "names have dashes");
	ok(!accepts("listen = http://0.0.0.0:1\nauth = none\n"), "none, and not only this machine");
	ok(accepts("listen = http://127.1.2.3:1\nlisten = http://localhost:1\nauth = none\n"),
	   "none, and only this machine");
	ok(accepts("listen = https://127.0.0.1:1\n"), "https with a certificate of its own");
	ok(!accepts("listen = https://127.0.0.1:1\ntls-key = /etc/passwd\n"),
	   "https with a key alone");
	ok(!accepts("auth = file:/nonexistent\n"), "a file of users that is not there");
	ok(!accepts("auth = file:\n"), "a file of users without a name");
	ok(!accepts("admin-group = no-such-group\n"), "a group that is not there");
	ok(accepts("hypervisor = simulator:/a b\n"), "a choice with a path");
	ok(!accepts("listen = http://a:1:2\n") && !accepts("listen = http://[::1:1\n") &&
		   !accepts("listen = http://h\n") && !accepts("listen = http://h:65536\n") &&
		   !accepts("listen = http://:1\n") && !accepts("listen = unix:a\n") &&
		   !accepts("listen = http://[1.2.3.4]:1\n") && !accepts("listen = http://h:1/\n"),
	   "listeners that are none");
}

static void test_reload(void)
{
	AUTO_BUFFER problems = {0};
	AUTO_BUFFER needs_restart = {0};
	struct options options = {0};
	struct options fresh = {0};

	read_both(&options, "log-level = info\nlisten = unix:/a\n", NULL, &problems);
	read_both(&fresh,
		  "log-level = debug\nlisten = unix:/b\nworker-threads = 3\nidle-timeout = 9s\n",
		  NULL, &problems);
	options_reload(&options, &fresh, &needs_restart);
	is_str(options.log_level, "debug", "what is live is taken over");
	is_int(options.idle_timeout, 9000, "numbers too");
	is_int(options.worker_threads, 16, "what is not stays");
	is_str(options.listen.items[0], "unix:/a", "lists too");
	is_str(needs_restart.data, "listen, worker-threads", "and is named");
	options_free(&options);
	options_free(&fresh);
}

/* The sample is the table, printed; with every line in force it is the default configuration. */
static void test_sample(void)
{
	AUTO_TEXT sample = NULL;
	AUTO_TEXT again = text_copy("");
	size_t length = 0;
	FILE *file = open_memstream(&sample, &length);
	char *state = NULL;

	options_print_config(file);
	fclose(file);
	again = reallocate(again, length + 1);
	*again = '\0';
	for (char *line = strtok_r(sample, "\n", &state); line;
	     line = strtok_r(NULL, "\n", &state)) {
		if (line[0] == '#' && line[1] != ' ' && line[1] && line[strlen(line) - 1] != '=') {
			strcat(again, line + 1);
			strcat(again, "\n");
		}
	}
	ok(strstr(again, "database = /var"), "the sample has the defaults");
	ok(accepts(again), "which are accepted");
}

static void remove_folder(void)
{
	AUTO_TEXT path = text_format("%s/conf", folder);

	unlink(path);
	rmdir(folder);
}

int main(void)
{
	if (!mkdtemp(folder))
		return 1;
	for (size_t i = 0; i < ROW_COUNT; i++) {
		test_row(&option_rows[i]);
		if (strstr(option_rows[i].limits, ".."))
			test_range(&option_rows[i]);
	}
	test_values();
	test_refusals();
	test_reload();
	test_sample();
	remove_folder();
	return done_testing();
}
