/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reconcile.c – after a stop, a crash or a reboot of the host: power states follow the domains that
 * are really there. */
#include "server/api/reconcile.h"

#include "schema/log.h"
#include "server/api/drift.h"
#include "server/api/foreign.h"
#include "server/api/live.h"
#include "server/api/device.h"
#include "server/api/vif.h"
#include "server/api/vm.h"

#include <stdio.h>
#include <unistd.h>

struct finding {
	struct api *api;
	const struct record *vm;
	const struct domain_info *domain; /* NULL: there is none */
	const char *state;		  /* what the VM is to become */
	const char *image;		  /* of a Suspended one, if that is another than before */
};

/* A domain was being made when the daemon stopped. */
static bool was_beginning(const struct record *vm)
{
	return value_find(record_get(vm, VM_live_intent), "power_state") != NULL;
}

static int become(struct transaction *transaction, void *argument, struct error *err)
{
	const struct finding *finding = argument;
	struct record *vm = transaction_edit(transaction, CLASS_VM, record_ref(finding->vm));
	bool built_unnoticed;

	if (!vm)
		return 0;
	if (strcmp(finding->state, "Halted") == 0)
		return vm_become_halted(NULL, transaction, vm, err);
	if (finding->image)
		record_set_text(vm, VM_suspend_image, finding->image);
	if (strcmp(finding->state, "Suspended") == 0)
		return vm_become_suspended(NULL, transaction, vm, err);
	/* the daemon died after the domain ran and before that was stored */
	built_unnoticed = record_get(vm, VM_boot_record)->length == 0 ||
			  (was_beginning(vm) && !record_is(vm, VM_power_state, "Suspended"));
	vm_become_live(finding->api, transaction, vm, finding->domain->domid, finding->state,
		       built_unnoticed ? finding->vm : NULL);
	return 0;
}

static void destroy(struct api *api, const struct record *vm, const char *why)
{
	struct hypervisor_error reason = {0};

	log_warning("VM %s (%s): its domain is destroyed: %s", record_text(vm, VM_name_label),
		    record_uuid(vm), why);
	if (hypervisor_destroy(api->hypervisor, record_uuid(vm), &reason) < 0)
		log_error("VM %s: %s", record_uuid(vm), reason.text);
}

static bool has_image(const struct finding *finding)
{
	AUTO_TEXT path = vm_image_path(finding->api, finding->vm);

	return access(path, F_OK) == 0;
}

static bool has_used_image(const struct finding *finding)
{
	AUTO_TEXT path = vm_used_image_path(finding->api, finding->vm);

	return access(path, F_OK) == 0;
}

static void delete_used_image(const struct finding *finding)
{
	AUTO_TEXT path = vm_used_image_path(finding->api, finding->vm);

	unlink(path);
}

/* The file that a checkpoint was writing the memory to; NULL: there was none. */
static const char *checkpoint_image(const struct record *vm)
{
	const struct value *change = value_find(record_get(vm, VM_live_intent), CHECKPOINT_INTENT);

	return change ? value_find_text(change, "new") : NULL;
}

/* A domain that was suspended for a checkpoint only. */
static const char *settle_checkpoint(struct finding *finding, const char *image)
{
	AUTO_TEXT path = vm_path_of_image(finding->api, image);
	struct hypervisor_error reason = {0};

	if (hypervisor_go_on(finding->api->hypervisor, record_uuid(finding->vm), &reason) == 0)
		return "Running";
	log_error("VM %s does not go on after a checkpoint: %s", record_uuid(finding->vm),
		  reason.text);
	destroy(finding->api, finding->vm, "it does not go on after a checkpoint");
	if (access(path, F_OK) < 0)
		return "Halted";
	finding->image = image;
	return "Suspended";
}

/* A domain whose memory has been saved. It must not run while its image is kept, nor be lost
 * without one. */
static const char *settle_saved(const struct finding *finding)
{
	bool image = has_image(finding);

	destroy(finding->api, finding->vm,
		image ? "its memory is saved" : "it was being saved when the daemon stopped");
	return image ? "Suspended" : "Halted";
}

/* A paused domain that never ran: its start, restart or resume was not finished. */
static bool is_unfinished(const struct finding *finding)
{
	if (!finding->domain->paused)
		return false;
	if (record_is(finding->vm, VM_power_state, "Suspended"))
		return has_image(finding);
	return was_beginning(finding->vm);
}

static bool unpause(const struct finding *finding)
{
	struct hypervisor_error reason = {0};

	if (hypervisor_unpause(finding->api->hypervisor, record_uuid(finding->vm), &reason) == 0)
		return true;
	log_error("VM %s: %s", record_uuid(finding->vm), reason.text);
	return false;
}

static bool was_paused_for_snapshot(const struct record *vm)
{
	return record_is(vm, VM_power_state, "Running") &&
	       value_find(record_get(vm, VM_live_intent), SNAPSHOT_INTENT);
}

/*
 * A domain made from an image that was set aside, and still paused. It is unpaused only after the
 * record says Running: if that says Suspended the guest has not run, and its image is as good as
 * before.
 */
