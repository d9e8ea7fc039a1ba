/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* record.c – one version of one object. */
#include "schema/record.h"

#include <assert.h>

static struct record *make(const struct class_info *cls)
{
	struct record *record =
		allocate(sizeof(*record) + (size_t)cls->field_count * sizeof(record->fields[0]));

	atomic_init(&record->references, 1);
	record->cls = cls;
	return record;
}

struct record *record_new(const struct class_info *cls, const char *ref)
{
	struct record *record = make(cls);

	record->ref = value_string(ref);
	for (int i = 0; i < cls->field_count; i++)
		record->fields[i] = value_reference(cls->fields[i].default_value);
	return record;
}

struct record *record_copy(const struct record *record)
{
	struct record *copy = make(record->cls);

	copy->ref = value_reference(record->ref);
	copy->created = record->created;
	copy->modified = record->modified;
	copy->settled = record->settled;
	copy->stored = record->stored;
	for (int i = 0; i < record->cls->field_count; i++)
		copy->fields[i] = value_reference(record->fields[i]);
	return copy;
}

struct record *record_reference(const struct record *record)
{
	struct record *counted = (struct record *)(uintptr_t)record;

	atomic_fetch_add_explicit(&counted->references, 1, memory_order_relaxed);
	return counted;
}

void record_release(const struct record *record)
{
	struct record *counted = (struct record *)(uintptr_t)record;
	struct record_image *image;

	if (!counted ||
	    atomic_fetch_sub_explicit(&counted->references, 1, memory_order_acq_rel) > 1)
		return;
	image = atomic_exchange(&counted->image, NULL);
	if (image)
		image->free(image);
	for (int i = 0; i < counted->cls->field_count; i++)
		value_release(counted->fields[i]);
	value_release(counted->ref);
	free(counted);
}

void record_set(struct record *record, int field, struct value *value)
{
	assert(field >= 0 && field < record->cls->field_count);
	value_release(record->fields[field]);
	record->fields[field] = value;
}

const char *record_uuid(const struct record *record)
{
	return record->cls->uuid < 0 ? "" : record_text(record, record->cls->uuid);
}
