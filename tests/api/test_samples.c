/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_samples.c – the last hour of samples: how long, how many, of whom. */
#include "server/api/samples.h"

#include "schema/base.h"
#include "tests/tap.h"

#include <stdio.h>

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define MIB (INT64_C(1) << 20)
#define NOW 1e9 /* the other clock, at any moment of this one */

static double number(const struct value *map, const char *name, uint32_t i)
{
	return value_find(map, name)->items[i]->number;
}

static uint32_t count(const struct value *map)
{
	return value_find(map, "time")->length;
}

static void test_few(struct samples *samples)
{
	AUTO(value) none = samples_read(samples, "a", 5 * SECOND, NOW);
	AUTO(value) two = NULL;

	is_int(count(none), 0, "nothing is known of one that was never seen");
	samples_add(samples, "a", 100 * SECOND, 0.25, 256 * MIB);
	samples_add(samples, "a", 105 * SECOND, 7, 512 * MIB);
	two = samples_read(samples, "a", 107 * SECOND, NOW);
	is_int(count(two), 2, "both samples");
	ok(number(two, "time", 0) == NOW - 7 && number(two, "time", 1) == NOW - 2,
	   "with the time of the other clock");
	ok(number(two, "cpu", 0) > 0.2499 && number(two, "cpu", 0) < 0.2501, "the share");
	ok(number(two, "cpu", 1) == 1, "which is 1 at most");
	ok(number(two, "memory", 1) == 512 * MIB, "and the memory");
	is_int(value_find(two, "cpu")->length, 2, "as many shares");
}

/* Two hours of a sample each 5 s; the minute's number is its memory in MiB. */
static void test_hours(struct samples *samples)
{
	AUTO(value) hour = NULL;
	int64_t end = 120 * MINUTE;
	bool in_order = true;
	bool means = true;
	uint32_t coarse;

	for (int64_t time = 0; time < end; time += 5 * SECOND)
		samples_add(samples, "b", time, (time / SECOND) % 10 ? 0.4 : 0.2,
			    time / MINUTE * MIB);
	hour = samples_read(samples, "b", end, NOW);
	coarse = count(hour) - SAMPLES_FINE;
	ok(coarse == 50, "50 minutes, then 10 minutes of samples: %u", coarse);
	for (uint32_t i = 1; i < count(hour); i++)
		in_order = in_order && number(hour, "time", i) > number(hour, "time", i - 1);
	ok(in_order, "the oldest first, no time twice");
	ok(number(hour, "time", 0) >= NOW - 3600, "no older than an hour");
	ok(number(hour, "time", count(hour) - 1) == NOW - 5, "up to the newest");
	for (uint32_t i = 0; i < coarse; i++) {
		double minute = (number(hour, "time", i) - NOW + (double)end / SECOND - 30) / 60;
		double cpu = number(hour, "cpu", i);

		means = means && cpu > 0.299 && cpu < 0.301 &&
			number(hour, "memory", i) == minute * MIB;
	}
	ok(means, "a minute is the mean of its samples");
}

static void test_forgetting(struct samples *samples)
{
	AUTO(value) before = NULL;
	AUTO(value) after = NULL;
	AUTO(value) other = NULL;

	samples_add(samples, "new", 200 * MINUTE, 0, MIB);
	before = samples_read(samples, "b", 150 * MINUTE, NOW);
	ok(count(before) > 0 && number(before, "time", 0) >= NOW - 3600,
	   "of one that has ended there is less and less");
	samples_forget_old(samples, 120 * MINUTE + 59 * MINUTE);
	other = samples_read(samples, "b", 170 * MINUTE, NOW);
	ok(count(other) > 0, "for an hour");
	samples_forget_old(samples, 200 * MINUTE);
	after = samples_read(samples, "b", 120 * MINUTE, NOW);
	is_int(count(after), 0, "then nothing is kept");
	value_release(TAKE(after));
	after = samples_read(samples, "new", 200 * MINUTE, NOW);
	is_int(count(after), 1, "of others it is");
}

static void test_domain(struct samples *samples)
{
	struct domain_info domain = {.uuid = "d", .domid = 4, .vcpus_online = 2};
	AUTO(value) found = NULL;

	domain.cpu_time_ns = UINT64_C(60000000000);
	samples_add_domain(samples, &domain, 10 * SECOND);
	found = samples_read(samples, "d", 10 * SECOND, NOW);
	is_int(count(found), 0, "of a domain that was seen once no share is known");
	value_release(TAKE(found));
	domain.cpu_time_ns += UINT64_C(5000000000);
	domain.memory_actual = 64 * MIB;
	samples_add_domain(samples, &domain, 15 * SECOND);
	found = samples_read(samples, "d", 15 * SECOND, NOW);
	ok(count(found) == 1 && number(found, "cpu", 0) > 0.499 && number(found, "cpu", 0) < 0.501,
	   "5 s of 2 vCPUs in 5 s are a half");
	value_release(TAKE(found));
	domain.domid = 5;
	domain.cpu_time_ns = 0;
	samples_add_domain(samples, &domain, 20 * SECOND);
	found = samples_read(samples, "d", 20 * SECOND, NOW);
	is_int(count(found), 1, "a domain of the same VM that began since has a time of its own");
}

static void test_many(struct samples *samples)
{
	bool all = true;

	for (int i = 0; i < 1000; i++) {
		char key[16];

		snprintf(key, sizeof(key), "vm-%d", i);
		samples_add(samples, key, 300 * MINUTE, 0, i * MIB);
	}
	for (int i = 0; i < 1000; i++) {
		char key[16];
		AUTO(value) found = NULL;

		snprintf(key, sizeof(key), "vm-%d", i);
		found = samples_read(samples, key, 300 * MINUTE, NOW);
		all = all && count(found) == 1 && number(found, "memory", 0) == (double)i * MIB;
	}
	ok(all, "each of many has its own");
	samples_forget_old(samples, 500 * MINUTE);
}

int main(void)
{
	struct samples *samples = samples_new();

	test_few(samples);
	test_hours(samples);
	test_forgetting(samples);
	test_domain(samples);
	test_many(samples);
	samples_free(samples);
	return done_testing();
}
