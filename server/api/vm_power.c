/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_power.c – the messages that begin, stop and end domains. All run on a worker, with the VM to
 * themselves. */
#include "schema/clock.h"
#include "schema/log.h"
#include "server/api/domain.h"
#include "server/api/dry_run.h"
#include "server/api/task_progress.h"
#include "server/api/vm.h"
#include "server/api/vm_staged.h"

#include <stdio.h>

#define ASK_MS 1000
#define LOOK_MS 100

/* Shares of a shutdown. */
#define ASKED 0.1
#define STOPPED 0.7

/* Of a reboot the old domain is gone by now: nobody wants it to end between the two. */
static int check_wanted(struct call *call, struct error *err)
{
	bool begins = operation_info(call->operation->id)->effect == BEGINS_DOMAIN;

	return begins ? operation_check_cancelled(call, err) : 0;
}

/*
 * The domain is built paused; until it is unpaused it can be thrown away without a trace. The
 * intent that was committed when the operation began tells a later daemon that a paused domain of a
 * Halted VM is one that this one did not finish.
 */
static int begin_domain(struct call *call, const struct record *vm, bool paused, struct error *err)
{
	AUTO_ERROR ignored = {0};
	int domid;

	if (vm_build_domain(call->api, vm, NULL, &domid, err) < 0)
		return -1;
	task_note_progress(call, 0.8);
	if (check_wanted(call, err) == 0 && (paused || domain_unpause(call, err) == 0) &&
	    domain_commit(call, domid, paused, vm, err) == 0)
		return 0;
	domain_destroy(call, &ignored);
	return -1;
}

static int start_vm(struct call *call, bool paused, struct error *err)
{
	AUTO(record) vm = store_read(call->api->store, CLASS_VM, record_ref(call->operation->vm));
	struct hypervisor_error reason = {0};
	struct host_usage usage;

	if (!vm)
		return fail(err, ERROR_HANDLE_INVALID, "VM", argument_text(call, 0));
	if (hypervisor_get_host_usage(call->api->hypervisor, &usage, &reason) < 0)
		return fail_hypervisor(err, vm, call->operation->id, &reason);
	if (vm_check_boot(call->api, vm, dry_run_memory_free(usage.memory_free), err) < 0)
		return -1;
	task_note_progress(call, 0.1);
	return begin_domain(call, vm, paused, err);
}

static int start_halted(struct call *call, bool paused, struct error *err)
{
	AUTO_ERROR ignored = {0};
	int rc = start_vm(call, paused, err);

	if (rc < 0)
		operation_commit(call, vm_drop_intent, &ignored);
	return rc;
}

int run_VM_start(struct call *call, struct error *err)
{
	return start_halted(call, argument_bool(call, 1), err);
}

int run_VM_start_on(struct call *call, struct error *err)
{
	return start_halted(call, argument_bool(call, 2), err);
}

int run_VM_pause(struct call *call, struct error *err)
{
	const struct record *vm = call->operation->vm;
	struct hypervisor_error reason = {0};

	if (hypervisor_pause(call->api->hypervisor, record_uuid(vm), &reason) < 0)
		return fail_hypervisor(err, vm, call->operation->id, &reason);
	if (operation_commit(call, vm_become_paused, err) == 0)
		return 0;
	hypervisor_unpause(call->api->hypervisor, record_uuid(vm), &reason);
	return -1;
}

int run_VM_unpause(struct call *call, struct error *err)
{
	const struct record *vm = call->operation->vm;
	struct hypervisor_error reason = {0};

	if (domain_unpause(call, err) < 0)
		return -1;
	if (operation_commit(call, vm_become_running, err) == 0)
		return 0;
	hypervisor_pause(call->api->hypervisor, record_uuid(vm), &reason);
	return -1;
}

/* 0 when the guest has shut down; otherwise reason.kind says whether it may yet. */
static int look_for_shutdown(struct call *call, struct hypervisor_error *reason)
{
	struct domain_info domain;

	if (hypervisor_get_domain(call->api->hypervisor, record_uuid(call->operation->vm), &domain,
				  reason) < 0)
		return -1;
	reason->kind = HYPERVISOR_TIMEOUT;
	return domain.shutdown ? 0 : -1;
}

/* How long it may take. */
static int patience_ms(const struct call *call)
{
	int64_t most = call->api->options.shutdown_timeout_ms;

	return (int)(call->deadline_ms ?
			     greater_of(0, lesser_of(most, call->deadline_ms - clock_ms())) :
			     most);
}

/* How much of the time that the guest has is over. */
static void note_patience(struct call *call, int64_t deadline)
{
	double whole = call->api->options.shutdown_timeout_ms;
	double left = (double)(deadline - clock_ms());

	task_note_progress(call, ASKED + (STOPPED - ASKED) * (whole - left) / whole);
}

/*
 * Asks the guest; when it has stopped, its domain waits to be destroyed. Most guests are quick or
 * never do it: the adapter waits a moment, after that we look now and then, so that a hard_shutdown
 * or the server's end need not wait.
 */
