/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_suspend.c – a guest's memory to the disk and back: never in two places that could both run. */
#include "server/api/domain.h"
#include "server/api/vm.h"

#include "schema/log.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

char *vm_image_path(const struct api *api, const struct record *vm)
{
	return text_format("%s/%s", api->options.suspend_folder, record_uuid(vm));
}

void vm_delete_image(const struct api *api, const struct record *vm)
{
	AUTO_TEXT path = vm_image_path(api, vm);

	if (unlink(path) < 0 && errno != ENOENT)
		log_warning("%s: %s", path, strerror(errno));
}

/* Image on the disk, then the record, then the domain goes: at each moment one of them has the
 * guest's memory. */
int run_VM_suspend(struct call *call, struct error *err)
{
	const struct operation *operation = call->operation;
	AUTO_TEXT path = vm_image_path(call->api, operation->vm);
	struct hypervisor_error reason = {0};
	AUTO_ERROR ignored = {0};

	if (hypervisor_suspend(call->api->hypervisor, record_uuid(operation->vm), path, &reason) <
	    0) {
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
	/* a saved guest cannot go on where it is: it goes on from its image, as if it had been
	 * resumed */
	if (domain_destroy(call, &ignored) == 0 && !atomic_load(&operation->cancelled)) {
		int domid;

		if (vm_build_domain(call->api, operation->vm, path, &domid, &ignored) == 0 &&
		    domain_unpause(call, &ignored) == 0)
			domain_commit(call, domid, false, NULL, &ignored);
	}
	unlink(path);
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
	AUTO_TEXT used = text_format("%s.resumed", path);
	AUTO_ERROR ignored = {0};
	int domid;

	if (access(path, R_OK) < 0 && errno == ENOENT) {
		operation_commit(call, vm_become_halted, &ignored);
		return fail(err, ERROR_VM_HAS_NO_SUSPEND_VDI, "VM", record_ref(vm));
	}
	if (end_saved_domain(call, err) < 0 ||
	    vm_build_domain(call->api, vm, path, &domid, err) < 0)
		return -1;
	/* from here on the image is not to be used again, whatever happens: the guest's disks are
	 * about to change */
	if (rename(path, used) < 0) {
		AUTO_TEXT text = text_format("%s: %s", path, strerror(errno));

		domain_destroy(call, &ignored);
		return fail(err, ERROR_INTERNAL_ERROR, text);
	}
	/* committed before it runs: if it cannot be, the guest has not done anything yet */
	if (domain_commit(call, domid, paused, NULL, err) < 0) {
		domain_destroy(call, &ignored);
		rename(used, path);
		return -1;
	}
	if (!paused && domain_unpause(call, err) < 0) {
		operation_commit(call, vm_become_paused, &ignored);
		unlink(used);
		return -1;
	}
	unlink(used);
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
