/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drift.c – where domains are not what their VMs' records say, because somebody else changed them.
 */
#include "server/api/drift.h"

#include "schema/log.h"
#include "schema/text.h"
#include "server/api/message.h"
#include "server/api/settings.h"
#include "server/api/vm.h"

#include <inttypes.h>

/* Where the differences of one VM go: a set of maps. */
struct report {
	struct value *set;
	const struct record *vm;
};

static void add(struct report *report, const char *field, const char *recorded, const char *has)
{
	struct value *entry = value_map();

	value_put(entry, "VM", value_string(record_ref(report->vm)));
	value_put(entry, "uuid", value_string(record_uuid(report->vm)));
	value_put(entry, "name_label", value_reference(record_get(report->vm, VM_name_label)));
	value_put(entry, "field", value_string(field));
	value_put(entry, "record", value_string(recorded));
	value_put(entry, "domain", value_string(has));
	value_append(report->set, entry);
}

static void compare_numbers(struct report *report, const char *field, int64_t recorded, int64_t has)
{
	AUTO_TEXT expected = text_format("%" PRId64, recorded);
	AUTO_TEXT found = text_format("%" PRId64, has);

	if (recorded != has)
		add(report, field, expected, found);
}

/* Xen counts whole KiB. */
static void compare_memory(struct report *report, const char *field, int64_t recorded, int64_t has)
{
	if (recorded / 1024 != has / 1024)
		compare_numbers(report, field, recorded, has);
}

/* A field that can be set for the next start only: the domain may have what it was told, or what
 * the record says now. */
static void compare_either(struct report *report, const char *field, int64_t told, int64_t recorded,
			   int64_t has)
{
	if (has != recorded)
		compare_numbers(report, field, told, has);
}

/* Adapters put the uuid behind a name that another domain has, or in the place of none, and cut
 * what is too long. */
static void compare_names(struct report *report, const char *name, const char *has)
{
	const char *uuid = record_uuid(report->vm);
	AUTO_TEXT distinct = text_format("%s (%s)", name, uuid);
	bool cut = strlen(distinct) > DOMAIN_NAME_SIZE - 4;

	if (!cut && strcmp(has, name) != 0 && strcmp(has, distinct) != 0 &&
	    (*name || strcmp(has, uuid) != 0))
		add(report, "name_label", name, has);
}

static void compare(struct report *report, const struct domain_info *domain)
{
	AUTO(record) told = settings_told(report->vm);
	struct settings was_told = settings_with_defaults(settings_of(told));
	struct settings recorded = settings_with_defaults(settings_of(report->vm));
	struct settings has = was_told;

	settings_take(&has, domain);
	compare_names(report, record_text(told, VM_name_label), domain->name);
	compare_memory(report, "memory_target", recorded.memory.target, has.memory.target);
	compare_memory(report, "memory_static_max", recorded.maximum, has.maximum);
	compare_either(report, "VCPUs_at_startup", was_told.vcpus, recorded.vcpus, has.vcpus);
	compare_either(report, "VCPUs_params:weight", was_told.scheduling.weight,
		       recorded.scheduling.weight, has.scheduling.weight);
	compare_either(report, "VCPUs_params:cap", was_told.scheduling.cap, recorded.scheduling.cap,
		       has.scheduling.cap);
}

static bool is_idle(const struct record *vm)
{
	return vm_is_live(vm) && record_bool(vm, VM_is_managed) &&
	       !record_bool(vm, VM_is_control_domain) &&
	       record_get(vm, VM_current_operations)->length == 0;
}

/* A VM that was changed while we looked is left out: what its domain had may be from before or
 * after that. */
static bool is_unchanged(struct api *api, const struct record *vm)
{
	AUTO(record) now = store_read(api->store, CLASS_VM, record_ref(vm));

	return now == vm;
}

static void report_vm(struct api *api, const struct record *vm, const struct domain_info *domains,
		      size_t count, struct value *set)
{
	struct report report = {set, vm};
	const struct domain_info *domain =
		is_idle(vm) ? domain_find(domains, count, record_uuid(vm)) : NULL;

	if (domain && !domain->shutdown && !domain->dying && is_unchanged(api, vm))
		compare(&report, domain);
}

