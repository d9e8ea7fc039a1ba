/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* explain.h – a failure as a sentence. */
#ifndef RPC_XM_EXPLAIN_H
#define RPC_XM_EXPLAIN_H

#include "rpc/xm/client.h"

/* The name of the object with that ref, escaped and to be freed; NULL: it cannot be told. */
typedef char *(*explain_name_fn)(void *context, const char *ref);

/*
 * Without "Error: ". To be freed. What the server sent is escaped for a terminal. about_memory:
 * large numbers are bytes, and shown as MiB.
 */
char *explain_failure(const struct failure *failure, bool about_memory, explain_name_fn name,
		      void *context);

#endif
