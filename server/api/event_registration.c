/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* event_registration.c – what sessions have registered for event.next, and how far it has been
 * reported. */
#include "server/api/event.h"

#define BUCKETS 256

struct registration {
	struct registration *next;
	struct value *session;
	struct subscriptions *subscriptions;
	uint64_t since; /* what is older was delivered, or was before */
};

struct registrations {
	pthread_mutex_t lock;
	struct registration *buckets[BUCKETS];
};

struct registrations *registrations_new(void)
{
	struct registrations *registrations = allocate(sizeof(*registrations));

	pthread_mutex_init(&registrations->lock, NULL);
	return registrations;
}

static struct registration **bucket_of(struct registrations *registrations, const char *session)
{
	size_t hash = 5381;

	for (; *session; session++)
		hash = hash * 33 + (unsigned char)*session;
	return &registrations->buckets[hash % BUCKETS];
}

static struct registration *find(struct registrations *registrations, const char *session)
{
	struct registration *registration = *bucket_of(registrations, session);

	while (registration && strcmp(registration->session->text, session) != 0)
		registration = registration->next;
	return registration;
}

static struct registration *make(struct registrations *registrations, const struct value *session,
				 uint64_t since)
{
	struct registration **bucket = bucket_of(registrations, session->text);
	struct registration *registration = allocate(sizeof(*registration));

	registration->session = value_reference(session);
	registration->since = since;
	registration->next = *bucket;
	*bucket = registration;
	return registration;
}

/* Takes the new ones. */
static void replace(struct registration *registration, struct subscriptions *subscriptions)
{
	subscriptions_release(registration->subscriptions);
	registration->subscriptions = subscriptions;
}

void registrations_add(struct registrations *registrations, const struct value *session,
		       struct subscriptions *more, uint64_t since)
{
	struct registration *registration;

	pthread_mutex_lock(&registrations->lock);
	registration = find(registrations, session->text);
	if (!registration)
		registration = make(registrations, session, since);
	replace(registration, registration->subscriptions ?
				      subscriptions_with(registration->subscriptions, more) :
				      subscriptions_reference(more));
	pthread_mutex_unlock(&registrations->lock);
}

void registrations_take_away(struct registrations *registrations, const char *session,
			     const struct subscriptions *others)
{
	struct registration *registration;

	pthread_mutex_lock(&registrations->lock);
	registration = find(registrations, session);
	if (registration)
		replace(registration, subscriptions_without(registration->subscriptions, others));
	pthread_mutex_unlock(&registrations->lock);
}

int registrations_read(struct registrations *registrations, const char *session,
		       struct subscriptions **ret_subscriptions, uint64_t *ret_since,
		       struct error *err)
{
	const struct registration *registration;

	pthread_mutex_lock(&registrations->lock);
	registration = find(registrations, session);
	if (registration) {
		*ret_subscriptions = subscriptions_reference(registration->subscriptions);
		*ret_since = registration->since;
	}
	pthread_mutex_unlock(&registrations->lock);
	return registration ? 0 : fail(err, ERROR_SESSION_NOT_REGISTERED, session);
}

void registrations_advance(struct registrations *registrations, const char *session,
			   uint64_t revision)
{
	struct registration *registration;

	pthread_mutex_lock(&registrations->lock);
	registration = find(registrations, session);
	if (registration)
		registration->since = revision;
	pthread_mutex_unlock(&registrations->lock);
}

static bool is_there(struct store *store, const char *session)
{
	AUTO(record) record = store ? store_read(store, CLASS_session, session) : NULL;

	return record;
}

static void sweep_bucket(struct registration **link, struct store *store)
{
	while (*link) {
		struct registration *registration = *link;

		if (is_there(store, registration->session->text)) {
			link = &registration->next;
			continue;
		}
		*link = registration->next;
		value_release(registration->session);
		subscriptions_release(registration->subscriptions);
		free(registration);
	}
}

void registrations_sweep(struct registrations *registrations, struct store *store)
{
	pthread_mutex_lock(&registrations->lock);
	for (int i = 0; i < BUCKETS; i++)
		sweep_bucket(&registrations->buckets[i], store);
	pthread_mutex_unlock(&registrations->lock);
}

void registrations_free(struct registrations *registrations)
{
	if (!registrations)
		return;
	registrations_sweep(registrations, NULL);
	pthread_mutex_destroy(&registrations->lock);
	free(registrations);
}
