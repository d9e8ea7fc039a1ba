/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* event_messages.c – the messages of the class event. */
#include "server/api/event.h"

#include <errno.h>
#include <inttypes.h>

#define NEXT_TIMEOUT_MS (10 * 60 * 1000)

/* Revisions; "" is before all of them. */
static int read_token(const char *token, uint64_t *ret_since, struct error *err)
{
	uint64_t since;

	errno = 0;
	since = strtoull(token, NULL, 10);
	if (errno || token[strspn(token, "0123456789")])
		return fail(err, ERROR_EVENT_FROM_TOKEN_PARSE_FAILURE, token);
	*ret_since = since;
	return 0;
}

static int64_t milliseconds(double seconds)
{
	if (seconds <= 0)
		return 0;
	return seconds < 1e6 ? (int64_t)(seconds * 1000) : INT32_MAX;
}

int run_event_from(struct call *call, struct error *err)
{
	struct subscriptions *subscriptions = NULL;
	uint64_t since = 0;

	if (read_token(argument_text(call, 1), &since, err) < 0 ||
	    subscriptions_parse(call->api->store, call->arguments[0], &subscriptions, err) < 0)
		return -1;
	events_wait(call, subscriptions, since, milliseconds(argument_float(call, 2)));
	return 0;
}

int run_event_next(struct call *call, struct error *err)
{
	(void)err;
	events_wait(call, NULL, 0, NEXT_TIMEOUT_MS);
	return 0;
}

int run_event_inject(struct call *call, struct error *err)
{
	const struct class_info *cls = event_find_class(argument_text(call, 0));
	uint64_t visible = event_classes_for((enum role)record_int(call->session, session_role));
	const char *ref = argument_text(call, 1);
	uint64_t before = 0;

	if (cls && visible >> cls->id & 1)
		before = transaction_touch(call->transaction, cls->id, ref);
	if (!before)
		return fail(err, ERROR_HANDLE_INVALID, argument_text(call, 0), ref);
	call->result = event_token(before);
	return 0;
}

int run_event_register(struct call *call, struct error *err)
{
	struct subscriptions *subscriptions = NULL;

	if (subscriptions_parse(call->api->store, call->arguments[0], &subscriptions, err) < 0)
		return -1;
	registrations_add(call->api->registrations, call->session->ref, subscriptions,
			  store_revision(call->api->store));
	subscriptions_release(subscriptions);
	return 0;
}

int run_event_unregister(struct call *call, struct error *err)
{
	struct subscriptions *subscriptions = NULL;

	if (subscriptions_parse(call->api->store, call->arguments[0], &subscriptions, err) < 0)
		return -1;
	registrations_take_away(call->api->registrations, record_ref(call->session), subscriptions);
	subscriptions_release(subscriptions);
	return 0;
}

int run_event_get_current_id(struct call *call, struct error *err)
{
	(void)err;
	call->result = value_int((int64_t)store_revision(call->api->store));
	return 0;
}
