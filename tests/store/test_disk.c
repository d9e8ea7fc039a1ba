/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_disk.c – what is stored survives: a killed daemon, a full disk, a locked file. */
#include "tests/store/scratch.h"
#include "tests/tap.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct scratch scratch;

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

	scratch_start(&scratch, "0", ref);
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

static void test_full_disk(void)
{
	AUTO_TEXT long_name = allocate(200001);
	AUTO_ERROR refused = {0};
	AUTO_ERROR err = {0};
	char ref[REF_SIZE];
	char other[REF_SIZE];
	uint64_t revision;
	int rc;

	scratch_start(&scratch, "small", ref);
	memset(long_name, 'x', 200000);
	revision = store_revision(scratch.store);
	signal(SIGXFSZ, SIG_IGN);
	scratch_limit_files(100000);
	rc = scratch_set_text(&scratch, CLASS_VM, ref, VM_name_label, long_name, &refused);
	scratch_limit_files(RLIM_INFINITY);
	is_int(rc, -1, "a change for which the disk has no room is refused");
	is_int(refused.code, ERROR_INTERNAL_ERROR, "as the server's fault: %s",
	       refused.parameters[0]);
	scratch_is_name(&scratch, ref, "small", "and not there");
	ok(store_revision(scratch.store) == revision, "no revision was drawn");
	scratch_limit_files(0);
	rc = scratch_add_vm(&scratch, "other", other, &refused);
	scratch_limit_files(RLIM_INFINITY);
	is_int(rc, -1, "neither is a new object");
	scratch_is_name(&scratch, other, NULL, "there");
	is_int(scratch_set_text(&scratch, CLASS_VM, ref, VM_name_label, long_name, &err), 0,
	       "once there is room it works again");
	scratch_open(&scratch);
	scratch_is_name(&scratch, ref, long_name, "and is stored");
	scratch_is_name(&scratch, other, NULL, "what was refused is not");
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

	scratch_start(&scratch, "batch", ref);
	scratch_limit_files(1500000);
	submit_batch(ref);
	scratch_close(&scratch);
	scratch_limit_files(RLIM_INFINITY);
	scratch_open(&scratch);
	for (int i = 0; i < BATCH; i++)
		others_failed += i != LARGE && i != REFUSED && batch[i].code != ERROR_NONE;
	is_int(batch[LARGE].code, ERROR_INTERNAL_ERROR, "the large one is refused");
	is_int(batch[REFUSED].code, ERROR_OPERATION_NOT_ALLOWED, "one refuses itself");
	is_int(others_failed, 0, "the others are stored");
	is_int(batch[LARGE - 1].runs, 2, "in a second attempt");
	vm = store_read(scratch.store, CLASS_VM, ref);
	is_int(record_int(vm, VM_order), BATCH - 2, "each once");
	is_str(record_text(vm, VM_name_label), "batch", "and nothing of the large one");
	scratch_remove(&scratch);
}

/* Somebody else keeps the file locked: all that wait are told so after one wait, not after one
 * each. */
static void test_locked(void)
{
	char ref[REF_SIZE];
	struct timespec start;
	struct timespec end;
	AUTO_ERROR err = {0};
	sqlite3 *other;
	int refused = 0;

	memset(batch, 0, sizeof(batch));
	scratch_start(&scratch, "free", ref);
	if (sqlite3_open(scratch.path, &other) != SQLITE_OK ||
	    sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		abort();
	clock_gettime(CLOCK_MONOTONIC, &start);
	submit_batch(ref);
	is_int(scratch_set_text(&scratch, CLASS_VM, ref, VM_name_label, "x", &err), -1,
	       "a change is refused while another process has locked the file");
	clock_gettime(CLOCK_MONOTONIC, &end);
	ok(end.tv_sec - start.tv_sec < 60, "soon, though %d others wait", BATCH);
	ok(strstr(err.parameters[0], "locked") != NULL, "with the reason: %s", err.parameters[0]);
	scratch_is_name(&scratch, ref, "free", "it can be read");
	sqlite3_close(other);
	error_clear(&err);
	is_int(scratch_set_text(&scratch, CLASS_VM, ref, VM_name_label, "free again", &err), 0,
	       "then it works again");
	for (int i = 0; i < BATCH; i++)
		refused += batch[i].code != ERROR_NONE;
	is_int(refused, BATCH, "what was refused is not repeated");
	scratch_remove(&scratch);
}

int main(void)
{
	schema_init();
	test_crash();
	test_full_disk();
	test_full_disk_in_batch();
	test_locked();
	return done_testing();
}
