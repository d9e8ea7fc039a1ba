/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* foreign.h – domains that somebody else made: each is a VM that is not managed, as long as it is
 * there. */
#ifndef SERVER_API_FOREIGN_H
#define SERVER_API_FOREIGN_H

#include "server/api/private.h"

/*
 * Looks at the domain of this uuid. Unless it is Domain-0's or that of a managed VM, its VM
 * appears, follows it, or vanishes; nothing is done with the domain. False: it is one of those. May
 * block.
 */
bool foreign_look(struct api *api, const char *uuid);
/* At start: at all that are there, and at all that were there. */
void foreign_open(struct api *api, const struct domain_info *domains, size_t count);

/* What of a VM's record is said by its domain: name, type, memory, vCPUs. */
void foreign_follow(struct api *api, struct transaction *transaction, struct record *vm,
		    const struct domain_info *domain);
/* Its power state, domid and start; `booted` as in vm_become_live. */
void foreign_begin(struct api *api, struct transaction *transaction, struct record *vm,
		   const struct domain_info *domain, const struct record *booted);

#endif
