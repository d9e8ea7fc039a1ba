/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hypervisor_host.c – calls about the host itself, and what it has for domains */
#include "server/hypervisor/hypervisor_call.h"

#include <assert.h>
#include <inttypes.h>

int hypervisor_check_bridge(struct hypervisor *hypervisor, const char *bridge,
			    struct hypervisor_error *err)
{
	return hypervisor->ops->check_bridge ? ASK(check_bridge, bridge, bridge) : 0;
}

int hypervisor_check_pci(struct hypervisor *hypervisor, const char *uuid,
			 const struct pci_config *device, struct hypervisor_error *err)
{
	return hypervisor->ops->check_pci ? ASK(check_pci, uuid, uuid, device) : 0;
}

int op_check_bridge(struct hypervisor *hypervisor, enum hypervisor_op op, const char *bridge,
		    struct hypervisor_error *err)
{
	int rc = hypervisor_check_bridge(hypervisor, bridge, err);

	err->operation = op_name(op);
	return rc;
}

static int check_pci(struct hypervisor *hypervisor, enum hypervisor_op op, const char *uuid,
		     const struct pci_config *device, struct hypervisor_error *err)
{
	int rc = hypervisor_check_pci(hypervisor, uuid, device, err);

	err->operation = op_name(op);
	return rc;
}

int op_check_config(struct hypervisor *hypervisor, enum hypervisor_op op,
		    const struct domain_config *config, struct hypervisor_error *err)
{
	err->operation = op_name(op);
	if (config->memory.target < DOMAIN_MEMORY_LEAST || config->memory_overhead < 0)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "a domain cannot be built with %" PRId64 " bytes of memory",
				       config->memory.target);
	for (size_t i = 0; i < config->nic_count; i++)
		if (op_check_bridge(hypervisor, op, config->nics[i].bridge, err) < 0)
			return -1;
	for (size_t i = 0; i < config->pci_count; i++)
		if (check_pci(hypervisor, op, config->uuid, &config->pcis[i], err) < 0)
			return -1;
	return 0;
}

int hypervisor_get_interfaces(struct hypervisor *hypervisor, struct host_interfaces *ret_interfaces,
			      struct hypervisor_error *err)
{
	assert(ret_interfaces);
	return CALL(get_interfaces, "-", ret_interfaces);
}

int hypervisor_set_interface_up(struct hypervisor *hypervisor, const char *name, bool up,
				struct hypervisor_error *err)
{
	assert(name);
	return CALL(set_interface_up, name, name, up);
}

int hypervisor_create_bridge(struct hypervisor *hypervisor, const struct host_bridge *bridge,
			     struct hypervisor_error *err)
{
	assert(bridge);
	return CALL(create_bridge, bridge->name, bridge);
}

int hypervisor_destroy_bridge(struct hypervisor *hypervisor, const char *name,
			      struct hypervisor_error *err)
{
	assert(name);
	return CALL(destroy_bridge, name, name);
}

int hypervisor_create_vlan(struct hypervisor *hypervisor, const struct host_vlan *vlan,
			   struct hypervisor_error *err)
{
	assert(vlan);
	return CALL(create_vlan, vlan->name, vlan);
}

int hypervisor_destroy_vlan(struct hypervisor *hypervisor, const char *name,
			    struct hypervisor_error *err)
{
	assert(name);
	return CALL(destroy_vlan, name, name);
}

int hypervisor_list_pci(struct hypervisor *hypervisor, struct host_pci **ret_devices,
			size_t *ret_count, struct hypervisor_error *err)
{
	assert(ret_devices && ret_count);
	return CALL(list_pci, "-", ret_devices, ret_count);
}

int hypervisor_read_console_ring(struct hypervisor *hypervisor, bool clear, char **ret_text,
				 struct hypervisor_error *err)
{
	assert(ret_text);
	return CALL(read_console_ring, "-", clear, ret_text);
}

/* Some keys end the host: what Xen makes of R and C. */
int hypervisor_send_debug_keys(struct hypervisor *hypervisor, const char *keys,
			       struct hypervisor_error *err)
{
	assert(keys);
	return CALL(send_debug_keys, keys, keys);
}
