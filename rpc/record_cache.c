/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* record_cache.c – records as XML, made once and kept with them, bounded in total. */
#include "rpc/record_cache.h"

#include <pthread.h>

#define CHANCES 8

/*
 * A record's slot holds one reference. Whoever exchanges it for NULL owns that: the record's last
 * release, without the lock, or who makes room, with it.
 */
struct record_cache {
	pthread_mutex_t lock; /* guards all but the slots */
	struct cached_record *newest;
	struct cached_record *oldest;
	size_t kept;
	size_t limit;
};

struct record_cache *record_cache_new(int64_t limit)
{
	struct record_cache *cache = allocate(sizeof(*cache));

	pthread_mutex_init(&cache->lock, NULL);
	cache->limit = (size_t)limit;
	return cache;
}

void cached_record_release(struct cached_record *cached)
{
	if (atomic_fetch_sub_explicit(&cached->references, 1, memory_order_acq_rel) == 1)
		free(cached);
}

static void link_newest(struct record_cache *cache, struct cached_record *cached)
{
	cached->newer = NULL;
	cached->older = cache->newest;
	*(cache->newest ? &cache->newest->newer : &cache->oldest) = cached;
	cache->newest = cached;
	cache->kept += cached->length;
}

static void unlink_cached(struct record_cache *cache, struct cached_record *cached)
{
	*(cached->newer ? &cached->newer->older : &cache->newest) = cached->older;
	*(cached->older ? &cached->older->newer : &cache->oldest) = cached->newer;
	cache->kept -= cached->length;
}

static _Atomic(struct record_image *) *slot_of(const struct cached_record *cached)
{
	return &((struct record *)(uintptr_t)cached->record)->image;
}

/* What was in the slot; NULL: the record is being freed, and forget() follows. */
static struct cached_record *empty_slot(const struct cached_record *cached)
{
	return (struct cached_record *)atomic_exchange(slot_of(cached), NULL);
}

/* Its record is freed. */
static void forget(struct record_image *image)
{
	struct cached_record *cached = (struct cached_record *)image; /* its first member */

	pthread_mutex_lock(&cached->cache->lock);
	unlink_cached(cached->cache, cached);
	pthread_mutex_unlock(&cached->cache->lock);
	cached_record_release(cached);
}

static void use(struct record_cache *cache, struct cached_record *cached)
{
	unlink_cached(cache, cached);
	link_newest(cache, cached);
}

/* True: `more` bytes fit. Those that somebody has are in use, however long ago they were asked for:
 * a reply, say, that is longer than there is room. */
static bool make_room(struct record_cache *cache, size_t more)
{
	int chances = CHANCES;

	if (more > cache->limit)
		return false;
	while (cache->kept + more > cache->limit) {
		struct cached_record *cached = cache->oldest;

		if (atomic_load(&cached->references) > 1) {
			if (!chances--)
				return false;
			use(cache, cached);
			continue;
		}
		if (!empty_slot(cached))
			return false;
		unlink_cached(cache, cached);
		cached_record_release(cached);
	}
	return true;
}

void record_cache_set_limit(struct record_cache *cache, int64_t limit)
{
	pthread_mutex_lock(&cache->lock);
	cache->limit = (size_t)limit;
	make_room(cache, 0);
	pthread_mutex_unlock(&cache->lock);
}

void record_cache_free(struct record_cache *cache)
{
	if (!cache)
		return;
	record_cache_set_limit(cache, 0);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

/* With the lock. */
static struct cached_record *find(struct record_cache *cache, const struct record *record)
{
	struct cached_record *cached = (struct cached_record *)atomic_load(&record->image);

	if (!cached)
		return NULL;
	use(cache, cached);
	atomic_fetch_add_explicit(&cached->references, 1, memory_order_relaxed);
	return cached;
}

struct cached_record *record_cache_find(struct record_cache *cache, const struct record *record)
{
	struct cached_record *cached;

	pthread_mutex_lock(&cache->lock);
	cached = find(cache, record);
	pthread_mutex_unlock(&cache->lock);
	return cached;
}

static struct cached_record *make(struct record_cache *cache, const struct record *record,
				  const char *bytes, size_t length)
{
	struct cached_record *cached = reallocate(NULL, sizeof(*cached) + length);

	*cached = (struct cached_record){
		.image = {forget}, .cache = cache, .record = record, .length = length};
	atomic_init(&cached->references, 1);
	memcpy(cached->bytes, bytes, length);
	return cached;
}

struct cached_record *record_cache_add(struct record_cache *cache, const struct record *record,
				       const char *bytes, size_t length)
{
	struct cached_record *cached = make(cache, record, bytes, length);
	struct cached_record *earlier;

	pthread_mutex_lock(&cache->lock);
	earlier = find(cache, record);
	if (!earlier && make_room(cache, length)) {
		cached->references = 2;
		link_newest(cache, cached);
		atomic_store(slot_of(cached), &cached->image);
	}
	pthread_mutex_unlock(&cache->lock);
	if (!earlier)
		return cached;
	cached_record_release(cached); /* somebody was faster */
	return earlier;
}
