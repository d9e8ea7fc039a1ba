/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_running.h – which fields of a VM that runs its domain takes at once: the rows of
 * schema/running.def. */
#ifndef SERVER_API_VM_RUNNING_H
#define SERVER_API_VM_RUNNING_H

#include "schema/schema.h"

/* AT_ONCE: the record's only. The others are explained in running.def. */
enum running_kind { RUNNING_AT_ONCE, RUNNING_LIVE, RUNNING_STAGED, RUNNING_START, RUNNING_NEVER };

struct vm_running {
	enum running_kind kind;
	enum operation_id operation;
	unsigned effects; /* enum live_effect */
	const char *reason;
};

/* Never NULL. */
const struct vm_running *vm_running_of(int field);
/* A running domain is not asked: the record takes it whatever goes on with the VM. */
bool vm_running_is_of_record(int field);

#endif
