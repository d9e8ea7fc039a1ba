/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_database.c – the file: its lock, newer and older ones, broken rows. */
#include "tests/store/scratch.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct scratch scratch;

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

static void test_lock(void)
{
	struct scratch link = {0};
	char ref[REF_SIZE];
	AUTO_TEXT problem = NULL;

	scratch_start(&scratch, "locked", ref);
	is_refused("another xenapid uses the database", "a second one is refused");
	snprintf(link.path, sizeof(link.path), "%s/link", scratch.folder);
	ok(symlink(scratch.path, link.path) == 0, "a link to it");
	problem = scratch_refusal(&link);
	ok(problem && strstr(problem, "another xenapid uses"), "is refused as well");
	scratch_is_name(&scratch, ref, "locked", "the first goes on");
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

	scratch_start(&scratch, "visible", ref);
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

	scratch_start(&scratch, "dead", ref);
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

	scratch_start(&scratch, "newer", ref);
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
	scratch_is_name(&scratch, ref, "newer", "the refused file was left as it was");
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

	scratch_start(&scratch, "older", ref);
	scratch_close(&scratch);
	free(scratch_sql(&scratch, "ALTER TABLE \"VM\" DROP COLUMN \"VCPUs_max\""));
	free(scratch_sql(&scratch, "DROP TABLE console"));
	scratch_open(&scratch);
	is_int(scratch_count_files(&scratch, "before-upgrade"), 1, "an older file is copied first");
	scratch_is_name(&scratch, ref, "older", "its objects are there");
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

	scratch_start(&scratch, "good", good);
	scratch_add_vm(&scratch, "bad", bad, &err);
	scratch_close(&scratch);
	run_sql("UPDATE \"VM\" SET tags = '[1' WHERE \"_ref\" =", bad);
	scratch_open(&scratch);
	scratch_is_name(&scratch, good, "good", "one row is served");
	scratch_is_name(&scratch, bad, NULL, "that whose set is no JSON is not");
	scratch_set_text(&scratch, CLASS_VM, good, VM_name_label, "better", &err);
	scratch_close(&scratch);
	kept = scratch_sql(&scratch, "SELECT count(*) FROM \"VM\"");
	is_str(kept, "2", "but it stays in the file");
	run_sql("UPDATE \"VM\" SET tags = '[]', power_state = 'Confused' WHERE \"_ref\" =", bad);
	scratch_open(&scratch);
	scratch_is_name(&scratch, bad, NULL, "nor one whose power state nobody knows");
	scratch_close(&scratch);
	run_sql("UPDATE \"VM\" SET power_state = 'Halted', uuid = (SELECT uuid FROM \"VM\" "
		"WHERE name_label = 'better') WHERE \"_ref\" =",
		bad);
	scratch_open(&scratch);
	scratch_is_name(&scratch, good, "better", "of two rows of one uuid the first is served");
	scratch_is_name(&scratch, bad, NULL, "the second is not");
	scratch_close(&scratch);
	run_sql("UPDATE \"VM\" SET uuid = 'u' WHERE \"_ref\" =", bad);
	scratch_open(&scratch);
	scratch_is_name(&scratch, bad, "bad", "a row that was repaired is back");
	scratch_remove(&scratch);
}

/* Only a damaged file has it: each column is NOT NULL. */
static void test_null(void)
{
	char good[REF_SIZE];
	char bad[REF_SIZE];
	AUTO_ERROR err = {0};

	scratch_start(&scratch, "good", good);
	scratch_add_vm(&scratch, "bad", bad, &err);
	scratch_close(&scratch);
	free(scratch_sql(&scratch, "ALTER TABLE \"VM\" RENAME TO old"));
	free(scratch_sql(&scratch, "CREATE TABLE \"VM\" AS SELECT * FROM old"));
	run_sql("UPDATE \"VM\" SET name_label = NULL WHERE \"_ref\" =", bad);
	scratch_open(&scratch);
	scratch_is_name(&scratch, good, "good", "one row is served");
	scratch_is_name(&scratch, bad, NULL, "that with a NULL is not");
	scratch_close(&scratch);
	run_sql("UPDATE \"VM\" SET \"_ref\" = NULL WHERE \"_ref\" =", bad);
	free(scratch_sql(&scratch, "UPDATE \"VM\" SET name_label = 'nameless' "
				   "WHERE \"_ref\" IS NULL"));
	scratch_open(&scratch);
	scratch_is_name(&scratch, good, "good", "neither is one without a reference");
	scratch_remove(&scratch);
}

static void test_dangling(void)
{
	char ref[REF_SIZE];
	AUTO_ERROR err = {0};
	AUTO(record) vm = NULL;
	AUTO_TEXT kept = NULL;

	scratch_start(&scratch, "dangling", ref);
	scratch_set_text(&scratch, CLASS_VM, ref, VM_affinity, "OpaqueRef:gone", &err);
	scratch_open(&scratch);
	vm = store_read(scratch.store, CLASS_VM, ref);
	is_str(record_text(vm, VM_affinity), NULL_REF, "a reference to nothing is unset");
	kept = scratch_sql(&scratch, "SELECT affinity FROM \"VM\"");
	is_str(kept, "OpaqueRef:gone", "in memory, not in the file");
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
	test_null();
	test_dangling();
	return done_testing();
}
