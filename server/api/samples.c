/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* samples.c – CPU and memory of the last hour, of the host and of each VM that ran in it. */
#include "server/api/samples.h"

#include "schema/base.h"
#include "schema/uuid.h"

#include <pthread.h>
#include <search.h>
#include <stdio.h>

#define MINUTE_MS 60000
#define HOUR_MS (60 * MINUTE_MS)
#define CPU_ONE 65535
#define MEMORY_UNIT 4096

/* Small: there are 180 of them for each VM. */
struct sample {
	uint32_t memory; /* in MEMORY_UNIT */
	uint32_t second; /* of clock_ms() */
	uint16_t cpu;	 /* of CPU_ONE */
};

/* Grows up to `most`; then the newest replaces the oldest. */
struct ring {
	struct sample *samples;
	uint16_t room;
	uint16_t count;
	uint16_t first; /* the oldest */
	uint16_t most;
};

struct series {
	char key[UUID_SIZE];
	struct ring fine;
	struct ring minutes;
	int64_t last_ms;
	/* the minute that is under way */
	int64_t minute;
	unsigned minute_count;
	double minute_cpu;
	double minute_memory;
	/* of the domain, as it was seen last */
	bool is_seen;
	int domid;
	uint64_t cpu_time_ns;
};

struct samples {
	pthread_mutex_t lock;
	void *tree; /* of tsearch(3), by key */
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct series *)a)->key, ((const struct series *)b)->key);
}

static void make_room(struct ring *ring)
{
	if (ring->count < ring->room || ring->room == ring->most)
		return;
	ring->room = (uint16_t)lesser_of(ring->most, 2 * ring->room + 4);
	ring->samples = reallocate(ring->samples, ring->room * sizeof(*ring->samples));
}

static void push(struct ring *ring, int64_t time_ms, double cpu, double memory)
{
	uint16_t place;

	make_room(ring);
	if (ring->count < ring->room) {
		place = ring->count++;
	} else {
		place = ring->first;
		ring->first = (uint16_t)((ring->first + 1) % ring->room);
	}
	ring->samples[place] = (struct sample){
		.memory = (uint32_t)(memory / MEMORY_UNIT),
		.second = (uint32_t)(time_ms / 1000),
		.cpu = (uint16_t)(CPU_ONE * (cpu < 0 ? 0 :
					     cpu > 1 ? 1 :
						       cpu)),
	};
}

static const struct sample *at(const struct ring *ring, uint16_t i)
{
	return &ring->samples[(ring->first + i) % ring->room];
}

static struct series *find(struct samples *samples, const char *key)
{
	struct series wanted = {.last_ms = 0};
	struct series *const *found;

	snprintf(wanted.key, sizeof(wanted.key), "%s", key);
	found = tfind(&wanted, &samples->tree, compare);
	return found ? *found : NULL;
}

static struct series *series_of(struct samples *samples, const char *key)
{
	struct series *series = find(samples, key);

	if (series)
		return series;
	series = allocate(sizeof(*series));
	snprintf(series->key, sizeof(series->key), "%s", key);
	series->fine.most = SAMPLES_FINE;
	series->minutes.most = SAMPLES_MINUTES;
	if (!tsearch(series, &samples->tree, compare))
		abort();
	return series;
}

/* The middle of a minute stands for it. */
static void end_minute(struct series *series)
{
	if (series->minute_count)
		push(&series->minutes, series->minute * MINUTE_MS + MINUTE_MS / 2,
		     series->minute_cpu / series->minute_count,
		     series->minute_memory / series->minute_count);
	series->minute_count = 0;
	series->minute_cpu = series->minute_memory = 0;
}

static void add(struct series *series, int64_t time_ms, double cpu, int64_t memory)
{
	if (time_ms / MINUTE_MS != series->minute)
		end_minute(series);
	series->minute = time_ms / MINUTE_MS;
	series->minute_count++;
	series->minute_cpu += cpu;
	series->minute_memory += (double)memory;
	push(&series->fine, time_ms, cpu, (double)memory);
}

