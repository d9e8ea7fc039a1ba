/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scratch.c – a database in a folder of its own, and short words for changing it. */
#include "tests/store/scratch.h"

#include "tests/tap.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

void scratch_make(struct scratch *scratch)
{
	const char *folder = getenv("TMPDIR");

	*scratch = (struct scratch){0};
	snprintf(scratch->folder, sizeof(scratch->folder), "%.40s/xenapid-store-XXXXXX",
		 folder && strlen(folder) <= 40 ? folder : "/tmp");
	if (!mkdtemp(scratch->folder))
		abort();
	snprintf(scratch->path, sizeof(scratch->path), "%s/test.db", scratch->folder);
}

void scratch_open(struct scratch *scratch)
{
	struct store_options options = {.path = scratch->path, .wal_bytes = scratch->wal_bytes};
	char *problem = NULL;

	scratch_close(scratch);
	scratch->store = store_open(&options, &problem);
	if (scratch->store)
		return;
	printf("Bail out! %s\n", problem);
	exit(1);
}

void scratch_close(struct scratch *scratch)
{
	if (scratch->store)
		store_close(TAKE(scratch->store));
}

char *scratch_refusal(const struct scratch *scratch)
{
	struct store_options options = {.path = scratch->path};
	char *problem = NULL;
	struct store *store = store_open(&options, &problem);

	if (store)
		store_close(store);
	return store ? NULL : problem;
}

static int take_first(void *argument, int columns, char **texts, char **names)
{
	char **first = argument;

	(void)names;
	if (!*first && columns && texts[0])
		*first = text_copy(texts[0]);
	return 0;
}

char *scratch_sql(const struct scratch *scratch, const char *sql)
{
	sqlite3 *connection = NULL;
	char *first = NULL;

	if (sqlite3_open(scratch->path, &connection) != SQLITE_OK ||
	    sqlite3_exec(connection, sql, take_first, &first, NULL) != SQLITE_OK)
		printf("# %s: %s\n", sql, sqlite3_errmsg(connection));
	sqlite3_close(connection);
	return first;
}

void scratch_checkpoint(const struct scratch *scratch, const char *how)
{
	AUTO_TEXT sql = text_format("PRAGMA wal_checkpoint(%s)", how);

	free(scratch_sql(scratch, sql));
}

void scratch_make_older(struct scratch *scratch)
{
	scratch_close(scratch);
	free(scratch_sql(scratch, "ALTER TABLE VM DROP COLUMN " SCRATCH_NEW_COLUMN "; "
				  "DROP TABLE VM_appliance"));
}

int scratch_count_files(const struct scratch *scratch, const char *part)
{
	DIR *folder = opendir(scratch->folder);
	struct dirent *entry;
	int count = 0;

	while ((entry = readdir(folder)))
		count += strstr(entry->d_name, part) != NULL;
	closedir(folder);
	return count;
}

char *scratch_find_file(const struct scratch *scratch, const char *part)
{
	DIR *folder = opendir(scratch->folder);
	struct dirent *entry;
	char *path = NULL;

	while (!path && (entry = readdir(folder)))
		if (strstr(entry->d_name, part))
			path = text_format("%s/%s", scratch->folder, entry->d_name);
	closedir(folder);
	return path;
}

void scratch_empty(struct scratch *scratch)
{
	AUTO_TEXT path = NULL;

	scratch_close(scratch);
	while ((path = scratch_find_file(scratch, ".db"))) {
		unlink(path);
		free(path);
	}
}

void scratch_remove(struct scratch *scratch)
{
	scratch_empty(scratch);
	rmdir(scratch->folder);
}

struct addition {
	const char *name;
	char *ref;
};

static int add_vm(struct transaction *transaction, void *argument, struct error *err)
{
	const struct addition *addition = argument;
	struct record *vm = transaction_create(transaction, CLASS_VM, NULL);

	(void)err;
	record_set_text(vm, VM_name_label, addition->name);
	snprintf(addition->ref, REF_SIZE, "%s", record_ref(vm));
	return 0;
}

int scratch_add_vm(struct scratch *scratch, const char *name, char ref[REF_SIZE], struct error *err)
{
	return store_mutate(scratch->store, add_vm, &(struct addition){name, ref}, err);
}

struct edit {
	enum class_id cls;
	const char *ref;
	int field;
	const char *text; /* NULL: delete it */
};

static int run_edit(struct transaction *transaction, void *argument, struct error *err)
{
	const struct edit *edit = argument;
	struct record *record;

	if (!edit->text) {
		transaction_delete(transaction, edit->cls, edit->ref);
		return 0;
	}
	record = transaction_edit(transaction, edit->cls, edit->ref);
	if (!record)
		return fail(err, ERROR_HANDLE_INVALID, schema_classes[edit->cls]->name, edit->ref);
	record_set_text(record, edit->field, edit->text);
	return 0;
}

int scratch_set_text(struct scratch *scratch, enum class_id cls, const char *ref, int field,
		     const char *text, struct error *err)
{
	return store_mutate(scratch->store, run_edit, &(struct edit){cls, ref, field, text}, err);
}

int scratch_delete(struct scratch *scratch, enum class_id cls, const char *ref, struct error *err)
{
	return store_mutate(scratch->store, run_edit, &(struct edit){cls, ref, 0, NULL}, err);
}

void scratch_start(struct scratch *scratch, const char *name, char ref[REF_SIZE])
{
	AUTO_ERROR err = {0};

	scratch_make(scratch);
	scratch_open(scratch);
	scratch_add_vm(scratch, name, ref, &err);
}

void scratch_is_name(const struct scratch *scratch, const char *ref, const char *want,
		     const char *what)
{
	AUTO(record) record = store_read(scratch->store, CLASS_VM, ref);

	is_str(record ? record_text(record, VM_name_label) : NULL, want, "%s", what);
}

void scratch_limit_files(uint64_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
}
