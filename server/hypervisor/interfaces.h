/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* interfaces.h – the network interfaces of this machine, as its kernel has them. */
#ifndef SERVER_HYPERVISOR_INTERFACES_H
#define SERVER_HYPERVISOR_INTERFACES_H

#include "server/hypervisor/domain.h"

/* Nics and bridges, each in order of its name. */
void interfaces_read(struct host_interfaces *ret_interfaces);

/* The bridge whose port it is; "": none's. */
void interfaces_read_bridge(const char *name, char ret_bridge[INTERFACE_NAME_SIZE]);
/* Bytes over one of them; 0 of one that is not there. */
uint64_t interfaces_read_received(const char *name);
uint64_t interfaces_read_sent(const char *name);

#endif