void samples_add(struct samples *samples, const char *key, int64_t time_ms, double cpu,
		 int64_t memory)
{
	struct series *series;

	pthread_mutex_lock(&samples->lock);
	series = series_of(samples, key);
	add(series, time_ms, cpu, memory);
	series->last_ms = time_ms;
	pthread_mutex_unlock(&samples->lock);
}

void samples_add_domain(struct samples *samples, const struct domain_info *domain, int64_t time_ms)
{
	struct series *series;
	double elapsed_ns;
	double used_ns;

	pthread_mutex_lock(&samples->lock);
	series = series_of(samples, domain->uuid);
	elapsed_ns = (double)(time_ms - series->last_ms) * 1e6 * (double)domain->vcpus_online;
	used_ns = (double)domain->cpu_time_ns - (double)series->cpu_time_ns;
	/* a domain that has begun since has a time of its own */
	if (series->is_seen && series->domid == domain->domid && elapsed_ns > 0)
		add(series, time_ms, used_ns / elapsed_ns, domain->memory_actual);
	series->is_seen = true;
	series->domid = domain->domid;
	series->cpu_time_ns = domain->cpu_time_ns;
	series->last_ms = time_ms;
	pthread_mutex_unlock(&samples->lock);
}

static void free_series(void *node)
{
	struct series *series = node;

	free(series->fine.samples);
	free(series->minutes.samples);
	free(series);
}

struct old {
	int64_t before_ms;
	struct series **found;
	size_t count;
};

static void find_old(const void *node, VISIT visit, void *argument)
{
	struct series *series = *(struct series *const *)node;
	struct old *old = argument;

	if ((visit != postorder && visit != leaf) || series->last_ms >= old->before_ms)
		return;
	old->found = reallocate(old->found, (old->count + 1) * sizeof(*old->found));
	old->found[old->count++] = series;
}

void samples_forget_old(struct samples *samples, int64_t now_ms)
{
	struct old old = {.before_ms = now_ms - HOUR_MS};

	pthread_mutex_lock(&samples->lock);
	twalk_r(samples->tree, find_old, &old);
	for (size_t i = 0; i < old.count; i++) {
		tdelete(old.found[i], &samples->tree, compare);
		free_series(old.found[i]);
	}
	pthread_mutex_unlock(&samples->lock);
	free(old.found);
}

struct reading {
	double now;
	int64_t now_ms;
	struct value *time;
	struct value *cpu;
	struct value *memory;
};

/* Those of the last hour, and before `until` (in seconds of clock_ms()). */
static void read_ring(const struct ring *ring, int64_t until, struct reading *reading)
{
	for (uint16_t i = 0; i < ring->count; i++) {
		const struct sample *sample = at(ring, i);
		int64_t age = reading->now_ms / 1000 - sample->second;

		if (sample->second >= until || age > HOUR_MS / 1000)
			continue;
		value_append(reading->time, value_float(reading->now - (double)age));
		value_append(reading->cpu, value_float((double)sample->cpu / CPU_ONE));
		value_append(reading->memory, value_float((double)sample->memory * MEMORY_UNIT));
	}
}

struct value *samples_read(struct samples *samples, const char *key, int64_t now_ms, double now)
{
	struct reading reading = {now, now_ms, value_set(), value_set(), value_set()};
	struct value *map = value_map();
	const struct series *series;

	pthread_mutex_lock(&samples->lock);
	series = find(samples, key);
	if (series && series->fine.count) {
		/* the minutes of which the samples themselves are not there any more */
		read_ring(&series->minutes, at(&series->fine, 0)->second, &reading);
		read_ring(&series->fine, INT64_MAX, &reading);
	}
	pthread_mutex_unlock(&samples->lock);
	value_put(map, "time", reading.time);
	value_put(map, "cpu", reading.cpu);
	value_put(map, "memory", reading.memory);
	return map;
}

struct samples *samples_new(void)
{
	struct samples *samples = allocate(sizeof(*samples));

	pthread_mutex_init(&samples->lock, NULL);
	return samples;
}

void samples_free(struct samples *samples)
{
	tdestroy(samples->tree, free_series);
	pthread_mutex_destroy(&samples->lock);
	free(samples);
}
