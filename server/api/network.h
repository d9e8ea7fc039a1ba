/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* network.h – the host's networks and interfaces as objects. */
#ifndef SERVER_API_NETWORK_H
#define SERVER_API_NETWORK_H

#include "server/api/private.h"

/* At each start, in a transaction: a network for each bridge, a PIF for each interface that is
 * there; what is gone goes, but for networks that VIFs belong to. */
void network_describe_host(struct transaction *transaction, const struct record *host,
			   const struct host_interfaces *interfaces);

/* The network of that bridge; NULL: there is none. */
const struct record *network_find_bridge(struct transaction *transaction, const char *bridge);

/* The same, made if there is none: the bridge may come later. INVALID_VALUE: no bridge can be
 * called so. */
const struct record *network_of_bridge(struct transaction *transaction, const char *bridge,
				       struct error *err);
/* INVALID_VALUE */
int network_check_bridge_name(const char *bridge, struct error *err);

/* network_messages.c. At each start: makes the bridges of our own networks that are not there any
 * more. */
void network_open(struct api *api);

/* What the host has now, as records. `ref`: whose fault it is when it does not say. */
int network_scan(struct api *api, const struct value *ref, struct error *err);

/* VIF_IN_USE: a domain needs the PIF's network. */
int pif_check_unused(struct api *api, const struct record *pif, struct error *err);
/* It is that interface; it is a VLAN on one. */
bool pif_is_nic(const struct record *pif, const struct host_nic *nic);
bool pif_is_vlan(const struct record *pif);
/* What the host calls it. */
void pif_read_name(const struct record *pif, char ret_name[INTERFACE_NAME_SIZE]);

/* vlan.c. At each start: makes the VLANs of ours that are not there any more. */
void vlan_open(struct api *api);

/* INVALID_VALUE */
int network_check_mtu(int64_t mtu, struct error *err);

/* The store's rule for the class network. */
int network_check(const struct record *network, struct error *err);

#endif
