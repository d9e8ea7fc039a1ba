/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_database.c – the file: its lock, newer and older ones, broken rows, crashes, a full disk. */
#include "tests/store/scratch.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct scratch scratch;

static void is_name(const char *ref, const char *want, const char *what)
{
	AUTO(record) record = store_read(scratch.store, CLASS_VM, ref);

	is_str(record ? record_text(record, VM_name_label) : NULL, want, "%s", what);
}

static void is_refused(const char *why, const char *what)
{
	AUTO_TEXT problem = scratch_refusal(&scratch);

	ok(problem && strstr(problem, why), "%s: %s", what, problem ? problem : "opened");
}

static void run_sql(const char *format, const char *ref)
{
	AUTO_TEXT sql = text_format("%s '%s'", format, ref);

	free(scratch_sql(&scratch, sql));
}

static void start(const char *name, char ref[REF_SIZE])
{
	AUTO_ERROR err = {0};

	scratch_make(&scratch);
	scratch_open(&scratch);
	scratch_add_vm(&scratch, name, ref, &err);
}

static void test_lock(void)
{
	char ref[REF_SIZE];

	start("locked", ref);
	is_refused("another xenapid uses the database", "a second one is refused");
	is_name(ref, "locked", "the first goes on");
	scratch_close(&scratch);
	ok(!scratch_refusal(&scratch), "after its end the next may");
	scratch_remove(&scratch);
}

static void test_readable_meanwhile(void)
{
	char ref[REF_SIZE];
	AUTO_ERROR err = {0};
	AUTO_TEXT name = NULL;
	AUTO_TEXT strict = NULL;

	start("visible", ref);
	name = scratch_sql(&scratch, "SELECT \"name_label\" FROM \"VM\"");
	is_str(name, "visible", "sqlite3 reads the file while it is in use");
	strict = scratch_sql(&scratch, "SELECT min(strict) FROM pragma_table_list "
				       "WHERE schema = 'main' AND name NOT LIKE 'sqlite%'");
	is_str(strict, "1", "all tables are STRICT");
	is_int(scratch_set_text(&scratch, CLASS_VM, ref, VM_name_label, "x", &err), 0,
	       "which does not disturb");
	scratch_remove(&scratch);
}

static void test_tombstones(void)
{
	char ref[REF_SIZE];
	AUTO_ERROR err = {0};
	AUTO_TEXT found = NULL;
	AUTO_TEXT count = NULL;
	struct store_options options = {.path = scratch.path, .tombstones_kept = 2};
	char *problem;

	start("dead", ref);
	scratch_delete(&scratch, CLASS_VM, ref, &err);
	found = scratch_sql(&scratch, "SELECT ref FROM xenapid_tombstone WHERE class = 'VM'");
	is_str(found, ref, "what is deleted leaves a tombstone");
	for (int i = 0; i < 5; i++) {
		scratch_add_vm(&scratch, "dead", ref, &err);
		scratch_delete(&scratch, CLASS_VM, ref, &err);
	}
	scratch_close(&scratch);
	store_close(store_open(&options, &problem));
	count = scratch_sql(&scratch, "SELECT count(*) FROM xenapid_tombstone");
	is_str(count, "2", "of which the newest are kept");
	scratch_remove(&scratch);
}

static void test_newer(void)
{
	char ref[REF_SIZE];

	start("newer", ref);
	scratch_close(&scratch);
	free(scratch_sql(&scratch, "PRAGMA user_version = 2"));
	is_refused("newer xenapid", "a newer format");
	free(scratch_sql(&scratch, "PRAGMA user_version = 1"));
	free(scratch_sql(&scratch,
			 "ALTER TABLE \"VM\" ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'"));
	is_refused("VM.colour", "an unknown column");
	free(scratch_sql(&scratch, "ALTER TABLE \"VM\" DROP COLUMN colour"));
	free(scratch_sql(&scratch, "PRAGMA application_id = 1"));
	is_refused("not one of xenapid", "somebody else's database");
	free(scratch_sql(&scratch, "PRAGMA application_id = 0x58656e41"));
	scratch_open(&scratch);
	is_name(ref, "newer", "the refused file was left as it was");
	is_int(scratch_count_files(&scratch, "before-upgrade"), 0, "without copies");
	scratch_remove(&scratch);
}

static void test_no_database(void)
{
	int file;

	scratch_make(&scratch);
	file = open(scratch.path, O_WRONLY | O_CREAT, 0600);
	for (int i = 0; i < 100; i++)
		dprintf(file, "This is no database, but a letter to somebody. ");
	close(file);
	is_refused("not a database", "a file of another kind");
	unlink(scratch.path);
	mkdir(scratch.path, 0700);
	is_refused("unable to open", "a folder");
	rmdir(scratch.path);
	snprintf(scratch.path, sizeof(scratch.path), "%s/missing/test.db", scratch.folder);
	is_refused("No such file", "a folder that is not there");
	scratch_remove(&scratch);
}

