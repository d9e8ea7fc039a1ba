/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nic.h – the network interfaces of domains, as they cross the hypervisor interface. */
#ifndef SERVER_HYPERVISOR_NIC_H
#define SERVER_HYPERVISOR_NIC_H

#include "server/hypervisor/host.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

/* What it may send: anything; only what comes from its MAC and its addresses; nothing, and it gets
 * nothing either. */
enum nic_lock { NIC_UNLOCKED, NIC_LOCKED, NIC_DISABLED };
#define NIC_ADDRESSES_MOST 64

/* A network interface as a domain is to have it. */
struct nic_config {
	int device; /* its number in the guest */
	int mtu;
	char mac[MAC_SIZE];
	char bridge[INTERFACE_NAME_SIZE];
	int64_t rate_bytes; /* per second, of what the guest sends; 0: no limit */
	enum nic_lock lock;
	struct in_addr ipv4[NIC_ADDRESSES_MOST]; /* of NIC_LOCKED */
	size_t ipv4_count;
	struct in6_addr ipv6[NIC_ADDRESSES_MOST];
	size_t ipv6_count;
};

#endif
