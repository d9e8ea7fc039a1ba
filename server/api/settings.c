/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* settings.c – what can be changed of a domain while it runs: as a record says, and as a domain has
 * it. */
#include "server/api/settings.h"

#include "schema/text.h"
#include "server/api/vm.h"

/* Xen's, of a domain that nobody told anything else */
#define DEFAULT_WEIGHT 256
#define DEFAULT_CAP 0

struct settings settings_of(const struct record *vm)
{
	struct settings settings = {
		.memory = {.target = vm_memory_target(vm),
			   .dynamic_min = record_int(vm, VM_memory_dynamic_min),
			   .dynamic_max = record_int(vm, VM_memory_dynamic_max)},
		.maximum = record_int(vm, VM_memory_static_max),
		.shadow = vm_shadow_memory(vm),
		.vcpus = (int)record_int(vm, VM_VCPUs_at_startup),
	};

	vm_read_scheduling(vm, &settings.scheduling, NULL);
	return settings;
}

void settings_take(struct settings *settings, const struct domain_info *domain)
{
	settings->memory.target = domain->memory_target;
	settings->maximum = domain->memory_maximum;
	if (domain->vcpus_target)
		settings->vcpus = domain->vcpus_target;
	if (!domain->weight)
		return;
	settings->scheduling.weight = domain->weight;
	settings->scheduling.cap = domain->cap;
}

struct settings settings_with_defaults(struct settings settings)
{
	if (!settings.scheduling.weight)
		settings.scheduling.weight = DEFAULT_WEIGHT;
	if (settings.scheduling.cap < 0)
		settings.scheduling.cap = DEFAULT_CAP;
	return settings;
}

/* What `from` does not name of weight and cap, the domain keeps. */
static struct value *merge_params(const struct record *vm, const struct record *from)
{
	AUTO(record) told = settings_told(vm);
	struct value *merged = value_reference(record_get(told, VM_VCPUs_params));
	const struct value *params = record_get(from, VM_VCPUs_params);

	for (uint32_t i = 0; i < params->length; i++) {
		const struct member *member = &params->members[i];
		struct value *next =
			value_map_with(merged, member->key->text, value_reference(member->value));

		value_release(merged);
		merged = next;
	}
	return merged;
}

static void put_told(struct record *vm, int field, const struct value *value)
{
	AUTO_TEXT text = value_to_text(value);

	record_set(vm, VM_told,
		   value_map_with(record_get(vm, VM_told), vm->cls->fields[field].name,
				  value_string(text)));
}

void settings_note(struct record *vm, const struct record *from, int field)
{
	AUTO(value) value = field == VM_VCPUs_params ? merge_params(vm, from) :
						       value_reference(record_get(from, field));

	put_told(vm, field, value);
}

void settings_note_params(struct record *vm, const struct record *from)
{
	AUTO(record) told = settings_told(vm);
	const struct value *params = record_get(from, VM_VCPUs_params);
	const struct value *mask = value_find(record_get(told, VM_VCPUs_params), "mask");
	AUTO(value) now = mask && !value_find(params, "mask") ?
				  value_map_with(params, "mask", value_reference(mask)) :
				  value_reference(params);

	put_told(vm, VM_VCPUs_params, now);
}

void settings_note_built(struct record *vm, const struct record *from)
{
	static const int fields[] = {VM_VCPUs_at_startup, VM_VCPUs_params, VM_name_label};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		put_told(vm, fields[i], record_get(from, fields[i]));
}

struct record *settings_told(const struct record *vm)
{
	struct record *told = record_copy(vm);

	vm_overlay(told, record_get(vm, VM_told));
	return told;
}
