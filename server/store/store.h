/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* store.h – every object, in memory and in SQLite: read at once, changed through one committer. */
#ifndef SERVER_STORE_STORE_H
#define SERVER_STORE_STORE_H

#include "schema/error.h"
#include "schema/record.h"

/*
 * Reads never touch the disk and never wait for it: they hand out a reference to an immutable
 * record. A change is a mutation, run by the one committer thread against the newest records, and
 * answered once it is on the disk.
 */
struct store;
struct store_actor;
struct rehearsal;
struct transaction;

/* What the store asks of those who know what the fields mean. */
struct store_rules {
	/*
	 * Judges one object that a mutation made or changed, on its final state: old is NULL for a
	 * new one. May set fields of `record` that follow from others, and read in the transaction.
	 * −1 with *err refuses the whole mutation.
	 */
	int (*check)(void *context, struct transaction *transaction, const struct record *old,
		     struct record *record, struct error *err);
	/* Sets the volatile fields that are computed from others; old is NULL for a new or just
	 * loaded one. */
	void (*derive)(void *context, const struct record *old, struct record *record);
	void *context;
};

struct store_options {
	const char *path;	/* of the database; its folder must exist */
	size_t tombstones_kept; /* 0: 100,000; none is kept longer than 30 days */
	int64_t wal_bytes; /* 0: 64 MiB; about so large the WAL becomes before it is used again */
	int64_t history_kept;	 /* entries; 0: 200,000 */
	int64_t history_seconds; /* none is kept longer; 0: a year */
};

/*
 * Opens, upgrades (after a backup beside it) or makes the database and loads it. One daemon only:
 * PATH.lock is locked. NULL and *ret_problem, to be freed: one sentence for the user. Rows that
 * make no sense are logged and left out.
 */
struct store *store_open(const struct store_options *options, char **ret_problem);
/* Commits what was submitted, then closes. */
void store_close(struct store *store);
/* Before the first mutation; derives the fields of all that was loaded. */
void store_set_rules(struct store *store, const struct store_rules *rules);

/* A new reference, or NULL. `name` is a ref, or the uuid of an object, which old clients use as
 * one. */
struct record *store_read(struct store *store, enum class_id cls, const char *name);
struct record *store_read_by_uuid(struct store *store, enum class_id cls, const char *uuid);
/* All objects in order of creation: an array of references for store_free_list. */
struct record **store_list(struct store *store, enum class_id cls, size_t *ret_count);
void store_free_list(struct record **records, size_t count);

/* How many rows of the class were left out when the database was read. */
size_t store_left_out(const struct store *store, enum class_id cls);
/* Of the database; borrowed. */
const char *store_path(const struct store *store);

/* A fact about the database itself: the host it belongs to, say. To be freed; NULL when it was
 * never set. Only before the first mutation. */
char *store_get_setting(struct store *store, const char *name);

/*
 * Runs on the committer's thread. Must not block. May be run again from the beginning when the disk
 * refuses the batch it was in, so it changes nothing but the transaction and what its argument is
 * told to return. −1 with *err: nothing of it happens.
 */
typedef int (*mutation_fn)(struct transaction *transaction, void *argument, struct error *err);

struct mutation {
	mutation_fn run;
	/* On the committer's thread, once it is on the disk or was refused; *err has its code. May
	 * be NULL. */
	void (*done)(struct mutation *mutation, struct error *err);
	void *argument;
	bool dry_run; /* run and judged, and nothing of it happens but that `report` is told */
	/* In the place of a commit, for each object that would change; NULL: it is new, or gone. */
	void (*report)(void *report_to, const struct record *old, const struct record *new);
	void *report_to;
	/* On whose behalf, until it is done; NULL: as store_act_as (server/store/history.h) has
	 * told the thread that submits it. */
	const struct store_actor *actor;
	/* the store's own */
	struct rehearsal *rehearsal;
	struct mutation *next;
	struct error error;
	struct change *changes;
	struct setting *settings;
	uint64_t revision;
};

/* The mutation stays the caller's and lives until it is done. Never blocks. */
void store_submit(struct store *store, struct mutation *mutation);
/* The same, and waits. */
int store_mutate(struct store *store, mutation_fn run, void *argument, struct error *err);
/* The same, but nothing happens: a dry run. */
int store_try(struct store *store, mutation_fn run, void *argument,
	      void (*report)(void *report_to, const struct record *old, const struct record *new),
	      void *report_to, struct error *err);
/* The revision of the newest change that is published. */
uint64_t store_revision(struct store *store);

/*
 * What has changed. Between store_hold and store_let_go nothing is published, so that answers
 * belong together: for moments only, the committer waits.
 */
void store_hold(struct store *store);
void store_let_go(struct store *store);
size_t store_count(struct store *store, enum class_id cls);
/* Borrowed until store_let_go; NULL: there is none of that ref. */
const struct record *store_find(struct store *store, enum class_id cls, const char *ref);
struct store_change {
	const struct record *record; /* as it is now; NULL: it is deleted */
	const struct value *ref;
	const struct value *uuid; /* of a deleted one */
	uint64_t created;	  /* revision; 0: not known of one that an earlier daemon deleted */
	uint64_t modified;	  /* or deleted */
};
typedef void (*store_change_fn)(void *argument, const struct store_change *change);
/* Those after that revision: changed objects in order of their last change, then deleted ones. What
 * is handed out is borrowed until store_let_go. */
void store_each_change(struct store *store, enum class_id cls, uint64_t since, store_change_fn each,
		       void *argument);
/* False: of the objects deleted since then some have been forgotten. */
bool store_knows_deletions(struct store *store, enum class_id cls, uint64_t since);
/* Called on the committer's thread when changes have been published; a bit (1 << class) for each
 * class. */
typedef void (*store_listener_fn)(void *context, uint64_t classes);
void store_set_listener(struct store *store, store_listener_fn listener, void *context);

/*
 * In a transaction. Records are borrowed until the mutation's end; those of edit and create may be
 * changed with record_set until then. `name`: as store_read.
 */
const struct record *transaction_read(struct transaction *transaction, enum class_id cls,
				      const char *name);
struct record *transaction_edit(struct transaction *transaction, enum class_id cls,
				const char *name);
/* ref NULL: one is drawn. Its uuid, where it has the field, is drawn too unless it is set before
 * the end. */
struct record *transaction_create(struct transaction *transaction, enum class_id cls,
				  const char *ref);
/* It counts as changed, even if nothing of it is. Returns the newest revision before this change;
 * 0: there is no such object. */
uint64_t transaction_touch(struct transaction *transaction, enum class_id cls, const char *name);
/* What the change will be numbered with, if it changes anything and makes no new objects. */
uint64_t transaction_revision(const struct transaction *transaction);
void transaction_delete(struct transaction *transaction, enum class_id cls, const char *name);
/* Calls `each` for every object; it may edit, but must not create or delete objects of the class.
 */
void transaction_each(struct transaction *transaction, enum class_id cls,
		      void (*each)(struct transaction *transaction, const struct record *record,
				   void *argument),
		      void *argument);
void transaction_set_setting(struct transaction *transaction, const char *name, const char *value);

#define REF_SIZE 48
/* A fresh random one. */
void draw_ref(char ref[REF_SIZE]);

#endif
