/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* checkpoint.c – the thread that brings what was committed from the WAL into the database file. */
#include "server/store/checkpoint.h"

#include "schema/base.h"
#include "schema/clock.h"
#include "schema/log.h"
#include "schema/meter.h"
#include "schema/thread.h"

#include <stdbool.h>

#define STEP_PAGES 1000	    /* pages */
#define RETRY_NS 1000000000 /* after one that failed, whether there are commits or not */

struct checkpoint {
	sqlite3 *connection; /* the thread's */
	pthread_t thread;
	bool troubled; /* the last one failed, and somebody was told */

	pthread_mutex_t lock; /* guards the rest */
	pthread_cond_t due;
	pthread_cond_t turn; /* the writer's, or the thread's to restart the WAL */
	int pages;	     /* in the WAL, after the last commit */
	int next;	     /* so many make the next one due */
	int step;
	int limit;
	bool writing;
	bool restarting;
	bool closing;
};

/* On the writer's thread, after each commit. */
static int note_commit(void *context, sqlite3 *writer, const char *name, int pages)
{
	struct checkpoint *checkpoint = context;

	(void)writer;
	(void)name;
	pthread_mutex_lock(&checkpoint->lock);
	if (pages < checkpoint->pages)
		checkpoint->next = checkpoint->step; /* it was started again */
	checkpoint->pages = pages;
	if (pages >= checkpoint->next)
		pthread_cond_signal(&checkpoint->due);
	pthread_mutex_unlock(&checkpoint->lock);
	return SQLITE_OK;
}

void checkpoint_enter(struct checkpoint *checkpoint)
{
	if (!checkpoint)
		return;
	pthread_mutex_lock(&checkpoint->lock);
	while (checkpoint->restarting)
		pthread_cond_wait(&checkpoint->turn, &checkpoint->lock);
	checkpoint->writing = true;
	pthread_mutex_unlock(&checkpoint->lock);
}

void checkpoint_leave(struct checkpoint *checkpoint)
{
	if (!checkpoint)
		return;
	pthread_mutex_lock(&checkpoint->lock);
	checkpoint->writing = false;
	if (checkpoint->restarting)
		pthread_cond_signal(&checkpoint->turn);
	pthread_mutex_unlock(&checkpoint->lock);
}

static int run(struct checkpoint *checkpoint, int mode)
{
	return sqlite3_wal_checkpoint_v2(checkpoint->connection, NULL, mode, NULL, NULL);
}

/* In turn with the writer: it would find the file locked, and poll, or refuse a change. */
static int restart(struct checkpoint *checkpoint)
{
	int rc;

	pthread_mutex_lock(&checkpoint->lock);
	checkpoint->restarting = true;
	while (checkpoint->writing)
		pthread_cond_wait(&checkpoint->turn, &checkpoint->lock);
	pthread_mutex_unlock(&checkpoint->lock);
	rc = run(checkpoint, SQLITE_CHECKPOINT_RESTART);
	pthread_mutex_lock(&checkpoint->lock);
	checkpoint->restarting = false;
	pthread_cond_signal(&checkpoint->turn);
	pthread_mutex_unlock(&checkpoint->lock);
	return rc;
}

static bool is_too_large(struct checkpoint *checkpoint)
{
	bool too_large;

	pthread_mutex_lock(&checkpoint->lock);
	too_large = checkpoint->pages > checkpoint->limit;
	pthread_mutex_unlock(&checkpoint->lock);
	return too_large;
}

static void report(struct checkpoint *checkpoint, int rc)
{
	bool failed = rc != SQLITE_OK;

	if (failed && !checkpoint->troubled)
		log_error(
			"what was stored cannot be brought from the database's WAL into its file (%s): "
			"the WAL grows until that works again",
			sqlite3_errmsg(checkpoint->connection));
	else if (!failed && checkpoint->troubled)
		log_info("the database's WAL is brought into its file again");
	checkpoint->troubled = failed;
}

