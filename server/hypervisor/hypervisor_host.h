/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hypervisor_host.h – the part of hypervisor.h that is about the host itself; the same holds. */
#ifndef SERVER_HYPERVISOR_HYPERVISOR_HOST_H
#define SERVER_HYPERVISOR_HYPERVISOR_HOST_H

#include "server/hypervisor/domain.h"

struct hypervisor;

/* Those of the host as they are now. */
int hypervisor_get_interfaces(struct hypervisor *hypervisor, struct host_interfaces *ret_interfaces,
			      struct hypervisor_error *err);
/* HYPERVISOR_FAILED: the host has none of that name. */
int hypervisor_set_interface_up(struct hypervisor *hypervisor, const char *name, bool up,
				struct hypervisor_error *err);
/* A bridge of the host, up, without ports. HYPERVISOR_FAILED: the host has something of that name.
 */
int hypervisor_create_bridge(struct hypervisor *hypervisor, const struct host_bridge *bridge,
			     struct hypervisor_error *err);
int hypervisor_destroy_bridge(struct hypervisor *hypervisor, const char *name,
			      struct hypervisor_error *err);

/* An interface, up and a port of the bridge. HYPERVISOR_FAILED: the host has one of that name, or
 * not that parent or bridge. */
int hypervisor_create_vlan(struct hypervisor *hypervisor, const struct host_vlan *vlan,
			   struct hypervisor_error *err);
/* That there is none is fine. HYPERVISOR_FAILED: it is no VLAN. */
int hypervisor_destroy_vlan(struct hypervisor *hypervisor, const char *name,
			    struct hypervisor_error *err);

/* *ret_devices is to be freed. */
int hypervisor_list_pci(struct hypervisor *hypervisor, struct host_pci **ret_devices,
			size_t *ret_count, struct hypervisor_error *err);

/* Whether a domain could be connected to it, or have it; starting one asks this as well. An adapter
 * that cannot tell leaves it to that. */
int hypervisor_check_bridge(struct hypervisor *hypervisor, const char *bridge,
			    struct hypervisor_error *err);
int hypervisor_check_pci(struct hypervisor *hypervisor, const char *uuid,
			 const struct pci_config *device, struct hypervisor_error *err);

/* The hypervisor's own log, as bytes that may be no UTF-8, to be freed; `clear` empties it. */
int hypervisor_read_console_ring(struct hypervisor *hypervisor, bool clear, char **ret_text,
				 struct hypervisor_error *err);
/* Each key makes the hypervisor write something into that log. HYPERVISOR_FAILED: one is no
 * letter, digit or mark of ASCII. */
int hypervisor_send_debug_keys(struct hypervisor *hypervisor, const char *keys,
			       struct hypervisor_error *err);

#endif
