/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_snapshot.h – what snapshots and checkpoints share. */
#ifndef SERVER_API_VM_SNAPSHOT_H
#define SERVER_API_VM_SNAPSHOT_H

#include "server/api/call.h"

/* OPERATION_NOT_ALLOWED: the VM has disks, which a snapshot would not keep. */
int snapshot_check_disks(struct call *call, struct error *err);
/* The record of a snapshot of the operation's VM, named by the second argument, as the call's
 * result. `image`: the file with its memory, which is deleted when it fails; NULL: there is none.
 */
int snapshot_insert(struct call *call, const char *image, struct error *err);

#endif
