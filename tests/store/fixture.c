/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fixture.c – a database in a folder of its own, and short words for changing it. */
#include "tests/store/fixture.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

void fixture_make(struct fixture *fixture)
{
	const char *folder = getenv("TMPDIR");

	*fixture = (struct fixture){0};
	snprintf(fixture->folder, sizeof(fixture->folder), "%.40s/xenapid-store-XXXXXX",
		 folder && strlen(folder) <= 40 ? folder : "/tmp");
	if (!mkdtemp(fixture->folder))
		abort();
	snprintf(fixture->path, sizeof(fixture->path), "%s/test.db", fixture->folder);
}

void fixture_remove(struct fixture *fixture)
{
	DIR *folder = opendir(fixture->folder);
	struct dirent *entry;

	fixture_close(fixture);
	while ((entry = readdir(folder))) {
		AUTO_TEXT path = text_format("%s/%s", fixture->folder, entry->d_name);

		unlink(path);
	}
	closedir(folder);
	rmdir(fixture->folder);
}

void fixture_open(struct fixture *fixture)
{
	struct store_options options = {.path = fixture->path};
	char *problem = NULL;

	fixture_close(fixture);
	fixture->store = store_open(&options, &problem);
	if (fixture->store)
		return;
	printf("Bail out! %s\n", problem);
	exit(1);
}

void fixture_close(struct fixture *fixture)
{
	if (fixture->store)
		store_close(TAKE(fixture->store));
}

char *fixture_refusal(const struct fixture *fixture)
{
	struct store_options options = {.path = fixture->path};
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

char *fixture_sql(const struct fixture *fixture, const char *sql)
{
	sqlite3 *connection = NULL;
	char *first = NULL;

	if (sqlite3_open(fixture->path, &connection) != SQLITE_OK ||
	    sqlite3_exec(connection, sql, take_first, &first, NULL) != SQLITE_OK)
		printf("# %s: %s\n", sql, sqlite3_errmsg(connection));
	sqlite3_close(connection);
	return first;
}

int fixture_count_files(const struct fixture *fixture, const char *part)
{
	DIR *folder = opendir(fixture->folder);
	struct dirent *entry;
	int count = 0;

	while ((entry = readdir(folder)))
		count += strstr(entry->d_name, part) != NULL;
	closedir(folder);
	return count;
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

int fixture_add_vm(struct fixture *fixture, const char *name, char ref[REF_SIZE], struct error *err)
{
	return store_mutate(fixture->store, add_vm, &(struct addition){name, ref}, err);
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

int fixture_set_text(struct fixture *fixture, enum class_id cls, const char *ref, int field,
		     const char *text, struct error *err)
{
	return store_mutate(fixture->store, run_edit, &(struct edit){cls, ref, field, text}, err);
}

int fixture_delete(struct fixture *fixture, enum class_id cls, const char *ref, struct error *err)
{
	return store_mutate(fixture->store, run_edit, &(struct edit){cls, ref, 0, NULL}, err);
}