static const char *settle_resumed(const struct finding *finding)
{
	const struct record *vm = finding->vm;

	if (record_is(vm, VM_power_state, "Suspended")) {
		destroy(finding->api, vm, "its resume was not finished");
		vm_take_image_back(finding->api, finding->vm);
		return "Suspended";
	}
	delete_used_image(finding);
	if (!record_is(vm, VM_power_state, "Running"))
		return "Paused";
	return unpause(finding) ? "Running" : "Paused";
}

static const char *settle_domain(struct finding *finding)
{
	const struct domain_info *domain = finding->domain;
	const char *image = checkpoint_image(finding->vm);

	if (image && domain->shutdown && domain->reason == SHUTDOWN_SUSPEND)
		return settle_checkpoint(finding, image);
	if (domain->shutdown && domain->reason == SHUTDOWN_SUSPEND)
		return settle_saved(finding);
	if (is_unfinished(finding)) {
		destroy(finding->api, finding->vm, "its start was not finished");
		return record_is(finding->vm, VM_power_state, "Suspended") ? "Suspended" : "Halted";
	}
	if (domain->paused && has_used_image(finding))
		return settle_resumed(finding);
	delete_used_image(finding);
	if (domain->paused && was_paused_for_snapshot(finding->vm) && unpause(finding))
		return "Running";
	if (vm_is_live(finding->vm))
		vm_delete_image(finding->api, finding->vm); /* of a suspend that was not finished
							     */
	/* one that crashed and is kept to be looked at is Paused, whatever the hypervisor calls it
	 */
	if (domain->shutdown && record_is(finding->vm, VM_power_state, "Paused"))
		return "Paused";
	return domain->paused ? "Paused" : "Running";
}

static const char *settle_absence(const struct finding *finding)
{
	bool set_aside = has_used_image(finding);

	if (!record_is(finding->vm, VM_power_state, "Suspended")) {
		if (set_aside)
			delete_used_image(finding);
		/* saved, and it has not run since: only that could not be stored any more */
		if (vm_is_live(finding->vm) && has_image(finding))
			return "Suspended";
		/* a later domain must never be taken for the one that it is of */
		vm_delete_image(finding->api, finding->vm);
		return "Halted";
	}
	/* the record says Running before a resumed guest runs: this one did not */
	if (set_aside)
		vm_take_image_back(finding->api, finding->vm);
	return "Suspended";
}

/* A change that was under way when the daemon died was not answered: the record still has the old
 * values, so do we. */
static void roll_back_intent(struct api *api, const struct record *vm)
{
	AUTO_ERROR err = {0};

	if (live_restore(api, vm, &err) < 0) {
		AUTO_TEXT text = error_text(&err);

		log_error("VM %s: an interrupted change could not be undone: %s", record_uuid(vm),
			  text);
	}
}

static bool has_intent(const struct record *vm)
{
	return record_get(vm, VM_live_intent)->length > 0;
}

static int settle(struct finding *finding, struct error *err)
{
	const struct record *vm = finding->vm;

	finding->state = finding->domain ? settle_domain(finding) : settle_absence(finding);
	if (!finding->domain && record_is(vm, VM_power_state, finding->state) && !has_intent(vm))
		return 0;
	if (finding->domain && has_intent(vm) && vm_is_live(vm))
		roll_back_intent(finding->api, vm);
	if (!record_is(vm, VM_power_state, finding->state))
		log_info("VM %s (%s) was %s and is %s", record_text(vm, VM_name_label),
			 record_uuid(vm), record_text(vm, VM_power_state), finding->state);
	if (store_mutate(finding->api->store, become, finding, err) < 0)
		return -1;
	if (strcmp(finding->state, "Running") == 0 || strcmp(finding->state, "Paused") == 0) {
		devices_follow_domain(finding->api, vm);
		vif_follow_filters(finding->api, vm);
	}
	return 0;
}

int reconcile_open(struct api *api, struct error *err)
{
	struct hypervisor_error reason = {0};
	struct domain_info *domains = NULL;
	struct record **vms;
	size_t domain_count = 0;
	size_t vm_count;
	int rc = 0;

	if (hypervisor_list_domains(api->hypervisor, &domains, &domain_count, &reason) < 0)
		return fail(err, ERROR_HYPERVISOR_ERROR, "list_domains", api->host_ref,
			    reason.text);
	vms = store_list(api->store, CLASS_VM, &vm_count);
	for (size_t i = 0; rc == 0 && i < vm_count; i++) {
		struct finding finding = {.api = api,
					  .vm = vms[i],
					  .domain = domain_find(domains, domain_count,
								record_uuid(vms[i]))};

		if (!record_bool(vms[i], VM_is_control_domain) &&
		    record_bool(vms[i], VM_is_managed))
			rc = settle(&finding, err);
	}
	store_free_list(vms, vm_count);
	if (rc == 0)
		foreign_open(api, domains, domain_count);
	free(domains);
	if (rc == 0)
		vm_drop_images(api);
	if (rc == 0)
		drift_log(api);
	return rc;
}