/* The first copies while the writer goes on, so that it waits for little when it has to. */
static void bring_over(struct checkpoint *checkpoint)
{
	int rc = run(checkpoint, SQLITE_CHECKPOINT_PASSIVE);

	if (rc == SQLITE_BUSY)
		return; /* another program is at it */
	if (rc == SQLITE_OK && is_too_large(checkpoint))
		rc = restart(checkpoint);
	if (rc == SQLITE_BUSY)
		return; /* somebody reads it, a backup say: the next one tries again */
	report(checkpoint, rc);
}

static bool wait_until_due(struct checkpoint *checkpoint)
{
	int64_t retry_ns = clock_ns() + RETRY_NS;
	bool retry = false;
	bool closing;

	pthread_mutex_lock(&checkpoint->lock);
	while (!checkpoint->closing && !retry && checkpoint->pages < checkpoint->next) {
		if (checkpoint->troubled)
			retry = !clock_wait(&checkpoint->due, &checkpoint->lock, retry_ns);
		else
			pthread_cond_wait(&checkpoint->due, &checkpoint->lock);
	}
	closing = checkpoint->closing;
	checkpoint->next = checkpoint->pages + checkpoint->step;
	pthread_mutex_unlock(&checkpoint->lock);
	return !closing;
}

static void *checkpoint_run(void *argument)
{
	struct checkpoint *checkpoint = argument;

	while (wait_until_due(checkpoint)) {
		meter_add(METER_checkpoints, 1);
		bring_over(checkpoint);
	}
	return NULL;
}

static int page_bytes(sqlite3 *writer)
{
	sqlite3_stmt *statement = NULL;
	int bytes = 0;

	if (sqlite3_prepare_v2(writer, "PRAGMA page_size", -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		bytes = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return bytes ? bytes : 4096;
}

struct checkpoint *checkpoint_start(sqlite3 *writer, int64_t wal_bytes, char **ret_problem)
{
	struct checkpoint *checkpoint = allocate(sizeof(*checkpoint));
	const char *path = sqlite3_db_filename(writer, "main");
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;

	if (sqlite3_open_v2(path, &checkpoint->connection, flags, NULL) != SQLITE_OK ||
	    sqlite3_exec(checkpoint->connection, "PRAGMA synchronous=FULL", NULL, NULL, NULL) !=
		    SQLITE_OK) {
		*ret_problem = text_format("%s: %s", path, sqlite3_errmsg(checkpoint->connection));
		sqlite3_close(checkpoint->connection);
		free(checkpoint);
		return NULL;
	}
	checkpoint->limit = (int)lesser_of(wal_bytes / page_bytes(writer), INT32_MAX);
	checkpoint->step = (int)lesser_of(checkpoint->limit, STEP_PAGES);
	checkpoint->next = checkpoint->step;
	pthread_mutex_init(&checkpoint->lock, NULL);
	clock_init_condition(&checkpoint->due);
	pthread_cond_init(&checkpoint->turn, NULL);
	sqlite3_wal_hook(writer, note_commit, checkpoint);
	thread_start(&checkpoint->thread, "checkpoint", checkpoint_run, checkpoint);
	return checkpoint;
}

void checkpoint_stop(struct checkpoint *checkpoint)
{
	int rc;

	if (!checkpoint)
		return;
	pthread_mutex_lock(&checkpoint->lock);
	checkpoint->closing = true;
	pthread_cond_signal(&checkpoint->due);
	pthread_mutex_unlock(&checkpoint->lock);
	pthread_join(checkpoint->thread, NULL);
	rc = run(checkpoint, SQLITE_CHECKPOINT_TRUNCATE);
	if ((rc & 0xff) != SQLITE_BUSY)
		report(checkpoint, rc);
	sqlite3_close(checkpoint->connection);
	pthread_cond_destroy(&checkpoint->turn);
	pthread_cond_destroy(&checkpoint->due);
	pthread_mutex_destroy(&checkpoint->lock);
	free(checkpoint);
}
