/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* call.h – one call on its way through the API, and what handlers may use of it. */
#ifndef SERVER_API_CALL_H
#define SERVER_API_CALL_H

#include "schema/schema.h"
#include "server/api/api.h"
#include "server/store/history.h"

/*
 * Arguments are typed, optional ones filled in, references canonical and known to name an object
 * (or null, where the parameter is not the object itself). A handler does the work only and sets
 * result (void: leaves it NULL).
 *
 * Where a handler runs is its row's column `runs`: READ on the thread that read the call; CHANGE in
 * `transaction`, on the committer's thread, perhaps twice; WORK on a worker; OP as
 * server/api/operation.h says; WAIT on the thread that read the call: it keeps the call, and
 * finishes it later.
 */
struct call;
typedef int (*handler_fn)(struct call *call, struct error *err);

struct call {
	struct api *api;
	struct api_call *outer;		    /* NULL: nobody outside waits for it */
	const struct message_info *message; /* NULL likewise */
	handler_fn handler;
	struct value *arguments[PARAMETERS_MAX];
	struct record *session; /* a reference; NULL where none is needed */
	struct record *self; /* a reference to the first argument's object as it was when the call
				came; or NULL */
	struct value *result;

	struct store_actor actor; /* on whose behalf: what the history says of it */
	char address[64];
	struct log_request request;	 /* what is logged on the way names it */
	struct transaction *transaction; /* during a CHANGE, and where an operation says so */
	struct mutation mutation;
	struct operation *operation; /* of RUNS_OPERATION */
	int64_t deadline_ms; /* by clock_ms(), until when it waits for a guest; 0: as the options
			      * say
			      */
	int answer_delay_ms; /* call_finish answers so much later, without a thread that waits */
	struct error error;
	bool explained;		/* what is said of RECORD_CHANGED is complete */
	int64_t begun_ns;	/* of the monotonic clock */
	int64_t bytes;		/* counted in api.bytes_held */
	bool admitted;		/* session_admit has counted it */
	const char *part_of;	/* the task that its own is a subtask of; or NULL */
	struct update *update;	/* of GENERATED_update: what is wanted, see update.h */
	bool dry_run;		/* judged as ever, and nothing happens */
	bool plan;		/* and what would happen is the answer, see plan.h */
	struct value *planned;	/* objects that would change */
	struct value *warnings; /* likewise: sentences */
	const char *domain;	/* what would become of it */
	int64_t memory_needed;	/* by a domain that would begin; 0: none would */
	int64_t memory_free;
	char task[REF_SIZE]; /* of an Async call: who asked has been answered with it; otherwise ""
			      */
};

static inline const char *argument_text(const struct call *call, int index)
{
	return call->arguments[index]->text;
}
static inline int64_t argument_int(const struct call *call, int index)
{
	return call->arguments[index]->integer;
}
static inline bool argument_bool(const struct call *call, int index)
{
	return call->arguments[index]->boolean;
}
static inline double argument_float(const struct call *call, int index)
{
	return call->arguments[index]->number;
}

/* The record of the object named by an argument, as it is in the transaction; HANDLE_INVALID when
 * it is gone since. */
struct record *call_edit(struct call *call, enum class_id cls, int index, struct error *err);

/* For handlers of WORK: when they return 0, the call goes on as this message, with the arguments
 * that they have set. The history keeps the name that it came with. */
int call_become(struct call *call, const struct message_info *message, struct error *err);

/* Ends a deferred call: call->error, or call->result; frees it and answers. */
void call_finish(struct call *call);
struct call *call_new(struct api *api);
void call_free(struct call *call);

/* run_<class>_<message> of every row, and the one for those that are generated from fields and
 * classes. */
#define MESSAGE(cls, message, ...) int run_##cls##_##message(struct call *call, struct error *err);
#include "schema/classes.def"
int run_generated(struct call *call, struct error *err);
handler_fn call_handler(const struct message_info *message);

#endif
