/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* operation_on.h – the words of the column `on` of operations.def. For who reads its rows. */
#ifndef SCHEMA_OPERATION_ON_H
#define SCHEMA_OPERATION_ON_H

enum operation_on {
	PLAIN = 0,
	TEMPLATE = 1,
	OWN_TEMPLATE = 2,
	SNAPSHOT = 4,
	CONTROL = 8,
	CONTROL_RUNNING = 16,
	NOT_DOM0 = 32,
	UNMANAGED = 64,
	SNAPSHOT_SUSPENDED = 128
};

#endif
