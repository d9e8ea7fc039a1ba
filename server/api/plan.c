/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plan.c – what a call would do: its mutation is run and judged, told of, and not committed. */
#include "server/api/plan.h"

#include "server/api/plan_warnings.h"
#include "server/api/update.h"
#include "server/api/vm.h"

#include <assert.h>

int plan_check(const struct message_info *message, struct error *err)
{
	static const struct {
		const char *message;
		const char *reason;
	} none[] = {
#define NO_PLAN(cls, message, reason) {#cls "." #message, reason},
#include "server/api/no_plan.def"
	};

	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		if (strcmp(none[i].message, message->name) == 0) {
			AUTO_TEXT text = text_format("there is no plan of %s: %s", message->name,
						     none[i].reason);

			return fail(err, ERROR_OPERATION_NOT_ALLOWED, text);
		}
	return 0;
}

void plan_begin(struct call *call)
{
	if (!call->dry_run)
		return;
	value_release(TAKE(call->planned));
	value_release(TAKE(call->warnings));
	call->planned = value_set();
	call->warnings = value_set();
}

/* What the server says, and calls are made for. */
static void add_state(struct value *fields, const struct record *old, const struct record *new)
{
	static const char *const names[] = {"currently_attached", "enabled"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct field_info *field = schema_field(new->cls, names[i]);
		int index = field ? (int)(field - new->cls->fields) : -1;

		if (field && !field->is_setting)
			update_add_difference(fields, index, old, new);
	}
}

/* Of a new one what it has that is not as it would be unless somebody said so. */
static struct value *fields_of(const struct record *old, const struct record *new)
{
	AUTO(record) empty = old || !new ? NULL : record_new(new->cls, NULL_REF);
	const struct record *before = old ? old : empty;
	struct value *fields;

	if (!new)
		return value_map();
	fields = update_differences(before, new);
	add_state(fields, before, new);
	return fields;
}

void plan_add(void *argument, const struct record *old, const struct record *new)
{
	struct call *call = argument;
	AUTO(value) fields = fields_of(old, new);
	const struct record *record = old ? old : new;
	struct value *change;
	int label;

	assert(record);
	if (call->plan)
		plan_warn(call, old, new);
	label = record->cls->name_label;
	if (old && new && !fields->length)
		return;
	change = value_map();
	value_put(change, "class", value_string(record->cls->name));
	value_put(change, "operation", value_string(!old ? "add" : new ? "mod" : "del"));
	value_put(change, "ref", value_reference(record->ref));
	value_put(change, "uuid", value_string(record_uuid(record)));
	value_put(change, "name_label", value_string(label >= 0 ? record_text(record, label) : ""));
	value_put(change, "fields", TAKE(fields));
	value_append(call->planned, change);
}

static bool restarts(enum operation_id id)
{
	return id == OPERATION_clean_reboot || id == OPERATION_hard_reboot;
}

const char *plan_of_domain(const struct operation *operation)
{
	bool live = operation->vm && vm_is_live(operation->vm);

	switch (operation_info(operation->id)->effect) {
	case BEGINS_DOMAIN:
		return "begins";
	case ENDS_DOMAIN:
		return restarts(operation->id) ? "begins anew" : live ? "ends" : "";
	case USES_DOMAIN:
		return live ? "is used" : "";
	default:
		return live && operation->effects ? "changes" : "";
	}
}

static struct value *room_of(const struct call *call)
{
	struct value *room = value_map();

	if (!call->memory_needed)
		return room;
	value_put(room, "memory_needed", value_int(call->memory_needed));
	value_put(room, "memory_free", value_int(call->memory_free));
	return room;
}

struct value *plan_result(const struct call *call)
{
	struct value *result = value_map();

	value_put(result, "changes", call->planned ? value_reference(call->planned) : value_set());
	value_put(result, "domain", value_string(call->domain ? call->domain : ""));
	value_put(result, "host", room_of(call));
	value_put(result, "warnings", plan_warnings(call));
	return result;
}
