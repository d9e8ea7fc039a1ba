/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pci.h – the PCI devices of this machine, as Linux in Domain-0 sees them */
#ifndef SERVER_HYPERVISOR_PCI_H
#define SERVER_HYPERVISOR_PCI_H

#include "server/hypervisor/host.h"

#include <stddef.h>

#define PCI_FOLDER "/sys/bus/pci/devices"
#define PCI_NAMES "/usr/share/misc/pci.ids" /* of Debian's pci.ids; names stay empty without it */

/* In order of their addresses; to be freed. A folder that is not there is one without devices. */
void pci_list(const char *folder, const char *names, struct host_pci **ret_devices,
	      size_t *ret_count);

#endif
