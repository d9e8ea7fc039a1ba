/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reference.c – references in what clients send, as they name objects. */
#include "server/api/reference.h"

int reference_find(struct store *store, const struct type *type, const char *ref, bool may_be_null,
		   struct record **ret_record, struct error *err)
{
	const struct class_info *cls = schema_class(type->cls);

	*ret_record = NULL;
	if (ref_is_null(ref) && may_be_null)
		return 0;
	if (cls)
		*ret_record = store_read(store, cls->id, ref);
	return *ret_record ? 0 : fail(err, ERROR_HANDLE_INVALID, type->cls, ref);
}

static bool has_references(const struct type *type)
{
	return type->kind == TYPE_REF || (type->item && has_references(type->item));
}

int reference_resolve(struct store *store, const struct type *type, const struct value *value,
		      struct value **ret_value, struct error *err)
{
	AUTO(value) resolved = NULL;
	struct value *item;

	if (!has_references(type)) {
		*ret_value = value_reference(value);
		return 0;
	}
	if (type->kind == TYPE_REF) {
		AUTO(record) record = NULL;

		if (reference_find(store, type, value->text, true, &record, err) < 0)
			return -1;
		*ret_value = value_reference(record ? record->ref : value);
		return 0;
	}
	resolved = type->kind == TYPE_SET ? value_set() : value_map();
	for (uint32_t i = 0; i < value->length; i++) {
		const struct value *given = type->kind == TYPE_SET ? value->items[i] :
								     value->members[i].value;

		if (reference_resolve(store, type->item, given, &item, err) < 0)
			return -1;
		if (type->kind == TYPE_SET)
			value_append(resolved, item);
		else
			value_put_member(resolved, value_reference(value->members[i].key), item);
	}
	*ret_value = TAKE(resolved);
	return 0;
}
