/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* logins.c – sign-ins under way and those that failed of late. */
#include "server/api/logins.h"

#include "schema/clock.h"
#include "schema/meter.h"
#include "server/api/private.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/random.h>

#define UNDER_WAY_MAX 64
/* Of one address, failed: nobody can keep all others out with wrong passwords. */
#define DELAYED_MAX 32
/* What one address may have of the places that others leave it: there is always one for the next.
 */
#define SHARE 3 / 4
#define FAILURES_MAX 1024
#define FORGOTTEN_MS (10 * 60 * 1000)
#define DELAY_MAX_MS 8000

/* In a row, of one account from one address or of one address. */
struct failures {
	uint64_t key; /* 0: a free place */
	int64_t last_ms;
	int count;
};

/* A sign-in that is being checked, or waits out its delay. */
struct under_way {
	uint64_t key;	  /* of its address */
	int64_t until_ms; /* INT64_MAX: being checked; past: a free place */
};

struct logins {
	pthread_mutex_t lock;
	uint64_t seed;
	int delay_ms; /* after the first failure */
	struct under_way under_way[UNDER_WAY_MAX];
	struct failures failures[FAILURES_MAX];
};

struct logins *logins_new(struct api *api)
{
	struct logins *logins = allocate(sizeof(*logins));

	pthread_mutex_init(&logins->lock, NULL);
	logins->delay_ms = api->options.login_delay_ms;
	if (getrandom(&logins->seed, sizeof(logins->seed), 0) != (ssize_t)sizeof(logins->seed))
		abort();
	return logins;
}

void logins_free(struct logins *logins)
{
	if (!logins)
		return;
	pthread_mutex_destroy(&logins->lock);
	free(logins);
}

static uint64_t hash(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 1099511628211u;
	return (hash ^ 0xff) * 1099511628211u; /* no text has this byte: "a" "bc" is not "ab" "c" */
}

/* Whoever has one address of IPv6 has its /64: that counts as one. */
static void network_of(const char *address, char ret_network[INET6_ADDRSTRLEN])
{
	struct in6_addr ipv6;

	snprintf(ret_network, INET6_ADDRSTRLEN, "%s", address);
	if (inet_pton(AF_INET6, address, &ipv6) != 1 || IN6_IS_ADDR_V4MAPPED(&ipv6))
		return;
	memset(ipv6.s6_addr + 8, 0, 8);
	inet_ntop(AF_INET6, &ipv6, ret_network, INET6_ADDRSTRLEN);
}

static uint64_t address_hash(const struct logins *logins, const char *address)
{
	char network[INET6_ADDRSTRLEN];

	network_of(address, network);
	return hash(logins->seed, network);
}

static uint64_t address_key(const struct logins *logins, const char *address)
{
	return address_hash(logins, address) | 1;
}

int logins_enter(struct logins *logins, const char *user, const char *address, struct error *err)
{
	uint64_t key = address_key(logins, address);
	int64_t now = clock_ms();
	struct under_way *place = NULL;
	int delayed = 0;
	int own = 0;
	int others = 0;

	pthread_mutex_lock(&logins->lock);
	for (int i = 0; i < UNDER_WAY_MAX; i++) {
		struct under_way *other = &logins->under_way[i];

		if (other->until_ms <= now) {
			place = other;
		} else if (other->key == key) {
			own++;
			delayed += other->until_ms != INT64_MAX;
		} else {
			others++;
		}
	}
	if (delayed >= DELAYED_MAX || own >= (UNDER_WAY_MAX - others) * SHARE)
		place = NULL;
	if (place)
		*place = (struct under_way){key, INT64_MAX};
	pthread_mutex_unlock(&logins->lock);
	return place ? 0 :
		       fail(err, ERROR_SESSION_AUTHENTICATION_FAILED, user,
			    "too many sign-ins are under way, try again later");
}

void logins_leave(struct logins *logins, const char *address, int delay_ms)
{
	uint64_t key = address_key(logins, address);
	struct under_way *place = logins->under_way;

	pthread_mutex_lock(&logins->lock);
	/* it is there: whoever leaves has entered */
	while (place->key != key || place->until_ms != INT64_MAX)
		place++;
	place->until_ms = clock_ms() + delay_ms;
	pthread_mutex_unlock(&logins->lock);
}

static uint64_t account_key(const struct logins *logins, const char *user, const char *address)
{
	return hash(address_hash(logins, address), user) | 1;
}

/* The place of that key, or else the one whose failure is longest ago. */
static struct failures *find(struct logins *logins, uint64_t key)
{
	struct failures *oldest = &logins->failures[0];

	for (int i = 0; i < FAILURES_MAX; i++) {
		struct failures *failures = &logins->failures[i];

		if (failures->key == key)
			return failures;
		if (failures->last_ms < oldest->last_ms)
			oldest = failures;
	}
	return oldest;
}

/* Returns how many there were in a row. */
static int count_failure(struct logins *logins, uint64_t key, int64_t now)
{
	struct failures *failures = find(logins, key);

	if (failures->key != key || failures->last_ms + FORGOTTEN_MS < now)
		*failures = (struct failures){.key = key};
	failures->last_ms = now;
	return ++failures->count;
}

static void forget(struct logins *logins, uint64_t key)
{
	struct failures *failures = find(logins, key);

	if (failures->key == key)
		*failures = (struct failures){0};
}

static int delay_of(const struct logins *logins, int failures)
{
	int64_t delay = logins->delay_ms;

	while (--failures > 0 && delay < DELAY_MAX_MS)
		delay *= 2;
	return delay < DELAY_MAX_MS ? (int)delay : DELAY_MAX_MS;
}

int logins_note_failure(struct logins *logins, const char *user, const char *address)
{
	int64_t now = clock_ms();
	int of_account;
	int of_address;

	meter_add(METER_failed_logins, 1);
	pthread_mutex_lock(&logins->lock);
	of_account = count_failure(logins, account_key(logins, user, address), now);
	of_address = count_failure(logins, address_key(logins, address), now);
	pthread_mutex_unlock(&logins->lock);
	return delay_of(logins, of_account > of_address ? of_account : of_address);
}

void logins_note_success(struct logins *logins, const char *user, const char *address)
{
	pthread_mutex_lock(&logins->lock);
	forget(logins, account_key(logins, user, address));
	forget(logins, address_key(logins, address));
	pthread_mutex_unlock(&logins->lock);
}
