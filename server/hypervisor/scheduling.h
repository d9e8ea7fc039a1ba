/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scheduling.h – what every adapter asks of a VM's weight, cap and mask. */
#ifndef SERVER_HYPERVISOR_SCHEDULING_H
#define SERVER_HYPERVISOR_SCHEDULING_H

#include "server/hypervisor/adapter.h"

/* Whether they make sense on a host with so many pCPUs: 0, or −1 with *err set. */
int scheduling_check(const struct scheduling *scheduling, int pcpus, struct hypervisor_error *err);

/* Whether a checked mask lets that vCPU run on that pCPU. A single list is for all vCPUs; of
 * several, the vCPUs beyond them may run anywhere. */
bool scheduling_allows(const char *mask, int vcpu, int pcpu);

#endif
