/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* record_cache.h – records as XML, made once and kept with them, bounded in total. */
#ifndef RPC_RECORD_CACHE_H
#define RPC_RECORD_CACHE_H

#include "schema/buffer.h"
#include "schema/record.h"

/* Any thread may use it. */
struct record_cache;
struct cached_record {
	struct record_image image; /* in the record's slot, as long as there is room */
	atomic_uint references;
	struct record_cache *cache;
	const struct record *record; /* whose slot it is in; valid as long as it is in it */
	struct cached_record *newer; /* in order of their last use, those in a slot */
	struct cached_record *older;
	size_t length;
	char bytes[];
};

/* Keeps so many bytes; 0: none. */
struct record_cache *record_cache_new(int64_t limit);
void record_cache_set_limit(struct record_cache *cache, int64_t limit);
/* Nobody has anything of it any more; records may live on. NULL is fine. */
void record_cache_free(struct record_cache *cache);

/* A new reference, or NULL. */
struct cached_record *record_cache_find(struct record_cache *cache, const struct record *record);
/*
 * With a reference for the caller. It is kept if it fits: those that were used least recently make
 * room, but not those that somebody has at the moment, so that a list longer than the room does not
 * drive out itself.
 */
struct cached_record *record_cache_add(struct record_cache *cache, const struct record *record,
				       const char *bytes, size_t length);
void cached_record_release(struct cached_record *cached);

#endif
