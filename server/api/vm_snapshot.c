/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_snapshot.c – snapshots of VMs: taken, and gone back to. */
#include "server/api/vm_snapshot.h"

#include "server/api/device.h"
#include "server/api/domain.h"
#include "server/api/vbd.h"
#include "server/api/vif.h"
#include "server/api/vm.h"

#include "schema/log.h"
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
	const struct vdi_copies *copies;
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
	vbd_copy_all(transaction, vm, copy, shot->copies);
	record_set(vm, VM_parent, value_reference(copy->ref));
	record_set(vm, VM_live_intent, value_map()); /* to let it go on */
	value_release(shot->ref);
	shot->ref = value_reference(copy->ref);
	return 0;
}

struct vdi_copies *snapshot_copies(struct call *call)
{
	const struct record *vm = call->operation->vm;
	struct vdi_copies *copies =
		vdi_copies_new(call, "snapshot", record_get(vm, VM_VBDs)->length, record_ref(vm));

	vdi_copies_are_snapshots(copies);
	return copies;
}

int snapshot_copy_disks(struct call *call, struct vdi_copies *copies, struct error *err)
{
	return vm_copy_disks(copies, call->api, call->operation->vm, call->arguments[2], NULL_REF,
			     err);
}

int snapshot_insert(struct call *call, const char *image, struct vdi_copies *copies,
		    struct error *err)
{
	struct shot shot = {.call = call, .image = image, .copies = copies};
	int rc = vdi_copies_commit(copies, insert, &shot, err);

	call->result = shot.ref;
	return rc;
}

/* What a daemon that starts after a crash is to know: the domain is not to stay paused. */
static int note_pause(struct call *call, struct transaction *transaction, struct record *vm,
		      struct error *err)
{
	struct value *intent = value_map();

	(void)call;
	(void)transaction;
	(void)err;
	value_put(intent, SNAPSHOT_INTENT, value_map());
	record_set(vm, VM_live_intent, intent);
	return 0;
}

static bool has_disks(const struct api *api, const struct record *vm)
{
	const struct value *vbds = record_get(vm, VM_VBDs);

	for (uint32_t i = 0; i < vbds->length; i++) {
		AUTO(record) vbd = store_read(api->store, CLASS_VBD, vbds->items[i]->text);

		if (vbd && vbd_has_disk(vbd))
			return true;
	}
	return false;
}

/* What a guest is told to have been written is in the image: as after a power cut. */
static int copy_while_paused(struct call *call, struct vdi_copies *copies, struct error *err)
{
	struct hypervisor *hypervisor = call->api->hypervisor;
	const struct operation *operation = call->operation;
	const char *uuid = record_uuid(operation->vm);
	struct hypervisor_error reason = {0};
	int rc;

	if (operation_commit(call, note_pause, err) < 0)
		return -1;
	if (hypervisor_pause(hypervisor, uuid, &reason) < 0)
		return fail_hypervisor(err, operation->vm, operation->id, &reason);
	rc = snapshot_copy_disks(call, copies, err);
	if (hypervisor_unpause(hypervisor, uuid, &reason) < 0 && rc == 0)
		rc = fail_hypervisor(err, operation->vm, operation->id, &reason);
	return rc;
}

static int take_snapshot(struct call *call, const char *image, struct vdi_copies *copies,
			 struct error *err)
{
	const struct record *vm = call->operation->vm;
	bool pauses = record_is(vm, VM_power_state, "Running") && has_disks(call->api, vm);
	AUTO_ERROR ignored = {0};
	int rc = pauses ? copy_while_paused(call, copies, err) :
			  snapshot_copy_disks(call, copies, err);

	if (rc == 0)
		rc = snapshot_insert(call, image, copies, err);
	if (rc < 0 && pauses)
		operation_commit(call, vm_drop_intent, &ignored);
	return rc;
}

int run_VM_snapshot(struct call *call, struct error *err)
{
	struct vdi_copies *copies;
	AUTO_TEXT image = NULL;
	int rc;

	if (copy_memory(call->api, call->operation->vm, &image, err) < 0)
		return -1;
	copies = snapshot_copies(call);
	rc = take_snapshot(call, image, copies, err);
	vdi_copies_free(copies);
	if (rc < 0)
		drop_memory(call->api, image);
	return rc;
}

