/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dry_run.h – a handler that runs for its plan only: what is stored, the hypervisor, images and
 * files stay as they are. */
#ifndef SERVER_API_DRY_RUN_H
#define SERVER_API_DRY_RUN_H

#include "server/api/operation.h"

/*
 * On a worker: runs the call's handler. Whatever it mutates is only judged, and told to plan_add;
 * whatever it asks the hypervisor to do is left out, and so is what it does with images
 * (backend_dry.c). Whoever touches a file or a process by himself asks dry_run_is_on.
 */
int dry_run(struct call *call, struct error *err);
/* The same of a part of it, in the place of operation_start. `part` stays the caller's. */
int dry_run_part(struct call *whole, struct call *part, enum operation_id id, struct error *err);
bool dry_run_is_on(void);

/* Nothing unless one is on. A domain of the VM would begin, or end. */
void dry_run_begin_domain(const struct record *vm);
void dry_run_end_domain(const struct record *vm);
/* What of the host's memory would be free by then. */
int64_t dry_run_memory_free(int64_t now);

#endif
