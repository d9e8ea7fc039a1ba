/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* update_vm.c – several fields of a VM in one change: what its domain takes now goes there first,
 * what it cannot take may wait. */
#include "server/api/update.h"

#include "server/api/vm.h"
#include "server/api/vm_running.h"
#include "server/api/vm_staged.h"

/* Where a field goes: what its setter does, the domain too, or the next start. */
enum place { TO_RECORD, TO_DOMAIN, TO_NEXT_BOOT };

struct plan {
	struct call *call;
	const struct update *update;
	const struct record *vm; /* as it is */
	bool may_wait; /* there is a domain or an image of one that a field may have to wait for */
	enum place *places; /* of each item */
};

/* What can be done with the VM as it is; somebody who has it already is us. */
static int judge(const struct record *vm, enum operation_id id, struct error *err)
{
	return id && operation_judge(vm, id, err) == REFUSED ? -1 : 0;
}

static bool is_in_state(const struct record *vm, enum operation_id id)
{
	const char *const *state = operation_info(id)->states;

	while (*state && !record_is(vm, VM_power_state, *state))
		state++;
	return *state;
}

static enum place place_of(const struct plan *plan, int field)
{
	const struct vm_running *running = vm_running_of(field);
	enum update_when when = plan->update->when;
	bool waits = plan->may_wait && when != WHEN_NOW;

	if (running->kind == RUNNING_STAGED)
		return waits ? TO_NEXT_BOOT : TO_RECORD;
	if (running->kind != RUNNING_LIVE)
		return TO_RECORD;
	if (waits && when == WHEN_NEXT_BOOT)
		return TO_NEXT_BOOT;
	if (vm_is_live(plan->vm) && is_in_state(plan->vm, running->operation))
		return TO_DOMAIN;
	return waits ? TO_NEXT_BOOT : TO_RECORD;
}

static int judge_item(const struct plan *plan, size_t item, struct error *err)
{
	const struct vm_running *running = vm_running_of(plan->update->items[item].field);
	enum operation_id setter = plan->update->items[item].setter->operation;

	if (plan->places[item] == TO_DOMAIN)
		return judge(plan->vm, running->operation, err);
	if (plan->places[item] == TO_NEXT_BOOT) {
		AUTO(record) next = vm_next(plan->vm);

		return judge(next, setter, err);
	}
	return judge(plan->vm, setter, err);
}

static unsigned effects_of(const struct plan *plan)
{
	unsigned effects = 0;

	/* Domain-0 takes more than others */
	for (size_t i = 0; i < plan->update->count; i++)
		if (plan->places[i] == TO_DOMAIN ||
		    (plan->places[i] == TO_RECORD && vm_is_live(plan->vm) &&
		     vm_running_of(plan->update->items[i].field)->kind == RUNNING_STAGED))
			effects |= vm_running_of(plan->update->items[i].field)->effects;
	return effects;
}

/* Those of the fields that go to this record: all for the next start. */
static bool is_taken(const struct plan *plan, size_t item, bool next)
{
	return next || plan->places[item] != TO_NEXT_BOOT;
}

static bool names(const struct plan *plan, int field, bool next)
{
	for (size_t i = 0; i < plan->update->count; i++)
		if (plan->update->items[i].field == field && is_taken(plan, i, next))
			return true;
	return false;
}

static void take(const struct plan *plan, struct record *vm, bool next)
{
	static const int bounds[] = {VM_memory_static_min, VM_memory_static_max,
				     VM_memory_dynamic_min, VM_memory_dynamic_max};
	const struct update *update = plan->update;

	for (size_t i = 0; i < update->count; i++)
		if (is_taken(plan, i, next))
			record_set(vm, update->items[i].field, update_value(&update->items[i], vm));
	for (size_t i = 0; i < ARRAY_SIZE(bounds); i++)
		if (names(plan, bounds[i], next) && !names(plan, VM_memory_target, next))
			vm_follow_bounds(vm, bounds[i]);
}

static bool any_waits(const struct plan *plan)
{
	bool any = record_get(plan->vm, VM_staged)->length > 0;

	for (size_t i = 0; i < plan->update->count; i++)
		any = any || plan->places[i] == TO_NEXT_BOOT;
	return plan->may_wait && any;
}

/* Adds to `changed` what of the next start is to be different. */
static int stage(const struct plan *plan, struct record *vm, struct value *changed,
		 struct error *err)
{
	AUTO(record) base = vm_next(plan->vm);
	AUTO(record) next = record_copy(base);
	AUTO(value) differences = NULL;

	take(plan, next, true);
	if (vm_check(plan->call->api, base, next, err) < 0)
		return -1;
	vm_stage(vm, next, record_text(plan->call->session, session_auth_user_name));
	differences = update_differences(base, next);
	for (uint32_t i = 0; i < differences->length; i++)
		if (value_find(record_get(vm, VM_staged), differences->members[i].key->text))
			value_put(changed, differences->members[i].key->text,
				  value_reference(differences->members[i].value));
	return 0;
}

/* The record as it will be, when the rules have looked at it; NULL: they refuse. */
static struct record *outcome(const struct plan *plan, const struct record *vm, struct error *err)
{
	AUTO(record) copy = record_copy(vm);

