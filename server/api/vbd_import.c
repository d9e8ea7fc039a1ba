/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vbd_import.c – the disks of an xl.cfg: VDIs that there are, or existing disks, and drives for
 * them. */
#include "server/api/vbd_import.h"

#include "server/api/vbd.h"
#include "server/api/vdi_birth.h"

struct drive {
	const struct value *fields; /* as the import says it */
	char vdi[REF_SIZE]; /* null: an existing disk that is no VDI yet, or no disk at all */
	struct image image;
};

struct vbd_import {
	struct value *vbds; /* NULL: none */
	struct drive *drives;
	char sr[REF_SIZE]; /* of existing disks; null: there is none */
};

static const char *path_of(const struct drive *drive)
{
	const char *path = value_find_text(drive->fields, "path");

	return path ? path : "";
}

static bool find_in_sr(struct api *api, const struct record *sr, const char *path, char *ret_vdi)
{
	const struct value *vdis = record_get(sr, SR_VDIs);
	AUTO_ERROR ignored = {0};
	struct place *place;
	bool found = false;

	if (storage_open_place(api, record_ref(sr), &place, &ignored) < 0)
		return false;
	for (uint32_t i = 0; i < vdis->length && !found; i++) {
		AUTO(record) vdi = store_read(api->store, CLASS_VDI, vdis->items[i]->text);
		AUTO_TEXT own =
			vdi ? place->backend->get_path(place, record_text(vdi, VDI_location)) :
			      NULL;

		found = own && strcmp(own, path) == 0;
		if (found)
			strcpy(ret_vdi, record_ref(vdi));
	}
	place_close(place);
	return found;
}

static void find_vdi(struct api *api, const char *path, char *ret_vdi)
{
	bool found = false;
	size_t count;
	struct record **srs = store_list(api->store, CLASS_SR, &count);

	for (size_t i = 0; i < count && !found; i++)
		found = find_in_sr(api, srs[i], path, ret_vdi);
	store_free_list(srs, count);
}

static void find_existing(struct api *api, char *ret_sr)
{
	size_t count;
	struct record **srs = store_list(api->store, CLASS_SR, &count);

	for (size_t i = 0; i < count; i++)
		if (record_is(srs[i], SR_type, backend_existing.type))
			strcpy(ret_sr, record_ref(srs[i]));
	store_free_list(srs, count);
}

/* Why it can not be used, to be freed; NULL: it can. */
static char *look_for(struct api *api, struct vbd_import *import, struct drive *drive)
{
	const char *path = path_of(drive);
	const char *format = value_find_text(drive->fields, "format");
	AUTO_ERROR ignored = {0};
	struct place *place;
	bool found;

	strcpy(drive->vdi, NULL_REF);
	if (!*path)
		return NULL;
	find_vdi(api, path, drive->vdi);
	if (!ref_is_null(drive->vdi))
		return NULL;
	if (format)
		return text_format("%s is a %s image, and no VDI: put its folder into an SR", path,
				   format);
	if (ref_is_null(import->sr) || storage_open_place(api, import->sr, &place, &ignored) < 0)
		return text_format("%s is no VDI, and there are no disk-folders", path);
	found = place->backend->look(place, path, &drive->image);
	place_close(place);
	return found ? NULL : text_format("%s is no disk below one of the disk-folders", path);
}

static void set_outcome(struct value *report, const char *why)
{
	for (uint32_t i = 0; i < report->length; i++) {
		struct value *row = report->items[i];
		const char *detail = value_find_text(row, "detail");
		AUTO(value) ignored = NULL;

		if (strncmp(detail, "VBDs", 4) != 0)
			continue;
		ignored = value_map_with(row, "outcome", value_string("ignored"));
		report->items[i] = value_map_with(ignored, "detail", value_string(why));
		value_release(row);
	}
}

static void replace(struct value **map, struct value *with)
{
	value_release(*map);
	*map = with;
}

static void settle(struct value **fields, struct value *report, const char *why)
{
	struct value *kept;

	if (why) {
		set_outcome(report, why);
		replace(fields, value_map_without(*fields, "VBDs"));
		return;
	}
	kept = value_map_without(value_find(*fields, "other_config"), "xl:disk");
	replace(fields, value_map_with(*fields, "other_config", kept));
}

