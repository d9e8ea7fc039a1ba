/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_0.c – the VM that stands for Domain-0. */
#include "server/api/domain_0.h"

#include "schema/log.h"
#include "server/api/vm.h"

#include <stdio.h>

void domain_0_find(struct api *api, struct domain_0 *ret_found)
{
	struct hypervisor_error problem;

	*ret_found = (struct domain_0){0};
	if (hypervisor_get_domain(api->hypervisor, DOMAIN_0_UUID, &ret_found->info, &problem) ==
	    0) {
		ret_found->there = true;
		return;
	}
	ret_found->lost = problem.kind == HYPERVISOR_UNSUPPORTED ||
			  problem.kind == HYPERVISOR_NO_DOMAIN;
	if (!ret_found->lost)
		log_warning("Domain-0 cannot be looked at: %s", problem.text);
}

/* A range that a client has set stays as far as it still holds the target. */
static void follow_memory(struct api *api, struct record *vm, const struct domain_info *info,
			  bool is_new)
{
	int64_t target = domain_wanted_memory(info);
	int64_t maximum = domain_most_memory(info, hypervisor_host(api->hypervisor));
	int64_t low = is_new ? target : record_int(vm, VM_memory_dynamic_min);
	int64_t high = is_new ? target : record_int(vm, VM_memory_dynamic_max);
	int64_t least = is_new ? DOMAIN_0_MEMORY_LEAST : record_int(vm, VM_memory_static_min);

	low = lesser_of(low, target);
	record_set_int(vm, VM_memory_static_max, maximum);
	record_set_int(vm, VM_memory_dynamic_max, greater_of(lesser_of(high, maximum), target));
	record_set_int(vm, VM_memory_dynamic_min, low);
	record_set_int(vm, VM_memory_static_min, lesser_of(least, low));
	record_set_int(vm, VM_memory_target, target);
}

static void follow_vcpus(struct record *vm, const struct domain_info *info)
{
	int online = domain_wanted_vcpus(info);

	record_set_int(vm, VM_VCPUs_max, greater_of(info->vcpus_max, online));
	record_set_int(vm, VM_VCPUs_at_startup, online);
}

static void describe_metrics(struct record *metrics, const struct domain_info *info)
{
	struct value *state = value_set();

	value_append(state, value_string(info->running ? "running" : "blocked"));
	record_set(metrics, VM_metrics_state, state);
	record_set_int(metrics, VM_metrics_memory_actual, info->memory_actual);
	record_set_int(metrics, VM_metrics_VCPUs_number, info->vcpus_online);
	record_set_text(metrics, VM_metrics_current_domain_type, guest_type_name(info->type));
	record_set(metrics, VM_metrics_hvm, value_bool(info->type != GUEST_PV));
	record_set(metrics, VM_metrics_last_updated, value_datetime_of(now_seconds()));
	if (info->start_time)
		record_set(metrics, VM_metrics_start_time, value_datetime_of(info->start_time));
}

static void describe_running(struct api *api, struct transaction *transaction, struct record *vm,
			     const struct record *host, const struct domain_info *info, bool is_new)
{
	struct record *metrics =
		transaction_edit(transaction, CLASS_VM_metrics, record_text(vm, VM_metrics));

	if (!metrics)
		metrics = vm_make_metrics(transaction, vm);
	record_set_text(vm, VM_power_state, "Running");
	/* a change that was interrupted has reached it or has not */
	record_set(vm, VM_live_intent, value_map());
	record_set_int(vm, VM_domid, info->domid);
	record_set(vm, VM_resident_on, value_reference(host->ref));
	record_set_text(vm, VM_domain_type, guest_type_name(info->type));
	follow_vcpus(vm, info);
	follow_memory(api, vm, info, is_new);
	describe_metrics(metrics, info);
}

static struct record *add(struct transaction *transaction)
{
	struct record *vm = transaction_create(transaction, CLASS_VM, NULL);

	record_set_text(vm, VM_uuid, DOMAIN_0_UUID);
	record_set_text(vm, VM_name_label, "Domain-0");
	record_set_text(vm, VM_name_description, "The VM that drives the host's hardware");
	record_set(vm, VM_is_control_domain, value_bool(true));
	return vm;
}

/*
 * Where there is no Domain-0, the record that another start has made stays, so that its ref and
 * what clients keep in it are there when the host is booted with Xen again.
 */
void domain_0_describe(struct api *api, struct transaction *transaction, struct record *host,
		       const struct domain_0 *found)
{
	struct record *vm = transaction_edit(transaction, CLASS_VM, DOMAIN_0_UUID);
	bool is_new = !vm;

	api->domain_0_ref[0] = '\0';
	if (!vm && !found->there)
		return;
	if (!vm)
		vm = add(transaction);
	if (found->there)
		describe_running(api, transaction, vm, host, &found->info, is_new);
	else if (found->lost)
		record_set_text(vm, VM_power_state, "Halted");
	if (!found->lost) {
		snprintf(api->domain_0_ref, REF_SIZE, "%s", record_ref(vm));
		record_set(host, host_control_domain, value_reference(vm->ref));
	}
}

struct look {
	struct api *api;
	const struct record *before; /* as the record was when the domain was looked at */
	struct domain_info info;
};

/* What has been changed meanwhile through us is newer than what was seen. */
static int take_over(struct transaction *transaction, void *argument, struct error *err)
{
	const struct look *look = argument;
	struct record *vm;

	(void)err;
	if (transaction_read(transaction, CLASS_VM, DOMAIN_0_UUID) != look->before)
		return 0;
	vm = transaction_edit(transaction, CLASS_VM, DOMAIN_0_UUID);
	follow_vcpus(vm, &look->info);
	follow_memory(look->api, vm, &look->info, false);
	return 0;
}

void domain_0_follow(struct api *api)
{
	AUTO(record) before = store_read_by_uuid(api->store, CLASS_VM, DOMAIN_0_UUID);
	struct look look = {.api = api, .before = before};
	struct hypervisor_error ignored;
	AUTO_ERROR err = {0};

	if (before && record_get(before, VM_current_operations)->length == 0 &&
	    hypervisor_get_domain(api->hypervisor, DOMAIN_0_UUID, &look.info, &ignored) == 0)
		store_mutate(api->store, take_over, &look, &err);
}
