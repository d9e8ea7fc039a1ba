/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_power.c – the commands that begin and end domains. */
#include "rpc/xm/follow.h"
#include "rpc/xm/run.h"

#include <unistd.h>

/* How long shutdown and reboot listen for a refusal when they are not to wait for the end. */
#define LISTEN_US 50000
#define LISTEN_TIMES 6

/* One message about the VM that the first argument names, with one more parameter or none. */
static enum status run_message(struct xm *xm, const char *method, const char *doing,
			       struct value *more)
{
	enum status status = vm_find(xm, xm->arguments[0]);

	if (status != STATUS_DONE)
		return status;
	xm_begin(xm, doing, xm->arguments[0]);
	if (!xm_call(xm, method,
		     parameters_of(value_reference(xm->subject.ref), more, (struct value *)NULL),
		     NULL))
		return xm_report(xm);
	return STATUS_DONE;
}

/* The same for what takes long: somebody who looks on sees how far it is. */
static enum status run_long_message(struct xm *xm, const char *method, const char *doing,
				    struct value *more)
{
	enum status status = vm_find(xm, xm->arguments[0]);

	if (status != STATUS_DONE) {
		value_release(more);
		return status;
	}
	xm_begin(xm, doing, xm->arguments[0]);
	return follow_call(xm, method,
			   parameters_of(value_reference(xm->subject.ref), more,
					 (struct value *)NULL));
}

enum status run_start(struct xm *xm)
{
	return run_long_message(xm, "VM.start", "starting", value_bool(xm->options.paused));
}

enum status run_resume(struct xm *xm)
{
	return run_long_message(xm, "VM.resume", "resuming", value_bool(xm->options.paused));
}

enum status run_suspend(struct xm *xm)
{
	return run_long_message(xm, "VM.suspend", "suspending", NULL);
}

enum status run_pause(struct xm *xm)
{
	return run_message(xm, "VM.pause", "pausing", NULL);
}

enum status run_unpause(struct xm *xm)
{
	return run_message(xm, "VM.unpause", "unpausing", NULL);
}

enum status run_destroy(struct xm *xm)
{
	return run_message(xm, "VM.hard_shutdown", "destroying", NULL);
}

enum status run_delete(struct xm *xm)
{
	return run_message(xm, "VM.destroy", "deleting", NULL);
}

/*
 * A refusal comes at once, in the first moments of the task; a guest takes its time. The task
 * outlives this command, and the session with it.
 */
static enum status listen_to_task(struct xm *xm, const struct value *task)
{
	for (int i = 0; i < LISTEN_TIMES; i++) {
		AUTO(value) record = NULL;
		const char *status;

		usleep(LISTEN_US);
		if (!xm_call(xm, "task.get_record",
			     parameters_of(value_reference(task), (struct value *)NULL), &record))
			return xm_report(xm);
		status = value_find_text(record, "status");
		if (status && strcmp(status, "pending") == 0)
			continue;
		xm_call(xm, "task.destroy",
			parameters_of(value_reference(task), (struct value *)NULL), NULL);
		return status && strcmp(status, "success") == 0 ? STATUS_DONE :
								  follow_report(xm, record);
	}
	client_leave_session(xm->client);
	return STATUS_DONE;
}

static enum status run_request(struct xm *xm, const char *method, const char *doing)
{
	AUTO_TEXT async = text_format("Async.%s", method);
	AUTO(value) task = NULL;
	enum status status;

	if (xm->options.wait)
		return run_long_message(xm, method, doing, NULL);
	status = vm_find(xm, xm->arguments[0]);
	if (status != STATUS_DONE)
		return status;
	if (!xm_call(xm, async,
		     parameters_of(value_reference(xm->subject.ref), (struct value *)NULL), &task))
		return xm_report(xm);
	return listen_to_task(xm, task);
}

enum status run_shutdown(struct xm *xm)
{
	return run_request(xm, "VM.clean_shutdown", "shutting down");
}

enum status run_reboot(struct xm *xm)
{
	return run_request(xm, "VM.clean_reboot", "rebooting");
}