struct vbd_import *vbd_import_look(struct api *api, struct value **fields, struct value *report)
{
	struct vbd_import *import = allocate(sizeof(*import));
	const struct value *vbds = value_find(*fields, "VBDs");
	AUTO_TEXT why = NULL;

	*import = (struct vbd_import){.sr = NULL_REF};
	if (!vbds)
		return import;
	find_existing(api, import->sr);
	import->drives = allocate(vbds->length * sizeof(*import->drives) + 1);
	for (uint32_t i = 0; i < vbds->length && !why; i++) {
		import->drives[i].fields = vbds->items[i];
		why = look_for(api, import, &import->drives[i]);
	}
	if (!why)
		import->vbds = value_reference((struct value *)vbds);
	settle(fields, report, why);
	return import;
}

/* A VDI since it was looked for. */
static const struct record *find_location(struct transaction *transaction, const char *sr,
					  const char *path)
{
	const struct record *record = transaction_read(transaction, CLASS_SR, sr);
	const struct value *vdis = record ? record_get(record, SR_VDIs) : NULL;

	for (uint32_t i = 0; record && i < vdis->length; i++) {
		const struct record *vdi =
			transaction_read(transaction, CLASS_VDI, vdis->items[i]->text);

		if (vdi && record_is(vdi, VDI_location, path))
			return vdi;
	}
	return NULL;
}

static int make_vdi(struct transaction *transaction, const struct vbd_import *import,
		    const struct drive *drive, char *ret_vdi, struct error *err)
{
	const char *path = path_of(drive);
	const struct record *known = find_location(transaction, import->sr, path);
	AUTO(record) draft = known ? NULL : vdi_new_draft();
	struct vdi_birth birth = {.draft = draft, .image = drive->image};

	strcpy(ret_vdi, record_ref(known ? known : draft));
	if (known)
		return 0;
	record_set_text(draft, VDI_SR, import->sr);
	record_set_text(draft, VDI_location, path);
	record_set_text(draft, VDI_name_label, path);
	return vdi_insert(transaction, &birth, err);
}

/* What has come of a drive in this transaction: lists of the store show it only afterwards. */
struct made {
	char vdi[REF_SIZE];
	const struct record *vbd;
};

static int choose_vdi(struct transaction *transaction, const struct vbd_import *import, uint32_t i,
		      struct made *made, struct error *err)
{
	const struct drive *drive = &import->drives[i];

	strcpy(made[i].vdi, drive->vdi);
	if (!*path_of(drive) || !ref_is_null(drive->vdi))
		return 0;
	for (uint32_t k = 0; k < i; k++) {
		if (strcmp(path_of(&import->drives[k]), path_of(drive)) != 0)
			continue;
		strcpy(made[i].vdi, made[k].vdi);
		return 0;
	}
	return make_vdi(transaction, import, drive, made[i].vdi, err);
}

static int make_drive(struct transaction *transaction, const struct record *vm,
		      const struct vbd_import *import, uint32_t i, struct made *made,
		      struct error *err)
{
	const struct value *described = import->drives[i].fields;
	AUTO(value) at_vm = value_map_with(described, "VM", value_reference(vm->ref));
	AUTO(value) fields = NULL;

	if (choose_vdi(transaction, import, i, made, err) < 0)
		return -1;
	fields = value_map_with(at_vm, "VDI", value_string(made[i].vdi));
	made[i].vbd = vbd_make(transaction, fields, err);
	if (!made[i].vbd)
		return -1;
	for (uint32_t k = 0; k < i; k++)
		if (record_is(made[k].vbd, VBD_userdevice,
			      record_text(made[i].vbd, VBD_userdevice)))
			return fail(err, ERROR_DEVICE_ALREADY_EXISTS,
				    value_find_text(described, "userdevice"));
	return 0;
}

int vbd_import_make(struct transaction *transaction, const struct record *vm,
		    const struct vbd_import *import, struct error *err)
{
	uint32_t count = import->vbds ? import->vbds->length : 0;
	struct made *made = allocate(count * sizeof(*made) + 1);
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < count; i++)
		rc = make_drive(transaction, vm, import, i, made, err);
	free(made);
	return rc;
}

void vbd_import_free(struct vbd_import *import)
{
	if (!import)
		return;
	value_release(import->vbds);
	free(import->drives);
	free(import);
}
