/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* overlay.c – what a batch has changed and is not published yet. */
#include "server/store/overlay.h"

static size_t bucket_of(const char *ref)
{
	size_t hash = 0;

	for (; *ref; ref++)
		hash = hash * 31 + (unsigned char)*ref;
	return hash % OVERLAY_BUCKETS;
}

static struct overlay_entry *find(const struct overlay *overlay, const struct class_info *cls,
				  const char *ref)
{
	struct overlay_entry *entry = overlay->buckets[bucket_of(ref)];

	while (entry && (entry->cls != cls || strcmp(entry->ref->text, ref) != 0))
		entry = entry->next_in_bucket;
	return entry;
}

const struct overlay_entry *overlay_find(const struct overlay *overlay,
					 const struct class_info *cls, const char *ref)
{
	return find(overlay, cls, ref);
}

const struct overlay_entry *overlay_find_by_uuid(const struct overlay *overlay,
						 const struct class_info *cls, const char *uuid)
{
	for (const struct overlay_entry *entry = overlay->first; entry; entry = entry->next)
		if (entry->cls == cls && entry->record &&
		    strcmp(record_uuid(entry->record), uuid) == 0)
			return entry;
	return NULL;
}

void overlay_put(struct overlay *overlay, const struct class_info *cls, struct value *ref,
		 struct record *record)
{
	struct overlay_entry *entry = find(overlay, cls, ref->text);
	size_t bucket = bucket_of(ref->text);

	if (!entry) {
		entry = allocate(sizeof(*entry));
		entry->cls = cls;
		entry->ref = value_reference(ref);
		entry->next_in_bucket = overlay->buckets[bucket];
		overlay->buckets[bucket] = entry;
		*(overlay->last ? &overlay->last->next : &overlay->first) = entry;
		overlay->last = entry;
	}
	record_release(entry->record);
	entry->record = record ? record_reference(record) : NULL;
}

void overlay_clear(struct overlay *overlay)
{
	for (struct overlay_entry *entry = overlay->first; entry;) {
		struct overlay_entry *next = entry->next;

		overlay->buckets[bucket_of(entry->ref->text)] = NULL;
		record_release(entry->record);
		value_release(entry->ref);
		free(entry);
		entry = next;
	}
	overlay->first = overlay->last = NULL;
}
