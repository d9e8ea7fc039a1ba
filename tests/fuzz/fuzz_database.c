/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_database – a database that somebody has damaged is refused with a sentence, or opened and
 * used; what the doctor mends is then opened without anything left out.
 *
 * The first byte of the input says what it is: S, SQL that is run on a database with some objects;
 * P, pieces that are written over its bytes: offset (4 bytes, little end first), length (1 byte),
 * bytes; anything else: the whole file.
 */
#include "schema/buffer.h"
#include "schema/log.h"
#include "server/store/backup.h"
#include "tests/store/scratch.h"

#include <assert.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEPS_MAX 20000 /* of SQLite's machine, in thousands: no SQL runs for ever */

/* The bytes of a database with some objects. */
static struct buffer base;

static void read_base(const char *path)
{
	FILE *file = fopen(path, "rb");
	char piece[4096];
	size_t count;

	while ((count = fread(piece, 1, sizeof(piece), file)) > 0)
		buffer_add(&base, piece, count);
	fclose(file);
}

static void make_base(void)
{
	struct scratch scratch;
	char ref[REF_SIZE];
	AUTO_ERROR err = {0};

	scratch_start(&scratch, "one", ref);
	scratch_add_vm(&scratch, "two", ref, &err);
	scratch_add_vm(&scratch, "three", ref, &err);
	scratch_delete(&scratch, CLASS_VM, ref, &err);
	scratch_close(&scratch);
	free(scratch_sql(&scratch, "PRAGMA journal_mode=DELETE"));
	free(scratch_sql(&scratch, "PRAGMA page_size=1024; VACUUM"));
	read_base(scratch.path);
	scratch_remove(&scratch);
}

static void write_file(const char *path, const void *data, size_t size)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t written = write(file, data, size);

	assert(written == (ssize_t)size);
	close(file);
}

static int give_up(void *steps)
{
	return --*(int *)steps <= 0;
}

static void run_sql(const char *path, const uint8_t *data, size_t size)
{
	AUTO_TEXT sql = allocate(size + 1);
	sqlite3 *connection;
	int steps = STEPS_MAX / 1000;

	memcpy(sql, data, size);
	sqlite3_open(path, &connection);
	sqlite3_limit(connection, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(connection, SQLITE_LIMIT_LENGTH, 1 << 20);
	sqlite3_progress_handler(connection, 1000, give_up, &steps);
	sqlite3_exec(connection, "PRAGMA writable_schema=ON", NULL, NULL, NULL);
	sqlite3_exec(connection, sql, NULL, NULL, NULL);
	sqlite3_close(connection);
}

static void write_pieces(const char *path, const uint8_t *data, size_t size)
{
	int file = open(path, O_WRONLY);

	while (size > 5) {
		size_t at = data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16;
		size_t length = data[4] < size - 5 ? data[4] : size - 5;
		ssize_t written = pwrite(file, data + 5, length, (off_t)(at % base.length));

		assert(written == (ssize_t)length);
		data += 5 + length;
		size -= 5 + length;
	}
	close(file);
}

static void damage(const char *path, const uint8_t *data, size_t size)
{
	if (size && (*data == 'S' || *data == 'P'))
		write_file(path, base.data, base.length);
	if (size && *data == 'S')
		run_sql(path, data + 1, size - 1);
	else if (size && *data == 'P')
		write_pieces(path, data + 1, size - 1);
	else
		write_file(path, data, size);
}

static void look_at_all(struct store *store)
{
	for (int c = 0; c < CLASS_COUNT; c++) {
		size_t count;
		struct record **records = store_list(store, c, &count);

		for (size_t i = 0; i < count; i++)
			for (int f = 0; f < records[i]->cls->field_count; f++)
				assert(records[i]->fields[f]);
		store_free_list(records, count);
	}
}

/* As a daemon would: what is changed is there again, or the change was refused. */
static void use(struct scratch *scratch)
{
	struct store_options options = {.path = scratch->path};
	AUTO_TEXT problem = NULL;
	AUTO_ERROR err = {0};
	char ref[REF_SIZE];
	bool added;

	scratch->store = store_open(&options, &problem);
	assert(!scratch->store == (problem != NULL));
	if (!scratch->store)
		return;
	look_at_all(scratch->store);
	added = scratch_add_vm(scratch, "more", ref, &err) == 0;
	scratch_close(scratch);
	scratch->store = store_open(&options, &problem);
	if (scratch->store && added) {
		AUTO(record) vm = store_read(scratch->store, CLASS_VM, ref);

		assert(vm || store_left_out(scratch->store, CLASS_VM));
	}
	scratch_close(scratch);
}

struct findings {
	int left_out;
	int damages;
};

static void count_finding(void *argument, const struct store_finding *finding)
{
	struct findings *findings = argument;

	assert(finding->problem);
	findings->damages += !finding->cls;
	findings->left_out += finding->left_out;
}

static void repair(const struct scratch *scratch)
{
	struct findings before = {0};
	struct findings after = {0};
	struct store *store = NULL;
	AUTO_TEXT kept = NULL;
	AUTO_TEXT refused = backup_repair(scratch->path, count_finding, &before, &kept);
	AUTO_TEXT problem = NULL;

	assert(!refused == (kept != NULL));
	if (refused)
		return;
	problem = backup_examine(scratch->path, count_finding, &after, &store);
	assert(store && !problem && !after.damages && !after.left_out);
	store_close(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scratch scratch;
	AUTO_TEXT wal = NULL;

	if (!base.length) {
		schema_init();
		log_set_level(LOG_LEVEL_ERROR);
		make_base();
	}
	scratch_make(&scratch);
	damage(scratch.path, data, size);
	repair(&scratch);
	damage(scratch.path, data, size);
	wal = text_format("%s-wal", scratch.path);
	unlink(wal);
	use(&scratch);
	scratch_remove(&scratch);
	return 0;
}
