/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* storage.h – what SRs, PBDs and VDIs share. */
#ifndef SERVER_API_STORAGE_H
#define SERVER_API_STORAGE_H

#include "server/api/backend.h"
#include "server/api/private.h"

/*
 * storage.c. Held by a worker while names in an SR's place and records change together: finding an
 * image between its two changes, a scan would take it for somebody's own. Copying goes on outside.
 */
void storage_lock(void);
void storage_unlock(void);

/* Its type's; SR_UNKNOWN_DRIVER. */
const struct backend *storage_backend(const char *type, struct error *err);
/* The SR's place, to be closed; SR_HAS_NO_PBDS while it is not attached. */
int storage_open_place(struct api *api, const char *sr, struct place **ret_place,
		       struct error *err);
bool storage_is_attached(struct api *api, const struct record *sr);
/* The same in a transaction, without opening it. */
int storage_check_attached(struct transaction *transaction, const char *sr, struct error *err);
/* The SR can, or cannot, be used now. */
void storage_set_attached(struct record *sr, bool attached);
/* virtual_allocation changes by so much. */
void storage_account(struct transaction *transaction, const char *sr, int64_t bytes);
/* INVALID_VALUE when there is another object of the class with that uuid; "" is fine. */
int storage_check_uuid(struct transaction *transaction, enum class_id cls, const char *uuid,
		       struct error *err);

/* sr_scan.c: what is in a place, and VDIs that say so. The lock is held from the one to the other.
 */
struct sr_contents {
	struct room room;
	struct images images; /* to be cleared */
};
int sr_look(struct api *api, const char *sr, const struct place *place,
	    struct sr_contents *ret_contents, struct error *err);
void sr_take_over(struct transaction *transaction, const char *ref,
		  const struct sr_contents *contents);
void sr_set_room(struct record *sr, const struct room *room);
/* INVALID_VALUE: another SR is attached that has the place. */
int sr_check_place(struct api *api, const char *sr, const struct place *place, struct error *err);

/* pbd.c: deletes the PBDs of an SR; SR_HAS_PBD when one is plugged. */
int pbd_delete_all(struct transaction *transaction, const struct record *sr, struct error *err);

/* vdi.c */
/* INVALID_VALUE: fewer bytes than `least`, or too many for a file; otherwise rounded up. */
int vdi_check_size(const char *name, int64_t bytes, int64_t least, int64_t *ret_bytes,
		   struct error *err);
/* The VDI as it is now, and its image; VDI_MISSING. */
struct record *vdi_read(struct api *api, const struct record *vdi, const struct place *place,
			struct image *ret_image, struct error *err);

#endif
