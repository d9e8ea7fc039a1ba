/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* history.h – who changed what: an entry for each stored change of each object, written in the
 * transaction of the change. */
#ifndef SERVER_STORE_HISTORY_H
#define SERVER_STORE_HISTORY_H

#include "server/store/store.h"

/* On whose behalf something is changed. "" is nobody: the daemon itself. */
struct store_actor {
	const char *user;
	const char *address;
	const char *call;		   /* VM.start */
	const char *task;		   /* its ref */
	const struct log_request *request; /* for what is logged meanwhile; NULL: none */
};

/* Of what this thread submits and logs from now on, unless a mutation names its own; NULL: the
 * daemon's. It must live until what was submitted is done. */
void store_act_as(const struct store_actor *actor);

struct history_entry {
	uint64_t revision;
	uint64_t before; /* revision of the entry before this one of the same object; 0: none */
	int64_t time;	 /* seconds since 1970 */
	const struct class_info *cls;
	const char *ref;
	const char *kind; /* "created", "changed", "deleted" */
	struct store_actor actor;
	/* JSON: {"field": [old, new], …}; of a created one [new], of a deleted one [old], defaults
	 * left out. What looks like a password in a map is HISTORY_SECRET. */
	const char *fields;
};
#define HISTORY_CREATED "created"
#define HISTORY_CHANGED "changed"
#define HISTORY_DELETED "deleted"
#define HISTORY_SECRET "(secret)"

struct history_query {
	const struct class_info *cls;
	const char *ref;      /* of one object, that may be gone; NULL: of all */
	const char *user;     /* NULL: of all */
	uint64_t until;	      /* the newest revision that is wanted; 0: there is no limit */
	int64_t since;	      /* seconds since 1970 */
	uint64_t of_revision; /* 0, or only entries of this revision, of all classes */
	size_t limit;	      /* entries */
};
/* False: no more are wanted. What is handed out is valid during the call. */
typedef bool (*history_fn)(void *argument, const struct history_entry *entry);
/* Newest first. Reads the disk. −1 with *err: SQLite refused. */
int history_each(struct store *store, const struct history_query *query, history_fn each,
		 void *argument, struct error *err);

typedef void (*history_field_fn)(void *argument, int field, const struct value *old,
				 const struct value *new);
/* Calls `each` for each field of an entry; old or new is NULL where the entry has none; borrowed.
 * Fields that the class does not have any more are left out. */
void history_each_field(const struct history_entry *entry, history_field_fn each, void *argument);

#endif
