/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* value.c – immutable, reference-counted values. */
#include "schema/value.h"

#include "schema/record.h"

#include <stdarg.h>
#include <stdio.h>

/* The commonest values are shared and never counted: references stay 0. */
static struct value nil = {.kind = VALUE_NIL};
static struct value no_text = {.kind = VALUE_STRING, .text = (char[]){""}};
static struct value booleans[] = {{.kind = VALUE_BOOL, .boolean = false},
				  {.kind = VALUE_BOOL, .boolean = true}};

static struct value *make(enum value_kind kind, size_t extra)
{
	struct value *value = allocate(sizeof(*value) + extra);

	atomic_init(&value->references, 1);
	value->kind = (uint8_t)kind;
	return value;
}

struct value *value_nil(void)
{
	return &nil;
}

static struct value *make_text(enum value_kind kind, const char *text, size_t length)
{
	struct value *value = make(kind, length + 1);

	value->text = (char *)(value + 1);
	memcpy(value->text, text, length);
	value->length = (uint32_t)length;
	return value;
}

struct value *value_string_n(const char *text, size_t length)
{
	return length ? make_text(VALUE_STRING, text, length) : &no_text;
}

struct value *value_string(const char *text)
{
	return value_string_n(text, strlen(text));
}

struct value *value_string_format(const char *format, ...)
{
	va_list arguments;
	struct value *value;
	char *text;

	va_start(arguments, format);
	text = text_format_list(format, arguments);
	va_end(arguments);
	value = value_string(text);
	free(text);
	return value;
}

struct value *value_int(int64_t integer)
{
	struct value *value = make(VALUE_INT, 0);

	value->integer = integer;
	return value;
}

struct value *value_int32(int32_t integer)
{
	struct value *value = make(VALUE_INT32, 0);

	value->integer = integer;
	return value;
}

struct value *value_float(double number)
{
	struct value *value = make(VALUE_FLOAT, 0);

	value->number = number;
	return value;
}

struct value *value_bool(bool boolean)
{
	return &booleans[boolean];
}

struct value *value_datetime(const char *text)
{
	return make_text(VALUE_DATETIME, text, strlen(text));
}

struct value *value_datetime_of(time_t seconds)
{
	char text[32];
	struct tm parts;

	gmtime_r(&seconds, &parts);
	strftime(text, sizeof(text), "%Y%m%dT%H:%M:%SZ", &parts);
	return value_datetime(text);
}

struct value *value_record(struct record *record)
{
	struct value *value = make(VALUE_RECORD, 0);

	value->record = record_reference(record);
	return value;
}

struct value *value_set(void)
{
	return make(VALUE_SET, 0);
}

struct value *value_map(void)
{
	return make(VALUE_MAP, 0);
}

/* Room for one more element of `size` bytes: arrays grow at 0, 4, 8, 16, … elements. */
static void *room(void *elements, uint32_t count, size_t size)
{
	if (count == 0)
		return reallocate(elements, 4 * size);
	if (count >= 4 && (count & (count - 1)) == 0)
		return reallocate(elements, 2 * (size_t)count * size);
	return elements;
}

void value_append(struct value *set, struct value *item)
{
	set->items = room(set->items, set->length, sizeof(*set->items));
	set->items[set->length++] = item;
}

void value_put_member(struct value *map, struct value *key, struct value *value)
{
	map->members = room(map->members, map->length, sizeof(*map->members));
	map->members[map->length++] = (struct member){key, value};
	map->sorted = 0;
}

void value_put(struct value *map, const char *key, struct value *value)
{
	value_put_member(map, value_string(key), value);
}

static int compare_members(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->key->text, ((const struct member *)b)->key->text);
}

const char *value_sort(struct value *map)
{
	if (map->length > 1)
		qsort(map->members, map->length, sizeof(*map->members), compare_members);
	map->sorted = 1;
	for (uint32_t i = 1; i < map->length; i++)
		if (strcmp(map->members[i - 1].key->text, map->members[i].key->text) == 0)
			return map->members[i].key->text;
	return NULL;
}

const struct value *value_find(const struct value *map, const char *key)
{
	struct value name = {.text = (char *)(uintptr_t)key};
	struct member wanted = {.key = &name};
	struct member *found;

	if (map->kind != VALUE_MAP)
		return NULL;
	if (map->sorted && map->length) {
		found = bsearch(&wanted, map->members, map->length, sizeof(wanted),
				compare_members);
		return found ? found->value : NULL;
	}
	for (uint32_t i = 0; i < map->length; i++)
		if (strcmp(map->members[i].key->text, key) == 0)
			return map->members[i].value;
	return NULL;
}

