/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pci.h – the PCI devices of this machine, as Linux in Domain-0 sees them */
#ifndef SERVER_HYPERVISOR_PCI_H
#define SERVER_HYPERVISOR_PCI_H

#include "server/hypervisor/hypervisor.h"

#include <stddef.h>

#define PCI_FOLDER "/sys/bus/pci/devices"
#define PCI_NAMES "/usr/share/misc/pci.ids" /* of Debian's pci.ids; names stay empty without it */

/* In order of their addresses; to be freed. A folder that is not there is one without devices. */
void pci_list(const char *folder, const char *names, struct host_pci **ret_devices,
	      size_t *ret_count);

/* The driver that has those that guests may have. */
#define PCI_READY "pciback"

/* The driver that Domain-0 has for it, "" without one. */
void pci_read_driver(const char *folder, const char *id, char *ret_driver, size_t size);
/* HYPERVISOR_FAILED: it is not ready for guests, or another has it. */
int pci_refuse(const struct pci_config *device, struct hypervisor_error *err);

#endif
