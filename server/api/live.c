/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* live.c – changing a VM that runs. */
#include "server/api/live.h"

#include "schema/log.h"
#include "schema/text.h"
#include "server/api/settings.h"
#include "server/api/update.h"
#include "server/api/vm.h"
#include "server/api/vm_running.h"

unsigned live_effects(enum operation_id id)
{
	switch (id) {
	case OPERATION_changing_dynamic_range:
	case OPERATION_changing_memory_live:
	case OPERATION_setting_memory_target:
		return MEMORY;
	case OPERATION_changing_static_range:
	case OPERATION_changing_memory_limits:
	case OPERATION_setting_memory_maximum:
		return MEMORY | MAXIMUM;
	case OPERATION_setting_VCPUs_number:
	case OPERATION_changing_VCPUs_live:
		return VCPUS;
	case OPERATION_changing_VCPUs_params_live:
		return SCHEDULING;
	case OPERATION_changing_shadow_memory_live:
		return SHADOW;
	default:
		return 0;
	}
}

/* What the domain has now, which need not be what the record says. */
static struct settings settings_now(struct api *api, const struct record *vm)
{
	struct settings settings = settings_of(vm);
	struct hypervisor_error ignored = {0};
	struct domain_info domain;

	if (hypervisor_get_domain(api->hypervisor, record_uuid(vm), &domain, &ignored) == 0) {
		settings.vcpus = domain.vcpus_online;
		settings_take(&settings, &domain);
	}
	return settings;
}

static int apply_one(struct hypervisor *hypervisor, const char *uuid, const struct settings *to,
		     unsigned effect, struct hypervisor_error *err)
{
	switch (effect) {
	case MEMORY:
		return hypervisor_set_memory_target(hypervisor, uuid, &to->memory, err);
	case MAXIMUM:
		return hypervisor_set_memory_maximum(hypervisor, uuid, to->maximum, err);
	case VCPUS:
		return hypervisor_set_vcpus(hypervisor, uuid, to->vcpus, err);
	case SCHEDULING:
		return hypervisor_set_scheduling(hypervisor, uuid, &to->scheduling, err);
	default:
		return to->shadow ?
			       hypervisor_set_shadow_memory(hypervisor, uuid, to->shadow, err) :
			       0;
	}
}

/*
 * Growing: Xen's limit before the balloon; shrinking: the balloon before the limit. *done says what
 * has been applied, also when the next thing was refused.
 */
static int apply(struct hypervisor *hypervisor, const char *uuid, const struct settings *from,
		 const struct settings *to, unsigned effects, unsigned *done,
		 struct hypervisor_error *err)
{
	static const unsigned growing[] = {MAXIMUM, MEMORY, VCPUS, SCHEDULING, SHADOW};
	static const unsigned shrinking[] = {MEMORY, MAXIMUM, VCPUS, SCHEDULING, SHADOW};
	const unsigned *order = to->maximum > from->maximum ? growing : shrinking;

	for (size_t i = 0; i < ARRAY_SIZE(growing); i++) {
		if (!(effects & order[i]))
			continue;
		if (apply_one(hypervisor, uuid, to, order[i], err) < 0)
			return -1;
		*done |= order[i];
	}
	return 0;
}

static bool same(const struct record *a, const struct record *b, int field)
{
	return value_equal(record_get(a, field), record_get(b, field));
}

void live_take_changes(struct record *vm, const struct record *old, const struct record *new)
{
	for (int i = 0; i < vm->cls->field_count; i++)
		if (vm->cls->fields[i].storage == STORED && !same(old, new, i))
			record_set(vm, i, value_reference(record_get(new, i)));
}

static void note_scheduling(const struct call *call, struct record *vm)
{
	if (call->update)
		settings_note_params(vm, call->operation->edited);
	else
		settings_note(vm, call->operation->edited, VM_VCPUs_params);
}

