/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain.h – the domain of an operation's VM: steps that several messages take. On a worker. */
#ifndef SERVER_API_DOMAIN_H
#define SERVER_API_DOMAIN_H

#include "server/api/operation.h"

/* False only when there surely is none. */
bool domain_exists(struct call *call, struct domain_info *ret_domain);
/* That there was none is fine. */
int domain_destroy(struct call *call, struct error *err);
int domain_unpause(struct call *call, struct error *err);
/* Destroys it, and the VM is Halted. */
int domain_end(struct call *call, struct error *err);
/*
 * Stores that the domain is there: the VM is Paused or Running. `built_from` is kept as its boot
 * record; NULL: it was resumed, and keeps the one it has.
 */
int domain_commit(struct call *call, int domid, bool paused, const struct record *built_from,
		  struct error *err);

#endif
