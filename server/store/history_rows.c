/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* history_rows.c – the table of the history: written with each change, pruned now and then. */
#include "server/store/database_private.h"

#include "schema/text.h"

#include <strings.h>

/* Ordered as it is written: a new entry touches the last page only. An object's entries are chained
 * by `before`, so that no index is to be kept. */
#define CREATE                                                                                    \
	"CREATE TABLE xenapid_history (revision INTEGER NOT NULL, ref TEXT NOT NULL, class TEXT " \
	"NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL, before INTEGER NOT NULL, time "   \
	"INTEGER NOT NULL, user TEXT NOT NULL, address TEXT NOT NULL, call TEXT NOT NULL, task "  \
	"TEXT NOT NULL, fields TEXT NOT NULL, PRIMARY KEY (revision, ref)) STRICT, WITHOUT ROWID"
#define INSERT                                                                                  \
	"INSERT INTO xenapid_history (revision, ref, class, kind, number, before, time, user, " \
	"address, call, task, fields) VALUES (?, ?, ?, ?, ?, ?, unixepoch(), ?, ?, ?, ?, ?)"
#define NEWEST "SELECT number FROM xenapid_history ORDER BY revision DESC LIMIT 1"
#define PRUNE_EVERY 256 /* entries */
/* Changes wait meanwhile: not all at once, and nothing is looked at while the oldest may stay. */
#define OLD "(number <= ?1 OR time < unixepoch() - ?2)"
#define OLDEST_FIRST " FROM xenapid_history ORDER BY revision LIMIT "
#define PRUNE                                                                          \
	"DELETE FROM xenapid_history WHERE revision <= (SELECT max(revision) FROM "    \
	"(SELECT revision, number, time" OLDEST_FIRST "?3 * (SELECT " OLD OLDEST_FIRST \
	"1)) WHERE " OLD ")"

bool database_create_history(struct database *database)
{
	return database_run(database, CREATE);
}

void database_read_newest_entry(struct database *database)
{
	int64_t number = database_number(database, NEWEST);

	database->entries = database->pruned_at = number > 0 ? number : 0;
}

static bool is_secret(const char *key)
{
	static const char *const words[] = {"password", "passwd", "secret", "token"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasestr(key, words[i]))
			return true;
	return false;
}

static bool has_secret(const struct value *map)
{
	for (uint32_t i = 0; i < map->length; i++)
		if (is_secret(map->members[i].key->text))
			return true;
	return false;
}

static void add_value(struct buffer *out, const struct value *value)
{
	AUTO(value) shown = NULL;

	if (value->kind != VALUE_MAP || !has_secret(value)) {
		value_add_json(out, value);
		return;
	}
	shown = value_map();
	for (uint32_t i = 0; i < value->length; i++)
		value_put_member(shown, value_reference(value->members[i].key),
				 is_secret(value->members[i].key->text) ?
					 value_string(HISTORY_SECRET) :
					 value_reference(value->members[i].value));
	value_add_json(out, shown);
}

static void add_field(struct buffer *out, const struct record *old, const struct record *new,
		      int field)
{
	const struct field_info *info = &(old ? old : new)->cls->fields[field];

	if (out->length > 1)
		buffer_add_char(out, ',');
	text_add_json(out, info->name);
	buffer_add_literal(out, ":[");
	if (old)
		add_value(out, old->fields[field]);
	if (old && new)
		buffer_add_char(out, ',');
	if (new)
		add_value(out, new->fields[field]);
	buffer_add_char(out, ']');
}

/* What clients change, be it by messages of its own. */
static bool is_told(const struct field_info *field)
{
	return field->qualifier != QUALIFIER_INTERNAL || field->setter != ROLE_nobody;
}

static void add_fields(struct buffer *out, const struct record *old, const struct record *new,
		       const struct differences *differences)
{
	const struct class_info *cls = (old ? old : new)->cls;

	buffer_add_char(out, '{');
	for (int i = 0; i < differences->count; i++) {
		int field = differences->fields[i];

		if (is_told(&cls->fields[field]))
			add_field(out, old, new, field);
	}
	buffer_add_char(out, '}');
}

bool database_write_history(struct database *database, const struct record *old,
			    const struct record *new, const struct differences *differences,
			    uint64_t revision, const struct store_actor *actor)
{
	static const struct store_actor nobody = {"", "", "", "", NULL};
	const struct record *record = new ? new : old;
	sqlite3_stmt *statement =
		database_prepare(database, &database->statements[STATEMENT_HISTORY], INSERT);
	AUTO_BUFFER fields = {0};

	if (!statement)
		return false;
	actor = actor ? actor : &nobody;
	add_fields(&fields, old, new, differences);
	sqlite3_bind_int64(statement, 1, (sqlite3_int64)revision);
	database_bind_text(statement, 2, record_ref(record));
	database_bind_text(statement, 3, record->cls->name);
	database_bind_text(statement, 4,
			   !old ? HISTORY_CREATED :
			   new	? HISTORY_CHANGED :
				  HISTORY_DELETED);
	sqlite3_bind_int64(statement, 5, ++database->entries);
	sqlite3_bind_int64(statement, 6, old ? (sqlite3_int64)old->stored : 0);
	database_bind_text(statement, 7, actor->user);
	database_bind_text(statement, 8, actor->address);
	database_bind_text(statement, 9, actor->call);
	database_bind_text(statement, 10, actor->task);
	sqlite3_bind_text(statement, 11, fields.data, (int)fields.length, SQLITE_STATIC);
	return database_step(database, statement, "history");
}

bool database_prune_history(struct database *database, int64_t kept, int64_t seconds)
{
	sqlite3_stmt *statement = NULL;
	int64_t written = database->entries - database->pruned_at;
	bool done;

	if (written < PRUNE_EVERY)
		return true;
	database->pruned_at = database->entries;
	if (!database_begin(database))
		return false;
	if (sqlite3_prepare_v2(database->connection, PRUNE, -1, &statement, NULL) != SQLITE_OK)
		return database_failed(database, "history");
	sqlite3_bind_int64(statement, 1, database->entries - kept);
	sqlite3_bind_int64(statement, 2, seconds);
	sqlite3_bind_int64(statement, 3, 2 * written); /* so that it catches up */
	done = sqlite3_step(statement) == SQLITE_DONE || database_failed(database, "history");
	sqlite3_finalize(statement);
	return done && database_commit(database);
}
