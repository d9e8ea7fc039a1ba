/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_plan.h – what becomes of a VM's record in operations that begin, use or end a domain. */
#ifndef SERVER_API_VM_PLAN_H
#define SERVER_API_VM_PLAN_H

#include "server/api/operation.h"

struct vm_plan {
	int (*check)(struct call *call, struct error *err); /* on a worker; NULL: none */
	vm_change_fn change;
};

/* NULL: it is not known. */
const struct vm_plan *vm_plan_of(enum operation_id id);
/* One domain ends, and another begins. */
bool vm_plan_restarts(enum operation_id id);
/* Of a start: memory_needed and memory_free; an empty map otherwise. */
struct value *vm_plan_room(const struct call *call);

#endif
