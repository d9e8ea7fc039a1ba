/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_snapshot.c – snapshots of VMs: taken, and gone back to. */
#include "server/api/vm_snapshot.h"

#include "server/api/device.h"
#include "server/api/domain.h"
#include "server/api/vif.h"
#include "server/api/vm.h"

#include "schema/text.h"

#include <unistd.h>

static bool is_suspended(const struct record *vm)
{
	return record_is(vm, VM_power_state, "Suspended");
}

/* The memory that goes with a record that is to be Suspended; NULL: it has none. */
static int copy_memory(const struct api *api, const struct record *vm, char **ret_image,
		       struct error *err)
{
	*ret_image = NULL;
	return is_suspended(vm) ? vm_copy_image(api, vm, ret_image, err) : 0;
}

static void set_memory(struct record *vm, const char *image)
{
	if (!image)
		return;
	record_set_text(vm, VM_power_state, "Suspended");
	record_set_text(vm, VM_suspend_image, image);
}

/* Nothing names it. */
static void drop_memory(const struct api *api, const char *image)
{
	AUTO_TEXT path = image ? vm_path_of_image(api, image) : NULL;

	if (path)
		unlink(path);
}

struct shot {
	struct call *call;
	const char *image; /* NULL: without memory */
	struct value *ref;
};

static struct value *circumstances(const struct record *vm)
{
	struct value *info = value_map();

	value_put(info, "disk-snapshot-type", value_string("crash_consistent"));
	value_put(info, "power-state-at-snapshot", value_reference(record_get(vm, VM_power_state)));
	return info;
}

static void become_snapshot(struct record *copy, const struct record *vm)
{
	AUTO(value) texts = vm_to_texts(vm);
	AUTO_TEXT text = value_to_text(texts);

	record_set(copy, VM_is_a_template, value_bool(true));
	record_set(copy, VM_is_a_snapshot, value_bool(true));
	record_set(copy, VM_snapshot_of, value_reference(vm->ref));
	record_set(copy, VM_snapshot_time, value_datetime_of((time_t)now_seconds()));
	record_set(copy, VM_snapshot_info, circumstances(vm));
	record_set(copy, VM_blocked_operations, value_map());
	record_set_text(copy, VM_snapshot_metadata, text);
}

static int insert(struct transaction *transaction, void *argument, struct error *err)
{
	struct shot *shot = argument;
	const char *ref = record_ref(shot->call->operation->vm);
	struct record *vm = transaction_edit(transaction, CLASS_VM, ref);
	struct record *copy;

	if (!vm)
		return fail(err, ERROR_HANDLE_INVALID, "VM", ref);
	copy = vm_copy(transaction, vm, argument_text(shot->call, 1));
	become_snapshot(copy, vm);
	if (shot->image)
		record_set(copy, VM_boot_record, value_reference(record_get(vm, VM_boot_record)));
	set_memory(copy, shot->image);
	vif_copy_all(transaction, vm, copy, VIFS_SAME_MACS);
	record_set(vm, VM_parent, value_reference(copy->ref));
	record_set(vm, VM_live_intent, value_map()); /* of a checkpoint */
	value_release(shot->ref);
	shot->ref = value_reference(copy->ref);
	return 0;
}

int snapshot_insert(struct call *call, const char *image, struct error *err)
{
	struct shot shot = {.call = call, .image = image};
	int rc = store_mutate(call->api->store, insert, &shot, err);

	call->result = shot.ref;
	if (rc < 0)
		drop_memory(call->api, image);
	return rc;
}

int snapshot_check_disks(struct call *call, struct error *err)
{
	const struct value *vbds = record_get(call->operation->vm, VM_VBDs);

	for (uint32_t i = 0; i < vbds->length; i++) {
		AUTO(record) vbd = store_read(call->api->store, CLASS_VBD, vbds->items[i]->text);

		if (vbd && !record_is(vbd, VBD_type, "CD"))
			return fail(err, ERROR_OPERATION_NOT_ALLOWED,
				    "the VM has disks, which a snapshot would not keep yet");
	}
	return 0;
}

int run_VM_snapshot(struct call *call, struct error *err)
{
	AUTO_TEXT image = NULL;

	if (snapshot_check_disks(call, err) < 0 ||
	    copy_memory(call->api, call->operation->vm, &image, err) < 0)
		return -1;
	return snapshot_insert(call, image, err);
}

struct revert {
	struct call *call;
	const char *image;
};

/* References stay what they are: what they named may be gone. */
static bool is_restored(const struct field_info *field, int index)
{
	return record_may_be_given(field) && field->storage == STORED &&
	       field->type->kind != TYPE_REF && index != VM_is_a_template &&
	       index != VM_blocked_operations;
}

static void restore_settings(struct record *vm, const struct record *snapshot)
{
	const struct class_info *cls = vm->cls;
	struct value *texts;

	if (text_to_value(cls->fields[VM_boot_record].type,
			  record_text(snapshot, VM_snapshot_metadata), &texts))
		return;
	for (int i = 0; i < cls->field_count; i++) {
		const char *text = value_find_text(texts, cls->fields[i].name);
		struct value *value;

		if (text && is_restored(&cls->fields[i], i) &&
		    !text_to_value(cls->fields[i].type, text, &value))
			record_set(vm, i, value);
	}
	value_release(texts);
}

static int go_back(struct transaction *transaction, void *argument, struct error *err)
{
	const struct revert *revert = argument;
	struct call *call = revert->call;
	const char *ref = record_ref(call->operation->vm);
	struct record *vm = transaction_edit(transaction, CLASS_VM, ref);
	const struct record *snapshot =
		transaction_read(transaction, CLASS_VM, record_ref(call->self));

	if (!vm || !snapshot)
		return fail(err, ERROR_HANDLE_INVALID, "VM", vm ? record_ref(call->self) : ref);
	vm_become_halted(call, transaction, vm, err);
	restore_settings(vm, snapshot);
	device_delete_all(transaction, &vif_kind, vm);
	vif_copy_all(transaction, snapshot, vm, VIFS_SAME_MACS);
	if (revert->image)
		record_set(vm, VM_boot_record,
			   value_reference(record_get(snapshot, VM_boot_record)));
	set_memory(vm, revert->image);
	record_set(vm, VM_parent, value_reference(snapshot->ref));
	return 0;
}

/* The domain ends first. Then one change makes the VM what it was: a crash before it leaves a
 * Halted or Suspended VM with the settings of now, a crash after it a file that nothing names. */
static int revert_vm(struct call *call, struct error *err)
{
	const struct record *vm = call->operation->vm;
	AUTO_TEXT image = NULL;
	struct revert revert = {.call = call};

	if (copy_memory(call->api, call->self, &image, err) < 0)
		return -1;
	revert.image = image;
	if ((vm_is_live(vm) && domain_end(call, err) < 0) ||
	    store_mutate(call->api->store, go_back, &revert, err) < 0) {
		drop_memory(call->api, image);
		return -1;
	}
	if (is_suspended(vm))
		vm_delete_image(call->api, vm);
	return 0;
}

int run_VM_revert(struct call *call, struct error *err)
{
	const char *vm = record_text(call->operation->vm, VM_snapshot_of);

	return operation_run_part(call, vm, OPERATION_reverting, revert_vm, err);
}
