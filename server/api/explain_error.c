/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* explain_error.c – session.explain_error: an error of this server as words, with the names of the
 * objects that it refers to. */
#include "schema/explain.h"

#include "server/api/call.h"
#include "server/api/private.h"
#include "server/store/store.h"

/* What an error may take to be explained, all of its parts together. */
#define DESCRIPTION_MOST 65536

static char *field_of_object(void *context, const char *cls, const char *ref, const char *field)
{
	struct store *store = context;
	const struct class_info *info = schema_class(cls);
	const struct field_info *known = info ? schema_field(info, field) : NULL;
	AUTO(record) record = known ? store_read(store, info->id, ref) : NULL;
	const struct value *value;

	if (!record)
		return NULL;
	value = record_get(record, (int)(known - info->fields));
	return value->kind == VALUE_STRING ? text_copy(value->text) : NULL;
}

static int check_description(const struct value *description, struct error *err)
{
	size_t length = 0;

	for (uint32_t i = 0; i < description->length; i++)
		length += description->items[i]->length;
	if (description->length && length <= DESCRIPTION_MOST)
		return 0;
	return fail(err, ERROR_INVALID_VALUE,
		    "error_description: a code and its parameters, at most 65536 bytes",
		    description->length ? description->items[0]->text : "");
}

int run_session_explain_error(struct call *call, struct error *err)
{
	struct explain_objects objects = {field_of_object, call->api->store};
	AUTO_EXPLANATION explanation = {0};

	if (check_description(call->arguments[0], err) < 0)
		return -1;
	explanation = explain(call->arguments[0], &objects);
	call->result = explanation.advice ? value_string_format("%s\n%s", explanation.words,
								explanation.advice) :
					    value_string(explanation.words);
	return 0;
}
