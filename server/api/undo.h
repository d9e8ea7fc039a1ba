/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* undo.h – the message undo. On a worker: it reads the history from the disk. */
#ifndef SERVER_API_UNDO_H
#define SERVER_API_UNDO_H

#include "server/api/private.h"

int undo_run(struct call *call, struct error *err);
/* undo_destroy.c: makes a VM again, with its devices, as it was when that revision deleted it. */
int undo_destroy(struct call *call, uint64_t revision, const char *ref, struct error *err);
/* OPERATION_NOT_ALLOWED in these words. */
int undo_refuse(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
