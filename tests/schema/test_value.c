/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_value.c – values, records and buffers: what they hold, who owns them. */
#include "schema/buffer.h"
#include "schema/record.h"
#include "tests/tap.h"

#include <pthread.h>

static void test_scalars(void)
{
	AUTO(value) text = value_string("text");
	AUTO(value) part = value_string_n("textual", 4);
	AUTO(value) format = value_string_format("%s%d", "te", 7);
	AUTO(value) number = value_int(INT64_MIN);
	AUTO(value) date = value_datetime_of(0);
	AUTO(value) later = value_datetime_of(1165154759);

	is_str(text->text, "text", "a string");
	is_int(text->length, 4, "its length");
	ok(value_equal(text, part), "a part of a string is equal");
	is_str(format->text, "te7", "a formatted string");
	ok(number->integer == INT64_MIN, "the least int");
	is_str(date->text, "19700101T00:00:00Z", "the first date");
	is_str(later->text, "20061203T14:05:59Z", "a later date");
	ok(value_string("") == value_string_n("x", 0), "the empty string is shared");
	ok(value_bool(true) == value_bool(true) && value_bool(false)->boolean == false, "bools");
	ok(!value_equal(text, number) && !value_equal(text, date), "other kinds are not equal");
	is_str(value_kind_name(number), "int", "an int's name");
	is_str(value_kind_name(date), "dateTime", "a date's name");
}

static struct value *numbers(int count)
{
	struct value *set = value_set();

	for (int i = 0; i < count; i++)
		value_append(set, value_string_format("%d", i));
	return set;
}

static void test_sets(void)
{
	AUTO(value) set = numbers(1000);
	AUTO(value) same = numbers(1000);
	AUTO(value) with = value_set_with(set, "x");
	AUTO(value) again = value_set_with(set, "7");
	AUTO(value) without = value_set_without(with, "x");
	AUTO(value) missing = value_set_without(set, "y");

	is_int(set->length, 1000, "a set grows");
	ok(value_equal(set, same), "sets with the same items are equal");
	ok(value_set_has(set, "999") && !value_set_has(set, "1000"), "it knows what it has");
	is_int(with->length, 1001, "a new element goes in");
	is_str(with->items[1000]->text, "x", "at the end");
	ok(again == set, "one that is there already changes nothing");
	ok(value_equal(without, set) && value_equal(missing, set), "elements go out");
	ok(!value_equal(with, set), "sets of other lengths differ");
}

static struct value *squares(int from, int step, int count)
{
	struct value *map = value_map();

	for (int i = 0, key = from; i < count; i++, key += step) {
		AUTO_TEXT name = text_format("%d", key);

		value_put(map, name, value_int((int64_t)key * key));
	}
	return map;
}

static void test_maps(void)
{
	AUTO(value) map = squares(0, 1, 500);
	AUTO(value) backwards = squares(499, -1, 500);
	AUTO(value) with = value_map_with(map, "new", value_int(1));
	AUTO(value) changed = value_map_with(map, "3", value_int(1));
	AUTO(value) without = value_map_without(with, "new");

	ok(value_find(map, "20")->integer == 400, "found before it is in order");
	ok(value_equal(map, backwards), "the order of members does not count");
	ok(!value_sort(map), "no key is there twice");
	ok(value_find(map, "20")->integer == 400 && !value_find(map, "500"), "found by halving");
	ok(!value_find_text(map, "20"), "an int is no text");
	is_int(with->length, 501, "a new key goes in");
	ok(value_find(with, "new")->integer == 1, "and is found");
	ok(value_find(changed, "3")->integer == 1 && changed->length == 500, "a key changes");
	ok(value_equal(without, map), "a key goes out");
	ok(!value_equal(changed, map), "maps with other values differ");
	value_put(map, "7", value_int(0));
	is_str(value_sort(map), "7", "a key that is there twice is named");
}

/* An order of inserting that needs the array to grow just after a copy is made. */
static void test_growth(void)
{
	for (int count = 0; count < 70; count++) {
		AUTO(value) map = squares(0, 1, count);
		AUTO(value) grown = value_map_with(map, "x", value_int(1));
		AUTO(value) set = numbers(count);
		AUTO(value) longer = value_set_with(set, "x");

		if (grown->length != (uint32_t)count + 1 || longer->length != (uint32_t)count + 1)
			ok(false, "growing from %d", count);
	}
	ok(true, "sets and maps of 0 to 69 elements take one more");
}

static int images_freed;

static void free_image(struct record_image *image)
{
	images_freed++;
	free(image);
}

static void test_records(void)
{
	struct record *vm = record_new(schema_classes[CLASS_VM], "OpaqueRef:1");
	struct record *copy;
	struct record_image *image = allocate(sizeof(*image));

	is_str(record_ref(vm), "OpaqueRef:1", "a record has its ref");
	is_int(record_int(vm, VM_domid), -1, "fields start with their default");
	ok(ref_is_null(record_text(vm, VM_affinity)), "references with the null reference");
	record_set_text(vm, VM_uuid, "u");
	record_set_text(vm, VM_name_label, "one");
	record_set_int(vm, VM_order, 5);
	image->free = free_image;
	atomic_store(&vm->image, image);
	copy = record_copy(vm);
	record_set_text(copy, VM_name_label, "two");
	is_str(record_text(vm, VM_name_label), "one", "a change of a copy leaves the original");
	is_int(record_int(copy, VM_order), 5, "the copy has the rest");
	ok(record_get(copy, VM_tags) == record_get(vm, VM_tags), "and shares it");
	is_str(record_uuid(copy), "u", "uuid");
	ok(!atomic_load(&copy->image), "an image is not copied");
	record_release(record_reference(vm));
	is_int(images_freed, 0, "a record lives as long as somebody holds it");
	record_release(vm);
	is_int(images_freed, 1, "and its image as long as it does");
	record_release(copy);
	record_release(NULL);
}

static struct value *shared;

static void *hold_and_release(void *argument)
{
	for (int i = 0; i < 20000; i++) {
		AUTO(value) held = value_reference(shared);
		AUTO(value) derived = value_set_with(held, "x");

		if (derived->length != shared->length + 1)
			return argument;
	}
	return NULL;
}

static void test_threads(void)
{
	pthread_t threads[4];
	void *problem = NULL;
	void *result;

	shared = numbers(3);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, hold_and_release, &threads);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		problem = problem ? problem : result;
	}
	ok(!problem && atomic_load(&shared->references) == 1, "references of four threads");
	value_release(shared);
}

static void test_buffers(void)
{
	AUTO_BUFFER buffer = {0};
	char *taken;

	buffer_add_int(&buffer, INT64_MIN);
	buffer_add_char(&buffer, ' ');
	buffer_add_int(&buffer, 0);
	buffer_add_literal(&buffer, " literal ");
	buffer_add_format(&buffer, "%05d%s", 42, "");
	is_str(buffer.data, "-9223372036854775808 0 literal 00042", "what was added");
	buffer_clear(&buffer);
	is_str(buffer.data, "", "cleared");
	for (int i = 0; i < 100000; i++)
		buffer_add_char(&buffer, 'x');
	taken = buffer_take(&buffer);
	is_int((int64_t)strlen(taken), 100000, "it grows");
	free(taken);
	taken = buffer_take(&buffer);
	is_str(taken, "", "an empty one gives an empty text");
	free(taken);
}

int main(void)
{
	schema_init();
	test_scalars();
	test_sets();
	test_maps();
	test_growth();
	test_records();
	test_threads();
	test_buffers();
	return done_testing();
}
