/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* operation.h – what is done with a VM, one thing at a time: which power states, who waits, where
 * it runs. */
#ifndef SERVER_API_OPERATION_H
#define SERVER_API_OPERATION_H

#include "server/api/private.h"

/* Where operations.def says more, see there. */
enum operation_effect { RECORD_ONLY, LIVE_CHANGE, USES_DOMAIN, BEGINS_DOMAIN, ENDS_DOMAIN };

struct operation_info {
	const char *name;
	const char *wire;
	const char *states[5]; /* as vm_power_state spells them, NULL-terminated */
	unsigned on;
	bool listed;
	enum operation_effect effect;
};

const struct operation_info *operation_info(enum operation_id id);

/*
 * The one place that says whether an operation is possible on a VM as it is now. BUSY: another
 * operation has the VM, this one may wait. Refused: VM_BAD_POWER_STATE, VM_IS_TEMPLATE …
 */
enum verdict { ALLOWED, BUSY, REFUSED };
enum verdict operation_judge(const struct record *vm, enum operation_id id, struct error *err);
/* Whether it ends the running operation of that wire name instead of waiting for it. */
bool operation_cancels(enum operation_id id, const char *running);
/* Whether there is a domain whose VM this is: Running or Paused. The one place that asks. */
bool vm_is_live(const struct record *vm);
/* OPERATION_NOT_ALLOWED: the VM is only shown */
int fail_unmanaged(struct error *err, const struct record *vm);
/* VM_BAD_POWER_STATE with what the operation expects and what the VM is */
int fail_power_state(struct error *err, const struct record *vm, enum operation_id id);
/* OTHER_OPERATION_IN_PROGRESS with what is under way */
int fail_busy(struct error *err, const struct record *vm);
/* Whether task.cancel may end it before it is done. */
bool operation_can_be_cancelled(enum operation_id id);
/* A shared set for allowed_operations. */
struct value *operation_allowed(const struct record *vm);

/*
 * A call that is an operation. Its VM is the first argument, or that object's VM. Where its handler
 * runs:
 *
 * RECORD_ONLY: in the transaction.
 *
 * LIVE_CHANGE: in the transaction, and sets fields of `edited`. On a live VM that is a copy: the
 * domain is changed first (live.c), then the record.
 *
 * USES_DOMAIN, BEGINS_DOMAIN, ENDS_DOMAIN: on a worker, with the operation in the VM's
 * current_operations.
 */
struct operation {
	struct operation *next; /* in the list of those that wait or run */
	struct call *call;
	enum operation_id id;
	struct record *vm;     /* a reference: the VM when the operation began */
	struct record *edited; /* LIVE_CHANGE: to be changed by the handler; a copy if it goes to a
				  worker */
	char task[REF_SIZE];   /* in current_operations while it runs on a worker */
	int64_t deadline_ms;   /* until when it may wait for others */
	bool expired;	       /* it waited long enough */
	bool busy;	       /* another one has the VM */
	bool woken;	       /* by one that ended; it wakes the next, now or when it ends */
	bool on_worker;
	bool plans;	       /* a dry run, of which the rest is a worker's */
	unsigned effects;      /* LIVE_CHANGE of a live VM: what of its domain changes, live.h */
	atomic_bool cancelled; /* by a hard_shutdown or hard_reboot */
	double progress;       /* that was noted in the task; see task_progress.h */
	/* Run after the commit, when the operation was in a transaction and succeeded. */
	void (*after)(struct call *call);
};

/*
 * operation_begin.c: 0 when it is done (RECORD_ONLY, a LIVE_CHANGE of a VM that is not live) or is
 * to go on, on a worker; −1 with *err when it is refused, −1 without when it is `busy` and has to
 * wait. May be run again from the beginning.
 */
int operation_begin(struct operation *operation, struct transaction *transaction,
		    struct error *err);

/* On a worker: what the call does, be it an operation or not. */
int operation_act(struct call *call, struct error *err);
/* The copy that is edited, if it is one. */
void operation_release_edited(const struct operation *operation);

/* operation_end.c, may block: takes the operation out of the VM's record, with fresh metrics.
 * Tries until it works: without that the VM would be busy for ever. */
void operation_leave_vm(struct operation *operation);

/* What live_intent says of a VM while a domain is being made for it. */
struct value *operation_intent_to_begin(const struct record *vm);

struct operations *operations_new(struct api *api);
void operations_free(struct operations *operations);

/* The VM of a call that is an operation. */
const char *operation_vm(const struct call *call);
/* Runs the call as an operation; it is finished with call_finish. */
void operation_start(struct call *call, enum operation_id id);
/* The same for what no client asked for. An error is logged, unless it is of the VM's state: then
 * there was nothing to do. */
void operation_start_internal(struct api *api, const char *vm_ref, enum operation_id id,
			      handler_fn handler);

/*
 * operation_part.c: a call of its own on that VM, for what the task does; message, handler and more
 * arguments are to be set, then it is started. outcome->done is called on any thread when it has
 * ended; until then `task` and `outcome` must stay.
 */
struct call *operation_part(const struct call *whole, const char *task, const char *vm,
			    struct api_call *outcome);
/* One whose end is waited for, by an operation that is on a worker. Its `self` is the VM of the
 * whole. */
int operation_run_part(struct call *whole, const char *vm, enum operation_id id, handler_fn handler,
		       struct error *err);

/*
 * For handlers on a worker. Runs `change` in a transaction with the newest record of the VM to
 * edit; VM_BAD_POWER_STATE and the like come from `change`. HANDLE_INVALID when the VM is gone.
 */
typedef int (*vm_change_fn)(struct call *call, struct transaction *transaction, struct record *vm,
			    struct error *err);
int operation_commit(struct call *call, vm_change_fn change, struct error *err);
/* Tells those operations on the VM that this one cancels; they end as soon as they notice. */
void operation_cancel_others(struct call *call);
/* Waits until they have ended. */
void operation_await_others(struct call *call);
/* Waits, but not while the operation is cancelled or the server stops. */
void operation_sleep(struct call *call, int64_t ms);
/* By a hard_shutdown or hard_reboot, or by task.cancel. */
bool operation_is_cancelled(const struct call *call);
/* TASK_CANCELLED when it is */
int operation_check_cancelled(struct call *call, struct error *err);
/* The same, but only when the domain ends because of that: it is too late for task.cancel. */
int operation_check_overruled(struct call *call, struct error *err);
/* task.cancel was called: one that waits for others looks at its task again. */
void operation_wake_cancelled(struct api *api, const char *task);

#endif
