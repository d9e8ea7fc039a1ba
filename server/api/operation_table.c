/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* operation_table.c – the rows of operations.def, and what they say about a VM as it is. */
#include "server/api/operation.h"

#include "schema/buffer.h"
#include "schema/operation_on.h"

#include <ctype.h>

static const struct operation_info infos[OPERATION_COUNT] = {
#define STATES(...)               \
	{                         \
		__VA_ARGS__, NULL \
	}
#define HALTED "Halted"
#define PAUSED "Paused"
#define SUSPENDED "Suspended"
#define RUNNING "Running"
#define LISTED true
#define UNLISTED false
#define RECORD RECORD_ONLY
#define LIVE LIVE_CHANGE
#define USES USES_DOMAIN
#define BEGINS BEGINS_DOMAIN
#define ENDS ENDS_DOMAIN
#define OPERATION(name, wire, states, on, listed, effect) \
	[OPERATION_##name] = {#name, #wire, states, on, listed, effect},
#include "schema/operations.def"
};

const struct operation_info *operation_info(enum operation_id id)
{
	return &infos[id];
}

bool vm_is_live(const struct record *vm)
{
	return record_is(vm, VM_power_state, "Running") || record_is(vm, VM_power_state, "Paused");
}

static bool has_state(const struct operation_info *info, const struct record *vm)
{
	for (const char *const *state = info->states; *state; state++)
		if (record_is(vm, VM_power_state, *state))
			return true;
	if ((info->on & SNAPSHOT_SUSPENDED) && record_bool(vm, VM_is_a_snapshot) &&
	    record_is(vm, VM_power_state, "Suspended"))
		return true;
	return (info->on & CONTROL_RUNNING) && record_bool(vm, VM_is_control_domain) &&
	       record_is(vm, VM_power_state, "Running");
}

/* xapi says states in lower case */
static void add_lower(struct buffer *text, const char *state)
{
	buffer_add_char(text, (char)tolower((unsigned char)*state));
	buffer_add_text(text, state + 1);
}

int fail_power_state(struct error *err, const struct record *vm, enum operation_id id)
{
	AUTO_BUFFER expected = {0};
	AUTO_BUFFER actual = {0};

	if (!err)
		return -1;
	for (const char *const *state = infos[id].states; *state; state++) {
		if (expected.length)
			buffer_add_literal(&expected, ", ");
		add_lower(&expected, *state);
	}
	add_lower(&actual, record_text(vm, VM_power_state));
	return fail(err, ERROR_VM_BAD_POWER_STATE, record_ref(vm), expected.data, actual.data);
}

static void add_listed(struct buffer *text, const char *name, bool first, bool several)
{
	buffer_add_format(text, "%s%s", !first ? "," : several ? "{" : "", name);
}

int fail_busy(struct error *err, const struct record *vm)
{
	const struct value *current = record_get(vm, VM_current_operations);
	bool several = current->length > 1;
	AUTO_BUFFER names = {0};
	AUTO_BUFFER tasks = {0};

	for (uint32_t i = 0; i < current->length; i++) {
		add_listed(&names, current->members[i].value->text, i == 0, several);
		add_listed(&tasks, current->members[i].key->text, i == 0, several);
	}
	if (several) {
		buffer_add_char(&names, '}');
		buffer_add_char(&tasks, '}');
	}
	return fail(err, ERROR_OTHER_OPERATION_IN_PROGRESS, "VM", record_ref(vm), names.data,
		    tasks.data);
}

static bool is_one_of(const char *name, const char *const *names)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

/* What hard_shutdown and hard_reboot do not wait for but end. */
bool operation_cancels(enum operation_id id, const char *running)
{
	static const char *const by_shutdown[] = {"clean_shutdown", "clean_reboot", "hard_reboot",
						  "shutdown",	    "suspend",	    NULL};
	static const char *const by_reboot[] = {"clean_shutdown", "clean_reboot", "suspend", NULL};

	if (id == OPERATION_hard_shutdown)
		return is_one_of(running, by_shutdown);
	return id == OPERATION_hard_reboot && is_one_of(running, by_reboot);
}

/* Whether it waits for the running operation of that wire name. */
static bool waits_for(enum operation_id id, const char *running)
{
	/* a setter does not wait, but another update may be about to change the same field */
	if (id == OPERATION_updating_record)
		return strcmp(running, infos[OPERATION_updating].wire) == 0;
	return !operation_cancels(id, running);
}

static bool is_busy(enum operation_id id, const struct record *vm)
{
	const struct value *current = record_get(vm, VM_current_operations);

	for (uint32_t i = 0; i < current->length; i++)
		if (waits_for(id, current->members[i].value->text))
			return true;
	return false;
}

/* What only one operation asks for. */
static int judge_own(const struct operation_info *info, const struct record *vm, struct error *err)
{
	const char *appliance = record_text(vm, VM_appliance);

	if (info == &infos[OPERATION_provision] && !record_bool(vm, VM_is_a_template))
		return fail(err, ERROR_PROVISION_ONLY_ALLOWED_ON_TEMPLATE);
	if (info == &infos[OPERATION_revert] && !record_bool(vm, VM_is_a_snapshot))
		return fail(err, ERROR_REVERT_ONLY_ALLOWED_ON_SNAPSHOT);
	if (info == &infos[OPERATION_revert] && ref_is_null(record_text(vm, VM_snapshot_of)))
		return fail(err, ERROR_OPERATION_NOT_ALLOWED,
			    "the VM of the snapshot is gone: clone the snapshot");
	if ((info == &infos[OPERATION_suspend] ||
	     (info == &infos[OPERATION_checkpoint] && vm_is_live(vm))) &&
	    record_get(vm, VM_DPCIs)->length)
		return fail(err, ERROR_VM_HAS_PCI_ATTACHED, record_ref(vm));
	if (info == &infos[OPERATION_make_into_template] && !ref_is_null(appliance))
		return fail(err, ERROR_VM_IS_PART_OF_AN_APPLIANCE, record_ref(vm), appliance);
	return 0;
}

static int judge_kind(const struct operation_info *info, const struct record *vm, struct error *err)
{
	bool own_template = (info->on & OWN_TEMPLATE) && !record_bool(vm, VM_is_default_template);

	/* a snapshot is a template too, with rules of its own */
	if (record_bool(vm, VM_is_a_template) && !record_bool(vm, VM_is_a_snapshot) &&
	    !(info->on & TEMPLATE) && !own_template)
		return fail(err, ERROR_VM_IS_TEMPLATE, record_ref(vm), info->wire);
	if (record_bool(vm, VM_is_a_snapshot) && !(info->on & SNAPSHOT))
		return fail(err, ERROR_VM_IS_SNAPSHOT, record_ref(vm), info->wire);
	if (judge_own(info, vm, err) < 0)
		return -1;
	if (!record_bool(vm, VM_is_control_domain))
		return 0;
	if (info->on & NOT_DOM0)
		return fail(err, ERROR_OPERATION_NOT_ALLOWED,
			    "This operation is not allowed on dom0");
	if (!(info->on & (CONTROL | CONTROL_RUNNING)))
		return fail(err, ERROR_OPERATION_NOT_ALLOWED,
			    "This operation is not allowed on a control domain");
	return 0;
}

int fail_unmanaged(struct error *err, const struct record *vm)
{
	AUTO_TEXT reason = text_format("the domain of %s was made by somebody else and is only "
				       "shown; VM.adopt (xm adopt) takes it over",
				       record_text(vm, VM_name_label));

	return fail(err, ERROR_OPERATION_NOT_ALLOWED, reason);
}

enum verdict operation_judge(const struct record *vm, enum operation_id id, struct error *err)
{
	const struct operation_info *info = &infos[id];
	const char *reason = value_find_text(record_get(vm, VM_blocked_operations), info->wire);

	if (!record_bool(vm, VM_is_managed) && !(info->on & UNMANAGED)) {
		fail_unmanaged(err, vm);
		return REFUSED;
	}
	/* nobody can forbid a guest to stop */
	if (reason && id != OPERATION_guest_stopped) {
		fail(err, ERROR_OPERATION_BLOCKED, record_ref(vm), reason);
		return REFUSED;
	}
	if (!has_state(info, vm)) {
		fail_power_state(err, vm, id);
		return REFUSED;
	}
	if (is_busy(id, vm))
		return BUSY;
	return judge_kind(info, vm, err) < 0 ? REFUSED : ALLOWED;
}

/* Allocated once each: thousands of VMs share them. */
static struct value *wire_name(const char *wire)
{
	static _Atomic(struct value *) names[OPERATION_COUNT];
	struct value *none = NULL;
	struct value *made;
	int i = 0;

	while (!infos[i].wire || strcmp(infos[i].wire, wire) != 0)
		i++;
	if (!atomic_load(&names[i])) {
		made = value_string(wire);
		atomic_store(&made->references, 0);
		if (!atomic_compare_exchange_strong(&names[i], &none, made))
			free(made);
	}
	return atomic_load(&names[i]);
}

struct value *operation_allowed(const struct record *vm)
{
	struct value *allowed = value_set();

	for (int i = 1; i < OPERATION_COUNT; i++) {
		if (infos[i].listed && operation_judge(vm, (enum operation_id)i, NULL) == ALLOWED)
			value_append(allowed, wire_name(infos[i].wire));
	}
	return allowed;
}

int run_VM_assert_operation_valid(struct call *call, struct error *err)
{
	const char *wire = argument_text(call, 1);

	for (int i = 1; i < OPERATION_COUNT; i++)
		if (strcmp(operation_info((enum operation_id)i)->wire, wire) == 0)
			return operation_judge(call->self, (enum operation_id)i, err) == REFUSED ?
				       -1 :
				       0;
	return fail(err, ERROR_VALUE_NOT_SUPPORTED, "op", wire,
		    "this server has no such operation");
}

int run_VM_update_allowed_operations(struct call *call, struct error *err)
{
	struct record *vm = call_edit(call, CLASS_VM, 0, err);

	if (!vm)
		return -1;
	record_set(vm, VM_allowed_operations, operation_allowed(vm));
	return 0;
}

bool operation_can_be_cancelled(enum operation_id id)
{
	switch (id) {
	case OPERATION_clone:
	case OPERATION_copy:
	case OPERATION_snapshot:
	case OPERATION_checkpoint:
	case OPERATION_revert:
	case OPERATION_start:
	case OPERATION_start_on:
	case OPERATION_resume:
	case OPERATION_resume_on:
	case OPERATION_suspend:
	case OPERATION_shutdown:
	case OPERATION_clean_shutdown:
	case OPERATION_clean_reboot:
	case OPERATION_awaiting_memory_live:
		return true;
	default:
		return false;
	}
}
