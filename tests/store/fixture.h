/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fixture.h – a database in a folder of its own, and short words for changing it. */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include "server/store/store.h"

struct fixture {
	char folder[64];
	char path[128]; /* of the database */
	struct store *store;
};

void fixture_make(struct fixture *fixture);
/* Closes the store and removes the folder. */
void fixture_remove(struct fixture *fixture);
/* Opens the database, again after it was closed. Aborts the test when that fails. */
void fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);
/* What is said when it is opened though it should not; NULL: it was opened. To be freed. */
char *fixture_refusal(const struct fixture *fixture);
/* Runs SQL on the file and returns the first column of the first row, to be freed; NULL: there is
 * none. */
char *fixture_sql(const struct fixture *fixture, const char *sql);
/* How many files of the folder have this in their name. */
int fixture_count_files(const struct fixture *fixture, const char *part);

/* A new VM of that name; its ref is written. 0, or −1 with *err. */
int fixture_add_vm(struct fixture *fixture, const char *name, char ref[REF_SIZE],
		   struct error *err);
int fixture_set_text(struct fixture *fixture, enum class_id cls, const char *ref, int field,
		     const char *text, struct error *err);
int fixture_delete(struct fixture *fixture, enum class_id cls, const char *ref, struct error *err);

#endif
