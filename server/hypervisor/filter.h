/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter.h – what guests' interfaces may send and receive, as rules of this machine's kernel. */
#ifndef SERVER_HYPERVISOR_FILTER_H
#define SERVER_HYPERVISOR_FILTER_H

#include "server/hypervisor/domain.h"

/*
 * Rules of nftables' bridge family, in a table of their own, by the interface's name; it need not
 * be there yet. They replace those that it has, all at once. NIC_UNLOCKED: it has none.
 */
int filter_set(const char *interface, const struct nic_config *nic, struct hypervisor_error *err);

/* Removes the rules of interfaces vifDOMID.N whose domain is gone. The first time before any
 * filter_set. */
typedef bool (*filter_gone_fn)(uint32_t domid, void *argument);
void filter_forget(filter_gone_fn is_gone, void *argument);

#endif
