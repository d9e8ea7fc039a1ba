/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_create.c – VMs made, copied and deleted. */
#include "schema/uuid.h"
#include "server/api/vbd.h"
#include "server/api/vif.h"
#include "server/api/vm.h"

#include "server/api/dpci.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

static bool is_given(const struct value *fields, int field)
{
	const struct value *value =
		value_find(fields, schema_classes[CLASS_VM]->fields[field].name);

	return value && value->kind != VALUE_NIL;
}

/* What is missing follows from what is there, so that one number makes a VM that can start. */
static void complete(struct record *vm, const struct value *fields)
{
	static const int memory[] = {VM_memory_dynamic_max, VM_memory_dynamic_min, VM_memory_target,
				     VM_memory_static_min};
	int64_t most = 0;

	for (size_t i = 0; i < ARRAY_SIZE(memory); i++)
		if (record_int(vm, memory[i]) > most)
			most = record_int(vm, memory[i]);
	if (!is_given(fields, VM_memory_static_max))
		record_set_int(vm, VM_memory_static_max, most);
	if (!is_given(fields, VM_memory_dynamic_max))
		record_set_int(vm, VM_memory_dynamic_max, record_int(vm, VM_memory_static_max));
	if (!is_given(fields, VM_memory_dynamic_min))
		record_set_int(vm, VM_memory_dynamic_min, record_int(vm, VM_memory_dynamic_max));
	if (!is_given(fields, VM_VCPUs_max) && record_int(vm, VM_VCPUs_at_startup) > 1)
		record_set_int(vm, VM_VCPUs_max, record_int(vm, VM_VCPUs_at_startup));
	if (!is_given(fields, VM_VCPUs_at_startup))
		record_set_int(vm, VM_VCPUs_at_startup, record_int(vm, VM_VCPUs_max));
}

static void set_mac_seed(struct record *vm)
{
	char seed[UUID_SIZE];

	uuid_draw(seed);
	record_set(vm, VM_other_config,
		   value_map_with(record_get(vm, VM_other_config), "mac_seed", value_string(seed)));
}

struct record *vm_make_metrics(struct transaction *transaction, struct record *vm)
{
	struct record *metrics = transaction_create(transaction, CLASS_VM_metrics, NULL);

	record_set(metrics, VM_metrics_install_time, value_datetime_of((time_t)now_seconds()));
	record_set_text(vm, VM_metrics, record_ref(metrics));
	return metrics;
}

static int set_uuid(struct transaction *transaction, struct record *vm, const struct value *fields,
		    struct error *err)
{
	const char *uuid = value_find_text(fields, "uuid");
	const struct record *other = uuid && *uuid ? transaction_read(transaction, CLASS_VM, uuid) :
						     NULL;

	if (other) {
		AUTO_TEXT name = text_format("uuid: it is that of the VM %s",
					     record_text(other, VM_name_label));

		return fail(err, ERROR_INVALID_VALUE, name, uuid);
	}
	if (uuid && *uuid)
		record_set_text(vm, VM_uuid, uuid);
	return 0;
}

int vm_fill(struct transaction *transaction, struct record *vm, const struct value *fields,
	    struct error *err)
{
	if (record_fill(transaction, vm, fields, err) < 0)
		return -1;
	complete(vm, fields);
	if (!value_find(record_get(vm, VM_other_config), "mac_seed"))
		set_mac_seed(vm);
	return 0;
}

struct record *vm_make(struct transaction *transaction, const struct value *fields, bool keep_uuid,
		       struct error *err)
{
	struct record *vm = transaction_create(transaction, CLASS_VM, NULL);

	if ((keep_uuid && set_uuid(transaction, vm, fields, err) < 0) ||
	    vm_fill(transaction, vm, fields, err) < 0)
		return NULL;
	vm_make_metrics(transaction, vm);
	return vm;
}

int run_VM_create(struct call *call, struct error *err)
{
	struct record *vm = vm_make(call->transaction, call->arguments[0], false, err);

	if (!vm)
		return -1;
	call->result = value_string(record_ref(vm));
	return 0;
}

static void reset(struct record *vm, const int *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		record_set(vm, fields[i],
			   value_reference(vm->cls->fields[fields[i]].default_value));
}

struct record *vm_copy(struct transaction *transaction, const struct record *vm, const char *name)
{
	/* who it is, and what of the original's life is not its */
	static const int own[] = {VM_uuid,
				  VM_power_state,
				  VM_is_default_template,
				  VM_resident_on,
				  VM_domid,
				  VM_guest_metrics,
				  VM_boot_record,
				  VM_live_intent,
				  VM_suspend_image,
				  VM_told,
				  VM_staged,
				  VM_consoles,
				  VM_VIFs,
				  VM_VBDs,
				  VM_DPCIs,
				  VM_attached_PCIs,
				  VM_snapshots,
				  VM_children,
				  VM_requires_reboot,
				  VM_appliance,
				  VM_current_operations};
	struct record *copy = transaction_create(transaction, CLASS_VM, NULL);

