/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* event_registration.c – what sessions have registered for event.next. */
#include "server/api/event.h"

static size_t bucket_of(const char *session)
{
	size_t hash = 5381;

	for (; *session; session++)
		hash = hash * 33 + (unsigned char)*session;
	return hash % REGISTRATION_BUCKETS;
}

struct registration *registrations_find(const struct registrations *registrations,
					const char *session)
{
	struct registration *registration = registrations->buckets[bucket_of(session)];

	while (registration && strcmp(registration->session->text, session) != 0)
		registration = registration->next;
	return registration;
}

struct registration *registrations_add(struct registrations *registrations,
				       const struct value *session)
{
	struct registration **bucket = &registrations->buckets[bucket_of(session->text)];
	struct registration *registration = allocate(sizeof(*registration));

	registration->session = value_reference(session);
	registration->next = *bucket;
	*bucket = registration;
	return registration;
}

static bool is_there(struct store *store, const char *session)
{
	AUTO(record) record = store ? store_read(store, CLASS_session, session) : NULL;

	return record;
}

void registrations_sweep(struct registrations *registrations, struct store *store)
{
	for (int i = 0; i < REGISTRATION_BUCKETS; i++) {
		struct registration **link = &registrations->buckets[i];

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
}