/* An update says all of VCPUs_params: what is not there any more is as it is without. */
static struct settings settings_wanted(const struct call *call)
{
	struct settings settings = settings_of(call->operation->edited);

	return call->update ? settings_with_defaults(settings) : settings;
}

static int take_over(struct call *call, struct transaction *transaction, struct record *vm,
		     struct error *err)
{
	const struct operation *operation = call->operation;
	AUTO(record) newest = record_copy(vm);

	if (!vm_is_live(vm))
		return fail_power_state(err, vm, operation->id);
	live_take_changes(vm, operation->vm, operation->edited);
	if (call->update)
		update_finish_live(call, transaction, newest, vm);
	if (operation->effects & VCPUS)
		settings_note(vm, operation->edited, VM_VCPUs_at_startup);
	if (operation->effects & SCHEDULING)
		note_scheduling(call, vm);
	record_set(vm, VM_live_intent, value_map());
	return 0;
}

int live_change(struct call *call, struct error *err)
{
	const struct operation *operation = call->operation;
	struct hypervisor *hypervisor = call->api->hypervisor;
	const char *uuid = record_uuid(operation->vm);
	struct settings before = settings_now(call->api, operation->vm);
	struct settings after = settings_wanted(call);
	struct hypervisor_error reason = {0};
	AUTO_ERROR ignored = {0};
	unsigned done = 0;
	unsigned undone = 0;
	int rc;

	rc = apply(hypervisor, uuid, &before, &after, operation->effects, &done, &reason);
	if (rc < 0)
		fail_hypervisor(err, operation->vm, operation->id, &reason);
	else
		rc = operation_commit(call, take_over, err);
	if (rc == 0)
		return 0;
	before = settings_with_defaults(before);
	if (apply(hypervisor, uuid, &after, &before, done, &undone, &reason) < 0 &&
	    reason.kind != HYPERVISOR_NO_DOMAIN)
		log_error("VM %s: its domain could not be given its old settings back: %s: %s",
			  uuid, reason.operation, reason.text);
	operation_commit(call, vm_drop_intent, &ignored);
	return -1;
}

struct value *live_intent(const struct record *old, const struct record *new)
{
	struct value *map = value_map();

	for (int i = 0; i < old->cls->field_count; i++) {
		const struct field_info *field = &old->cls->fields[i];
		AUTO_TEXT before = NULL;
		AUTO_TEXT after = NULL;
		struct value *both;

		if (field->storage != STORED || !field->is_setting || same(old, new, i))
			continue;
		before = value_to_text(record_get(old, i));
		after = value_to_text(record_get(new, i));
		both = value_map();
		value_put(both, "old", value_string(before));
		value_put(both, "new", value_string(after));
		value_put(map, field->name, both);
	}
	return map;
}

struct value *live_result(const struct message_info *message, const struct record *old,
			  const struct record *new)
{
	return message->result->kind == TYPE_MAP ? live_intent(old, new) : NULL;
}

/* What an interrupted change of those fields may have touched. */
static unsigned effects_of_intent(const struct value *intent)
{
	unsigned effects = 0;

	for (uint32_t i = 0; i < intent->length; i++) {
		const struct class_info *cls = schema_classes[CLASS_VM];
		const struct field_info *field = schema_field(cls, intent->members[i].key->text);

		if (field)
			effects |= vm_running_of((int)(field - cls->fields))->effects;
	}
	return effects;
}

int live_restore(struct api *api, const struct record *vm, struct error *err)
{
	AUTO(record) told = settings_told(vm);
	struct settings before = settings_now(api, vm);
	struct settings after = settings_with_defaults(settings_of(told));
	unsigned effects = effects_of_intent(record_get(vm, VM_live_intent));
	struct hypervisor_error reason = {0};
	unsigned done = 0;

	if (apply(api->hypervisor, record_uuid(vm), &before, &after, effects, &done, &reason) < 0)
		return fail_hypervisor(err, vm, OPERATION_changing_memory_live, &reason);
	return 0;
}
