/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_checkpoint.c – what is stored comes from the WAL into the file while changes go on. */
#include "tests/store/scratch.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WAL_BYTES 400000
#define NAME_BYTES 40000
#define CHANGES_MAX 20000
#define WAITS_MAX 6000 /* of 10 ms */

static struct scratch scratch;
static char vm[REF_SIZE];
static char name[NAME_BYTES + 1];

/* About ten pages of it are new each time. */
static int change(void)
{
	static unsigned number;
	AUTO_ERROR err = {0};

	memset(name, 'a' + (int)(number++ % 26), NAME_BYTES);
	return scratch_set_text(&scratch, CLASS_VM, vm, VM_name_label, name, &err);
}

static void start(void)
{
	AUTO_ERROR err = {0};

	scratch_make(&scratch);
	scratch.wal_bytes = WAL_BYTES;
	scratch_open(&scratch);
	scratch_add_vm(&scratch, "first", vm, &err);
}

static int64_t wal_bytes(void)
{
	AUTO_TEXT path = text_format("%s-wal", scratch.path);
	struct stat status;

	return stat(path, &status) < 0 ? -1 : status.st_size;
}

/* Changes until that many times the WAL's size has been written; false: it has grown with them. */
static bool wal_is_reused(int times)
{
	int64_t written = 0;

	for (int i = 0; i < CHANGES_MAX; i++) {
		if (change() < 0)
			return false;
		written += NAME_BYTES;
		if (written > times * wal_bytes() && written > times * WAL_BYTES)
			return true;
	}
	return false;
}

static void test_bounded(void)
{
	start();
	ok(wal_is_reused(20), "the WAL is used again while changes go on");
	scratch_close(&scratch);
	scratch_open(&scratch);
	scratch_is_name(&scratch, vm, name, "and the last change is there after a restart");
	scratch_remove(&scratch);
}

static sqlite3 *begin_reading(void)
{
	sqlite3 *reader;

	if (sqlite3_open(scratch.path, &reader) != SQLITE_OK ||
	    sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM VM", NULL, NULL, NULL) != SQLITE_OK)
		abort();
	return reader;
}

static void test_reader(void)
{
	sqlite3 *reader;
	int refused = 0;

	start();
	reader = begin_reading();
	for (int i = 0; i < 60; i++)
		refused += change() < 0;
	is_int(refused, 0, "no change waits for a program that reads");
	ok(wal_bytes() > WAL_BYTES, "the WAL grows meanwhile");
	sqlite3_exec(reader, "COMMIT", NULL, NULL, NULL);
	ok(wal_is_reused(20), "and shrinks when it has read");
	scratch_close(&scratch);
	is_int(wal_bytes(), 0, "the store leaves nothing in it");
	sqlite3_close(reader);
	scratch_remove(&scratch);
}

static bool log_has(const char *path, const char *text)
{
	char said[65536];
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = read(file, said, sizeof(said) - 1);

	close(file);
	said[length > 0 ? length : 0] = '\0';
	return strstr(said, text) != NULL;
}

static bool wait_log(const char *path, const char *text)
{
	const struct timespec nap = {.tv_nsec = 10000000};

	for (int i = 0; i < WAITS_MAX; i++) {
		if (log_has(path, text))
			return true;
		nanosleep(&nap, NULL);
	}
	return false;
}

/* A file that is larger than files may become cannot be written at its end; the WAL can. */
static void make_large(void)
{
	AUTO_TEXT large = allocate(4000001);
	AUTO_ERROR err = {0};

	memset(large, 'x', 4000000);
	scratch_set_text(&scratch, CLASS_VM, vm, VM_name_label, large, &err);
	change();
	scratch_close(&scratch);
	scratch_open(&scratch);
}

static int redirect_log(const char *path)
{
	int kept = dup(STDERR_FILENO);
	int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (kept < 0 || file < 0 || dup2(file, STDERR_FILENO) < 0)
		abort();
	close(file);
	return kept;
}

static void test_full(void)
{
	AUTO_TEXT log = NULL;
	int stderr_kept;
	int refused = 0;

	start();
	make_large();
	log = text_format("%s/log", scratch.folder);
	stderr_kept = redirect_log(log);
	signal(SIGXFSZ, SIG_IGN);
	scratch_limit_files(3900000);
	for (int i = 0; i < 20; i++)
		refused += change() < 0;
	ok(wait_log(log, "cannot be brought"), "a file that cannot be written is reported");
	refused += change() < 0;
	is_int(refused, 0, "changes go on: they are on the disk, in the WAL");
	scratch_limit_files(RLIM_INFINITY);
	ok(wait_log(log, "brought into its file again"),
	   "it is tried again, without a change, until it works");
	dup2(stderr_kept, STDERR_FILENO);
	close(stderr_kept);
	ok(wal_is_reused(20), "then the WAL is used again");
	scratch_close(&scratch);
	scratch_open(&scratch);
	scratch_is_name(&scratch, vm, name, "and the last change is there");
	scratch_remove(&scratch);
}

int main(void)
{
	schema_init();
	test_bounded();
	test_reader();
	test_full();
	return done_testing();
}
