/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_faults.c – the nth call of the disk fails, once or from then on: what is refused is told so
 * and leaves nothing, what was acknowledged stays, and when the fault is over all goes on. */
#include "schema/log.h"
#include "tests/store/disk.h"
#include "tests/store/image.h"
#include "tests/store/run.h"
#include "tests/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SMALL_WAL 100000 /* so that the thread has checkpoints to make */

static struct scratch scratch;
static struct scratch after; /* of what a crash leaves */
static struct run run;
static unsigned int seed;
static bool all; /* the long form */

static const struct kind {
	enum disk_fault fault;
	bool lasts;
	/* A commit that failed in its sync can not be taken back when nothing can be written any
	 * more: only then it may be there after a crash, though it was refused. */
	bool in_doubt;
	int share; /* the short form tries one call of so many */
	const char *name;
} kinds[] = {
	{FAULT_ANY, false, false, 7, "any call fails once"},
	{FAULT_ANY, true, true, 13, "all calls fail from one on"},
	{FAULT_SYNC, false, false, 1, "a sync fails once"},
	{FAULT_SYNC, true, false, 1, "all syncs fail from one on"},
	{FAULT_WRITE, false, false, 7, "a write fails once"},
	{FAULT_WRITE, true, false, 13, "all writes fail from one on"},
	{FAULT_FULL, false, false, 7, "there is no room for a write"},
	{FAULT_FULL, true, false, 13, "the disk is full from one write on"},
	{FAULT_READ_ONLY, true, true, 13, "the file system becomes read-only"},
};

static int tried;
static int wrong;
static int refusals;

static void complain(const struct kind *kind, int nth, const char *when, char *problem)
{
	if (!problem)
		return;
	wrong++;
	diag("%s, call %d, %s: %s", kind->name, nth, when, problem);
	if (getenv("XENAPID_STOP_AT_FIRST"))
		exit(1);
	free(problem);
}

static char *check_now(struct store *store)
{
	return run_check(&run, store, run.count - 1, run.count - 1);
}

static char *check_file(struct scratch *file)
{
	struct store_options options = {.path = file->path};
	char *problem = NULL;
	AUTO_TEXT found = NULL;

	file->store = store_open(&options, &problem);
	if (!file->store)
		return problem;
	problem = check_now(file->store);
	scratch_close(file);
	found = scratch_sql(file, "SELECT integrity_check || ', ' || journal_mode "
				  "FROM pragma_integrity_check, pragma_journal_mode");
	if (!problem && (!found || strcmp(found, "ok, wal") != 0))
		problem = text_format("integrity_check: %.60s", found);
	return problem;
}

/* Killed, or without power, while nothing is under way: exactly what the memory says. */
static void check_crash(const struct kind *kind, int nth)
{
	struct image *image = image_new();

	for (size_t i = 0; i < disk_log_length(); i++)
		image_apply(image, disk_log_entry(i));
	for (int i = 0; i < IMAGE_KINDS; i++) {
		unsigned int own_seed = seed + (unsigned int)nth;

		if (i != IMAGE_LOST && i != IMAGE_KEPT)
			continue;
		scratch_empty(&after);
		image_write(image, after.folder, (enum image_kind)i, &own_seed);
		complain(kind, nth, i == IMAGE_LOST ? "after a power cut" : "after kill -9",
			 check_file(&after));
	}
	image_free(image);
}

/* Whatever is refused must be the fault's doing and say why. */
static void expect(bool done, const struct kind *kind, int nth)
{
	refusals += !done;
	if (!done && !disk_failures())
		complain(kind, nth, "refused for no reason", text_copy(run.problem));
	else if (!done && (!run.problem || !strstr(run.problem, "could not be stored: ")))
		complain(kind, nth, "refused without a word", text_copy(run.problem));
}