	return vm_check(plan->call->api, plan->vm, copy, err) < 0 ? NULL : TAKE(copy);
}

/* What belongs to a field that waits waits with it. */
static bool belong_together(int a, int b)
{
	const struct field_info *fields = schema_classes[CLASS_VM]->fields;

	return (strncmp(fields[a].name, "memory_", 7) == 0 &&
		strncmp(fields[b].name, "memory_", 7) == 0) ||
	       (strncmp(fields[a].name, "VCPUs_", 6) == 0 &&
		strncmp(fields[b].name, "VCPUs_", 6) == 0);
}

static bool let_more_wait(const struct plan *plan)
{
	const struct update *update = plan->update;
	bool any = false;

	for (size_t i = 0; i < update->count; i++)
		for (size_t k = 0; update->when == WHEN_AUTO && k < update->count; k++)
			if (plan->places[i] == TO_NEXT_BOOT && plan->places[k] == TO_DOMAIN &&
			    belong_together(update->items[i].field, update->items[k].field)) {
				plan->places[k] = TO_NEXT_BOOT;
				any = true;
			}
	return any;
}

static int edit(const struct plan *plan, struct record *vm, struct value *changed,
		struct record **ret_outcome, struct error *err)
{
	AUTO(value) differences = NULL;

	take(plan, vm, false);
	if (any_waits(plan) && stage(plan, vm, changed, err) < 0)
		return -1;
	*ret_outcome = outcome(plan, vm, err);
	if (!*ret_outcome)
		return -1;
	differences = update_differences(plan->vm, *ret_outcome);
	for (uint32_t i = 0; i < differences->length; i++)
		if (!value_find(changed, differences->members[i].key->text))
			value_put(changed, differences->members[i].key->text,
				  value_reference(differences->members[i].value));
	return 0;
}

/* Which fields the domain is told, and which wait. */
static void report(const struct plan *plan, const struct record *vm)
{
	AUTO(value) pending = vm_pending(vm);
	struct value *live = value_set();
	struct value *waiting = value_set();
	const struct value *changed = value_find(plan->call->result, "changed");

	for (size_t i = 0; i < plan->update->count; i++)
		if (plan->places[i] == TO_DOMAIN)
			value_append(
				live,
				value_string(vm->cls->fields[plan->update->items[i].field].name));
	for (uint32_t i = 0; i < pending->length; i++)
		if (value_find(changed, pending->members[i].key->text) &&
		    !value_set_has(live, pending->members[i].key->text))
			value_append(waiting, value_reference(pending->members[i].key));
	value_put(plan->call->result, "live", live);
	value_put(plan->call->result, "next_boot", waiting);
}

/* With what goes to the domain; or, if that alone cannot be, with more that waits. */
static int carry_out(const struct plan *plan, struct record *vm, struct error *err)
{
	AUTO(record) trial = record_copy(vm);
	AUTO(value) changed = value_map();
	AUTO(record) after = NULL;
	int rc = edit(plan, trial, changed, &after, err);

	if (rc < 0 && let_more_wait(plan)) {
		error_clear(err);
		return carry_out(plan, vm, err);
	}
	if (rc < 0)
		return -1;
	for (int i = 0; i < vm->cls->field_count; i++)
		record_set(vm, i, value_reference(record_get(trial, i)));
	update_answer(plan->call, plan->call->transaction, plan->vm, TAKE(changed));
	report(plan, after);
	return 0;
}

static int run(const struct plan *plan, struct record *vm, struct error *err)
{
	for (size_t i = 0; i < plan->update->count; i++) {
		plan->places[i] = place_of(plan, plan->update->items[i].field);
		if (judge_item(plan, i, err) < 0)
			return -1;
	}
	if (carry_out(plan, vm, err) < 0)
		return -1;
	plan->call->operation->effects = effects_of(plan);
	return 0;
}

int update_run_vm(struct call *call, struct error *err)
{
	const struct operation *operation = call->operation;
	struct plan plan = {.call = call, .update = call->update, .vm = operation->vm};
	struct record *vm = operation->edited;
	int rc;

	if (!vm)
		vm = transaction_edit(call->transaction, CLASS_VM, record_ref(operation->vm));
	if (update_compare(call, operation->vm, err) < 0)
		return -1;
	plan.may_wait = !record_is(plan.vm, VM_power_state, "Halted") &&
			!record_bool(plan.vm, VM_is_control_domain) &&
			!record_bool(plan.vm, VM_is_a_snapshot);
	plan.places = allocate(call->update->count * sizeof(*plan.places));
	rc = run(&plan, vm, err);
	free(plan.places);
	return rc;
}

void update_finish_live(struct call *call, const struct transaction *transaction,
			const struct record *newest, struct record *vm)
{
	const struct value *changed = value_find(call->result, "changed");
	struct value *result;

	for (size_t i = 0; i < call->update->count; i++)
		if (call->update->items[i].key && !vm_is_staged(vm, call->update->items[i].field))
			record_set(vm, call->update->items[i].field,
				   update_value(&call->update->items[i], newest));
	result = value_map_with(call->result, "revision",
				changed->length ?
					value_int((int64_t)transaction_revision(transaction)) :
					value_int((int64_t)newest->settled));
	value_release(call->result);
	call->result = result;
}
