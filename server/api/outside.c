/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* outside.c – power states follow what somebody else does to a domain. */
#include "server/api/outside.h"

#include "schema/log.h"
#include "server/api/device.h"
#include "server/api/domain.h"
#include "server/api/vm.h"

#define LOOK_AGAIN_MS 250
#define LOOKS_MOST 20

static const char *state_of(const struct domain_info *domain)
{
	return domain->paused ? "Paused" : "Running";
}

/* Whether the domain says something that its VM's record does not. */
static bool is_news(const struct record *vm, const struct domain_info *domain)
{
	/* that is guest_stopped's */
	if (domain->shutdown || domain->dying)
		return false;
	/* whoever builds or restores a domain unpauses it last */
	return vm_is_live(vm) ? !record_is(vm, VM_power_state, state_of(domain)) : !domain->paused;
}

static int run_follow(struct call *call, struct error *err)
{
	const struct record *vm = call->operation->vm;
	const struct record *booted = record_get(vm, VM_boot_record)->length ? NULL : vm;
	struct hypervisor_error ignored = {0};
	struct domain_info domain;

	if (hypervisor_get_domain(call->api->hypervisor, record_uuid(vm), &domain, &ignored) < 0 ||
	    !is_news(vm, &domain))
		return 0;
	log_info("VM %s (%s) was %s; somebody else has made it %s", record_text(vm, VM_name_label),
		 record_uuid(vm), record_text(vm, VM_power_state), state_of(&domain));
	/* its disks are no longer what the memory in the image believes */
	if (record_is(vm, VM_power_state, "Suspended"))
		vm_delete_image(call->api, vm);
	if (domain_commit(call, domain.domid, domain.paused, booted, err) < 0)
		return -1;
	devices_follow_domain(call->api, vm);
	return 0;
}

static bool is_ours(const struct record *vm)
{
	return record_bool(vm, VM_is_managed) && !record_bool(vm, VM_is_control_domain);
}

static bool is_busy(const struct record *vm)
{
	return record_get(vm, VM_current_operations)->length > 0;
}

void outside_follow(struct api *api, const struct record *vm, const struct domain_info *domain)
{
	if (is_ours(vm) && !is_busy(vm) && is_news(vm, domain))
		operation_start_internal(api, record_ref(vm), OPERATION_following_domain,
					 run_follow);
}

struct watch {
	struct api *api;
	char uuid[UUID_SIZE];
	int looks;
};

/* What happened to a busy VM was perhaps not us. */
static void look(void *argument)
{
	struct watch *watch = argument;
	AUTO(record) vm = store_read_by_uuid(watch->api->store, CLASS_VM, watch->uuid);
	struct hypervisor_error ignored = {0};
	struct domain_info domain;

	if (vm && is_busy(vm) && !atomic_load(&watch->api->closing) &&
	    ++watch->looks < LOOKS_MOST) {
		workers_run(watch->api->workers, LOOK_AGAIN_MS, look, watch);
		return;
	}
	if (vm &&
	    hypervisor_get_domain(watch->api->hypervisor, watch->uuid, &domain, &ignored) == 0)
		outside_follow(watch->api, vm, &domain);
	free(watch);
}

void outside_look(struct api *api, const char *uuid)
{
	struct watch *watch = allocate(sizeof(*watch));

	watch->api = api;
	memcpy(watch->uuid, uuid, sizeof(watch->uuid));
	look(watch);
}
