/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* power_cut.c – the power fails at every instant of a run of changes: what is there afterwards is
 * what was acknowledged, or a state between that and what was submitted. */
#include "schema/log.h"
#include "tests/store/disk.h"
#include "tests/store/image.h"
#include "tests/store/run.h"
#include "tests/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TIMES 4
#define SMALL_WAL 200000 /* so that the thread has checkpoints to make */

/* What a client was told and what it has asked for. */
struct promise {
	size_t acknowledged;
	size_t submitted;
	uint64_t revision;
};

static struct scratch scratch; /* of the run */
static struct scratch after;   /* of what the power cut left */
static struct run run;
static unsigned int seed;
static bool all;    /* the long form */
static char *older; /* what there was before an upgrade; NULL: the run is none */

static int points;
static int images;
static int wrong;

static char *check_integrity(void)
{
	AUTO_TEXT found = scratch_sql(&after, "PRAGMA integrity_check");

	return found && strcmp(found, "ok") == 0 ? NULL :
						   text_format("integrity_check: %.60s", found);
}

static char *look_at_copy(const char *path)
{
	struct scratch copy = {0};

	snprintf(copy.path, sizeof(copy.path), "%s", path);
	return scratch_sql(&copy,
			   "SELECT integrity_check || ', VMs: ' || (SELECT count(*) FROM VM) "
			   "FROM pragma_integrity_check");
}

/* A file that was upgraded has a copy of what it was beside it, and what looks like one is whole.
 */
static char *check_copy(void)
{
	AUTO_TEXT upgraded = scratch_sql(&after, "SELECT 1 FROM pragma_table_info('VM') "
						 "WHERE name = '" SCRATCH_NEW_COLUMN "'");
	AUTO_TEXT path = scratch_find_file(&after, ".before-upgrade-");
	AUTO_TEXT found = NULL;

	if (!path)
		return upgraded ? text_format("it is upgraded, but there is no copy") : NULL;
	found = look_at_copy(path);
	if (!found || strcmp(found, older) != 0)
		return text_format("the copy is not what the database was: %s", found);
	return NULL;
}

static char *check_image(const struct promise *promise)
{
	struct store_options options = {.path = after.path};
	char *problem = NULL;
	char ref[REF_SIZE];
	AUTO_ERROR err = {0};

	after.store = store_open(&options, &problem);
	if (!after.store)
		return problem;
	problem = run_check(&run, after.store, promise->acknowledged, promise->submitted);
	if (!problem && store_revision(after.store) <= promise->revision)
		problem = text_format("the revision has gone back");
	if (!problem && scratch_add_vm(&after, "afterwards", ref, &err) < 0)
		problem = text_format("no change is possible: %s", err.parameters[0]);
	scratch_close(&after);
	return problem ? problem : check_integrity();
}

static const char *const kind_names[IMAGE_KINDS] = {"lost", "names only", "kept",    "random",
						    "torn", "cut",	  "one file"};

static void try_image(const struct image *image, size_t at, enum image_kind kind,
		      const struct promise *promise)
{
	unsigned int own_seed = seed + (unsigned int)images;
	AUTO_TEXT problem = NULL;

	scratch_empty(&after);
	image_write(image, after.folder, kind, &own_seed);
	images++;
	problem = older ? check_copy() : NULL;
	if (!problem)
		problem = check_image(promise);
	if (!problem)
		return;
	wrong++;
	diag("power cut after entry %zu of the log, %s: %s", at, kind_names[kind], problem);
	if (getenv("XENAPID_STOP_AT_FIRST"))
		exit(1);
}

static void try_point(const struct image *image, size_t at, const struct promise *promise)
{
	points++;
	for (int kind = 0; kind < IMAGE_KINDS; kind++) {
		/* those that draw, several times */
		int times = kind < IMAGE_RANDOM || !all ? 1 : TIMES;

		if (!image_has_unsynced(image) && kind != IMAGE_KEPT)
			continue;
		for (int i = 0; i < times; i++)
			try_image(image, at, kind, promise);
	}
}

static void keep_promise(struct promise *promise, const struct disk_entry *entry)
{
	if (entry->call != DISK_NOTE)
		return;
	if (entry->offset == RUN_SUBMITTED)
		promise->submitted = entry->length;
	else if (entry->offset == RUN_ACKNOWLEDGED)
		promise->acknowledged = entry->length;
	else
		promise->revision = entry->length;
}

/* All instants from entry `first` of the log; the short form takes one of `share`. */
static void try_all(const char *what, size_t first, size_t state, size_t share)
{
	struct image *image = image_new();
	struct promise promise = {state, state, 0};

	points = images = wrong = 0;
	for (size_t at = 0; at < disk_log_length(); at++) {
		image_apply(image, disk_log_entry(at));
		keep_promise(&promise, disk_log_entry(at));
		if (at + 1 >= first && (all || (at + seed) % share == 0))
			try_point(image, at, &promise);
	}
	image_free(image);
	is_int(wrong, 0, "%s: %d instants, %d power cuts, all that was acknowledged is there", what,
	       points, images);
}

static void change(int times)
{
	for (int i = 0; i < times; i++)
		run_change(&run);
}

static void test_new(void)
{
	scratch_make(&scratch);
	scratch.wal_bytes = SMALL_WAL;
	run_begin(&run, &scratch, seed);
	disk_record(scratch.folder);
	scratch_open(&scratch);
	change(20);
	run_batch(&run);
	scratch_checkpoint(&scratch, "PASSIVE");
	change(10);
	run_large_change(&run);
	scratch_checkpoint(&scratch, "TRUNCATE");
	change(10);
	scratch_open(&scratch);
	change(10);
	scratch_close(&scratch);
	disk_stop();
	try_all("a new database", 0, 0, 11);
}

/* What a program made that knew one field and one class less. */
static void test_upgrade(void)
{
	size_t first;
	size_t state = run.count - 1;

	scratch_make_older(&scratch);
	older = look_at_copy(scratch.path);
	disk_record(scratch.folder);
	first = disk_log_length();
	scratch_open(&scratch);
	change(5);
	scratch_close(&scratch);
	disk_stop();

	try_all("an older database", first, state, 7);
	free(older);
	run_end(&run);
	scratch_remove(&scratch);
}

int main(void)
{
	const char *wanted_seed = getenv("XENAPID_SEED");

	all = getenv("XENAPID_POWER_CUTS") != NULL;
	seed = wanted_seed ? (unsigned int)strtoul(wanted_seed, NULL, 10) :
			     (unsigned int)time(NULL);
	diag("XENAPID_SEED=%u", seed);
	log_set_level(LOG_LEVEL_WARNING);
	schema_init();
	disk_install();
	scratch_make(&after);
	test_new();
	test_upgrade();
	scratch_remove(&after);
	return done_testing();
}
