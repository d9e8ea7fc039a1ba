/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* store.c – opening and closing, reading, and handing mutations to the committer. */
#include "server/store/private.h"

#include "schema/log.h"
#include "schema/meter.h"
#include "schema/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#define TOMBSTONES_KEPT 100000
#define WAL_BYTES (64 << 20)
#define HISTORY_KEPT 200000
#define HISTORY_SECONDS (365 * 86400)

/* The lock is on a file of its own: closing the database file would drop the locks that SQLite
 * holds on it. */
int store_lock(const char *path, char **ret_problem)
{
	/* one database, one lock, whatever links lead there */
	AUTO_TEXT real_path = realpath(path, NULL);
	AUTO_TEXT lock_path = text_format("%s.lock", real_path ? real_path : path);
	int file = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (file < 0) {
		*ret_problem = text_format("cannot open %s: %s", lock_path, strerror(errno));
		return -1;
	}
	if (flock(file, LOCK_EX | LOCK_NB) < 0) {
		*ret_problem =
			errno == EWOULDBLOCK ?
				text_format("another xenapid uses the database %s", path) :
				text_format("cannot lock %s: %s", lock_path, strerror(errno));
		close(file);
		return -1;
	}
	return file;
}

static void log_damage(struct database *database, const char *path)
{
	AUTO_TEXT damage = database_damage(database);

	if (damage)
		log_error(
			"the database %s is damaged: %s. What can be read of it is served, but objects may be missing: "
			"xenapid doctor says more",
			path, damage);
}

struct store *store_make(struct database *database, int lock_file,
			 const struct store_options *options)
{
	struct store *store = allocate(sizeof(*store));

	store->database = database;
	store->lock_file = lock_file;
	store->path = text_copy(options->path);
	store->tombstones_kept = options->tombstones_kept ? options->tombstones_kept :
							    TOMBSTONES_KEPT;
	store->history_kept = options->history_kept ? options->history_kept : HISTORY_KEPT;
	store->history_seconds = options->history_seconds ? options->history_seconds :
							    HISTORY_SECONDS;
	pthread_mutex_init(&store->reading, NULL);
	pthread_rwlock_init(&store->published, NULL);
	pthread_mutex_init(&store->queue, NULL);
	pthread_cond_init(&store->submitted, NULL);
	for (int i = 0; i < CLASS_COUNT; i++)
		table_init(&store->tables[i], schema_classes[i]);
	return store;
}

static void destroy(struct store *store)
{
	for (int i = 0; i < CLASS_COUNT; i++)
		table_free(&store->tables[i]);
	history_close(store);
	database_close(store->database);
	if (store->lock_file >= 0)
		close(store->lock_file);
	pthread_cond_destroy(&store->submitted);
	pthread_mutex_destroy(&store->queue);
	pthread_rwlock_destroy(&store->published);
	free(store);
}

struct store *store_open(const struct store_options *options, char **ret_problem)
{
	int lock_file = store_lock(options->path, ret_problem);
	struct database *database;
	struct store *store;
	bool loaded = false;

	if (lock_file < 0)
		return NULL;
	database = database_open(options->path, ret_problem);
	if (!database) {
		close(lock_file);
		return NULL;
	}
	log_damage(database, options->path);
	store = store_make(database, lock_file, options);
	if (!database_drop_tombstones(database, store->tombstones_kept))
		database_rollback(database); /* an old tombstone harms nobody: the next start tries
						again */
	if (load_tables(store, load_log_finding, NULL) < 0)
		*ret_problem = text_format("%s cannot be read: %s. xenapid doctor says more",
					   options->path, database_problem(database));
	else if (database_start_checkpoints(database,
					    options->wal_bytes ? options->wal_bytes : WAL_BYTES,
					    ret_problem))
		loaded = true;
	if (!loaded) {
		destroy(store);
		return NULL;
	}
	thread_start(&store->committer, "committer", commit_run, store);
	return store;
}

void store_close(struct store *store)
{
	/* one that is only looked through has no committer */
	if (store->lock_file >= 0) {
		pthread_mutex_lock(&store->queue);
		store->closing = true;
		pthread_cond_signal(&store->submitted);
		pthread_mutex_unlock(&store->queue);
		pthread_join(store->committer, NULL);
	}
	destroy(store);
}

void store_set_rules(struct store *store, const struct store_rules *rules)
{
	store->rules = *rules;
	for (int i = 0; i < CLASS_COUNT; i++)
		for (struct slot *slot = store->tables[i].first; slot; slot = slot->next)
			rules->derive(rules->context, NULL, slot->record);
}

struct record *store_read(struct store *store, enum class_id cls, const char *name)
{
	struct record *record;

