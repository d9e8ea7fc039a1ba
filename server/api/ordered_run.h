/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ordered_run.h – VMs that are started or stopped in order: those of one order together, then after
 * the longest of their delays the next. */
#ifndef SERVER_API_ORDERED_RUN_H
#define SERVER_API_ORDERED_RUN_H

#include "server/api/private.h"

struct ordered_run;

/* One VM's turn: a call of its own. */
struct ordered_part {
	struct ordered_run *run;
	struct value *vm; /* its reference */
	int64_t order;
	int64_t delay_s;
	bool begun;
	struct api_call outcome;
};

/* What stands first is to be set by whoever runs it, on a worker; the rest is its own. */
struct ordered_run {
	struct call *call;
	const char *message; /* of the class VM */
	handler_fn handler;  /* of that message */
	const char *wanted;  /* power state */
	bool is_start;	     /* lowest order first, otherwise highest first */
	bool paused;
	int64_t deadline_ms; /* by clock_ms(), for call.deadline_ms of each part; 0: none */

	char task[REF_SIZE];
	struct ordered_part *parts; /* in order of their turns, once it has gone */
	size_t count;
	pthread_mutex_t lock; /* of what follows, and of the outcomes */
	pthread_cond_t ended;
	size_t under_way;
	size_t done;
};

/* In a transaction: without VMs yet, and with a task for the call if it has none. */
void ordered_run_begin(struct ordered_run *run, struct transaction *transaction);
void ordered_run_add(struct ordered_run *run, const struct record *vm);
/* Returns when all have ended, the task was cancelled, or the server stops. */
void ordered_run_go(struct ordered_run *run);
/* Whether it went to its end: the server has not stopped in between, nobody has cancelled the task.
 */
bool ordered_run_is_whole(const struct ordered_run *run);
/* In a transaction: the task that was made for it goes. */
void ordered_run_end(struct ordered_run *run, struct transaction *transaction);
void ordered_run_free(struct ordered_run *run);

/* Whether its VM is not as wanted: somebody else may have done meanwhile what failed here. */
bool ordered_part_has_failed(const struct ordered_part *part);
/* Why it failed, to be freed. */
char *ordered_part_reason(const struct ordered_part *part);

#endif
