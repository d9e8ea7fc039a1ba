/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* selection.c – get_all_fields_where: some fields of some objects, a part of them at a time. */
#include "server/api/selection.h"

#include "server/api/where.h"

struct selection {
	const struct class_info *cls;
	struct where *where;
	struct value **names; /* by number of the field; NULL: not asked for */
	const char *after;
	int64_t limit; /* 0: none */
};

static int add_name(struct selection *selection, struct value *name, struct error *err)
{
	const struct class_info *cls = selection->cls;
	AUTO_TEXT known = NULL;

	for (int i = 0; i < cls->field_count; i++) {
		if (cls->fields[i].qualifier != QUALIFIER_INTERNAL &&
		    strcmp(cls->fields[i].name, name->text) == 0) {
			selection->names[i] = name;
			return 0;
		}
	}
	known = text_format("fields: names of fields of %s", cls->name);
	return fail(err, ERROR_INVALID_VALUE, known, name->text);
}

static int read_arguments(struct call *call, struct selection *selection, struct error *err)
{
	const struct value *fields = call->arguments[0];

	selection->limit = argument_int(call, 3);
	if (selection->limit < 0) {
		AUTO_TEXT given = text_format("%lld", (long long)selection->limit);

		return fail(err, ERROR_INVALID_VALUE, "limit: at least 0", given);
	}
	for (uint32_t i = 0; i < fields->length; i++)
		if (add_name(selection, fields->items[i], err) < 0)
			return -1;
	selection->after = argument_text(call, 2);
	return where_parse(selection->cls, argument_text(call, 1), &selection->where, err);
}

static struct value *select_fields(const struct selection *selection, const struct record *record)
{
	struct value *selected = value_map();

	value_put(selected, "ref", value_reference(record->ref));
	for (int i = 0; i < selection->cls->field_count; i++)
		if (selection->names[i])
			value_put_member(selected, value_reference(selection->names[i]),
					 value_reference(record->fields[i]));
	return selected;
}

/* Where to begin. The dispatcher has seen the object, but it may be gone since. */
static int find_start(const struct selection *selection, struct record *const *records,
		      size_t count, size_t *ret_start, struct error *err)
{
	size_t i = 0;

	if (!ref_is_null(selection->after)) {
		while (i < count && strcmp(record_ref(records[i]), selection->after) != 0)
			i++;
		if (i++ == count)
			return fail(err, ERROR_HANDLE_INVALID, selection->cls->name,
				    selection->after);
	}
	*ret_start = i;
	return 0;
}

static int select_records(struct call *call, const struct selection *selection, struct error *err)
{
	size_t count;
	struct record **records = store_list(call->api->store, selection->cls->id, &count);
	size_t i = count;
	int rc = find_start(selection, records, count, &i, err);

	call->result = value_set();
	for (; i < count; i++) {
		if (selection->limit && call->result->length >= selection->limit)
			break;
		if (where_match(selection->where, records[i]))
			value_append(call->result, select_fields(selection, records[i]));
	}
	store_free_list(records, count);
	return rc;
}

int run_get_all_fields_where(struct call *call, struct error *err)
{
	struct selection selection = {.cls = call->message->cls};
	int rc;

	selection.names = allocate((size_t)selection.cls->field_count * sizeof(*selection.names));
	rc = read_arguments(call, &selection, err);
	if (rc == 0)
		rc = select_records(call, &selection, err);
	where_cleanup(&selection.where);
	free(selection.names);
	return rc;
}
