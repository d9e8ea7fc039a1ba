/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* history.c – reading the history, beside the committer: on a connection of its own. */
#include "server/store/history.h"

#include "schema/log.h"
#include "schema/text.h"
#include "server/store/private.h"

#include <sqlite3.h>

static _Thread_local const struct store_actor *current;

void store_act_as(const struct store_actor *actor)
{
	current = actor;
	log_set_request(actor ? actor->request : NULL);
}

const struct store_actor *store_acting(void)
{
	return current;
}

#define COLUMNS                                                                               \
	"SELECT revision, before, time, class, ref, kind, user, address, call, task, fields " \
	"FROM xenapid_history "
#define ENTRY COLUMNS "WHERE revision = ?1 AND ref = ?2"
#define REVISION COLUMNS "WHERE revision = ?1"
#define CLASS COLUMNS "WHERE revision <= ?1 AND class = ?2 ORDER BY revision DESC"
#define LAST_OF "SELECT max(revision) FROM xenapid_history WHERE ref = ?1"

static int refuse(struct store *store, struct error *err)
{
	AUTO_TEXT text = text_format("the history could not be read: %s",
				     store->reader ? sqlite3_errmsg(store->reader) : "no memory");

	return fail(err, ERROR_INTERNAL_ERROR, text);
}

/* The reader's lock is held. */
static int prepare(struct store *store, const char *sql, sqlite3_stmt **ret, struct error *err)
{
	if (!store->reader &&
	    sqlite3_open_v2(store->path, &store->reader, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK) {
		refuse(store, err);
		sqlite3_close(TAKE(store->reader));
		return -1;
	}
	sqlite3_busy_timeout(store->reader, 5000);
	if (sqlite3_prepare_v2(store->reader, sql, -1, ret, NULL) != SQLITE_OK)
		return refuse(store, err);
	return 0;
}

static const char *text(sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);

	return text ? text : "";
}

static struct history_entry entry_of(sqlite3_stmt *statement)
{
	return (struct history_entry){
		.revision = (uint64_t)sqlite3_column_int64(statement, 0),
		.before = (uint64_t)sqlite3_column_int64(statement, 1),
		.time = sqlite3_column_int64(statement, 2),
		.cls = schema_class(text(statement, 3)),
		.ref = text(statement, 4),
		.kind = text(statement, 5),
		.actor = {text(statement, 6), text(statement, 7), text(statement, 8),
			  text(statement, 9)},
		.fields = text(statement, 10),
	};
}

struct walk {
	const struct history_query *query;
	history_fn each;
	void *argument;
	size_t given;
};

/* False: that is enough. */
static bool give(struct walk *walk, const struct history_entry *entry)
{
	const struct history_query *query = walk->query;

	if (entry->time < query->since)
		return false;
	/* only what is internal has changed, or a program that is gone made it */
	if (!entry->cls || strcmp(entry->fields, "{}") == 0 ||
	    (query->until && entry->revision > query->until) ||
	    (query->user && strcmp(entry->actor.user, query->user) != 0))
		return true;
	return walk->each(walk->argument, entry) && ++walk->given < query->limit;
}

/* All that the statement finds. */
static int each_row(struct store *store, sqlite3_stmt *statement, struct walk *walk,
		    struct error *err)
{
	int rc;

	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		struct history_entry entry = entry_of(statement);

		if (!give(walk, &entry))
			return 0;
	}
	return rc == SQLITE_DONE ? 0 : refuse(store, err);
}

/* An object's entries, each naming the one before. */
static int each_of_object(struct store *store, sqlite3_stmt *statement, uint64_t revision,
			  struct walk *walk, struct error *err)
{
	bool more = true;

	while (revision && more) {
		int rc;

		sqlite3_bind_int64(statement, 1, (sqlite3_int64)revision);
		sqlite3_bind_text(statement, 2, walk->query->ref, -1, SQLITE_STATIC);
		rc = sqlite3_step(statement);
		revision = 0;
		if (rc == SQLITE_ROW) {
			struct history_entry entry = entry_of(statement);

			revision = entry.before;
			more = give(walk, &entry);
		} else if (rc != SQLITE_DONE) {
			return refuse(store, err);
		}
		sqlite3_reset(statement);
	}
	return 0;
}

/* Of an object that is gone: it is looked for. 0: there is none. */
static int find_last(struct store *store, const char *ref, uint64_t *ret_revision,
		     struct error *err)
{
	sqlite3_stmt *statement = NULL;
	int rc = prepare(store, LAST_OF, &statement, err);

	if (rc == 0) {
		sqlite3_bind_text(statement, 1, ref, -1, SQLITE_STATIC);
		if (sqlite3_step(statement) == SQLITE_ROW)
			*ret_revision = (uint64_t)sqlite3_column_int64(statement, 0);
	}
	sqlite3_finalize(statement);
	return rc;
}

static int walk_object(struct store *store, struct walk *walk, struct error *err)
{
	const struct history_query *query = walk->query;
	AUTO(record) record = store_read(store, query->cls->id, query->ref);
	uint64_t last = record ? record->stored : 0;
	sqlite3_stmt *statement = NULL;
	int rc;

	if (!record && find_last(store, query->ref, &last, err) < 0)
		return -1;
	rc = prepare(store, ENTRY, &statement, err);
	if (rc == 0)
		rc = each_of_object(store, statement, last, walk, err);
	sqlite3_finalize(statement);
	return rc;
}

static int walk_rows(struct store *store, struct walk *walk, struct error *err)
{
	const struct history_query *query = walk->query;
	sqlite3_stmt *statement = NULL;
	int rc = prepare(store, query->of_revision ? REVISION : CLASS, &statement, err);

	if (rc == 0 && query->of_revision) {
		sqlite3_bind_int64(statement, 1, (sqlite3_int64)query->of_revision);
	} else if (rc == 0) {
		sqlite3_bind_int64(statement, 1,
				   query->until ? (sqlite3_int64)query->until : INT64_MAX);
		sqlite3_bind_text(statement, 2, query->cls->name, -1, SQLITE_STATIC);
	}
	if (rc == 0)
		rc = each_row(store, statement, walk, err);
	sqlite3_finalize(statement);
	return rc;
}

void history_close(struct store *store)
{
	sqlite3_close(store->reader);
	free(store->path);
	pthread_mutex_destroy(&store->reading);
}

int history_each(struct store *store, const struct history_query *query, history_fn each,
		 void *argument, struct error *err)
{
	struct walk walk = {query, each, argument, 0};
	int rc;

	pthread_mutex_lock(&store->reading);
	rc = query->ref ? walk_object(store, &walk, err) : walk_rows(store, &walk, err);
	pthread_mutex_unlock(&store->reading);
	return rc;
}

struct fields {
	const struct history_entry *entry;
	history_field_fn each;
	void *argument;
};

/* `values`: [old, new], or the only one. */
static void give_field(void *argument, int field, const struct value *values)
{
	const struct fields *fields = argument;
	bool created = strcmp(fields->entry->kind, HISTORY_CREATED) == 0;
	struct value *first = values->length > 0 ? values->items[0] : NULL;

	fields->each(fields->argument, field, created ? NULL : first,
		     created		? first :
		     values->length > 1 ? values->items[1] :
					  NULL);
}

void history_each_field(const struct history_entry *entry, history_field_fn each, void *argument)
{
	struct fields fields = {entry, each, argument};

	text_each_field(entry->cls, entry->fields, give_field, &fields);
}