static void test_older(void)
{
	char ref[REF_SIZE];
	AUTO(record) vm = NULL;
	AUTO_TEXT name = NULL;
	AUTO_ERROR err = {0};

	start("older", ref);
	scratch_close(&scratch);
	free(scratch_sql(&scratch, "ALTER TABLE \"VM\" DROP COLUMN \"VCPUs_max\""));
	free(scratch_sql(&scratch, "DROP TABLE console"));
	scratch_open(&scratch);
	is_int(scratch_count_files(&scratch, "before-upgrade"), 1, "an older file is copied first");
	is_name(ref, "older", "its objects are there");
	vm = store_read(scratch.store, CLASS_VM, ref);
	is_int(record_int(vm, VM_VCPUs_max), 1, "new fields have their default");
	name = scratch_sql(&scratch, "SELECT count(*) FROM console");
	is_str(name, "0", "new classes their table");
	scratch_open(&scratch);
	is_int(scratch_count_files(&scratch, "before-upgrade"), 1, "the next time it is current");
	is_int(scratch_set_text(&scratch, CLASS_VM, ref, VM_name_label, "new", &err), 0,
	       "and works");
	scratch_remove(&scratch);
}

static void test_broken_rows(void)
{
	char good[REF_SIZE];
	char bad[REF_SIZE];
	AUTO_ERROR err = {0};
	AUTO_TEXT kept = NULL;

	start("good", good);
	scratch_add_vm(&scratch, "bad", bad, &err);
	scratch_close(&scratch);
	run_sql("UPDATE \"VM\" SET tags = '[1' WHERE \"_ref\" =", bad);
	scratch_open(&scratch);
	is_name(good, "good", "one row is served");
	is_name(bad, NULL, "that whose set is no JSON is not");
	scratch_set_text(&scratch, CLASS_VM, good, VM_name_label, "better", &err);
	scratch_close(&scratch);
	kept = scratch_sql(&scratch, "SELECT count(*) FROM \"VM\"");
	is_str(kept, "2", "but it stays in the file");
	run_sql("UPDATE \"VM\" SET tags = '[]', power_state = 'Confused' WHERE \"_ref\" =", bad);
	scratch_open(&scratch);
	is_name(bad, NULL, "nor one whose power state nobody knows");
	scratch_close(&scratch);
	run_sql("UPDATE \"VM\" SET power_state = 'Halted', uuid = (SELECT uuid FROM \"VM\" "
		"WHERE name_label = 'better') WHERE \"_ref\" =",
		bad);
	scratch_open(&scratch);
	is_name(good, "better", "of two rows of one uuid the first is served");
	is_name(bad, NULL, "the second is not");
	scratch_close(&scratch);
	run_sql("UPDATE \"VM\" SET uuid = 'u' WHERE \"_ref\" =", bad);
	scratch_open(&scratch);
	is_name(bad, "bad", "a row that was repaired is back");
	scratch_remove(&scratch);
}

static void test_dangling(void)
{
	char ref[REF_SIZE];
	AUTO_ERROR err = {0};
	AUTO(record) vm = NULL;
	AUTO_TEXT kept = NULL;

	start("dangling", ref);
	scratch_set_text(&scratch, CLASS_VM, ref, VM_affinity, "OpaqueRef:gone", &err);
	scratch_open(&scratch);
	vm = store_read(scratch.store, CLASS_VM, ref);
	is_str(record_text(vm, VM_affinity), NULL_REF, "a reference to nothing is unset");
	kept = scratch_sql(&scratch, "SELECT affinity FROM \"VM\"");
	is_str(kept, "OpaqueRef:gone", "in memory, not in the file");
	scratch_remove(&scratch);
}

/* Makes changes until it is killed; says each that it was told is stored. */
static void __attribute__((noreturn)) change_until_killed(const char *ref, int out)
{
	AUTO_ERROR err = {0};

	scratch_open(&scratch);
	for (int i = 1;; i++) {
		AUTO_TEXT name = text_format("%d", i);
		uint64_t report[2] = {(uint64_t)i, 0};

		if (scratch_set_text(&scratch, CLASS_VM, ref, VM_name_label, name, &err) < 0)
			_exit(1);
		report[1] = store_revision(scratch.store);
		if (write(out, report, sizeof(report)) != (ssize_t)sizeof(report))
			_exit(1);
	}
}

static void crash(const char *ref, uint64_t *ret_last, uint64_t *ret_revision)
{
	uint64_t report[2];
	int ends[2];
	pid_t child;

	if (pipe(ends) < 0)
		abort();
	child = fork();
	if (child == 0)
		change_until_killed(ref, ends[1]);
	close(ends[1]);
	for (int i = 0; i < 20; i++)
		if (read(ends[0], report, sizeof(report)) != (ssize_t)sizeof(report))
			break;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	*ret_last = report[0];
	*ret_revision = report[1];
	while (read(ends[0], report, sizeof(report)) == (ssize_t)sizeof(report)) {
		*ret_last = report[0];
		*ret_revision = report[1];
	}
	close(ends[0]);
}

