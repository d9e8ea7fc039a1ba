/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* session_end.c – sessions that end without being asked: nobody uses them, their time is up, what
 * they were opened with is gone. */
#include "schema/clock.h"
#include "schema/log.h"
#include "server/api/private.h"

/* A transaction looks through all of its changes for each of them. */
#define EXPIRED_AT_ONCE 256

int64_t session_seconds(void)
{
	return clock_ms() / 1000;
}

bool session_is_over(const struct api *api, const struct record *session)
{
	int64_t active = record_int(session, session_active_time);
	const char *expires = record_text(session, session_expires);

	return session_seconds() - active > api->options.session_idle_seconds ||
	       (*expires && is_past(expires));
}

/* Those that were over when they were listed. */
struct expiry {
	struct api *api;
	struct record **sessions;
	size_t count;
};

static int delete_over(struct transaction *transaction, void *argument, struct error *err)
{
	const struct expiry *expiry = argument;

	(void)err;
	for (size_t i = 0; i < expiry->count; i++) {
		const char *ref = record_ref(expiry->sessions[i]);
		const struct record *session = transaction_read(transaction, CLASS_session, ref);

		if (session && session_is_over(expiry->api, session))
			transaction_delete(transaction, CLASS_session, ref);
	}
	return 0;
}

void session_expire(struct api *api)
{
	size_t count;
	size_t idle = 0;
	struct record **sessions = store_list(api->store, CLASS_session, &count);
	struct expiry expiry = {.api = api};
	AUTO_ERROR err = {0};

	for (size_t i = 0; i < count; i++) {
		if (!session_is_over(api, sessions[i]))
			continue;
		struct record *session = sessions[i];

		sessions[i] = sessions[idle];
		sessions[idle++] = session;
	}
	for (size_t i = 0; i < idle; i += expiry.count) {
		expiry.sessions = sessions + i;
		expiry.count = idle - i < EXPIRED_AT_ONCE ? idle - i : EXPIRED_AT_ONCE;
		if (store_mutate(api->store, delete_over, &expiry, &err) < 0)
			break;
		log_debug("%zu sessions have expired", expiry.count);
	}
	store_free_list(sessions, count);
}

struct ending {
	int field;
	const char *text;
	const char *but;
	struct value *refs; /* a set */
};

static void note_ending(struct transaction *transaction, const struct record *session,
			void *argument)
{
	const struct ending *ending = argument;

	(void)transaction;
	if (record_is(session, ending->field, ending->text) &&
	    (!ending->but || strcmp(record_ref(session), ending->but) != 0))
		value_append(ending->refs, value_reference(session->ref));
}

void session_end_all(struct transaction *transaction, int field, const char *text, const char *but)
{
	AUTO(value) refs = value_set();
	struct ending ending = {field, text, but, refs};

	transaction_each(transaction, CLASS_session, note_ending, &ending);
	for (uint32_t i = 0; i < refs->length; i++)
		transaction_delete(transaction, CLASS_session, refs->items[i]->text);
}
