/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* record.h – one version of one object: the values of all fields of its class. */
#ifndef SCHEMA_RECORD_H
#define SCHEMA_RECORD_H

#include "schema/schema.h"
#include "schema/value.h"

/* What somebody above keeps with a record, made from it once: its XML, say. Freed with the record,
 * unless its owner has taken it out of the slot. */
struct record_image {
	void (*free)(struct record_image *image);
};

/*
 * Immutable once it is published: a change makes a new record that shares the values it did not
 * change. Fields are numbered by the enumerators of schema.h (VM_name_label). All are always there,
 * unset ones with their default.
 */
struct record {
	atomic_uint references;
	const struct class_info *cls;
	struct value *ref;
	uint64_t created;  /* revision of its creation */
	uint64_t modified; /* revision of its last change */
	uint64_t settled;  /* revision of the last change of what clients can set of it */
	uint64_t stored;   /* revision of its last change that went to the disk */
	_Atomic(struct record_image *) image;
	struct value *fields[];
};

/* A new object: every field at its default. */
struct record *record_new(const struct class_info *cls, const char *ref);
/* A copy to change, not yet published. */
struct record *record_copy(const struct record *record);
struct record *record_reference(const struct record *record);
void record_release(const struct record *record); /* NULL is fine */
static inline void record_cleanup(struct record **record)
{
	record_release(*record);
}

/* Sets a field of a record that is not published yet; takes the value. */
void record_set(struct record *record, int field, struct value *value);
static inline void record_set_text(struct record *record, int field, const char *text)
{
	record_set(record, field, value_string(text));
}
static inline void record_set_int(struct record *record, int field, int64_t integer)
{
	record_set(record, field, value_int(integer));
}

static inline const struct value *record_get(const struct record *record, int field)
{
	return record->fields[field];
}
/* string, enum and ref fields */
static inline const char *record_text(const struct record *record, int field)
{
	return record->fields[field]->text;
}
static inline int64_t record_int(const struct record *record, int field)
{
	return record->fields[field]->integer;
}
static inline bool record_bool(const struct record *record, int field)
{
	return record->fields[field]->boolean;
}
static inline double record_float(const struct record *record, int field)
{
	return record->fields[field]->number;
}
/* an enum or string field has this text */
static inline bool record_is(const struct record *record, int field, const char *text)
{
	return strcmp(record->fields[field]->text, text) == 0;
}
static inline const char *record_ref(const struct record *record)
{
	return record->ref->text;
}
const char *record_uuid(const struct record *record);

#define NULL_REF "OpaqueRef:NULL"
static inline bool ref_is_null(const char *ref)
{
	return strcmp(ref, NULL_REF) == 0;
}

#endif
