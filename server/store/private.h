/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* private.h – what the store's own files share. */
#ifndef SERVER_STORE_PRIVATE_H
#define SERVER_STORE_PRIVATE_H

#include "server/store/database.h"
#include "server/store/finding.h"
#include "server/store/overlay.h"
#include "server/store/store.h"
#include "server/store/table.h"

#include <pthread.h>

struct store {
	struct database *database; /* the committer's, once it runs */
	int lock_file;
	struct store_rules rules;

	/* Guards the published tables: the committer writes, everybody reads. */
	pthread_rwlock_t published;
	struct table tables[CLASS_COUNT];
	_Atomic uint64_t revision;
	size_t tombstones_kept; /* of a class */
	size_t left_out[CLASS_COUNT];
	store_listener_fn listener;
	void *listener_context;

	/* The committer's own. */
	pthread_t committer;
	struct overlay accepted; /* of the batch under way */
	uint64_t next_revision;
	int64_t history_kept;
	int64_t history_seconds;
	size_t buried; /* since the table of tombstones was last looked through */

	/* Guards the connection that reads the history. */
	pthread_mutex_t reading;
	char *path;
	struct sqlite3 *reader; /* NULL: nobody has asked yet */

	/* Guards what waits for the committer. */
	pthread_mutex_t queue;
	pthread_cond_t submitted;
	struct mutation *first;
	struct mutation *last;
	bool closing;
};

/* One object as one mutation leaves it. */
struct change {
	struct change *next;
	const struct record *old; /* a reference; NULL: the object is new */
	struct record *new;	  /* a reference; NULL: it is deleted */
	bool touched;		  /* counts as a change whatever it is */
};

struct setting {
	struct setting *next;
	char *name;
	char *value;
};

struct transaction {
	struct store *store;
	struct change *changes; /* in the order in which they were first made */
	struct change **end;
	struct setting *settings; /* newest first, each name once */
	bool continues;		  /* a rehearsal: what is new may be of an earlier mutation */
};

/* Of one thread: what it has changed so far, and what the mutation under way would make of that. */
struct rehearsal {
	struct change *changes;
	struct change *next;
};

/* rehearsal.c */
/* This thread's; NULL: what it does is meant. */
struct rehearsal *rehearsal_current(void);
/* On the committer's thread: a transaction begins with what there is, and what it leaves is kept.
 */
void rehearsal_begin(const struct rehearsal *rehearsal, struct transaction *transaction);
void rehearsal_keep(struct rehearsal *rehearsal, struct change *changes);
/* The mutation has succeeded. */
void rehearsal_accept(struct rehearsal *rehearsal);
/* False: nothing is known of such an object. NULL: it is deleted. */
bool rehearsal_read(enum class_id cls, const char *name, struct record **ret_record);
/* The list with what is different; takes it. */
struct record **rehearsal_list(enum class_id cls, struct record **records, size_t *count);
/* transaction.c */
/* Runs the mutation against the newest records. 0: its changes, numbered, are in mutation->changes
 * and ->settings. */
int transaction_run(struct store *store, struct mutation *mutation);
void changes_free(struct change *changes);
void settings_free(struct setting *settings);
/* history.c */
const struct store_actor *store_acting(void);
void history_close(struct store *store);
/* commit.c */
void *commit_run(void *store);
/* changes.c: how many tombstones of the class are kept in memory */
size_t tombstones_kept(const struct store *store, const struct class_info *cls);
/* load.c: what makes no sense goes to `each`. −1: the database has the problem. */
int load_tables(struct store *store, store_finding_fn each, void *argument);
/* Logs a finding. */
void load_log_finding(void *argument, const struct store_finding *finding);
/* store.c */
/* The descriptor of the lock, to be closed; −1: *ret_problem says why. */
int store_lock(const char *path, char **ret_problem);
/* Takes both; no thread runs yet. */
struct store *store_make(struct database *database, int lock_file,
			 const struct store_options *options);

#endif
