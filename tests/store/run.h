/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run.h – mixed changes of a store, and what each of them must leave. */
#ifndef TESTS_STORE_RUN_H
#define TESTS_STORE_RUN_H

#include "tests/store/scratch.h"

#define RUN_VMS 8
#define RUN_BATCH 24

/* Every field of a VM and its console follow from these two numbers. */
struct run_vm {
	int number; /* drawn anew by each change; 0: there is no such VM */
	int born;   /* its number when it was made */
};
struct run_state {
	struct run_vm vms[RUN_VMS];
	int deleted; /* VMs so far */
};

/* What disk_note() is told: the number of a state that is submitted, or acknowledged, and the
 * revision that was seen then. */
enum run_note { RUN_SUBMITTED, RUN_ACKNOWLEDGED, RUN_REVISION };

struct run {
	struct scratch *scratch;
	struct run_state *states; /* after each accepted change; states[0]: nothing is there */
	size_t count;
	int next_number;
	unsigned int seed;
	char *problem; /* of the last change that was refused, to be freed by run_end() */
};

void run_begin(struct run *run, struct scratch *scratch, unsigned int seed);
void run_end(struct run *run);
/* One random change: one VM or two of them, created, changed or deleted. False: refused. */
bool run_change(struct run *run);
/* A change of one VM that takes much room. */
bool run_large_change(struct run *run);
/* Changes that wait together. How many were refused. */
int run_batch(struct run *run);

/* What is in a store; NULL, or what is not whole, to be freed. */
char *run_look(struct store *store, struct run_state *ret_state);
/* Whether a store holds one of the states from…to. NULL, or what is wrong, to be freed. */
char *run_check(const struct run *run, struct store *store, size_t from, size_t to);

#endif
