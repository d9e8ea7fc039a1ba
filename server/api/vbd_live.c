/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vbd_live.c – drives of domains: what one is built with. */
#include "server/api/storage.h"
#include "server/api/vbd.h"

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

static int read_disk(struct api *api, const struct record *vbd, struct disk_config *ret_disk,
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
	if (read_disk(api, vbd, &disks->items[disks->count], &disks->paths[disks->count], err) < 0)
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