static void test_crash(void)
{
	char ref[REF_SIZE];
	uint64_t last = 0;
	uint64_t revision = 0;

	start("0", ref);
	for (int round = 0; round < 3; round++) {
		AUTO(record) vm = NULL;
		uint64_t found;

		scratch_close(&scratch);
		crash(ref, &last, &revision);
		scratch_open(&scratch);
		vm = store_read(scratch.store, CLASS_VM, ref);
		found = strtoull(record_text(vm, VM_name_label), NULL, 10);
		/* one more may have been stored than was told */
		ok(last >= 20 && (found == last || found == last + 1),
		   "killed after change %d: %d is there", (int)last, (int)found);
		ok(store_revision(scratch.store) > revision, "revisions go on above");
	}
	scratch_remove(&scratch);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static void test_full_disk(void)
{
	AUTO_TEXT long_name = allocate(200001);
	AUTO_ERROR refused = {0};
	AUTO_ERROR err = {0};
	char ref[REF_SIZE];
	char other[REF_SIZE];
	uint64_t revision;
	int rc;

	start("small", ref);
	memset(long_name, 'x', 200000);
	revision = store_revision(scratch.store);
	signal(SIGXFSZ, SIG_IGN);
	limit_files(100000);
	rc = scratch_set_text(&scratch, CLASS_VM, ref, VM_name_label, long_name, &refused);
	limit_files(RLIM_INFINITY);
	is_int(rc, -1, "a change for which the disk has no room is refused");
	is_int(refused.code, ERROR_INTERNAL_ERROR, "as the server's fault: %s",
	       refused.parameters[0]);
	is_name(ref, "small", "and not there");
	ok(store_revision(scratch.store) == revision, "no revision was drawn");
	limit_files(0);
	rc = scratch_add_vm(&scratch, "other", other, &refused);
	limit_files(RLIM_INFINITY);
	is_int(rc, -1, "neither is a new object");
	is_name(other, NULL, "there");
	is_int(scratch_set_text(&scratch, CLASS_VM, ref, VM_name_label, long_name, &err), 0,
	       "once there is room it works again");
	scratch_open(&scratch);
	is_name(ref, long_name, "and is stored");
	is_name(other, NULL, "what was refused is not");
	scratch_remove(&scratch);
}

#define BATCH 60
#define LARGE 30   /* which of them is too large for the disk */
#define REFUSED 31 /* and which refuses itself */

static struct one {
	struct mutation mutation;
	char *ref;
	int number;
	int runs;
	enum error_code code;
} batch[BATCH];

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static int run_one(struct transaction *transaction, void *argument, struct error *err)
{
	struct one *one = argument;
	struct record *vm = transaction_edit(transaction, CLASS_VM, one->ref);
	AUTO_TEXT name = NULL;

	/* all of them come into one batch */
	if (one->number == 0 && one->runs == 0) {
		pthread_mutex_lock(&gate);
		pthread_mutex_unlock(&gate);
	}
	one->runs++;
	record_set_int(vm, VM_order, record_int(vm, VM_order) + 1);
	if (one->number == REFUSED)
		return fail(err, ERROR_OPERATION_NOT_ALLOWED, "as always");
	if (one->number == LARGE) {
		name = allocate(2000001);
		memset(name, 'y', 2000000);
		record_set_text(vm, VM_name_label, name);
	}
	return 0;
}

static void note_code(struct mutation *mutation, struct error *err)
{
	struct one *one = mutation->argument;

	one->code = err->code;
	error_clear(err);
}

static void submit_batch(char *ref)
{
	pthread_mutex_lock(&gate);
	for (int i = 0; i < BATCH; i++) {
		batch[i].mutation =
			(struct mutation){.run = run_one, .done = note_code, .argument = &batch[i]};
		batch[i].ref = ref;
		batch[i].number = i;
		store_submit(scratch.store, &batch[i].mutation);
	}
	pthread_mutex_unlock(&gate);
}

/* The disk refuses one of a batch: the others are stored all the same. */
static void test_full_disk_in_batch(void)
{
	char ref[REF_SIZE];
	AUTO(record) vm = NULL;
	int others_failed = 0;

	start("batch", ref);
	limit_files(1500000);
	submit_batch(ref);
	scratch_close(&scratch);
	limit_files(RLIM_INFINITY);
	scratch_open(&scratch);
	for (int i = 0; i < BATCH; i++)
		others_failed += i != LARGE && i != REFUSED && batch[i].code != ERROR_NONE;
	is_int(batch[LARGE].code, ERROR_INTERNAL_ERROR, "the large one is refused");
	is_int(batch[REFUSED].code, ERROR_OPERATION_NOT_ALLOWED, "one refuses itself");
	is_int(others_failed, 0, "the others are stored");
	is_int(batch[BATCH - 2].runs, 2, "in a second attempt");
	vm = store_read(scratch.store, CLASS_VM, ref);
	is_int(record_int(vm, VM_order), BATCH - 2, "each once");
	is_str(record_text(vm, VM_name_label), "batch", "and nothing of the large one");
	scratch_remove(&scratch);
}

int main(void)
{
	schema_init();
	test_lock();
	test_readable_meanwhile();
	test_tombstones();
	test_newer();
	test_no_database();
	test_older();
	test_broken_rows();
	test_dangling();
	test_crash();
	test_full_disk();
	test_full_disk_in_batch();
	return done_testing();
}
