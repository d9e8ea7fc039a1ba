/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* object.c – objects that arguments name, of classes other than VM. */
#include "rpc/xm/object.h"

#include "rpc/xm/terminal.h"
#include "schema/buffer.h"
#include "schema/error.h"

/* More are not shown when none fits. */
#define SHOWN_MOST 12

void object_cleanup(struct object *object)
{
	value_release(object->ref);
	value_release(object->record);
	*object = (struct object){0};
}

const char *object_text(const struct value *record, const char *field)
{
	const char *text = record ? value_find_text(record, field) : NULL;

	return text ? text : "";
}

bool object_flag(const struct value *record, const char *field)
{
	const struct value *flag = value_find(record, field);

	return flag && flag->kind == VALUE_BOOL && flag->boolean;
}

enum status object_read_all(struct xm *xm, const char *cls, struct value **ret_records)
{
	AUTO_TEXT method = text_format("%s.get_all_records", cls);
	AUTO(value) records = NULL;

	if (!xm_call(xm, method, value_set(), &records))
		return xm_report(xm);
	if (records->kind != VALUE_MAP)
		return xm_fail("the server's lists are no lists");
	*ret_records = TAKE(records);
	return STATUS_DONE;
}

/* A list of {"ref", field …}. */
static enum status by_ref(const struct value *list, struct value **ret_records)
{
	AUTO(value) records = value_map();

	for (uint32_t i = 0; list->kind == VALUE_SET && i < list->length; i++) {
		const struct value *record = list->items[i];
		const char *ref = value_find_text(record, "ref");

		if (ref)
			value_put(records, ref, value_reference(record));
	}
	if (list->kind != VALUE_SET || records->length != list->length || value_sort(records))
		return xm_fail("the server's lists are no lists");
	*ret_records = TAKE(records);
	return STATUS_DONE;
}

enum status object_read_fields(struct xm *xm, const char *cls, const char *const *fields,
			       struct value **ret_records)
{
	AUTO_TEXT method = text_format("%s.get_all_fields_where", cls);
	AUTO(value) list = NULL;
	struct value *names = value_set();
	const char *code;

	for (; *fields; fields++)
		value_append(names, value_string(*fields));
	if (xm_call(xm, method, parameters_of(names, (struct value *)NULL), &list))
		return by_ref(list, ret_records);
	code = failure_part(&xm->failure, 0);
	if (code && strcmp(code, error_info(ERROR_MESSAGE_METHOD_UNKNOWN)->name) == 0)
		return object_read_all(xm, cls, ret_records);
	return xm_report(xm);
}

static bool is_meant(const struct value *record, const char *const *fields, const char *argument)
{
	for (; *fields; fields++)
		if (strcmp(object_text(record, *fields), argument) == 0)
			return true;
	return false;
}

static enum status fail_none(const struct value *records, const char *what, const char *field,
			     const char *argument)
{
	AUTO_TEXT shown = terminal_quoted(argument);
	AUTO_BUFFER known = {0};

	for (uint32_t i = 0; i < records->length && i < SHOWN_MOST; i++) {
		AUTO_TEXT text = terminal_text(object_text(records->members[i].value, field));

		buffer_add_format(&known, "%s%s", i ? ", " : "", text);
	}
	if (records->length > SHOWN_MOST)
		buffer_add_text(&known, " …");
	return xm_fail("there is no %s %s; there is: %s", what, shown,
		       known.length ? known.data : "none");
}

static enum status fail_several(const char *what, const char *argument)
{
	AUTO_TEXT shown = terminal_quoted(argument);

	return xm_fail("several have %s: say which %s by its uuid", shown, what);
}

enum status object_choose(const struct value *records, const char *what, const char *const *fields,
			  const char *argument, struct object *ret_object)
{
	const struct member *found = NULL;

	for (uint32_t i = 0; i < records->length; i++) {
		const struct member *member = &records->members[i];

		if (!is_meant(member->value, fields, argument))
			continue;
		if (found)
			return fail_several(what, argument);
		found = member;
	}
	if (!found)
		return fail_none(records, what, *fields, argument);
	*ret_object = (struct object){value_reference(found->key), value_reference(found->value)};
	return STATUS_DONE;
}

enum status object_find(struct xm *xm, const char *cls, const char *const *fields,
			const char *argument, struct object *ret_object)
{
	AUTO(value) records = NULL;
	enum status status = object_read_all(xm, cls, &records);

	if (status != STATUS_DONE)
		return status;
	return object_choose(records, cls, fields, argument, ret_object);
}