/* False: it could not be opened, and said so. */
static bool open_store(const struct kind *kind, int nth)
{
	struct store_options options = {.path = scratch.path, .wal_bytes = SMALL_WAL};
	AUTO_TEXT problem = NULL;

	scratch.store = store_open(&options, &problem);
	if (scratch.store)
		return true;
	refusals++;
	if (!problem || !disk_failures())
		complain(kind, nth, "not opened", text_copy(problem ? problem : "no reason given"));
	return false;
}

static void change_things(const struct kind *kind, int nth)
{
	for (int i = 0; i < 4; i++)
		expect(run_change(&run), kind, nth);
	expect(run_batch(&run) == 0, kind, nth);
	scratch_checkpoint(&scratch, "RESTART");
	for (int i = 0; i < 3; i++)
		expect(run_change(&run), kind, nth);
}

static void go_on(const struct kind *kind, int nth)
{
	for (int i = 0; i < 3; i++)
		if (!run_change(&run))
			complain(kind, nth, "refused when the fault is over",
				 text_copy(run.problem));
}

/* False: there is no nth call any more. */
static bool try_fault(const struct kind *kind, int nth)
{
	bool reached;

	scratch_empty(&scratch);
	run_begin(&run, &scratch, seed);
	disk_record(scratch.folder);
	disk_fail(kind->fault, nth, kind->lasts);
	if (open_store(kind, nth)) {
		change_things(kind, nth);
		complain(kind, nth, "in memory", check_now(scratch.store));
	}
	reached = disk_failures() > 0;
	disk_fail(FAULT_NONE, 0, false);
	disk_stop();
	if (!scratch.store)
		scratch_open(&scratch);
	else if (!kind->in_doubt)
		check_crash(kind, nth);
	go_on(kind, nth);
	scratch_close(&scratch);
	complain(kind, nth, "opened again", check_file(&scratch));
	run_end(&run);
	tried += reached;
	return reached;
}

/* The same while a database is closed, and opened again: by a program that knows more, if
 * `upgraded`. */
static bool try_fault_at_end(const struct kind *kind, int nth, bool upgraded)
{
	bool reached;

	scratch_empty(&scratch);
	run_begin(&run, &scratch, seed);
	scratch_open(&scratch);
	for (int i = 0; i < 4; i++)
		run_change(&run);
	if (upgraded)
		scratch_make_older(&scratch);
	disk_fail(kind->fault, nth, kind->lasts);
	scratch_close(&scratch);
	if (open_store(kind, nth))
		complain(kind, nth, "opened under a fault", check_now(scratch.store));
	reached = disk_failures() > 0;
	disk_fail(FAULT_NONE, 0, false);
	if (!scratch.store)
		scratch_open(&scratch);
	go_on(kind, nth);
	scratch_close(&scratch);
	complain(kind, nth, "opened again", check_file(&scratch));
	run_end(&run);
	tried += reached;
	return reached;
}

static void try_all(const struct kind *kind)
{
	int share = all ? 1 : kind->share;
	int first = 1 + (int)seed % share;

	tried = wrong = refusals = 0;
	for (int nth = first; try_fault(kind, nth); nth += share)
		continue;
	for (int nth = first; try_fault_at_end(kind, nth, false); nth += share)
		continue;
	for (int nth = first; try_fault_at_end(kind, nth, true); nth += share)
		continue;
	is_int(wrong, 0, "%s: %d faults, %d refusals, nothing lost", kind->name, tried, refusals);
}

int main(void)
{
	const char *wanted_seed = getenv("XENAPID_SEED");

	all = getenv("XENAPID_FAULTS") != NULL;
	seed = wanted_seed ? (unsigned int)strtoul(wanted_seed, NULL, 10) :
			     (unsigned int)time(NULL);
	diag("XENAPID_SEED=%u", seed);
	log_set_level(LOG_LEVEL_ERROR);
	schema_init();
	disk_install();
	scratch_make(&scratch);
	scratch.wal_bytes = SMALL_WAL;
	scratch_make(&after);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		try_all(&kinds[i]);
	scratch_remove(&after);
	scratch_remove(&scratch);
	return done_testing();
}