	record_copy_fields(copy, vm, own, ARRAY_SIZE(own));
	record_set_text(copy, VM_name_label, name);
	vm_make_metrics(transaction, copy);
	return copy;
}

struct copying {
	struct call *call;
	const struct vdi_copies *copies;
	char ref[REF_SIZE]; /* of the new VM */
};

static int make_copy(struct transaction *transaction, void *argument, struct error *err)
{
	static const int of_snapshot[] = {VM_is_a_snapshot,	  VM_snapshot_of,
					  VM_snapshot_time,	  VM_snapshot_info,
					  VM_snapshot_metadata,	  VM_parent,
					  VM_last_boot_CPU_flags, VM_last_booted_record};
	struct copying *copying = argument;
	struct call *call = copying->call;
	const char *ref = record_ref(call->operation->vm);
	const struct record *vm = transaction_read(transaction, CLASS_VM, ref);
	struct record *copy;

	if (!vm)
		return fail(err, ERROR_HANDLE_INVALID, "VM", ref);
	copy = vm_copy(transaction, vm, argument_text(call, 1));
	reset(copy, of_snapshot, ARRAY_SIZE(of_snapshot));
	set_mac_seed(copy);
	vif_copy_all(transaction, vm, copy, VIFS_OWN_MACS);
	vbd_copy_all(transaction, vm, copy, copying->copies);
	strcpy(copying->ref, record_ref(copy));
	return 0;
}

int vm_copy_disks(struct vdi_copies *copies, struct api *api, const struct record *vm,
		  const struct value *ignored, const char *sr, struct error *err)
{
	const struct value *vbds = record_get(vm, VM_VBDs);

	for (uint32_t i = 0; i < vbds->length; i++) {
		AUTO(record) vbd = store_read(api->store, CLASS_VBD, vbds->items[i]->text);
		const char *vdi = vbd ? record_text(vbd, VBD_VDI) : "";

		if (!vbd || !vbd_has_disk(vbd) || (ignored && value_set_has(ignored, vdi)))
			continue;
		if (vdi_copies_add(copies, vdi, sr, err) < 0)
			return -1;
	}
	return 0;
}

static int copy_vm(struct call *call, const char *operation, const char *sr, struct error *err)
{
	size_t disks = record_get(call->operation->vm, VM_VBDs)->length;
	/* what is Suspended does not write to them */
	struct vdi_copies *copies =
		vdi_copies_new(call, operation, disks, record_ref(call->operation->vm));
	struct copying copying = {.call = call, .copies = copies};
	int rc = vm_copy_disks(copies, call->api, call->operation->vm, NULL, sr, err);

	if (rc == 0)
		rc = vdi_copies_commit(copies, make_copy, &copying, err);
	if (rc == 0)
		call->result = value_string(copying.ref);
	vdi_copies_free(copies);
	return rc;
}

int run_VM_clone(struct call *call, struct error *err)
{
	return copy_vm(call, "clone", NULL_REF, err);
}

int run_VM_copy(struct call *call, struct error *err)
{
	return copy_vm(call, "copy", argument_text(call, 2), err);
}

static void delete_image(void *argument)
{
	char *path = argument;

	unlink(path);
	free(path);
}

static void after_destroy(struct call *call)
{
	if (record_is(call->operation->vm, VM_power_state, "Suspended"))
		workers_run(call->api->workers, 0, delete_image,
			    vm_image_path(call->api, call->operation->vm));
}

void vm_delete(struct transaction *transaction, const struct record *vm)
{
	const struct value *consoles = record_get(vm, VM_consoles);
	const struct value *children = record_get(vm, VM_children);

	for (uint32_t i = 0; i < consoles->length; i++)
		transaction_delete(transaction, CLASS_console, consoles->items[i]->text);
	for (uint32_t i = 0; i < children->length; i++)
		record_set(transaction_edit(transaction, CLASS_VM, children->items[i]->text),
			   VM_parent, value_reference(record_get(vm, VM_parent)));
	devices_delete(transaction, vm);
	dpci_delete_all(transaction, vm);
	transaction_delete(transaction, CLASS_VM_metrics, record_text(vm, VM_metrics));
	transaction_delete(transaction, CLASS_VM_guest_metrics, record_text(vm, VM_guest_metrics));
	transaction_delete(transaction, CLASS_VM, record_ref(vm));
}

int run_VM_destroy(struct call *call, struct error *err)
{
	(void)err;
	vm_delete(call->transaction, call->operation->vm);
	call->operation->after = after_destroy;
	return 0;
}
