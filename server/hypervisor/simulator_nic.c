/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator_nic.c – the network interfaces of the simulator's guests */
#include "server/hypervisor/simulator.h"

#include "schema/base.h"
#include "server/hypervisor/simulator_ops.h"

static bool has_bridge(const struct simulator *simulator, const char *name)
{
	for (int i = 0; i < simulator->host.bridge_count; i++)
		if (strcmp(simulator->host.bridges[i].name, name) == 0)
			return true;
	return false;
}

static int device_of(const json_t *nic)
{
	return (int)json_integer_value(json_object_get(nic, "device"));
}

/* Its place, or -1. */
static int find_nic(const json_t *nics, int device)
{
	for (size_t i = 0; i < json_array_size(nics); i++)
		if (device_of(json_array_get(nics, i)) == device)
			return (int)i;
	return -1;
}

static int add_nic(const struct simulator *simulator, json_t *nics, const struct nic_config *nic,
		   struct hypervisor_error *err)
{
	if (!has_bridge(simulator, nic->bridge))
		return hypervisor_fail(err, HYPERVISOR_FAILED, "the host has no bridge \"%s\"",
				       nic->bridge);
	if (find_nic(nics, nic->device) >= 0)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "there is a network interface %d",
				       nic->device);
	json_array_append_new(nics, json_pack("{si, ss, ss, si, sI}", "device", nic->device, "mac",
					      nic->mac, "bridge", nic->bridge, "mtu", nic->mtu,
					      "rate_bytes", (json_int_t)nic->rate_bytes));
	return 0;
}

json_t *simulator_make_nics(const struct simulator *simulator, const struct domain_config *config,
			    struct hypervisor_error *err)
{
	json_t *nics = json_array();

	for (size_t i = 0; i < config->nic_count; i++) {
		if (add_nic(simulator, nics, &config->nics[i], err) < 0) {
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
	const struct guest *guest = simulator_find_guest(simulator, uuid, err);

	if (!guest)
		return -1;
	*ret_count = json_array_size(guest->nics);
	for (size_t i = 0; i < *ret_count && i < capacity; i++)
		ret_devices[i] = device_of(json_array_get(guest->nics, i));
	return 0;
}

/* The array is the state file's too: what is changed is a copy. */
static int commit_nics(struct simulator *simulator, struct guest *guest, json_t *nics,
		       struct hypervisor_error *err)
{
	json_decref(guest->nics);
	guest->nics = nics;
	return simulator_commit(simulator, err);
}

int simulator_attach_nic(void *adapter, const char *uuid, const struct nic_config *nic,
			 struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_attach_nic, err);
	struct guest *guest = simulator_find_live_guest(simulator, uuid, err);
	json_t *nics;

	if (!guest)
		return -1;
	nics = json_copy(guest->nics);
	if (add_nic(simulator, nics, nic, err) < 0) {
		json_decref(nics);
		return -1;
	}
	return commit_nics(simulator, guest, nics, err);
}

int simulator_detach_nic(void *adapter, const char *uuid, int device, bool force,
			 struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_detach_nic, err);
	struct guest *guest = simulator_find_live_guest(simulator, uuid, err);
	json_t *nics;
	int place;

	(void)force;
	if (!guest)
		return -1;
	place = find_nic(guest->nics, device);
	if (place < 0)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "there is no network interface %d",
				       device);
	nics = json_copy(guest->nics);
	json_array_remove(nics, (size_t)place);
	return commit_nics(simulator, guest, nics, err);
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
