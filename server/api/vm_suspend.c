/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_suspend.c – a guest's memory to the disk and back: never in two places that could both run. */
#include "server/api/domain.h"
#include "server/api/dry_run.h"
#include "server/api/task_progress.h"
#include "server/api/vm.h"

#include "schema/log.h"

#include <errno.h>
#include <unistd.h>

/* Before a domain made from it runs: then the guest's disks change, and it must not be used again.
 */
static int set_image_aside(struct call *call, struct error *err)
{
	const struct record *vm = call->operation->vm;
	AUTO_TEXT path = vm_image_path(call->api, vm);
	AUTO_TEXT used = vm_used_image_path(call->api, vm);
	AUTO_TEXT text = NULL;

	if (vm_rename_image(call->api, path, used))
		return 0;
	text = text_format("%s: %s", path, strerror(errno));
	return fail(err, ERROR_INTERNAL_ERROR, text);
}

static void delete_used_image(struct call *call)
{
	AUTO_TEXT used = vm_used_image_path(call->api, call->operation->vm);

	if (!dry_run_is_on())
		unlink(used);
}

/* A saved guest cannot go on where it is: it goes on from its image, as if it had been resumed. */
static int go_on_from_image(struct call *call, const char *path, struct error *err)
{
	int domid;

	if (domain_destroy(call, err) < 0 ||
	    vm_build_domain(call->api, call->operation->vm, path, &domid, err) < 0)
		return -1;
	if (set_image_aside(call, err) < 0 || domain_unpause(call, err) < 0) {
		AUTO_ERROR ignored = {0};

		domain_destroy(call, &ignored);
		return -1;
	}
	delete_used_image(call);
	return domain_commit(call, domid, false, NULL, err);
}

/* The record could not say Suspended. The image is the last there is of the guest's memory. */
static void undo_suspend(struct call *call, const char *path)
{
	const struct record *vm = call->operation->vm;
	AUTO_ERROR err = {0};
	AUTO_TEXT text = NULL;

	if (atomic_load(&call->operation->cancelled)) {
		/* by a hard_shutdown, which ends the domain */
		unlink(path);
		return;
	}
	if (go_on_from_image(call, path, &err) == 0)
		return;
	text = error_text(&err);
	log_error("VM %s: after a suspend that failed: %s; what is there of its memory is in %s",
		  record_uuid(vm), text, call->api->options.suspend_folder);
	/* if it still cannot, the next start of the daemon finds the image and says so */
	if (access(path, F_OK) == 0)
		operation_commit(call, vm_become_suspended, &err);
}

/* Saving is nearly all of it, and shows in the length of the file. */
#define SAVED 0.9

int vm_save_memory(struct call *call, const char *path, struct hypervisor_error *reason)
{
	const struct record *vm = call->operation->vm;
	struct file_watch *watch = task_watch_file(call, path, vm_memory_target(vm), SAVED);
	int rc = hypervisor_suspend(call->api->hypervisor, record_uuid(vm), path, reason);

	task_end_watch(watch);
	if (rc == 0)
		task_note_progress(call, SAVED);
	return rc;
}

/* Image on the disk, then the record, then the domain goes: at each moment one of them has the
 * guest's memory. */
int run_VM_suspend(struct call *call, struct error *err)
{
	const struct operation *operation = call->operation;
	AUTO_TEXT path = vm_image_path(call->api, operation->vm);
	struct hypervisor_error reason = {0};
	AUTO_ERROR ignored = {0};

	if (vm_save_memory(call, path, &reason) < 0) {
		unlink(path);
		if (operation_check_cancelled(call, err) < 0)
			return -1;
		return fail_hypervisor(err, operation->vm, operation->id, &reason);
	}
	if (operation_check_cancelled(call, err) == 0 &&
	    operation_commit(call, vm_become_suspended, err) == 0) {
		if (domain_destroy(call, &ignored) < 0)
			log_error("VM %s is suspended, but its domain could not be destroyed",
				  record_uuid(operation->vm));
		return 0;
	}
	undo_suspend(call, path);
	return -1;
}

/* One that could not be destroyed when its memory had been saved. */
static int end_saved_domain(struct call *call, struct error *err)
{
	struct domain_info domain = {0};

	if (domain_exists(call, &domain) && domain.shutdown && domain.reason == SHUTDOWN_SUSPEND)
		return domain_destroy(call, err);
	return 0;
}

static int resume_vm(struct call *call, bool paused, struct error *err)
{
	const struct record *vm = call->operation->vm;
	AUTO_TEXT path = vm_image_path(call->api, vm);
	AUTO_ERROR ignored = {0};
	int domid;

	if (access(path, R_OK) < 0 && errno == ENOENT) {
		operation_commit(call, vm_become_halted, &ignored);
		return fail(err, ERROR_VM_HAS_NO_SUSPEND_VDI, "VM", record_ref(vm));
	}
	if (end_saved_domain(call, err) < 0 ||
	    vm_build_domain(call->api, vm, path, &domid, err) < 0)
		return -1;
	task_note_progress(call, 0.8);
	if (operation_check_cancelled(call, err) < 0 || set_image_aside(call, err) < 0) {
		domain_destroy(call, &ignored);
		return -1;
	}
	/* committed before it runs: if it cannot be, the guest has not done anything yet */
	if (domain_commit(call, domid, paused, NULL, err) < 0) {
		domain_destroy(call, &ignored);
		vm_take_image_back(call->api, vm);
		return -1;
	}
	if (!paused && domain_unpause(call, err) < 0) {
		operation_commit(call, vm_become_paused, &ignored);
		delete_used_image(call);
		return -1;
	}
	delete_used_image(call);
	return 0;
}

static int resume_suspended(struct call *call, bool paused, struct error *err)
{
	AUTO_ERROR ignored = {0};
	int rc = resume_vm(call, paused, err);

	if (rc < 0)
		operation_commit(call, vm_drop_intent, &ignored);
	return rc;
}

int run_VM_resume(struct call *call, struct error *err)
{
	return resume_suspended(call, argument_bool(call, 1), err);
}

int run_VM_resume_on(struct call *call, struct error *err)
{
	return resume_suspended(call, argument_bool(call, 2), err);
}