static int ask_guest(struct call *call, enum shutdown_reason how, struct error *err)
{
	const struct operation *operation = call->operation;
	int timeout_ms = patience_ms(call);
	int64_t deadline = clock_ms() + timeout_ms;
	struct hypervisor_error reason = {0};
	char seconds[32];
	int rc;

	task_note_progress(call, ASKED);
	workers_begin_wait(call->api->workers);
	rc = hypervisor_shutdown(call->api->hypervisor, record_uuid(operation->vm), how,
				 timeout_ms < ASK_MS ? timeout_ms : ASK_MS, &reason);
	workers_end_wait(call->api->workers);
	while (rc < 0 && reason.kind == HYPERVISOR_TIMEOUT && clock_ms() < deadline &&
	       !operation_is_cancelled(call) && !atomic_load(&call->api->closing)) {
		note_patience(call, deadline);
		operation_sleep(call, LOOK_MS);
		rc = look_for_shutdown(call, &reason);
	}
	if (rc == 0)
		task_note_progress(call, STOPPED);
	if (operation_check_cancelled(call, err) < 0)
		return -1;
	/* the domain's maker, if that was somebody else, may have been quicker to end it */
	if (rc == 0 || (how == SHUTDOWN_POWEROFF && reason.kind == HYPERVISOR_NO_DOMAIN))
		return 0;
	if (reason.kind != HYPERVISOR_TIMEOUT)
		return fail_hypervisor(err, operation->vm, operation->id, &reason);
	snprintf(seconds, sizeof(seconds), "%g", timeout_ms / 1000.0);
	return fail(err, ERROR_VM_SHUTDOWN_TIMEOUT, record_ref(operation->vm), seconds);
}

int run_VM_clean_shutdown(struct call *call, struct error *err)
{
	if (ask_guest(call, SHUTDOWN_POWEROFF, err) < 0)
		return -1;
	return domain_end(call, err);
}

int run_VM_hard_shutdown(struct call *call, struct error *err)
{
	operation_cancel_others(call);
	if (domain_destroy(call, err) < 0)
		return -1;
	operation_await_others(call);
	/* one of those may have just built another domain */
	if (domain_end(call, err) < 0)
		return -1;
	vm_delete_image(call->api, call->operation->vm);
	return 0;
}

int run_VM_shutdown(struct call *call, struct error *err)
{
	AUTO_ERROR ignored = {0};

	if (record_is(call->operation->vm, VM_power_state, "Running") &&
	    run_VM_clean_shutdown(call, &ignored) == 0)
		return 0;
	if (operation_check_cancelled(call, err) < 0)
		return -1;
	if (ignored.code != ERROR_NONE)
		log_warning("VM %s (%s) has not shut down by itself, its domain is ended",
			    record_text(call->operation->vm, VM_name_label),
			    record_uuid(call->operation->vm));
	return run_VM_hard_shutdown(call, err);
}

/* From here on a paused domain is one that a later daemon need not keep: it has not run yet. */
static int note_restart(struct call *call, struct transaction *transaction, struct record *vm,
			struct error *err)
{
	(void)call;
	(void)transaction;
	(void)err;
	record_set(vm, VM_live_intent, operation_intent_to_begin(vm));
	vm_apply_staged(vm);
	return 0;
}

int vm_restart_domain(struct call *call, struct error *err)
{
	AUTO_ERROR ignored = {0};

	if (domain_destroy(call, err) < 0)
		return -1;
	if (operation_check_overruled(call, err) == 0 &&
	    operation_commit(call, note_restart, err) == 0 && start_vm(call, false, err) == 0)
		return 0;
	/* the old domain is gone: whatever went wrong, the VM is not running */
	operation_commit(call, vm_become_halted, &ignored);
	return -1;
}

int run_VM_clean_reboot(struct call *call, struct error *err)
{
	if (ask_guest(call, SHUTDOWN_REBOOT, err) < 0)
		return -1;
	return vm_restart_domain(call, err);
}

int run_VM_hard_reboot(struct call *call, struct error *err)
{
	operation_cancel_others(call);
	if (domain_destroy(call, err) < 0)
		return -1;
	operation_await_others(call);
	return vm_restart_domain(call, err);
}

int run_VM_power_state_reset(struct call *call, struct error *err)
{
	const struct record *vm = call->operation->vm;
	struct hypervisor_error ignored = {0};
	struct domain_info domain;

	if (record_bool(vm, VM_is_control_domain))
		return fail(err, ERROR_CANNOT_RESET_CONTROL_DOMAIN, record_ref(vm));
	if (vm_is_live(vm) &&
	    hypervisor_get_domain(call->api->hypervisor, record_uuid(vm), &domain, &ignored) == 0)
		return fail(err, ERROR_DOMAIN_EXISTS, record_ref(vm));
	if (operation_commit(call, vm_become_halted, err) < 0)
		return -1;
	vm_delete_image(call->api, vm);
	return 0;
}

int run_VM_wait_memory_target_live(struct call *call, struct error *err)
{
	const int64_t near = INT64_C(1) << 20;
	int64_t deadline = clock_ms() + 256000;
	const struct record *vm = call->operation->vm;

	while (clock_ms() < deadline && !atomic_load(&call->api->closing)) {
		struct hypervisor_error reason = {0};
		struct domain_info domain;

		if (hypervisor_get_domain(call->api->hypervisor, record_uuid(vm), &domain,
					  &reason) < 0)
			return fail_hypervisor(err, vm, call->operation->id, &reason);
		if (llabs(domain.memory_actual - domain.memory_target) <= near)
			return 0;
		operation_sleep(call, 100);
		if (operation_check_cancelled(call, err) < 0)
			return -1;
	}
	return fail(err, ERROR_VM_MEMORY_TARGET_WAIT_TIMEOUT, call->operation->task);
}
