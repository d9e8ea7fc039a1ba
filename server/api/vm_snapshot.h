/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_snapshot.h – what snapshots and checkpoints share. */
#ifndef SERVER_API_VM_SNAPSHOT_H
#define SERVER_API_VM_SNAPSHOT_H

#include "server/api/vdi_copy.h"

/* For copies of the disks of the operation's VM, which does not write to them now; to be freed. */
struct vdi_copies *snapshot_copies(struct call *call);
int snapshot_copy_disks(struct call *call, struct vdi_copies *copies, struct error *err);
/* The record of the snapshot, named by the second argument, as the call's result, with its disks.
 * `image`: the file with its memory; NULL: there is none. */
int snapshot_insert(struct call *call, const char *image, struct vdi_copies *copies,
		    struct error *err);

#endif
