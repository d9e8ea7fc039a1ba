/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* private.h – what the files of server/api/ share. */
#ifndef SERVER_API_PRIVATE_H
#define SERVER_API_PRIVATE_H

#include "server/api/call.h"
#include "server/api/workers.h"
#include "server/hypervisor/hypervisor.h"

#include <pthread.h>

struct api {
	struct store *store;
	struct hypervisor *hypervisor;
	struct api_options options; /* defaults filled in */
	struct workers *workers;
	struct operations *operations;	     /* operation.c */
	struct logins *logins;		     /* logins.c: sign-ins under way, and failed ones */
	struct guests *guests;		     /* guest.c: the thread that hears of what guests do */
	struct metrics *metrics;	     /* metrics.c: the sampler */
	struct samples *samples;	     /* samples.c: what it saw in the last hour */
	struct value *drift;		     /* drift.c: what was found last; the sampler's */
	struct registrations *registrations; /* event_registration.c */
	struct events *events;		     /* event_wait.c: clients that wait for changes */
	char host_ref[REF_SIZE];	     /* this host; set by host_open, never changes */
	char domain_0_ref[REF_SIZE];
	atomic_bool closing;	       /* every wait is to end */
	atomic_size_t calls;	       /* under way, those that nobody outside waits for included */
	atomic_int audited;	       /* audit.c: which calls */
	pthread_mutex_t audit_lock;    /* guards: */
	int64_t strangers_second;      /* the second of the monotonic clock in which */
	int strangers;		       /* so many lines were due to calls without a session */
	atomic_flag backing_up;	       /* pool.backup_database is under way */
	atomic_flag moving_guests;     /* host.autostart or host.shutdown_guests is */
	atomic_llong bytes_held;       /* by calls under way, about */
	_Atomic int64_t crowded_until; /* session.c: in seconds; some user has so many sessions that
					  the least active may have to go */
	atomic_size_t tasks_ended;     /* since task_collect looked last */
};

/* Since 1970. */
int64_t now_seconds(void);
/* Of a DATETIME's text. */
bool is_past(const char *date);

/* storage.c: the SM object; which SRs are attached. */
int storage_open(struct api *api, struct error *err);

/* host.c: makes pool, host, its CPUs and metrics, and Domain-0's VM where they are missing, and
 * says what this host is. */
int host_open(struct api *api, struct error *err);

/* record_fill.c */
/* What a client may say about an object that does not exist yet. */
bool record_may_be_given(const struct field_info *field);
/* Sets what create's struct says of a new object that it may say; the rest of it is
 * not looked at. */
int record_fill(struct transaction *transaction, struct record *record, const struct value *fields,
		struct error *err);
/* All that the original has, except for the fields that are each one's own: they get their default.
 */
void record_copy_fields(struct record *copy, const struct record *original, const int *own,
			size_t own_count);

/* task.c */
/* Makes a task and answers the call with it; `run` then starts the call itself. */
void task_start(struct call *call, void (*run)(struct call *call));
/* Writes the call's end into its task and frees the call. */
void task_finish(struct call *call);
/* A new pending task of that name for the call, in a transaction. */
struct record *task_create(const struct call *call, struct transaction *transaction,
			   const char *name, bool cancellable);
/* What holds for every task that has ended, whatever its status. */
void task_end(struct record *task);
bool task_is_pending(const struct record *task);
/* Somebody has called task.cancel; not so when there is no task (NULL). */
bool task_is_cancelled(const struct record *task);
/* Removes those that were finished long ago or are too many; called about once a minute on a
 * worker, and sooner when many have ended. */
void task_collect(struct api *api);

/* session.c */
/*
 * For a call of session.login_with_password, before it is queued for a worker: refuses when too
 * many are under way. Its handler does it otherwise, but then the queue of the workers is not
 * bounded.
 */
int session_admit(struct call *call, struct error *err);
/* A new reference to the session of that ref, or SESSION_INVALID. Notes now and then that it is in
 * use. */
struct record *session_find(struct api *api, const char *ref, struct error *err);

/* session_end.c */
/* What active_time counts in: a clock that is set logs nobody out. */
int64_t session_seconds(void);
/* It was idle for too long, or its time is up. */
bool session_is_over(const struct api *api, const struct record *session);
/* Removes those that are; called about once a minute on a worker. */
void session_expire(struct api *api);
/* In a transaction: ends those whose field is that text; not the one of the reference `but`, which
 * may be NULL. */
void session_end_all(struct transaction *transaction, int field, const char *text, const char *but);

#endif
