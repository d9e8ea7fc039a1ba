/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dpci.h – the PCI devices of the host that VMs get. */
#ifndef SERVER_API_DPCI_H
#define SERVER_API_DPCI_H

#include "server/api/private.h"

/* In a transaction: what follows from the VM having a domain or none. A domain of ours has all
 * devices of its VM, since they change without one only. */
void dpci_follow_vm(struct transaction *transaction, struct record *vm);
/* With their VM. */
void dpci_delete_all(struct transaction *transaction, const struct record *vm);

/* As a domain is to have them; to be freed. HANDLE_INVALID: the host does not have one any more. */
int dpci_read_all(struct api *api, const struct record *vm, struct pci_config **ret_devices,
		  size_t *ret_count, struct error *err);

#endif
