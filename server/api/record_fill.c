/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* record_fill.c – a new object's fields from the struct that create is given. */
#include "schema/convert.h"
#include "server/api/private.h"

bool record_may_be_given(const struct field_info *field)
{
	return field->qualifier != QUALIFIER_INTERNAL &&
	       (field->qualifier == QUALIFIER_RW || field->qualifier == QUALIFIER_RO_INS ||
		field->setter != ROLE_nobody) &&
	       strcmp(field->name, "power_state") != 0;
}

/* Old clients use the uuid of an object for its reference. */
static int set_reference(struct transaction *transaction, struct record *record,
			 const struct field_info *field, const char *ref, struct error *err)
{
	const struct class_info *cls = schema_class(field->type->cls);
	const struct record *other =
		cls && !ref_is_null(ref) ? transaction_read(transaction, cls->id, ref) : NULL;

	if (!other && !ref_is_null(ref))
		return fail(err, ERROR_HANDLE_INVALID, field->type->cls, ref);
	if (other)
		record_set(record, (int)(field - record->cls->fields), value_reference(other->ref));
	return 0;
}

int record_fill(struct transaction *transaction, struct record *record, const struct value *fields,
		struct error *err)
{
	for (uint32_t i = 0; i < fields->length; i++) {
		const struct member *member = &fields->members[i];
		const struct field_info *field = schema_field(record->cls, member->key->text);
		struct value *value;

		/* old clients send whole records: what they may not say, or we do not know, is not
		 * looked at */
		if (!field || !record_may_be_given(field) || member->value->kind == VALUE_NIL)
			continue;
		if (convert_value(field->type, member->value, field->name, &value, err) < 0)
			return -1;
		record_set(record, (int)(field - record->cls->fields), value);
		if (field->type->kind == TYPE_REF &&
		    set_reference(transaction, record, field, value->text, err) < 0)
			return -1;
	}
	return 0;
}

void record_copy_fields(struct record *copy, const struct record *original, const int *own,
			size_t own_count)
{
	const struct field_info *fields = original->cls->fields;

	for (int i = 0; i < original->cls->field_count; i++)
		record_set(copy, i, value_reference(record_get(original, i)));
	for (size_t i = 0; i < own_count; i++)
		record_set(copy, own[i], value_reference(fields[own[i]].default_value));
}
