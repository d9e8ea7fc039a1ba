/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scratch.h – a database in a folder of its own, and short words for changing it. */
#ifndef TESTS_STORE_SCRATCH_H
#define TESTS_STORE_SCRATCH_H

#include "server/store/store.h"

struct scratch {
	char folder[64];
	char path[128];	   /* of the database */
	int64_t wal_bytes; /* of the store's options, when it is opened */
	struct store *store;
};

void scratch_make(struct scratch *scratch);
/* Closes the store and removes the folder. */
void scratch_remove(struct scratch *scratch);
/* Opens the database, again after it was closed. Aborts the test when that fails. */
void scratch_open(struct scratch *scratch);
void scratch_close(struct scratch *scratch);
/* What is said when it is opened though it should not; NULL: it was opened. To be freed. */
char *scratch_refusal(const struct scratch *scratch);
/* Runs SQL on the file and returns the first column of the first row, to be freed; NULL: there is
 * none. */
char *scratch_sql(const struct scratch *scratch, const char *sql);
/* From a connection of its own; PASSIVE, FULL, RESTART or TRUNCATE. */
void scratch_checkpoint(const struct scratch *scratch, const char *how);
/* Closes it and takes a column and a table away, as an older program's file lacks them. */
#define SCRATCH_NEW_COLUMN "ha_restart_priority" /* of VM */
void scratch_make_older(struct scratch *scratch);
/* How many files of the folder have this in their name. */
int scratch_count_files(const struct scratch *scratch, const char *part);

/* The path of one that has this in its name, to be freed; NULL: there is none. */
char *scratch_find_file(const struct scratch *scratch, const char *part);
/* Closes the store and deletes the database and what lies beside it. */
void scratch_empty(struct scratch *scratch);

/* A new VM of that name; its ref is written. 0, or −1 with *err. */
int scratch_add_vm(struct scratch *scratch, const char *name, char ref[REF_SIZE],
		   struct error *err);
int scratch_set_text(struct scratch *scratch, enum class_id cls, const char *ref, int field,
		     const char *text, struct error *err);
int scratch_delete(struct scratch *scratch, enum class_id cls, const char *ref, struct error *err);

/* Makes and opens a database with one VM of that name. */
void scratch_start(struct scratch *scratch, const char *name, char ref[REF_SIZE]);
/* One result: the VM has that name, or is not there (want is NULL). */
void scratch_is_name(const struct scratch *scratch, const char *ref, const char *want,
		     const char *what);
/* No file becomes larger, as on a full disk, if SIGXFSZ is ignored; RLIM_INFINITY: the end of that.
 */
void scratch_limit_files(uint64_t bytes);

#endif
