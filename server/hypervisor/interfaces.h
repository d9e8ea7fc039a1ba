/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* interfaces.h – the network interfaces of this machine, as its kernel has them. */
#ifndef SERVER_HYPERVISOR_INTERFACES_H
#define SERVER_HYPERVISOR_INTERFACES_H

#include "server/hypervisor/domain.h"

/* Fills in nics and bridges, each in order of its name. */
void interfaces_read(struct host_facts *facts);

#endif
