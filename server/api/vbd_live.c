/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vbd_live.c – drives of domains: what one is built with, plugged and unplugged. */
#include "server/api/storage.h"
#include "server/api/vbd.h"
#include "server/api/vm.h"

/* The path is to be freed. */
static int read_image(struct api *api, const struct record *vbd, struct disk_config *ret_disk,
		      char **ret_path, struct error *err)
{
	AUTO(record) vdi = store_read(api->store, CLASS_VDI, record_text(vbd, VBD_VDI));
	struct place *place;
	struct image image;
	bool found;

	if (!vdi)
		return fail(err, ERROR_HANDLE_INVALID, "VDI", record_text(vbd, VBD_VDI));
	if (storage_open_place(api, record_text(vdi, VDI_SR), &place, err) < 0)
		return -1;
	found = place->backend->look(place, record_text(vdi, VDI_location), &image);
	if (found) {
		*ret_path = place->backend->get_path(place, record_text(vdi, VDI_location));
		ret_disk->path = *ret_path;
		ret_disk->format = image.format;
	}
	place_close(place);
	if (!found)
		return fail(err, ERROR_VDI_MISSING, record_text(vdi, VDI_SR), record_ref(vdi));
	return 0;
}

int vbd_read(struct api *api, const struct record *vbd, struct disk_config *ret_disk,
	     char **ret_path, struct error *err)
{
	*ret_disk = (struct disk_config){.device = atoi(record_text(vbd, VBD_userdevice)),
					 .path = "",
					 .format = "raw",
					 .read_only = !record_is(vbd, VBD_mode, "RW"),
					 .is_cd = record_is(vbd, VBD_type, "CD")};
	*ret_path = NULL;
	return record_bool(vbd, VBD_empty) ? 0 : read_image(api, vbd, ret_disk, ret_path, err);
}

static int add_disk(struct api *api, const struct record *vbd, struct vbd_disks *disks,
		    struct error *err)
{
	if (vbd_read(api, vbd, &disks->items[disks->count], &disks->paths[disks->count], err) < 0)
		return -1;
	disks->count++;
	return 0;
}

/* Those that are bootable, or those that are not. */
static int add_disks(struct api *api, const struct record *vm, bool bootable,
		     struct vbd_disks *disks, struct error *err)
{
	const struct value *vbds = record_get(vm, VM_VBDs);

	for (uint32_t i = 0; i < vbds->length; i++) {
		AUTO(record) vbd = store_read(api->store, CLASS_VBD, vbds->items[i]->text);

		if (vbd && vbd_kind.is_given(vbd, vm) &&
		    record_bool(vbd, VBD_bootable) == bootable &&
		    add_disk(api, vbd, disks, err) < 0)
			return -1;
	}
	return 0;
}

int vbd_read_all(struct api *api, const struct record *vm, struct vbd_disks *ret_disks,
		 struct error *err)
{
	size_t most = record_get(vm, VM_VBDs)->length;
	struct vbd_disks disks = {.items = allocate(most * sizeof(*disks.items) + 1),
				  .paths = allocate(most * sizeof(*disks.paths) + 1)};

	if (add_disks(api, vm, true, &disks, err) < 0 ||
	    add_disks(api, vm, false, &disks, err) < 0) {
		vbd_disks_clear(&disks);
		return -1;
	}
	*ret_disks = disks;
	return 0;
}

void vbd_disks_clear(struct vbd_disks *disks)
{
	for (size_t i = 0; i < disks->count; i++)
		free(disks->paths[i]);
	free(disks->paths);
	free(disks->items);
	*disks = (struct vbd_disks){0};
}

static int check_plug(const struct record *vm, const struct record *vbd, struct error *err)
{
	if (record_bool(vbd, VBD_empty))
		return fail(err, ERROR_VBD_IS_EMPTY, record_ref(vbd));
	if (vm_is_hvm(vm) && record_is(vbd, VBD_type, "CD"))
		return fail(err, ERROR_OPERATION_NOT_ALLOWED,
			    "an HVM guest has only the CD drives that it was started with");
	return 0;
}

/* Of a drive whose VDI is reserved for it. */
static int attach(struct call *call, const struct record *vbd, struct error *err)
{
	const struct record *vm = call->operation->vm;
	struct hypervisor_error reason = {0};
	struct disk_config disk;
	AUTO_TEXT path = NULL;

	if (vbd_read(call->api, vbd, &disk, &path, err) < 0)
		return -1;
	if (hypervisor_attach_disk(call->api->hypervisor, record_uuid(vm), &disk, &reason) < 0)
		return fail_hypervisor(err, vm, call->operation->id, &reason);
	if (device_commit(call, true, err) == 0)
		return 0;
	hypervisor_detach_disk(call->api->hypervisor, record_uuid(vm), disk.device, true, &reason);
	return -1;
}

int run_VBD_plug(struct call *call, struct error *err)
{
	const struct record *vm = call->operation->vm;
	AUTO(record) vbd = device_take(call, false, err);
	int rc;

	if (!vbd || check_plug(vm, vbd, err) < 0 || vbd_reserve(call->api, vbd, err) < 0)
		return -1;
	rc = attach(call, vbd, err);
	if (rc < 0)
		vbd_release_all(call->api, vm);
	return rc;
}

static int detach(struct call *call, const struct record *vbd, bool force, struct error *err)
{
	const struct record *vm = call->operation->vm;
	struct hypervisor_error reason = {0};
	int device = atoi(record_text(vbd, VBD_userdevice));

	if (hypervisor_detach_disk(call->api->hypervisor, record_uuid(vm), device, force, &reason) <
	    0)
		return fail_hypervisor(err, vm, call->operation->id, &reason);
	return 0;
}

/* The commit has failed: what was taken away is given back. */
static void attach_again(struct call *call, const struct record *vbd)
{
	struct hypervisor_error reason = {0};
	struct disk_config disk;
	AUTO_ERROR ignored = {0};
	AUTO_TEXT path = NULL;

	if (vbd_read(call->api, vbd, &disk, &path, &ignored) == 0)
		hypervisor_attach_disk(call->api->hypervisor, record_uuid(call->operation->vm),
				       &disk, &reason);
}

static int unplug(struct call *call, bool force, struct error *err)
{
	AUTO(record) vbd = device_take(call, true, err);

	if (!vbd)
		return -1;
	if (!record_bool(vbd, VBD_unpluggable))
		return fail(err, ERROR_VBD_NOT_UNPLUGGABLE, record_ref(vbd));
	if (detach(call, vbd, force, err) < 0)
		return -1;
	if (device_commit(call, false, err) == 0)
		return 0;
	attach_again(call, vbd);
	return -1;
}

int run_VBD_unplug(struct call *call, struct error *err)
{
	return unplug(call, false, err);
}

int run_VBD_unplug_force(struct call *call, struct error *err)
{
	return unplug(call, true, err);
}
