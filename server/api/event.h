/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* event.h – what changes, for those who want to know: subscriptions, reports, and clients that wait
 * without a thread. */
#ifndef SERVER_API_EVENT_H
#define SERVER_API_EVENT_H

#include "server/api/private.h"

/* event_subscription.c: which objects somebody wants to know of. Immutable, counted. */
struct subscriptions;
/* Of texts "*", "class", "class/ref". A class that is not served is none of an object's. −1 with
 * EVENT_SUBSCRIPTION_PARSE_FAILURE. */
int subscriptions_parse(struct store *store, const struct value *texts,
			struct subscriptions **ret_subscriptions, struct error *err);
struct subscriptions *subscriptions_with(const struct subscriptions *some,
					 const struct subscriptions *more);
struct subscriptions *subscriptions_without(const struct subscriptions *some,
					    const struct subscriptions *others);
struct subscriptions *subscriptions_reference(struct subscriptions *subscriptions);
void subscriptions_release(struct subscriptions *subscriptions); /* NULL is fine */
/* A bit (1 << class) for each class of which anything is wanted. */
uint64_t subscriptions_classes(const struct subscriptions *subscriptions);
bool subscriptions_want(const struct subscriptions *subscriptions, enum class_id cls,
			const char *ref);
/* The same, and the object itself is named. */
bool subscriptions_name(const struct subscriptions *subscriptions, enum class_id cls,
			const char *ref);
/* Calls `each` for the objects that are wanted by their names. */
void subscriptions_each_object(const struct subscriptions *subscriptions,
			       void (*each)(void *argument, enum class_id cls, const char *ref),
			       void *argument);
/* Classes whose changes are events; a session's reference is a secret. */
uint64_t event_classes(void);
/* Those of them that a role sees. */
uint64_t event_classes_for(enum role role);
/* The class of that name, in any case; NULL: no events come of it. */
const struct class_info *event_find_class(const char *name);

/*
 * event_report.c: what has changed of those after the revision `since`; 0: everything that there
 * is. EVENTS_LOST when deletions since then have been forgotten. Only `visible` classes count.
 */
struct event_report {
	struct value *events; /* a set; empty: nothing */
	struct value *counts; /* valid_ref_counts */
	uint64_t revision;    /* of this moment: the next `since` */
};
/* `lower`: classes are spelled as event.from does, not as event.next. */
int event_report(struct store *store, const struct subscriptions *subscriptions, uint64_t visible,
		 uint64_t since, bool lower, struct event_report *ret_report, struct error *err);
void event_report_clear(struct event_report *report);
struct value *event_token(uint64_t revision);

/* event_registration.c: what sessions have registered for event.next. */
struct registrations *registrations_new(void);
void registrations_free(struct registrations *registrations);
/* `since`: from when on it is reported, when the session had not registered yet. */
void registrations_add(struct registrations *registrations, const struct value *session,
		       struct subscriptions *more, uint64_t since);
void registrations_take_away(struct registrations *registrations, const char *session,
			     const struct subscriptions *others);
/* A reference to the subscriptions; SESSION_NOT_REGISTERED. */
int registrations_read(struct registrations *registrations, const char *session,
		       struct subscriptions **ret_subscriptions, uint64_t *ret_since,
		       struct error *err);
/* What was reported up to there is not reported again, nor what was lost. */
void registrations_advance(struct registrations *registrations, const char *session,
			   uint64_t revision);
/* Removes those of sessions that are not in the store; without a store all. */
void registrations_sweep(struct registrations *registrations, struct store *store);

/*
 * event_wait.c: calls that wait, and the one thread that answers them.
 */
struct events *events_new(struct api *api);
/* From now on nobody waits: who does is answered with what there is. */
void events_stop(struct events *events);
void events_free(struct events *events);
/*
 * The call is finished when there is something to report, when its time is up, or its session ends.
 * Without subscriptions (which it takes) it waits for what its session has registered.
 */
void events_wait(struct call *call, struct subscriptions *subscriptions, uint64_t since,
		 int64_t timeout_ms);
/* An answer has been sent, or its client has gone. */
void events_end_reply(struct api_call *call);
/* Somebody who waited may have left. */
void events_look(struct events *events);

#endif
