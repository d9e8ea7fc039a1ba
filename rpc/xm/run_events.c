/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_events.c – event-monitor: what changes, a line each. */
#include "rpc/xm/run.h"
#include "schema/error.h"

#include <unistd.h>

/* So long the server may keep a call that has nothing to say. */
#define WAIT_SECONDS 30.0
#define RETRY_SECONDS 1

struct monitor {
	struct xm *xm;
	struct value *classes;
	struct value *token;
	bool is_away; /* the user knows that the server does not answer */
};

static void print_text(const struct value *map, const char *key)
{
	const char *text = map ? value_find_text(map, key) : NULL;

	if (!text || !*text)
		return;
	putchar(' ');
	terminal_print(stdout, text, 0);
}

static void print_event(const struct value *event)
{
	const struct value *date = value_find(event, "timestamp");
	const struct value *snapshot = value_find(event, "snapshot");
	const char *cls = value_find_text(event, "class");

	if (date && (date->kind == VALUE_DATETIME || date->kind == VALUE_STRING))
		terminal_print(stdout, date->text, 0);
	print_text(event, "operation");
	putchar(' ');
	terminal_print(stdout, cls ? cls : "?", 12);
	print_text(event, "ref");
	print_text(snapshot, "name_label");
	print_text(snapshot, "power_state");
	print_text(snapshot, "status");
	putchar('\n');
}

static void take_answer(struct monitor *monitor, const struct value *answer, bool tell)
{
	const struct value *events = value_find(answer, "events");
	const struct value *token = value_find(answer, "token");

	for (uint32_t i = 0; tell && events && events->kind == VALUE_SET && i < events->length; i++)
		print_event(events->items[i]);
	fflush(stdout);
	if (!token)
		return;
	value_release(monitor->token);
	monitor->token = value_reference(token);
}

static bool ask(struct monitor *monitor, double seconds, bool tell)
{
	AUTO(value) answer = NULL;

	if (!xm_call(monitor->xm, "event.from",
		     parameters_of(value_reference(monitor->classes),
				   value_reference(monitor->token), value_float(seconds),
				   (struct value *)NULL),
		     &answer))
		return false;
	monitor->is_away = false;
	take_answer(monitor, answer, tell);
	return true;
}

static bool is_error(const struct xm *xm, enum error_code error)
{
	const char *code = failure_part(&xm->failure, 0);

	return code && strcmp(code, error_info(error)->name) == 0;
}

/* The server is being restarted, say. The token outlives that, the session does not. */
static void try_again(struct monitor *monitor)
{
	struct xm *xm = monitor->xm;

	if (!monitor->is_away && xm->failure.reason) {
		AUTO_TEXT reason = terminal_text(xm->failure.reason);

		fprintf(stderr, "%s; trying again\n", reason);
	}
	monitor->is_away = true;
	client_leave_session(xm->client);
	sleep(RETRY_SECONDS);
}

static enum status follow(struct monitor *monitor)
{
	struct xm *xm = monitor->xm;

	for (;;) {
		if (ask(monitor, WAIT_SECONDS, true))
			continue;
		if (is_error(xm, ERROR_EVENTS_LOST)) {
			fputs("Some deletions are not known any more; this is all that there is:\n",
			      stderr);
			value_release(monitor->token);
			monitor->token = value_string("");
		} else if (xm->failure.reason || is_error(xm, ERROR_SESSION_INVALID)) {
			try_again(monitor);
		} else {
			return xm_report(xm);
		}
	}
}

enum status run_event_monitor(struct xm *xm)
{
	AUTO(value) classes = value_set();
	struct monitor monitor = {xm, classes, value_string(""), false};
	enum status status;

	for (int i = 0; i < xm->count; i++)
		value_append(classes, value_string(xm->arguments[i]));
	if (!xm->count)
		value_append(classes, value_string("*"));
	/* what there is already is no news */
	status = ask(&monitor, 0, false) ? follow(&monitor) : xm_report(xm);
	value_release(monitor.token);
	return status;
}
