/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator_nic.c – the network interfaces of the simulator's guests */
#include "server/hypervisor/simulator.h"

#include "server/hypervisor/simulator_ops.h"

#include <string.h>

static bool has_bridge(const struct simulator *simulator, const char *name)
{
	for (int i = 0; i < simulator->host.bridge_count; i++)
		if (strcmp(simulator->host.bridges[i].name, name) == 0)
			return true;
	return false;
}

/* NULL with *err: the host has no such bridge. */
static json_t *describe(const struct simulator *simulator, const struct nic_config *nic,
			struct hypervisor_error *err)
{
	if (has_bridge(simulator, nic->bridge))
		return json_pack("{si, ss, ss, si, sI}", "device", nic->device, "mac", nic->mac,
				 "bridge", nic->bridge, "mtu", nic->mtu, "rate_bytes",
				 (json_int_t)nic->rate_bytes);
	hypervisor_fail(err, HYPERVISOR_FAILED, "the host has no bridge \"%s\"", nic->bridge);
	return NULL;
}

json_t *simulator_make_nics(const struct simulator *simulator, const struct domain_config *config,
			    struct hypervisor_error *err)
{
	json_t *nics = json_array();

	for (size_t i = 0; i < config->nic_count; i++) {
		json_t *nic = describe(simulator, &config->nics[i], err);

		if (!nic || simulator_add_device(nics, SIMULATOR_NICS, nic, err) < 0) {
			json_decref(nics);
			return NULL;
		}
	}
	return nics;
}

int simulator_get_nics(void *adapter, const char *uuid, int *ret_devices, size_t capacity,
		       size_t *ret_count, struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_get_nics, err);

	return simulator ? simulator_get_devices(simulator, uuid, SIMULATOR_NICS, ret_devices,
						 capacity, ret_count, err) :
			   -1;
}

int simulator_attach_nic(void *adapter, const char *uuid, const struct nic_config *nic,
			 struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_attach_nic, err);
	json_t *device;

	if (!simulator || !simulator_find_live_guest(simulator, uuid, err))
		return -1;
	device = describe(simulator, nic, err);
	return device ? simulator_attach_device(simulator, uuid, SIMULATOR_NICS, device, err) : -1;
}

int simulator_detach_nic(void *adapter, const char *uuid, int device, bool force,
			 struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_detach_nic, err);

	(void)force;
	return simulator ? simulator_detach_device(simulator, uuid, SIMULATOR_NICS, device, err) :
			   -1;
}

/* As on a host that was booted anew, the bridges of an earlier run are gone. */
int simulator_create_bridge(void *adapter, const struct host_bridge *bridge,
			    struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_create_bridge, err);

	if (!simulator)
		return -1;
	if (has_bridge(simulator, bridge->name))
		return hypervisor_fail(err, HYPERVISOR_FAILED, "the host has a bridge \"%s\"",
				       bridge->name);
	if (simulator->host.bridge_count == HOST_INTERFACES_MOST)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "the host has %d bridges already",
				       HOST_INTERFACES_MOST);
	simulator->host.bridges[simulator->host.bridge_count++] = *bridge;
	return 0;
}

int simulator_destroy_bridge(void *adapter, const char *name, struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_destroy_bridge, err);
	struct host_facts *host;

	if (!simulator)
		return -1;
	host = &simulator->host;
	for (int i = 0; i < host->bridge_count; i++) {
		if (strcmp(host->bridges[i].name, name) != 0)
			continue;
		host->bridges[i] = host->bridges[--host->bridge_count];
		return 0;
	}
	return hypervisor_fail(err, HYPERVISOR_FAILED, "the host has no bridge \"%s\"", name);
}
