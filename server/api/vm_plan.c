/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_plan.c – operations of VMs as they would be: the checks that come before the domain, and the
 * record after it. */
#include "server/api/vm_plan.h"

#include "server/api/boot_files.h"
#include "server/api/vbd.h"
#include "server/api/vm.h"
#include "server/api/vm_staged.h"

#include <unistd.h>

static int64_t memory_of(const struct record *vm)
{
	return vm_memory_target(vm) + vm_memory_overhead(vm);
}

static int get_usage(struct call *call, struct host_usage *ret_usage, struct error *err)
{
	struct hypervisor_error reason = {0};

	if (hypervisor_get_host_usage(call->api->hypervisor, ret_usage, &reason) < 0)
		return fail_hypervisor(err, call->operation->vm, call->operation->id, &reason);
	return 0;
}

/* The host has room, and the kernel is there. */
static int check_build(struct call *call, const struct record *vm, int64_t memory_free,
		       struct error *err)
{
	struct boot_files files;

	call->memory_needed = memory_of(vm);
	call->memory_free = memory_free;
	if (vm_check_boot(call->api, vm, memory_free, err) < 0 ||
	    boot_files_open(call->api, vm, &files, err) < 0)
		return -1;
	boot_files_close(&files);
	return 0;
}

static int check_start(struct call *call, struct error *err)
{
	struct host_usage usage;

	if (get_usage(call, &usage, err) < 0)
		return -1;
	return check_build(call, call->operation->vm, usage.memory_free, err);
}

/* What the old domain has is free by then. */
static int check_restart(struct call *call, struct error *err)
{
	AUTO(record) next = vm_next(call->operation->vm);
	struct host_usage usage;

	if (get_usage(call, &usage, err) < 0)
		return -1;
	return check_build(call, next, usage.memory_free + memory_of(call->operation->vm), err);
}

static int check_resume(struct call *call, struct error *err)
{
	AUTO_TEXT path = vm_image_path(call->api, call->operation->vm);

	if (access(path, R_OK) == 0)
		return 0;
	return fail(err, ERROR_VM_HAS_NO_SUSPEND_VDI, "VM", record_ref(call->operation->vm));
}

/* By start, start_on, resume and resume_on. */
static bool stays_paused(const struct call *call)
{
	bool on = call->operation->id == OPERATION_start_on ||
		  call->operation->id == OPERATION_resume_on;

	return argument_bool(call, on ? 2 : 1);
}

static int begin(struct call *call, struct transaction *transaction, struct record *vm,
		 const char *state, const struct record *booted, struct error *err)
{
	if (vbd_reserve_in(transaction, vm, err) < 0)
		return -1;
	vm_become_live(call->api, transaction, vm, (int)record_int(vm, VM_domid), state, booted);
	return 0;
}

static int become_started(struct call *call, struct transaction *transaction, struct record *vm,
			  struct error *err)
{
	AUTO(record) booted = record_copy(vm);

	return begin(call, transaction, vm, stays_paused(call) ? "Paused" : "Running", booted, err);
}

static int become_resumed(struct call *call, struct transaction *transaction, struct record *vm,
			  struct error *err)
{
	return begin(call, transaction, vm, stays_paused(call) ? "Paused" : "Running", NULL, err);
}

static int become_restarted(struct call *call, struct transaction *transaction, struct record *vm,
			    struct error *err)
{
	vm_apply_staged(vm);
	AUTO(record) booted = record_copy(vm);

	(void)err;
	vm_become_live(call->api, transaction, vm, (int)record_int(vm, VM_domid), "Running",
		       booted);
	return 0;
}

const struct vm_plan *vm_plan_of(enum operation_id id)
{
	static const struct vm_plan plans[OPERATION_COUNT] = {
		[OPERATION_start] = {check_start, become_started},
		[OPERATION_start_on] = {check_start, become_started},
		[OPERATION_resume] = {check_resume, become_resumed},
		[OPERATION_resume_on] = {check_resume, become_resumed},
		[OPERATION_pause] = {NULL, vm_become_paused},
		[OPERATION_unpause] = {NULL, vm_become_running},
		[OPERATION_suspend] = {NULL, vm_become_suspended},
		[OPERATION_clean_shutdown] = {NULL, vm_become_halted},
		[OPERATION_hard_shutdown] = {NULL, vm_become_halted},
		[OPERATION_shutdown] = {NULL, vm_become_halted},
		[OPERATION_clean_reboot] = {check_restart, become_restarted},
		[OPERATION_hard_reboot] = {check_restart, become_restarted},
		[OPERATION_clone] = {NULL, vm_become_two},
		[OPERATION_copy] = {NULL, vm_become_two},
	};

	return plans[id].change ? &plans[id] : NULL;
}

bool vm_plan_restarts(enum operation_id id)
{
	return id && vm_plan_of(id) && vm_plan_of(id)->change == become_restarted;
}

struct value *vm_plan_room(const struct call *call)
{
	struct value *room = value_map();

	if (!call->memory_needed)
		return room;
	value_put(room, "memory_needed", value_int(call->memory_needed));
	value_put(room, "memory_free", value_int(call->memory_free));
	return room;
}