const char *value_find_text(const struct value *map, const char *key)
{
	const struct value *found = value_find(map, key);

	return found && found->kind == VALUE_STRING ? found->text : NULL;
}

bool value_set_has(const struct value *set, const char *text)
{
	for (uint32_t i = 0; i < set->length; i++)
		if (set->items[i]->kind == VALUE_STRING && strcmp(set->items[i]->text, text) == 0)
			return true;
	return false;
}

struct value *value_map_with(const struct value *map, const char *key, struct value *value)
{
	struct value *made = value_map();
	bool placed = false;

	for (uint32_t i = 0; i < map->length; i++) {
		const struct member *member = &map->members[i];
		bool same = strcmp(member->key->text, key) == 0;

		value_put_member(made, value_reference(member->key),
				 same ? value : value_reference(member->value));
		placed |= same;
	}
	if (!placed)
		value_put(made, key, value);
	return made;
}

struct value *value_map_without(const struct value *map, const char *key)
{
	struct value *made = value_map();

	for (uint32_t i = 0; i < map->length; i++)
		if (strcmp(map->members[i].key->text, key) != 0)
			value_put_member(made, value_reference(map->members[i].key),
					 value_reference(map->members[i].value));
	made->sorted = map->sorted;
	return made;
}

struct value *value_set_with(const struct value *set, const char *text)
{
	struct value *made = value_set_without(set, text);

	if (made->length < set->length) {
		value_release(made);
		return value_reference(set);
	}
	value_append(made, value_string(text));
	return made;
}

struct value *value_set_without(const struct value *set, const char *text)
{
	struct value *made = value_set();

	for (uint32_t i = 0; i < set->length; i++)
		if (strcmp(set->items[i]->text, text) != 0)
			value_append(made, value_reference(set->items[i]));
	return made;
}

static bool equal_sets(const struct value *a, const struct value *b)
{
	for (uint32_t i = 0; i < a->length; i++)
		if (!value_equal(a->items[i], b->items[i]))
			return false;
	return true;
}

static bool equal_maps(const struct value *a, const struct value *b)
{
	for (uint32_t i = 0; i < a->length; i++) {
		const struct value *other = value_find(b, a->members[i].key->text);

		if (!other || !value_equal(a->members[i].value, other))
			return false;
	}
	return true;
}

bool value_equal(const struct value *a, const struct value *b)
{
	if (a == b)
		return true;
	if (a->kind != b->kind)
		return false;
	switch ((enum value_kind)a->kind) {
	case VALUE_NIL:
		return true;
	case VALUE_STRING:
	case VALUE_DATETIME:
		return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
	case VALUE_INT:
	case VALUE_INT32:
		return a->integer == b->integer;
	case VALUE_FLOAT:
		return memcmp(&a->number, &b->number, sizeof(a->number)) == 0;
	case VALUE_BOOL:
		return a->boolean == b->boolean;
	case VALUE_SET:
		return a->length == b->length && equal_sets(a, b);
	case VALUE_MAP:
		return a->length == b->length && equal_maps(a, b);
	case VALUE_RECORD:
		return a->record == b->record;
	}
	return false;
}

struct value *value_reference(const struct value *value)
{
	struct value *counted = (struct value *)(uintptr_t)value;

	if (atomic_load_explicit(&counted->references, memory_order_relaxed))
		atomic_fetch_add_explicit(&counted->references, 1, memory_order_relaxed);
	return counted;
}

static void destroy(struct value *value)
{
	if (value->kind == VALUE_SET) {
		for (uint32_t i = 0; i < value->length; i++)
			value_release(value->items[i]);
		free(value->items);
	} else if (value->kind == VALUE_MAP) {
		for (uint32_t i = 0; i < value->length; i++) {
			value_release(value->members[i].key);
			value_release(value->members[i].value);
		}
		free(value->members);
	} else if (value->kind == VALUE_RECORD) {
		record_release(value->record);
	}
	free(value);
}

void value_release(const struct value *value)
{
	struct value *counted = (struct value *)(uintptr_t)value;

	if (!counted || !atomic_load_explicit(&counted->references, memory_order_relaxed))
		return;
	if (atomic_fetch_sub_explicit(&counted->references, 1, memory_order_acq_rel) == 1)
		destroy(counted);
}

const char *value_kind_name(const struct value *value)
{
	static const char *const names[] = {
		[VALUE_NIL] = "nil",	       [VALUE_STRING] = "string", [VALUE_INT] = "int",
		[VALUE_INT32] = "int",	       [VALUE_FLOAT] = "float",	  [VALUE_BOOL] = "boolean",
		[VALUE_SET] = "array",	       [VALUE_MAP] = "struct",	  [VALUE_RECORD] = "struct",
		[VALUE_DATETIME] = "dateTime",
	};

	return names[value->kind];
}
