/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* commit.c – the one thread that changes anything: all that wait in one transaction, then
 * published, then answered. */
#include "server/store/private.h"

#include "schema/log.h"
#include "schema/meter.h"

#define BATCH_MAX 1024

static struct mutation *take_batch(struct store *store)
{
	struct mutation *batch;
	struct mutation *last;
	size_t count = 1;

	pthread_mutex_lock(&store->queue);
	while (!store->first && !store->closing)
		pthread_cond_wait(&store->submitted, &store->queue);
	batch = store->first;
	for (last = batch; last && last->next && count < BATCH_MAX; count++)
		last = last->next;
	if (batch) {
		meter_observe(METER_batch_size, (int64_t)count);
		store->first = last->next;
		if (!store->first)
			store->last = NULL;
		last->next = NULL;
	}
	pthread_mutex_unlock(&store->queue);
	return batch;
}

/* Its changes become what the next mutation of the batch sees. */
static void accept(struct store *store, const struct mutation *mutation)
{
	for (const struct change *change = mutation->changes; change; change = change->next) {
		const struct record *record = change->new ? change->new : change->old;

		overlay_put(&store->accepted, record->cls, record->ref, change->new);
	}
}

static bool write_changes(struct store *store, const struct mutation *mutation)
{
	for (const struct setting *setting = mutation->settings; setting; setting = setting->next)
		if (!database_set_setting(store->database, setting->name, setting->value))
			return false;
	for (const struct change *change = mutation->changes; change; change = change->next)
		if (!database_write(store->database, change->old, change->new, store->next_revision,
				    mutation->actor))
			return false;
	return true;
}

static void forget(struct mutation *mutation)
{
	changes_free(TAKE(mutation->changes));
	settings_free(TAKE(mutation->settings));
}

static void log_for(const struct mutation *mutation)
{
	log_set_request(mutation->actor ? mutation->actor->request : NULL);
}

/* All or nothing, on the disk. A mutation that is refused takes no part. */
static bool commit(struct store *store, struct mutation *batch)
{
	for (struct mutation *mutation = batch; mutation; mutation = mutation->next) {
		int rc;

		log_for(mutation);
		rc = transaction_run(store, mutation);
		log_set_request(NULL);
		if (rc < 0)
			continue;
		accept(store, mutation);
		if (!write_changes(store, mutation))
			return false;
	}
	return database_reserve_revision(store->database, store->next_revision) &&
	       database_commit(store->database);
}

static void roll_back(struct store *store, struct mutation *batch, uint64_t revision)
{
	log_error("%s", database_problem(store->database));
	meter_add(METER_failed_commits, 1);
	database_rollback(store->database);
	overlay_clear(&store->accepted);
	store->next_revision = revision;
	for (struct mutation *mutation = batch; mutation; mutation = mutation->next)
		forget(mutation);
}

static void bury(struct store *store, struct table *table, const struct record *record,
		 uint64_t revision)
{
	const struct tombstone tombstone = {value_reference(record->ref),
					    value_string(record_uuid(record)), record->created,
					    revision};

	store->buried++;
	tombstones_add(&table->tombstones, tombstone, tombstones_kept(store, table->cls));
	table_remove(table, record_ref(record));
}

/* Returns the classes it concerns. */
static uint64_t publish_one(struct store *store, const struct mutation *mutation)
{
	uint64_t classes = 0;

	for (const struct change *change = mutation->changes; change; change = change->next) {
		const struct record *record = change->new ? change->new : change->old;
		struct table *table = &store->tables[record->cls->id];

		if (change->new)
			table_put(table, record_reference(change->new));
		else
			bury(store, table, record, mutation->revision);
		classes |= UINT64_C(1) << record->cls->id;
	}
	return classes;
}

static void publish(struct store *store, const struct mutation *batch)
{
	uint64_t classes = 0;
	store_listener_fn listener;
	void *context;

	pthread_rwlock_wrlock(&store->published);
	for (const struct mutation *mutation = batch; mutation; mutation = mutation->next)
		classes |= publish_one(store, mutation);
	atomic_store(&store->revision, store->next_revision);
	listener = store->listener;
	context = store->listener_context;
	pthread_rwlock_unlock(&store->published);
	overlay_clear(&store->accepted);
	if (classes && listener)
		listener(context, classes);
}

static void answer(struct mutation *batch)
{
	while (batch) {
		struct mutation *next = batch->next;

		forget(batch);
		meter_add(METER_queued_changes, -1);
		/* may free the mutation */
		log_for(batch);
		if (batch->done)
			batch->done(batch, &batch->error);
		batch = next;
	}
	log_set_request(NULL);
}

/* The disk refused the batch: each on its own, so that only those it refuses again are told so. If
 * somebody has locked it, all of them have waited for that already. */
static void commit_one_by_one(struct store *store, struct mutation *batch)
{
	database_wait_for_lock(store->database, false);
	while (batch) {
		struct mutation *next = batch->next;
		uint64_t revision = store->next_revision;

		batch->next = NULL;
		if (!commit(store, batch)) {
			AUTO_TEXT text = text_format("the change could not be stored: %s",
						     database_problem(store->database));

			roll_back(store, batch, revision);
			fail(&batch->error, ERROR_INTERNAL_ERROR, text);
		}
		publish(store, batch);
		answer(batch);
		batch = next;
	}
	database_wait_for_lock(store->database, true);
}

/* Now and then: the table does not grow for as long as the daemon lives. */
static void drop_tombstones(struct store *store)
{
	if (store->buried <= store->tombstones_kept / 10)
		return;
	store->buried = 0;
	if (!database_drop_tombstones(store->database, store->tombstones_kept))
		database_rollback(store->database);
}

/* The same for the history. */
static void prune_history(struct store *store)
{
	if (!database_prune_history(store->database, store->history_kept, store->history_seconds))
		database_rollback(store->database);
}

void *commit_run(void *argument)
{
	struct store *store = argument;
	struct mutation *batch;

	while ((batch = take_batch(store))) {
		uint64_t revision = store->next_revision;

		if (commit(store, batch)) {
			publish(store, batch);
			answer(batch);
		} else {
			roll_back(store, batch, revision);
			commit_one_by_one(store, batch);
		}
		drop_tombstones(store);
		prune_history(store);
	}
	return NULL;
}