	if (rehearsal_read(cls, name, &record))
		return record;
	pthread_rwlock_rdlock(&store->published);
	record = table_find(&store->tables[cls], name);
	if (!record && *name && schema_classes[cls]->uuid >= 0)
		record = table_find_by_uuid(&store->tables[cls], name);
	if (record)
		record_reference(record);
	pthread_rwlock_unlock(&store->published);
	return record;
}

struct record *store_read_by_uuid(struct store *store, enum class_id cls, const char *uuid)
{
	struct record *record;

	if (rehearsal_read(cls, uuid, &record))
		return record;
	pthread_rwlock_rdlock(&store->published);
	record = table_find_by_uuid(&store->tables[cls], uuid);
	if (record)
		record_reference(record);
	pthread_rwlock_unlock(&store->published);
	return record;
}

struct record **store_list(struct store *store, enum class_id cls, size_t *ret_count)
{
	struct table *table = &store->tables[cls];
	struct record **records;
	size_t count = 0;

	pthread_rwlock_rdlock(&store->published);
	records = allocate(table->count * sizeof(*records));
	for (struct slot *slot = table->first; slot; slot = slot->next)
		records[count++] = record_reference(slot->record);
	pthread_rwlock_unlock(&store->published);
	records = rehearsal_list(cls, records, &count);
	*ret_count = count;
	return records;
}

void store_free_list(struct record **records, size_t count)
{
	for (size_t i = 0; i < count; i++)
		record_release(records[i]);
	free(records);
}

size_t store_left_out(const struct store *store, enum class_id cls)
{
	return store->left_out[cls];
}

const char *store_path(const struct store *store)
{
	return database_path(store->database);
}

char *store_get_setting(struct store *store, const char *name)
{
	return database_get_setting(store->database, name);
}

uint64_t store_revision(struct store *store)
{
	return atomic_load(&store->revision);
}

void store_submit(struct store *store, struct mutation *mutation)
{
	mutation->next = NULL;
	mutation->changes = NULL;
	mutation->settings = NULL;
	mutation->error = (struct error){0};
	if (!mutation->actor)
		mutation->actor = store_acting();
	meter_add(METER_queued_changes, 1);
	pthread_mutex_lock(&store->queue);
	*(store->last ? &store->last->next : &store->first) = mutation;
	store->last = mutation;
	pthread_mutex_unlock(&store->queue);
	/* not before: the committer would wake up only to wait for the lock */
	pthread_cond_signal(&store->submitted);
}

struct waiter {
	struct mutation mutation;
	struct error *err;
	int rc;
	bool done;
	pthread_mutex_t lock;
	pthread_cond_t finished;
};

static void finish_waiting(struct mutation *mutation, struct error *err)
{
	struct waiter *waiter = (struct waiter *)mutation; /* its first member */

	pthread_mutex_lock(&waiter->lock);
	waiter->rc = err->code == ERROR_NONE ? 0 : -1;
	if (waiter->rc < 0)
		error_move(waiter->err, err);
	waiter->done = true;
	pthread_cond_signal(&waiter->finished);
	pthread_mutex_unlock(&waiter->lock);
}

static int submit_and_wait(struct store *store, struct waiter *waiter)
{
	store_submit(store, &waiter->mutation);
	pthread_mutex_lock(&waiter->lock);
	while (!waiter->done)
		pthread_cond_wait(&waiter->finished, &waiter->lock);
	pthread_mutex_unlock(&waiter->lock);
	return waiter->rc;
}

int store_mutate(struct store *store, mutation_fn run, void *argument, struct error *err)
{
	struct rehearsal *rehearsal = rehearsal_current();
	struct waiter waiter = {.mutation = {.run = run,
					     .argument = argument,
					     .done = finish_waiting,
					     .dry_run = rehearsal,
					     .rehearsal = rehearsal},
				.err = err,
				.lock = PTHREAD_MUTEX_INITIALIZER,
				.finished = PTHREAD_COND_INITIALIZER};
	int rc = submit_and_wait(store, &waiter);

	if (rc == 0 && rehearsal)
		rehearsal_accept(rehearsal);
	return rc;
}

int store_try(struct store *store, mutation_fn run, void *argument,
	      void (*report)(void *report_to, const struct record *old, const struct record *new),
	      void *report_to, struct error *err)
{
	struct waiter waiter = {.mutation = {.run = run,
					     .argument = argument,
					     .done = finish_waiting,
					     .dry_run = true,
					     .report = report,
					     .report_to = report_to},
				.err = err,
				.lock = PTHREAD_MUTEX_INITIALIZER,
				.finished = PTHREAD_COND_INITIALIZER};

	return submit_and_wait(store, &waiter);
}
