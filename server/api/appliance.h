/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* appliance.h – groups of VMs that are started and stopped together. */
#ifndef SERVER_API_APPLIANCE_H
#define SERVER_API_APPLIANCE_H

#include "server/api/private.h"

/* What can be done with an appliance, and with each of its VMs for it. */
struct appliance_action {
	const char *name;    /* of vm_appliance_operation */
	const char *message; /* of the class VM */
	handler_fn handler;  /* of that message */
	bool is_start;	     /* lowest order first; otherwise highest first */
};
const struct appliance_action *appliance_action(const char *name);

/* In a transaction: whether it is possible now. OPERATION_NOT_ALLOWED, OTHER_OPERATION_IN_PROGRESS.
 */
int appliance_judge(struct transaction *transaction, const struct record *appliance,
		    const struct appliance_action *action, struct error *err);

/* Sets what follows from its VMs and from what is under way. */
void appliance_derive(struct transaction *transaction, struct record *appliance);
/* The same for the one of a VM that is changed; old is NULL for a new VM. */
void appliance_follow_vm(struct transaction *transaction, const struct record *old,
			 const struct record *vm);
/* The same for all, at the start. */
int appliance_open(struct api *api, struct error *err);

#endif
