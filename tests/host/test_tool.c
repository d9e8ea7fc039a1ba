/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_tool.c – what may be run, and what may not stand in the place of an argument. */
#include "server/host/tool.h"

#include "schema/base.h"
#include "server/host/disk_image.h"
#include "server/host/rules.h"
#include "server/host/tool_argument.h"
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/test_tool.XXXXXX";
static char *sr;     /* FOLDER/sr */
static char *disks;  /* FOLDER/disks */
static char *secret; /* a file beside them */
static const char *sr_folders[2];
static const char *disk_folders[2];

static void __attribute__((noreturn)) bail_out(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

static char *in(const char *where, const char *name)
{
	return text_format("%s/%s", where, name);
}

static void write_file(const char *path, const void *bytes, size_t length)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (file < 0 || write(file, bytes, length) != (ssize_t)length)
		bail_out(path);
	close(file);
}

static void make_link(const char *target, const char *where, const char *name)
{
	AUTO_TEXT path = in(where, name);

	if (symlink(target, path) < 0)
		bail_out(path);
}

/* The first 80 bytes of an image: nothing else of it is looked at. A backing file is at 8. */
static void write_qcow2(const char *where, const char *name, char backing)
{
	char header[80] = {'Q', 'F', 'I', '\xfb', 0, 0, 0, 3, [15] = backing, [30] = 16};
	AUTO_TEXT path = in(where, name);

	write_file(path, header, sizeof(header));
}

static void make_files(void)
{
	static const char *const names[] = {"a.raw", "-rf", "a b.raw", "sub/a.raw"};

	sr = in(folder, "sr");
	disks = in(folder, "disks");
	secret = in(folder, "secret");
	for (const char *const *name = (const char *const[]){"sr", "sr/sub", "disks", NULL}; *name;
	     name++) {
		AUTO_TEXT path = in(folder, *name);

		mkdir(path, 0700);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO_TEXT path = in(sr, names[i]);

		write_file(path, "x", 1);
	}
	write_file(secret, "secret", 6);
	write_qcow2(sr, "good.qcow2", 0);
	write_qcow2(sr, "backed.qcow2", 1);
	make_link(secret, sr, "link.raw");
	make_link(folder, sr, "up");
	make_link(secret, disks, "out");
	make_link("/dev/null", disks, "null");
}

static char *take(const char *kind, const char *text)
{
	int file;
	char *word = tool_take_argument(kind, strlen(kind), text, &file);
	int number = errno;

	if (file >= 0)
		close(file);
	errno = number;
	return word;
}

struct sample {
	const char *kind;
	const char *text;
	bool fits;
};

static const struct sample samples[] = {
	{"name", "vg0", true},
	{"name", "0-a_b+c.d", true},
	{"name", "", false},
	{"name", ".", false},
	{"name", "..", false},
	{"name", "...", true},
	{"name", "-rf", false},
	{"name", "--config", false},
	{"name", "a/b", false},
	{"name", "../x", false},
	{"name", "a b", false},
	{"name", "a\nb", false},
	{"name", "a\n", false},
	{"name", "a\x7f", false},
	{"name", "\xc3\xa4", false},
	{"name", "@tag", false},
	{"name", "a,b", false},
	{"name", "{a}", false},
	{"volume", "vg0/a.raw", true},
	{"volume", "vg0", false},
	{"volume", "/vg0/a", false},
	{"volume", "vg0/", false},
	{"volume", "vg0/-a", false},
	{"volume", "-vg0/a", false},
	{"volume", "vg0/..", false},
	{"volume", "../vg0", false},
	{"volume", "vg0/a/b", false},
	{"volume", "vg0//a", false},
	{"own-volume", "no-such-group-of-tests/a", false},
	{"own-volume", "-rf", false},
	{"size", "0", true},
	{"size", "999999999999999999", true},
	{"size", "9999999999999999999", false},
	{"size", "", false},
	{"size", "-1", false},
	{"size", "+1", false},
	{"size", " 1", false},
	{"size", "1\n", false},
	{"size", "0x10", false},
	{"size", "1G", false},
	{"size", "50%FREE", false},
	{"hostname", "a-1.example", true},
	{"hostname", "-a", false},
	{"hostname", "a..b", false},
	{"hostname", "a;reboot", false},
	{"hostname", "a\n", false},
	{"image", "/dev/null", false},
	{"image", "/dev/no-such-group-of-tests/a", false},
	{"image", "/dev/../etc/passwd", false},
	{"image", "/etc/passwd", false},
	{"image", "", false},
	{"image", "-rf", false},
	{"image", "a.raw", false},
	{"image", "json:{}", false},
	{"disk", "/dev/null", false},
	{"disk", "nbd://localhost", false},
	{"no-such-kind", "a", false},
	{"nam", "a", false},
	{"", "a", false},
};

