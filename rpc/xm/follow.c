/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* follow.c – calls that take long, as tasks of the server. */
#include "rpc/xm/follow.h"

#include "rpc/xm/terminal.h"
#include "schema/clock.h"

#include <signal.h>
#include <unistd.h>

/* So often the line is drawn anew though nothing has changed. */
#define LOOK_SECONDS 1.0

static volatile sig_atomic_t interrupted;

struct follow {
	struct value *task;
	struct value *token;
	struct value *record; /* of the task, as the last event had it */
	int64_t begun_ms;
	bool is_cancelled;
};

static void note_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

/* The first Ctrl-C is for the task, the next one for xm. */
static void catch_interrupt(struct sigaction *ret_before)
{
	const struct sigaction action = {.sa_handler = note_interrupt,
					 .sa_flags = SA_RESETHAND | SA_RESTART};

	sigaction(SIGINT, NULL, ret_before);
	if (ret_before->sa_handler != SIG_IGN)
		sigaction(SIGINT, &action, NULL);
}

enum status follow_report(struct xm *xm, const struct value *record)
{
	const struct value *description = value_find(record, "error_info");

	if (!description || description->kind != VALUE_SET || !description->length)
		return xm_fail("the server could not do that");
	failure_clear(&xm->failure);
	xm->failure.description = value_reference(description);
	return xm_report(xm);
}

static void take_answer(struct follow *follow, const struct value *answer)
{
	const struct value *events = value_find(answer, "events");
	const struct value *token = value_find(answer, "token");

	for (uint32_t i = 0; events && events->kind == VALUE_SET && i < events->length; i++) {
		const struct value *snapshot = value_find(events->items[i], "snapshot");

		value_release(follow->record);
		follow->record = snapshot ? value_reference(snapshot) : value_map();
	}
	if (token) {
		value_release(follow->token);
		follow->token = value_reference(token);
	}
}

static bool wait_for_event(struct xm *xm, struct follow *follow)
{
	AUTO(value) answer = NULL;
	struct value *classes = value_set();

	value_append(classes, value_string_format("task/%s", follow->task->text));
	if (!xm_call(xm, "event.from",
		     parameters_of(classes, value_reference(follow->token),
				   value_float(LOOK_SECONDS), (struct value *)NULL),
		     &answer))
		return false;
	take_answer(follow, answer);
	return true;
}

static void show(const struct xm *xm, const struct follow *follow)
{
	const struct value *share = value_find(follow->record, "progress");

	terminal_show_share(xm->doing, (double)(clock_ms() - follow->begun_ms) / 1000,
			    share && share->kind == VALUE_FLOAT ? share->number : 0);
}

/* NULL: it is pending. A task that is gone has none at all. */
static const char *end_of(const struct follow *follow)
{
	const char *status = value_find_text(follow->record, "status");

	if (!follow->record->length)
		return "gone";
	return status && strcmp(status, "pending") != 0 ? status : NULL;
}

/* What can not be cancelled goes on, and so does xm. */
static void cancel(struct xm *xm, struct follow *follow)
{
	follow->is_cancelled = true;
	if (!xm_call(xm, "task.cancel",
		     parameters_of(value_reference(follow->task), (struct value *)NULL), NULL))
		xm_report(xm);
}

static enum status follow_task(struct xm *xm, struct follow *follow)
{
	while (!end_of(follow)) {
		show(xm, follow);
		if (interrupted && !follow->is_cancelled)
			cancel(xm, follow);
		if (!wait_for_event(xm, follow))
			return xm_report(xm);
	}
	terminal_end_progress();
	if (strcmp(end_of(follow), "success") != 0)
		return follow_report(xm, follow->record);
	return STATUS_DONE;
}

/* The text in <value>…</value>. */
static struct value *result_of(const struct follow *follow)
{
	static const char begin[] = "<value>", end[] = "</value>";
	const char *text = value_find_text(follow->record, "result");
	size_t length = text ? strlen(text) : 0;
	size_t around = strlen(begin) + strlen(end);

	if (length < around || strncmp(text, begin, strlen(begin)) != 0)
		return value_string("");
	return value_string_n(text + strlen(begin), length - around);
}

static enum status call_async(struct xm *xm, const char *method, struct value *parameters,
			      struct value **ret_result)
{
	AUTO_TEXT async = text_format("Async.%s", method);
	struct follow follow = {.begun_ms = clock_ms(), .token = value_string("")};
	struct sigaction before;
	enum status status;

	if (!xm_call(xm, async, parameters, &follow.task))
		return xm_report(xm);
	follow.record = value_map();
	value_put(follow.record, "status", value_string("pending"));
	catch_interrupt(&before);
	status = follow_task(xm, &follow);
	sigaction(SIGINT, &before, NULL);
	if (status == STATUS_DONE && ret_result)
		*ret_result = result_of(&follow);
	xm_call(xm, "task.destroy",
		parameters_of(value_reference(follow.task), (struct value *)NULL), NULL);
	value_release(follow.task);
	value_release(follow.token);
	value_release(follow.record);
	return status;
}

enum status follow_call_result(struct xm *xm, const char *method, struct value *parameters,
			       struct value **ret_result)
{
	if (isatty(STDERR_FILENO))
		return call_async(xm, method, parameters, ret_result);
	return xm_call(xm, method, parameters, ret_result) ? STATUS_DONE : xm_report(xm);
}

enum status follow_call(struct xm *xm, const char *method, struct value *parameters)
{
	return follow_call_result(xm, method, parameters, NULL);
}
