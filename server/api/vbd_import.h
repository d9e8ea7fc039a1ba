/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vbd_import.h – the disks of an xl.cfg: VDIs that there are, or existing disks, and drives for
 * them. */
#ifndef SERVER_API_VBD_IMPORT_H
#define SERVER_API_VBD_IMPORT_H

#include "server/api/private.h"

/* What became of the VBDs of an import (server/import/import.h). */
struct vbd_import;

/*
 * May block. Looks for all of their paths. When one can not be used, none is: then there are no
 * VBDs in *fields any more, and *report says why; otherwise other_config does not keep them as
 * xl:disk.
 */
struct vbd_import *vbd_import_look(struct api *api, struct value **fields, struct value *report);
/* In a transaction. */
int vbd_import_make(struct transaction *transaction, const struct record *vm,
		    const struct vbd_import *import, struct error *err);
void vbd_import_free(struct vbd_import *import);

#endif