static void test_texts(void)
{
	AUTO_TEXT longest = allocate(PATH_MAX + 100);

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		AUTO_TEXT word = take(samples[i].kind, samples[i].text);

		ok(samples[i].fits ? word && strcmp(word, samples[i].text) == 0 : !word,
		   "%s: sample %zu is %s", samples[i].kind, i, samples[i].fits ? "one" : "none");
	}
	memset(longest, 'a', 128);
	ok(!tool_is_name(longest), "a name is not longer than LVM's");
	longest[127] = '\0';
	ok(tool_is_name(longest), "but as long");
	memset(longest, '/', PATH_MAX + 99);
	ok(!take("image", longest), "nor a path longer than a path");
}

struct place {
	const char *kind;
	char **folder;
	const char *name;
	int number; /* errno; 0: it is taken */
};

static const struct place places[] = {
	{"image", &sr, "a.raw", 0},
	{"image", &sr, "-rf", 0},
	{"image", &sr, "a b.raw", 0},
	{"image", &sr, "sub/a.raw", 0},
	{"image", &sr, "sub//a.raw", 0},
	{"image", &sr, "backed.qcow2", 0},
	{"image", &sr, "", EPERM},
	{"image", &sr, "sub", EINVAL},
	{"image", &sr, "there-is-none", ENOENT},
	{"image", &sr, "link.raw", ELOOP},
	{"image", &sr, "up/secret", ELOOP},
	{"image", &sr, "../secret", EPERM},
	{"image", &sr, "sub/../a.raw", EPERM},
	{"image", &sr, "a.raw/x", ENOTDIR},
	{"image", &sr, "a\n.raw", EINVAL},
	{"image", (char **)&(char *){folder}, "sr-2/a", EPERM},
	{"image", (char **)&(char *){folder}, "secret", EPERM},
	{"image", &disks, "own", EPERM},
	{"disk", &sr, "a.raw", 0},
	{"disk", &disks, "own", 0},
	{"disk", &disks, "out", EPERM},
	{"disk", &disks, "null", EPERM},
	{"disk", &disks, "../secret", EPERM},
	{"qcow2", &sr, "good.qcow2", 0},
	{"qcow2", &sr, "backed.qcow2", EPERM},
	{"qcow2", &sr, "a.raw", EPERM},
	{"qcow2", &disks, "own", EPERM},
};

static void test_places(void)
{
	AUTO_TEXT own = in(disks, "own");

	write_file(own, "x", 1);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		AUTO_TEXT path = in(*places[i].folder, places[i].name);
		AUTO_TEXT word = NULL;

		errno = 0;
		word = take(places[i].kind, path);
		is_int(word ? 0 : errno, places[i].number, "%s: %s", places[i].kind,
		       places[i].name);
	}
}

/* What was judged is what the program opens, although the name leads elsewhere by then. */
static void test_swapped(void)
{
	AUTO_TEXT path = in(sr, "swapped.raw");
	AUTO_TEXT word = NULL;
	char byte = 0;
	int file, opened;

	write_file(path, "x", 1);
	word = tool_take_argument("image", strlen("image"), path, &file);
	unlink(path);
	make_link(secret, sr, "swapped.raw");
	opened = open(word, O_RDONLY);
	ok(opened >= 0 && read(opened, &byte, 1) == 1, "what was taken can be opened");
	is_int(byte, 'x', "and is still that");
	close(opened);
	close(file);
	unlink(path);
}

static void test_flags(void)
{
	AUTO_TEXT path = in(sr, "a.raw");
	int file = disk_image_open(path, DISK_IN_SR, O_RDONLY);

	ok(file >= 0 && write(file, "y", 1) < 0, "what is opened for reading is not written");
	close(file);
	file = disk_image_open(path, DISK_IN_SR, O_WRONLY);
	is_int((int)write(file, "y", 1), 1, "and what is opened for writing is");
	close(file);
	is_int(disk_image_open(path, DISK_ELSEWHERE | DISK_ON_LVM, O_RDONLY), -1,
	       "not where nobody looks for it");
	is_int(errno, EPERM, "why");
}

