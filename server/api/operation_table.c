/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* operation_table.c – the rows of operations.def, and what they say about a VM as it is. */
#include "server/api/operation.h"

#include "schema/buffer.h"

#include <ctype.h>

enum on {
	PLAIN = 0,
	TEMPLATE = 1,
	OWN_TEMPLATE = 2,
	SNAPSHOT = 4,
	CONTROL = 8,
	CONTROL_RUNNING = 16,
	NOT_DOM0 = 32
};

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

	for (const char *const *state = infos[id].states; *state; state++) {
		if (expected.length)
			buffer_add_literal(&expected, ", ");
		add_lower(&expected, *state);
	}
	add_lower(&actual, record_text(vm, VM_power_state));
	return fail(err, ERROR_VM_BAD_POWER_STATE, record_ref(vm), expected.data, actual.data);
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

static bool is_busy(enum operation_id id, const struct record *vm)
{
	const struct value *current = record_get(vm, VM_current_operations);

	for (uint32_t i = 0; i < current->length; i++)
		if (!operation_cancels(id, current->members[i].value->text))
			return true;
	return false;
}

static int judge_kind(const struct operation_info *info, const struct record *vm, struct error *err)
{
	bool own_template = (info->on & OWN_TEMPLATE) && !record_bool(vm, VM_is_default_template);

	if (record_bool(vm, VM_is_a_template) && !(info->on & TEMPLATE) && !own_template)
		return fail(err, ERROR_VM_IS_TEMPLATE, record_ref(vm), info->wire);
	if (record_bool(vm, VM_is_a_snapshot) && !(info->on & SNAPSHOT))
		return fail(err, ERROR_VM_IS_SNAPSHOT, record_ref(vm), info->wire);
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

enum verdict operation_judge(const struct record *vm, enum operation_id id, struct error *err)
{
	const struct operation_info *info = &infos[id];
	const char *reason = value_find_text(record_get(vm, VM_blocked_operations), info->wire);

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
		AUTO_ERROR ignored = {0};

		if (infos[i].listed &&
		    operation_judge(vm, (enum operation_id)i, &ignored) == ALLOWED)
			value_append(allowed, wire_name(infos[i].wire));
	}
	return allowed;
}