struct revert {
	struct call *call;
	const char *image;
	struct vdi_copies *copies; /* of the snapshot's disks */
	struct value *old;	   /* VDIs that were in the VM's drives */
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

/* The VDI that the snapshot's disk of that number has become; NULL: there is none. */
static const char *successor(struct transaction *transaction, const struct revert *revert,
			     const struct record *snapshot, const char *number)
{
	const struct record *vbd = device_find(transaction, &vbd_kind, snapshot, number);

	return vbd ? vdi_copies_find(revert->copies, record_text(vbd, VBD_VDI)) : NULL;
}

/* What was a snapshot of the old one is one of the new. */
static void inherit_snapshots(struct transaction *transaction, const char *old, const char *new)
{
	const struct record *vdi = transaction_read(transaction, CLASS_VDI, old);
	const struct value *snapshots = vdi ? record_get(vdi, VDI_snapshots) : NULL;

	for (uint32_t i = 0; snapshots && i < snapshots->length; i++)
		record_set_text(transaction_edit(transaction, CLASS_VDI, snapshots->items[i]->text),
				VDI_snapshot_of, new);
}

static void leave_disks(struct transaction *transaction, struct revert *revert,
			const struct record *vm, const struct record *snapshot)
{
	const struct value *vbds = record_get(vm, VM_VBDs);

	value_release(revert->old);
	revert->old = value_set();
	for (uint32_t i = 0; i < vbds->length; i++) {
		const struct record *vbd =
			transaction_read(transaction, CLASS_VBD, vbds->items[i]->text);
		const char *new;

		if (!vbd || !vbd_has_disk(vbd))
			continue;
		new = successor(transaction, revert, snapshot, record_text(vbd, VBD_userdevice));
		if (new)
			inherit_snapshots(transaction, record_text(vbd, VBD_VDI), new);
		value_append(revert->old, value_reference(record_get(vbd, VBD_VDI)));
	}
}

static int go_back(struct transaction *transaction, void *argument, struct error *err)
{
	struct revert *revert = argument;
	struct call *call = revert->call;
	const char *ref = record_ref(call->operation->vm);
	struct record *vm = transaction_edit(transaction, CLASS_VM, ref);
	const struct record *snapshot =
		transaction_read(transaction, CLASS_VM, record_ref(call->self));

	if (!vm || !snapshot)
		return fail(err, ERROR_HANDLE_INVALID, "VM", vm ? record_ref(call->self) : ref);
	vm_become_halted(call, transaction, vm, err);
	restore_settings(vm, snapshot);
	leave_disks(transaction, revert, vm, snapshot);
	devices_delete(transaction, vm);
	vif_copy_all(transaction, snapshot, vm, VIFS_SAME_MACS);
	vbd_copy_all(transaction, snapshot, vm, revert->copies);
	if (revert->image)
		record_set(vm, VM_boot_record,
			   value_reference(record_get(snapshot, VM_boot_record)));
	set_memory(vm, revert->image);
	record_set(vm, VM_parent, value_reference(snapshot->ref));
	return 0;
}

/* The image is named by the VDI's uuid, as those that the server makes; nobody else uses it. */
static bool is_of_no_use(const struct record *vdi)
{
	const char *uuid = record_uuid(vdi);

	return strncmp(record_text(vdi, VDI_location), uuid, strlen(uuid)) == 0 &&
	       !record_get(vdi, VDI_VBDs)->length && !record_bool(vdi, VDI_sharable) &&
	       !record_bool(vdi, VDI_read_only);
}

static void destroy_disk(struct api *api, const char *ref)
{
	struct call *call = call_new(api);

	call->self = store_read(api->store, CLASS_VDI, ref);
	call->arguments[0] = value_string(ref);
	if (call->self && is_of_no_use(call->self) && run_VDI_destroy(call, &call->error) < 0) {
		AUTO_TEXT text = error_text(&call->error);

		log_warning("VDI %s, which a revert has replaced, is kept: %s", ref, text);
	}
	call_free(call);
}

/*
 * The copies are made first, the domain ends, then one change makes the VM what it was. A crash
 * before it leaves a Halted or Suspended VM with the settings and disks of now, a crash after it
 * what is of no use any more: VDIs in no drive, a file that nothing names.
 */
static int replace(struct revert *revert, struct error *err)
{
	struct call *call = revert->call;
	const struct record *vm = call->operation->vm;

	/* memory that knows nothing of them */
	if (record_is(call->self, VM_power_state, "Suspended") && record_get(vm, VM_DPCIs)->length)
		return fail(err, ERROR_VM_HAS_PCI_ATTACHED, record_ref(vm));
	if (vm_copy_disks(revert->copies, call->api, call->self, NULL, NULL_REF, err) < 0 ||
	    (vm_is_live(vm) && domain_end(call, err) < 0) ||
	    vdi_copies_commit(revert->copies, go_back, revert, err) < 0)
		return -1;
	for (uint32_t i = 0; i < revert->old->length; i++)
		destroy_disk(call->api, revert->old->items[i]->text);
	if (is_suspended(vm))
		vm_delete_image(call->api, vm);
	return 0;
}

static int revert_vm(struct call *call, struct error *err)
{
	AUTO_TEXT image = NULL;
	struct revert revert = {.call = call};
	int rc;

	if (copy_memory(call->api, call->self, &image, err) < 0)
		return -1;
	revert.image = image;
	revert.copies = vdi_copies_new(call, "clone", record_get(call->self, VM_VBDs)->length,
				       record_ref(call->self));
	rc = replace(&revert, err);
	vdi_copies_free(revert.copies);
	value_release(revert.old);
	if (rc < 0)
		drop_memory(call->api, image);
	return rc;
}

int run_VM_revert(struct call *call, struct error *err)
{
	const char *vm = record_text(call->operation->vm, VM_snapshot_of);

	return operation_run_part(call, vm, OPERATION_reverting, revert_vm, err);
}
