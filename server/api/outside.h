/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* outside.h – what somebody else does to the domains of our VMs: pause, unpause, restore. */
#ifndef SERVER_API_OUTSIDE_H
#define SERVER_API_OUTSIDE_H

#include "server/api/private.h"

/*
 * The power state of a managed VM follows its domain. Nothing happens while the VM is busy: then it
 * was perhaps us. Never blocks.
 */
void outside_follow(struct api *api, const struct record *vm, const struct domain_info *domain);
/* The same, of the domain of this uuid as it is now, or when the VM is no longer busy. May block.
 */
void outside_look(struct api *api, const char *uuid);

#endif
