/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guest.c – what guests do by themselves, and what their VM's actions_after_ make of it. */
#include "server/api/guest.h"

#include "schema/log.h"
#include "schema/thread.h"
#include "server/api/domain.h"
#include "server/api/foreign.h"
#include "server/api/message.h"
#include "server/api/outside.h"
#include "server/api/vm.h"

#include <time.h>
#include <unistd.h>

#define WAIT_MS 10000

struct guests {
	struct api *api;
	pthread_t thread;
	atomic_bool stop;
};

static int64_t seconds_since_start(struct call *call)
{
	AUTO(record) metrics = store_read(call->api->store, CLASS_VM_metrics,
					  record_text(call->operation->vm, VM_metrics));
	struct tm parts = {0};

	if (!metrics ||
	    !strptime(record_text(metrics, VM_metrics_start_time), "%Y%m%dT%H:%M:%SZ", &parts))
		return INT64_MAX;
	return now_seconds() - (int64_t)timegm(&parts);
}

/* Not at once when it has just started: a guest that always reboots should leave the host some
 * time. */
static int restart(struct call *call, struct error *err)
{
	if (seconds_since_start(call) < call->api->options.guest_restart_window_s)
		operation_sleep(call, call->api->options.guest_restart_delay_ms);
	if (operation_check_cancelled(call, err) < 0)
		return -1;
	/* the next daemon finds the domain as it is and goes on from there */
	if (atomic_load(&call->api->closing))
		return 0;
	return vm_restart_domain(call, err);
}

static int after_crash(struct call *call, struct error *err)
{
	const struct record *vm = call->operation->vm;
	const char *action = record_text(vm, VM_actions_after_crash);
	bool restarts = strstr(action, "restart") != NULL;

	log_warning("VM %s (%s) crashed", record_text(vm, VM_name_label), record_uuid(vm));
	message_note(call->api, vm, "VM_CRASHED");
	if (strcmp(action, "preserve") == 0)
		return operation_commit(call, vm_become_paused, err);
	if (restarts && seconds_since_start(call) < call->api->options.guest_restart_window_s) {
		log_warning("VM %s crashed too soon after its start to be started again",
			    record_text(vm, VM_name_label));
		restarts = false;
	}
	return restarts ? restart(call, err) : domain_end(call, err);
}

static int act(struct call *call, const struct domain_info *domain, struct error *err)
{
	const struct record *vm = call->operation->vm;

	if (domain->reason != SHUTDOWN_CRASH) {
		message_note(call->api, vm,
			     domain->reason == SHUTDOWN_REBOOT ? "VM_REBOOTED" : "VM_SHUTDOWN");
		log_info("VM %s (%s) has %s", record_text(vm, VM_name_label), record_uuid(vm),
			 domain->reason == SHUTDOWN_REBOOT ? "rebooted" : "shut itself down");
	}
	switch (domain->reason) {
	case SHUTDOWN_CRASH:
		return after_crash(call, err);
	case SHUTDOWN_REBOOT:
		return record_is(vm, VM_actions_after_reboot, "restart") ? restart(call, err) :
									   domain_end(call, err);
	case SHUTDOWN_POWEROFF:
		return record_is(vm, VM_actions_after_shutdown, "restart") ? restart(call, err) :
									     domain_end(call, err);
	case SHUTDOWN_SUSPEND:
		break;
	}
	return 0;
}

/* Events come late and twice: what counts is the domain as it is now. */
static int run_stopped(struct call *call, struct error *err)
{
	const struct record *vm = call->operation->vm;
	struct hypervisor_error reason = {0};
	struct domain_info domain;

	if (hypervisor_get_domain(call->api->hypervisor, record_uuid(vm), &domain, &reason) < 0)
		return reason.kind == HYPERVISOR_NO_DOMAIN ? domain_end(call, err) : 0;
	if (!domain.shutdown || record_bool(vm, VM_is_control_domain))
		return 0;
	/* preserved: it stays until somebody destroys it */
	if (domain.reason == SHUTDOWN_CRASH && record_is(vm, VM_power_state, "Paused") &&
	    record_is(vm, VM_actions_after_crash, "preserve"))
		return 0;
	return act(call, &domain, err);
}

void guest_stopped(struct api *api, const char *uuid)
{
	AUTO(record) vm = store_read_by_uuid(api->store, CLASS_VM, uuid);

	if (vm && vm_is_live(vm))
		operation_start_internal(api, record_ref(vm), OPERATION_guest_stopped, run_stopped);
}

/* What VMs were believed to have a domain, and what domains there are: each looks at itself. */
static void look_at_all(struct api *api)
{
	struct hypervisor_error ignored = {0};
	struct domain_info *domains = NULL;
	size_t domain_count = 0, vm_count;
	struct record **vms = store_list(api->store, CLASS_VM, &vm_count);

	log_warning("events of the hypervisor were missed: all VMs are looked at");
	for (size_t i = 0; i < vm_count; i++)
		if (!record_bool(vms[i], VM_is_control_domain))
			guest_stopped(api, record_uuid(vms[i]));
	store_free_list(vms, vm_count);
	if (hypervisor_list_domains(api->hypervisor, &domains, &domain_count, &ignored) < 0)
		return;
	for (size_t i = 0; i < domain_count; i++)
		if (!foreign_look(api, domains[i].uuid))
			outside_look(api, domains[i].uuid);
	free(domains);
}

static void act_on(struct api *api, const struct hypervisor_event *event)
{
	if (event->kind == EVENT_MISSED) {
		look_at_all(api);
		return;
	}
	if (foreign_look(api, event->uuid))
		return;
	if (event->kind == EVENT_DOMAIN_APPEARED || event->kind == EVENT_DOMAIN_PAUSED)
		outside_look(api, event->uuid);
	else
		guest_stopped(api, event->uuid);
}

static void *run(void *argument)
{
	struct guests *guests = argument;
	struct hypervisor_event event;

	while (!atomic_load(&guests->stop)) {
		struct hypervisor_error reason = {0};
		int got = hypervisor_wait_event(guests->api->hypervisor, WAIT_MS, &event, &reason);

		if (got < 0) {
			log_error("waiting for the hypervisor's events: %s", reason.text);
			usleep(1000000);
		}
		if (got > 0)
			act_on(guests->api, &event);
	}
	return NULL;
}

struct guests *guests_new(struct api *api)
{
	struct guests *guests = allocate(sizeof(*guests));

	guests->api = api;
	thread_start(&guests->thread, "guests", run, guests);
	return guests;
}

void guests_free(struct guests *guests)
{
	atomic_store(&guests->stop, true);
	hypervisor_wake(guests->api->hypervisor);
	pthread_join(guests->thread, NULL);
	free(guests);
}
