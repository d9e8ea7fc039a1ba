/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plan.c – what a call would do: its mutation is run and judged, told of, and not committed. */
#include "server/api/plan.h"

#include "server/api/update.h"
#include "server/api/vm.h"
#include "server/api/vm_plan.h"

#include <assert.h>

bool plan_exists(const struct message_info *message)
{
	enum class_id cls = message->cls->id;

	return message->runs != RUNS_READ && message->runs != RUNS_WAIT && cls != CLASS_session &&
	       cls != CLASS_event;
}

int plan_check(const struct call *call, struct error *err)
{
	const struct message_info *message = call->message;
	enum operation_effect effect = operation_info(message->operation)->effect;
	AUTO_TEXT reason = NULL;

	if (message->runs == RUNS_CHANGE ||
	    (message->runs == RUNS_OPERATION &&
	     (effect == RECORD_ONLY || effect == LIVE_CHANGE || vm_plan_of(message->operation))))
		return 0;
	reason = text_format("there is no plan of %s, which does more than change records",
			     message->name);
	return fail(err, ERROR_OPERATION_NOT_ALLOWED, reason);
}

void plan_begin(struct call *call)
{
	if (!call->dry_run)
		return;
	value_release(TAKE(call->planned));
	call->planned = value_set();
}

/* Of a new one what it has that is not as it would be unless somebody said so. */
static struct value *settings_of(const struct record *old, const struct record *new)
{
	AUTO(record) empty = NULL;

	if (!new)
		return value_map();
	if (old)
		return update_differences(old, new);
	empty = record_new(new->cls, NULL_REF);
	return update_differences(empty, new);
}

void plan_add(void *argument, const struct record *old, const struct record *new)
{
	struct call *call = argument;
	AUTO(value) fields = settings_of(old, new);
	const struct record *record = old ? old : new;
	struct value *change;
	int label;

	assert(record);
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

const char *plan_of_domain(const struct operation *operation)
{
	bool live = operation->vm && vm_is_live(operation->vm);

	switch (operation_info(operation->id)->effect) {
	case BEGINS_DOMAIN:
		return "begins";
	case ENDS_DOMAIN:
		return vm_plan_restarts(operation->id) ? "begins anew" : live ? "ends" : "";
	case USES_DOMAIN:
		return live ? "is used" : "";
	default:
		return live && operation->effects ? "changes" : "";
	}
}

struct value *plan_result(const struct call *call)
{
	struct value *result = value_map();

	value_put(result, "changes", call->planned ? value_reference(call->planned) : value_set());
	value_put(result, "domain", value_string(call->domain ? call->domain : ""));
	value_put(result, "host", vm_plan_room(call));
	return result;
}

struct attempt {
	struct call *call;
	vm_change_fn change;
};

static int change_vm(struct transaction *transaction, void *argument, struct error *err)
{
	const struct attempt *attempt = argument;
	const char *ref = record_ref(attempt->call->operation->vm);
	struct record *vm = transaction_edit(transaction, CLASS_VM, ref);

	plan_begin(attempt->call);
	if (!vm)
		return fail(err, ERROR_HANDLE_INVALID, "VM", ref);
	return attempt->change(attempt->call, transaction, vm, err);
}

int plan_operation(struct call *call, struct error *err)
{
	const struct vm_plan *plan = vm_plan_of(call->operation->id);
	struct attempt attempt = {call, plan->change};

	if (plan->check && plan->check(call, err) < 0)
		return -1;
	return store_try(call->api->store, change_vm, &attempt, plan_add, call, err);
}