static void is_refused(enum tool tool, const char *const *arguments, int number,
		       const char *problem)
{
	AUTO_TOOL_OUTPUT output = {0};
	AUTO_TEXT refusal = tool_refuses(tool, arguments);

	errno = 0;
	is_int(tool_run(tool, arguments, NULL, NULL, &output), -1, "%s", problem);
	is_int(errno, number, "its errno");
	is_str(output.problem, problem, "its words");
	is_str(output.text, "", "it has not run");
	is_str(refusal, problem, "and that was known before");
}

static void test_refusals(void)
{
	AUTO_TEXT image = in(sr, "a.raw");
	const char *const option[] = {"--config=x"};
	const char *const size[] = {image, "-5"};
	const char *const path[] = {"/etc/passwd", "5"};

	is_refused(TOOL_READ_GROUP, option, EINVAL, "vgs: name --config=x: Invalid argument");
	is_refused(TOOL_MAKE_QCOW2, size, EINVAL, "qemu-img: size -5: Invalid argument");
	is_refused(TOOL_MAKE_QCOW2, path, EPERM,
		   "qemu-img: image /etc/passwd: Operation not permitted");
	is_refused(TOOL_REBOOT, NULL, EPERM,
		   "the key reboot-command of the configuration is empty");
}

static int stop(void *argument, const char *text)
{
	(void)text;
	++*(int *)argument;
	return -1;
}

static void test_runs(void)
{
	const char *const name[] = {"web-1"};
	const char *const hostile[] = {"web;reboot"};
	AUTO_TOOL_OUTPUT said = {0};
	AUTO_TOOL_OUTPUT failed = {0};
	AUTO_TOOL_OUTPUT stopped = {0};
	int calls = 0;

	is_int(tool_run(TOOL_SET_HOSTNAME, name, NULL, NULL, &said), 0,
	       "a command that is configured");
	is_str(said.text, "a <name> web-1\n", "gets its own words as they are, then the argument");
	is_str(said.problem, NULL, "and has no problem");
	is_refused(TOOL_SET_HOSTNAME, hostile, EINVAL,
		   "echo a  <name>: hostname web;reboot: Invalid argument");
	is_int(tool_run(TOOL_SHUT_DOWN, NULL, NULL, NULL, &failed), 1, "one that fails");
	is_str(failed.problem, "false: exit status 1: ", "says how");
	is_int(tool_run(TOOL_SET_HOSTNAME, name, stop, &calls, &stopped) < 0 ? errno : 0, ECANCELED,
	       "one that somebody stops");
	is_int(calls, 1, "who was asked");
}

/* That no row has a kind that is not there: an argument of a kind is refused, not its row. */
static void test_rows(void)
{
	static const char *const rows[] = {
#define TOOL(NAME, patience, words) words,
#define COMMAND(NAME, member, key, patience, words) words,
#include "server/host/tools.def"
	};
	static const char *const known[] = {"<name>",	  "<volume>", "<own-volume>", "<size>",
					    "<hostname>", "<image>",  "<disk>",	      "<qcow2>"};

	for (int tool = 0; tool < TOOLS; tool++) {
		size_t count = 0;

		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			for (const char *at = rows[tool]; (at = strstr(at, known[i])); at++)
				count++;
		is_int((int)tool_count_arguments((enum tool)tool), (int)count, "%s", rows[tool]);
		ok(count <= TOOL_ARGUMENTS_MOST, "it takes no more than a caller gives");
	}
}

static void remove_files(void)
{
	AUTO_TEXT command = text_format("rm -rf '%s'", folder);

	if (system(command) != 0)
		diag("%s is left", folder);
	free(sr);
	free(disks);
	free(secret);
}

int main(void)
{
	struct host_rules rules = {.sr_folders = sr_folders, .disk_folders = disk_folders};

	if (!mkdtemp(folder))
		bail_out(folder);
	make_files();
	is_int(disk_image_open(secret, DISK_IN_SR | DISK_ELSEWHERE, O_RDONLY), -1,
	       "before there are rules nothing is allowed");
	sr_folders[0] = sr;
	disk_folders[0] = disks;
	rules.hostname_command = "echo a  <name>";
	rules.shutdown_command = "false";
	host_set_rules(&rules);
	test_texts();
	test_places();
	test_swapped();
	test_flags();
	test_refusals();
	test_runs();
	test_rows();
	remove_files();
	return done_testing();
}
