/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vbd.h – the drives of VMs: records, who may use a VDI, and what a domain gets of them. */
#ifndef SERVER_API_VBD_H
#define SERVER_API_VBD_H

#include "server/api/device.h"
#include "server/api/vdi_copy.h"

/* vbd.c */
/* Something in it is the VM's, not a CD that others have too. */
bool vbd_has_disk(const struct record *vbd);
/* In a transaction: the same for `copy`, with copies of the disks; a disk without a copy is left
 * out. */
void vbd_copy_all(struct transaction *transaction, const struct record *vm,
		  const struct record *copy, const struct vdi_copies *copies);
/* In a transaction, of a struct of fields as VBD.create takes them; the VM may be given it. */
struct record *vbd_make(struct transaction *transaction, const struct value *fields,
			struct error *err);
/* The VDI can be in the drive: HANDLE_INVALID, VDI_INCOMPATIBLE_TYPE, VDI_READONLY. */
/* Of the store's rules: type, mode and VDI go together. */
int vbd_check(struct transaction *transaction, const struct record *old, struct record *vbd,
	      struct error *err);
int vbd_check_vdi(struct transaction *transaction, const struct record *vbd, const char *vdi,
		  struct error *err);

/*
 * vbd_use.c. A VDI is in use by a drive that a domain has, that one is being built with, or whose
 * VM is Suspended. In a transaction:
 */
/* VDI_IN_USE: the drive can not be attached beside those that use its VDI now. */
int vbd_check_use(struct transaction *transaction, const struct record *vbd, struct error *err);
/* VDI_IN_USE [vdi, operation]: some drive uses it; `writers`: one that may write. */
/* Drives of the VM `holder` do not count; NULL: all do. */
int vdi_check_unused(struct transaction *transaction, const struct record *vdi, const char *holder,
		     bool writers, const char *operation, struct error *err);
/* allowed_operations, by who uses the VDI; of one that is judged, and of one whose use has changed.
 */
void vdi_derive(struct transaction *transaction, struct record *vdi);
void vdi_follow(struct transaction *transaction, const char *ref);
/* Deletes the record; CD drives are empty then, disk drives gone. */
void vdi_delete(struct transaction *transaction, const char *ref);

/* On a worker: the VM's VDIs are its own until its power state is set or vbd_release_all is called.
 */
int vbd_reserve_in(struct transaction *transaction, const struct record *vm, struct error *err);
int vbd_reserve_all(struct api *api, const struct record *vm, struct error *err);
/* The same of the VDI in one drive. */
int vbd_reserve(struct api *api, const struct record *vbd, struct error *err);
void vbd_release_all(struct api *api, const struct record *vm);

/* vbd_live.c: as a domain is to have them; on a worker. To be cleared. */
struct vbd_disks {
	struct disk_config *items;
	char **paths; /* what items point to */
	size_t count;
};
int vbd_read_all(struct api *api, const struct record *vm, struct vbd_disks *ret_disks,
		 struct error *err);
void vbd_disks_clear(struct vbd_disks *disks);
/* One; the path is to be freed. */
int vbd_read(struct api *api, const struct record *vbd, struct disk_config *ret_disk,
	     char **ret_path, struct error *err);

#endif
