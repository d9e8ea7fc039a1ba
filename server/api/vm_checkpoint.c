/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_checkpoint.c – snapshots with the memory of a guest, which goes on afterwards. */
#include "server/api/domain.h"
#include "server/api/vm.h"
#include "server/api/vm_snapshot.h"

#include "schema/log.h"

#include <unistd.h>

struct saving {
	struct call *call;
	const char *image;
	bool kept; /* as that of the VM itself */
};

/* What a daemon that starts after a crash is to know: the domain may be suspended, but not for
 * good. */
static int note_intent(struct transaction *transaction, void *argument, struct error *err)
{
	const struct saving *saving = argument;
	const char *ref = record_ref(saving->call->operation->vm);
	struct record *vm = transaction_edit(transaction, CLASS_VM, ref);
	struct value *change, *intent;

	if (!vm)
		return fail(err, ERROR_HANDLE_INVALID, "VM", ref);
	change = value_map();
	intent = value_map();
	value_put(change, "new", value_string(saving->image));
	value_put(intent, CHECKPOINT_INTENT, change);
	record_set(vm, VM_live_intent, intent);
	return 0;
}

static int become_suspended(struct transaction *transaction, void *argument, struct error *err)
{
	const struct saving *saving = argument;
	struct call *call = saving->call;
	struct record *vm =
		transaction_edit(transaction, CLASS_VM, record_ref(call->operation->vm));

	if (!vm)
		return 0;
	record_set_text(vm, VM_suspend_image, saving->image);
	return vm_become_suspended(call, transaction, vm, err);
}

/* The guest cannot go on where it is, but its memory is there: whoever wants resumes it. If that
 * cannot be stored, the next start tries both again. */
static void keep_suspended(struct saving *saving)
{
	struct call *call = saving->call;
	AUTO_ERROR ignored = {0};

	saving->kept = true;
	if (store_mutate(call->api->store, become_suspended, saving, &ignored) == 0 &&
	    domain_destroy(call, &ignored) == 0)
		log_warning("VM %s did not go on after a checkpoint and is Suspended",
			    record_uuid(call->operation->vm));
}

static int fail_adapter(const struct call *call, const struct hypervisor_error *reason,
			struct error *err)
{
	return fail_hypervisor(err, call->operation->vm, call->operation->id, reason);
}

/* Memory and disks of one moment: the guest is suspended from the one to the other. */
static int save_and_go_on(struct saving *saving, struct vdi_copies *copies, struct error *err)
{
	struct call *call = saving->call;
	AUTO_TEXT path = vm_path_of_image(call->api, saving->image);
	struct hypervisor_error reason = {0};
	int rc;

	if (vm_save_memory(call, path, &reason) < 0)
		return fail_adapter(call, &reason, err);
	rc = snapshot_copy_disks(call, copies, err);
	if (hypervisor_go_on(call->api->hypervisor, record_uuid(call->operation->vm), &reason) == 0)
		return rc;
	error_clear(err);
	keep_suspended(saving);
	return fail_adapter(call, &reason, err);
}

static int take(struct saving *saving, struct vdi_copies *copies, struct error *err)
{
	struct call *call = saving->call;
	AUTO_TEXT path = vm_path_of_image(call->api, saving->image);
	AUTO_ERROR ignored = {0};

	if (store_mutate(call->api->store, note_intent, saving, err) < 0)
		return -1;
	if (save_and_go_on(saving, copies, err) == 0 &&
	    snapshot_insert(call, saving->image, copies, err) == 0)
		return 0;
	if (saving->kept)
		return -1;
	unlink(path);
	operation_commit(call, vm_drop_intent, &ignored);
	return -1;
}

int run_VM_checkpoint(struct call *call, struct error *err)
{
	AUTO_TEXT image = vm_new_image();
	struct saving saving = {.call = call, .image = image};
	struct vdi_copies *copies;
	int rc;

	if (!vm_is_live(call->operation->vm))
		return run_VM_snapshot(call, err);
	copies = snapshot_copies(call);
	rc = take(&saving, copies, err);
	vdi_copies_free(copies);
	return rc;
}
