/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_record_cache.c – records as XML, kept with them: what is kept, what goes, what is written.
 */
#include "rpc/record_cache.h"
#include "rpc/xmlrpc.h"
#include "tests/tap.h"

#include <pthread.h>
#include <stdio.h>

#define BYTES 100

static struct record *make(const char *name)
{
	struct record *record = record_new(schema_classes[CLASS_VM], "OpaqueRef:1");

	record_set_text(record, VM_name_label, name);
	return record;
}

static struct cached_record *add(struct record_cache *cache, const struct record *record)
{
	char bytes[BYTES] = {0};

	memcpy(bytes, record_text(record, VM_name_label),
	       strlen(record_text(record, VM_name_label)));
	return record_cache_add(cache, record, bytes, BYTES);
}

static void add_and_release(struct record_cache *cache, const struct record *record)
{
	cached_record_release(add(cache, record));
}

static bool is_kept(struct record_cache *cache, const struct record *record)
{
	struct cached_record *cached = record_cache_find(cache, record);

	if (cached)
		cached_record_release(cached);
	return cached;
}

static void test_order(void)
{
	struct record_cache *cache = record_cache_new(2 * BYTES + BYTES / 2);
	AUTO(record) a = make("a");
	AUTO(record) b = make("b");
	AUTO(record) c = make("c");

	ok(!is_kept(cache, a), "at first nothing is kept");
	add_and_release(cache, a);
	add_and_release(cache, b);
	ok(is_kept(cache, b) && is_kept(cache, a), "what fits is kept");
	add_and_release(cache, c);
	ok(is_kept(cache, a) && is_kept(cache, c), "what was used last stays");
	ok(!is_kept(cache, b), "what was used least recently makes room");
	record_cache_set_limit(cache, BYTES);
	ok(!is_kept(cache, a) && is_kept(cache, c), "less room: only the newest stays");
	record_cache_set_limit(cache, 0);
	add_and_release(cache, b);
	ok(!is_kept(cache, b) && !is_kept(cache, c), "no room: nothing is kept");
	record_cache_free(cache);
}

static void test_in_use(void)
{
	struct record_cache *cache = record_cache_new(2 * BYTES);
	struct cached_record *held[3];
	AUTO(record) a = make("a");
	AUTO(record) b = make("b");
	AUTO(record) c = make("c");

	held[0] = add(cache, a);
	held[1] = add(cache, b);
	held[2] = add(cache, c);
	ok(is_kept(cache, a) && is_kept(cache, b), "what somebody has does not make room");
	ok(!is_kept(cache, c), "so what comes next is not kept");
	is_str(held[2]->bytes, "c", "but made");
	cached_record_release(held[0]);
	add_and_release(cache, c);
	ok(is_kept(cache, c) && !is_kept(cache, a), "it is once there is room");
	record_release(TAKE(b));
	is_str(held[1]->bytes, "b", "what is cached outlives its record");
	cached_record_release(held[1]);
	cached_record_release(held[2]);
	b = make("new b");
	add_and_release(cache, b);
	ok(is_kept(cache, b) && is_kept(cache, c), "a record that is freed leaves its room");
	record_cache_free(cache);
	ok(record_is(c, VM_name_label, "c"), "records outlive the cache");
}

static void test_written(void)
{
	struct record_cache *cache = record_cache_new(1 << 20);
	AUTO(record) record = make("a <name>");
	AUTO(value) map = value_map();
	struct output want = {0};

	value_put(map, "first", value_record(record));
	value_put(map, "second", value_record(record));
	value_put(map, "text", value_string("t"));
	xmlrpc_write_success(&want, map);
	for (int run = 0; run < 2; run++) {
		struct output got = {.cache = cache};

		xmlrpc_write_success(&got, map);
		is_int((int)got.part_count, 2, "each record is one part");
		ok(got.parts[0].cached == got.parts[1].cached, "made once");
		ok(output_length(&got) == want.bytes.length, "as long as without a cache");
		output_join(&got);
		is_str(got.bytes.data, want.bytes.data, "and the same");
		output_free(&got);
	}
	output_free(&want);
	record_cache_free(cache);
}

#define THREADS 4
#define RECORDS 40
#define ROUNDS 20000

static struct record_cache *shared;
static struct record *records[RECORDS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int wrong;

/* Reads the records, and now and then puts another one in the place of one that others read. */
static void *read_records(void *argument)
{
	unsigned random = (unsigned)(uintptr_t)argument;

	for (int i = 0; i < ROUNDS; i++) {
		struct record **place;
		AUTO(record) record = NULL;
		struct cached_record *cached;

		random = random * 1103515245 + 12345;
		place = &records[random / 65536 % RECORDS];
		pthread_mutex_lock(&lock);
		if (i % 10 == 0) {
			char name[20];

			snprintf(name, sizeof(name), "%u", random);
			record_release(*place);
			*place = make(name);
		}
		record = record_reference(*place);
		pthread_mutex_unlock(&lock);
		cached = record_cache_find(shared, record);
		if (!cached)
			cached = add(shared, record);
		wrong += !record_is(record, VM_name_label, cached->bytes);
		cached_record_release(cached);
	}
	return NULL;
}

static void test_threads(void)
{
	pthread_t threads[THREADS];

	shared = record_cache_new(RECORDS / 2 * BYTES);
	for (int i = 0; i < RECORDS; i++)
		records[i] = make("0");
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, read_records, (void *)(i + 1));
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	is_int(wrong, 0, "each finds what was made of its own record");
	for (int i = 0; i < RECORDS; i++)
		record_release(records[i]);
	record_cache_free(shared);
}

int main(void)
{
	schema_init();
	test_order();
	test_in_use();
	test_written();
	test_threads();
	return done_testing();
}
