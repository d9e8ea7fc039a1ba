/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_running.c – the rows of running.def. */
#include "server/api/vm_running.h"

#include "server/api/live.h"

const struct vm_running *vm_running_of(int field)
{
	static const struct vm_running at_once;
#define RUNNING(field, kind, operation, effects, reason) \
	[VM_##field] = {RUNNING_##kind, OPERATION_##operation, effects, reason},
	static const struct vm_running rows[] = {
#include "schema/running.def"
	};

	return field < (int)ARRAY_SIZE(rows) ? &rows[field] : &at_once;
}

bool vm_running_is_of_record(int field)
{
	enum running_kind kind = vm_running_of(field)->kind;

	return kind == RUNNING_AT_ONCE || kind == RUNNING_START;
}
