/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* explain.h – a failure as a sentence. */
#ifndef RPC_XM_EXPLAIN_H
#define RPC_XM_EXPLAIN_H

#include "rpc/xm/client.h"

struct explain_objects;

/*
 * "WORDS (CODE)", and what can be done on a line of its own; without "Error: ". To be freed. What
 * the server sent is escaped for a terminal.
 */
char *explain_failure(const struct failure *failure, const struct explain_objects *objects);

#endif