static int by_name(const void *a, const void *b)
{
	const struct record *one = *(struct record *const *)a;
	const struct record *other = *(struct record *const *)b;
	int order = strcmp(record_text(one, VM_name_label), record_text(other, VM_name_label));

	return order ? order : strcmp(record_uuid(one), record_uuid(other));
}

/* The records are read before the domains, and again afterwards. NULL and *ret_reason: the
 * hypervisor does not say. */
static struct value *find_drift(struct api *api, struct hypervisor_error *ret_reason)
{
	struct domain_info *domains = NULL;
	size_t count, domain_count = 0;
	struct record **vms = store_list(api->store, CLASS_VM, &count);
	struct value *set = NULL;

	if (hypervisor_list_domains(api->hypervisor, &domains, &domain_count, ret_reason) == 0) {
		set = value_set();
		qsort(vms, count, sizeof(*vms), by_name);
		for (size_t i = 0; i < count; i++)
			report_vm(api, vms[i], domains, domain_count, set);
		free(domains);
	}
	store_free_list(vms, count);
	return set;
}

static void log_entry(const struct value *entry)
{
	log_warning("VM %s (%s): its domain has %s %s, the record says %s; somebody else changed "
		    "it, and it is left as it is",
		    value_find_text(entry, "name_label"), value_find_text(entry, "uuid"),
		    value_find_text(entry, "field"), value_find_text(entry, "domain"),
		    value_find_text(entry, "record"));
}

void drift_log(struct api *api)
{
	struct hypervisor_error reason = {0};

	api->drift = find_drift(api, &reason);
	if (!api->drift) {
		log_error("the domains cannot be compared with the records: %s", reason.text);
		api->drift = value_set();
	}
	for (uint32_t i = 0; i < api->drift->length; i++)
		log_entry(api->drift->items[i]);
}

/* Whether the set has an entry of that VM and field, and, if it is asked for, of that value. */
static bool has(const struct value *set, const struct value *entry, bool same_value)
{
	static const char *const keys[] = {"VM", "field", "domain"};

	for (uint32_t i = 0; i < set->length; i++) {
		size_t same = 0;

		while (same < (same_value ? 3 : 2) &&
		       strcmp(value_find_text(set->items[i], keys[same]),
			      value_find_text(entry, keys[same])) == 0)
			same++;
		if (same == (same_value ? 3 : 2))
			return true;
	}
	return false;
}

static void tell(struct api *api, const struct value *entry, const char *name)
{
	AUTO(record) vm = store_read(api->store, CLASS_VM, value_find_text(entry, "VM"));
	AUTO_TEXT body = text_format("%s: the record says %s, the domain has %s",
				     value_find_text(entry, "field"),
				     value_find_text(entry, "record"),
				     value_find_text(entry, "domain"));

	if (vm)
		message_note_text(api, vm, name, body);
}

/* Of one that is busy nothing is known now: what was there stays. */
static bool is_busy(struct api *api, const struct value *entry)
{
	AUTO(record) vm = store_read(api->store, CLASS_VM, value_find_text(entry, "VM"));

	return vm && record_get(vm, VM_current_operations)->length > 0;
}

void drift_watch(struct api *api)
{
	struct hypervisor_error reason = {0};
	struct value *now = find_drift(api, &reason);
	AUTO(value) before = now ? TAKE(api->drift) : NULL;

	for (uint32_t i = 0; before && i < before->length; i++) {
		const struct value *entry = before->items[i];

		if (has(now, entry, false))
			continue;
		if (is_busy(api, entry))
			value_append(now, value_reference(entry));
		else
			tell(api, entry, "VM_DRIFT_ENDED");
	}
	for (uint32_t i = 0; before && i < now->length; i++)
		if (!has(before, now->items[i], true)) {
			log_entry(now->items[i]);
			tell(api, now->items[i], "VM_DRIFT");
		}
	if (before)
		api->drift = now;
}

int run_host_get_drift(struct call *call, struct error *err)
{
	struct hypervisor_error reason = {0};

	call->result = find_drift(call->api, &reason);
	if (call->result)
		return 0;
	return fail(err, ERROR_HYPERVISOR_ERROR, "list_domains", call->api->host_ref, reason.text);
}
