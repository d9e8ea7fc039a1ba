/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vdi_copy.h – copies of VDIs that come into being all at once, together with what is made of them.
 */
#ifndef SERVER_API_VDI_COPY_H
#define SERVER_API_VDI_COPY_H

#include "server/api/private.h"

/*
 * For a worker. While there is a struct vdi_copies, its originals can not be attached for writing.
 * A crash before the commit leaves nothing of the copies; one in the moment of it leaves images
 * that the next scan finds.
 */
struct vdi_copies;

/* `operation` is what current_operations of the originals say: "clone", "copy". `count` is how many
 * there will be, for the task's progress. `holder`: a VM that does not write to them now, though it
 * may use them; NULL: there is none. */
struct vdi_copies *vdi_copies_new(struct call *call, const char *operation, size_t count,
				  const char *holder);
/* The copies become snapshots of their originals. */
void vdi_copies_are_snapshots(struct vdi_copies *copies);
/* Copies the image of a VDI to an SR; null: its own. VDI_IN_USE: a VM may write to it. */
int vdi_copies_add(struct vdi_copies *copies, const char *vdi, const char *sr, struct error *err);
/* What the copy of that VDI will be called; NULL: there is none. */
const char *vdi_copies_find(const struct vdi_copies *copies, const char *vdi);
/* All are VDIs, in one transaction with `more` (NULL: nothing more); or none is. */
int vdi_copies_commit(struct vdi_copies *copies, mutation_fn more, void *argument,
		      struct error *err);
/* Drops what is not committed. */
void vdi_copies_free(struct vdi_copies *copies);

#endif
