/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator_nic.c – the network interfaces of the simulator's guests */
#include "server/hypervisor/simulator.h"

#include "server/hypervisor/simulator_device.h"
#include "server/hypervisor/simulator_ops.h"

#include <arpa/inet.h>
#include <string.h>

static bool has_bridge(const struct simulator *simulator, const char *name)
{
	for (int i = 0; i < simulator->host.interfaces.bridge_count; i++)
		if (strcmp(simulator->host.interfaces.bridges[i].name, name) == 0)
			return true;
	return false;
}

static int need_bridge(const struct simulator *simulator, const char *name,
		       struct hypervisor_error *err)
{
	return has_bridge(simulator, name) ? 0 :
					     hypervisor_fail(err, HYPERVISOR_FAILED,
							     "the host has no bridge \"%s\"", name);
}

/* What it may send, as the state file says it. */
static void put_filter(json_t *json, const struct nic_config *nic)
{
	static const char *const locks[] = {
		[NIC_UNLOCKED] = "unlocked", [NIC_LOCKED] = "locked", [NIC_DISABLED] = "disabled"};
	json_t *addresses = json_array();
	char text[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < nic->ipv4_count; i++)
		json_array_append_new(addresses, json_string(inet_ntop(AF_INET, &nic->ipv4[i], text,
								       sizeof(text))));
	for (size_t i = 0; i < nic->ipv6_count; i++)
		json_array_append_new(addresses, json_string(inet_ntop(AF_INET6, &nic->ipv6[i],
								       text, sizeof(text))));
	json_object_set_new(json, "lock", json_string(locks[nic->lock]));
	json_object_set_new(json, "addresses", addresses);
}

/* NULL with *err: the host has no such bridge. */
static json_t *describe(const struct simulator *simulator, const struct nic_config *nic,
			struct hypervisor_error *err)
{
	json_t *json;

	if (need_bridge(simulator, nic->bridge, err) < 0)
		return NULL;
	json = json_pack("{si, ss, ss, si, sI}", "device", nic->device, "mac", nic->mac, "bridge",
			 nic->bridge, "mtu", nic->mtu, "rate_bytes", (json_int_t)nic->rate_bytes);
	if (json)
		put_filter(json, nic);
	return json;
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

int simulator_set_nic_filter(void *adapter, const char *uuid, const struct nic_config *nic,
			     struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_set_nic_filter, err);
	struct guest *guest = simulator_find_live_guest(simulator, uuid, err);
	json_t *nics;
	json_t *json =
		guest ? simulator_copy_devices(guest, SIMULATOR_NICS, nic->device, &nics, err) :
			NULL;

	if (!json)
		return -1;
	put_filter(json, nic);
	return simulator_commit_devices(simulator, guest, SIMULATOR_NICS, nics, err);
}

int simulator_move_nic(void *adapter, const char *uuid, int device, const char *bridge,
		       struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_move_nic, err);
	struct guest *guest = simulator_find_live_guest(simulator, uuid, err);
	json_t *nics, *json;

	if (!guest || need_bridge(simulator, bridge, err) < 0)
		return -1;
	json = simulator_copy_devices(guest, SIMULATOR_NICS, device, &nics, err);
	if (!json)
		return -1;
	json_object_set_new(json, "bridge", json_string(bridge));
	return simulator_commit_devices(simulator, guest, SIMULATOR_NICS, nics, err);
}

int simulator_check_bridge(void *adapter, const char *bridge, struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_check_bridge, err);

	return simulator ? need_bridge(simulator, bridge, err) : -1;
}

int simulator_get_nic_traffic(void *adapter, const char *uuid, struct device_traffic *traffic,
			      size_t count, struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_get_nic_traffic, err);

	return simulator ?
		       simulator_get_traffic(simulator, uuid, SIMULATOR_NICS, traffic, count, err) :
		       -1;
}

int simulator_get_interfaces(void *adapter, struct host_interfaces *ret_interfaces,
			     struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_get_interfaces, err);

	if (!simulator)
		return -1;
	*ret_interfaces = simulator->host.interfaces;
	return 0;
}

/* NULL: the host has none of that name. */
static struct host_nic *find_host_nic(struct simulator *simulator, const char *name,
				      struct hypervisor_error *err)
{
	struct host_interfaces *host = &simulator->host.interfaces;

	for (int i = 0; i < host->nic_count; i++)
		if (strcmp(host->nics[i].name, name) == 0)
			return &host->nics[i];
	hypervisor_fail(err, HYPERVISOR_FAILED, "the host has no interface \"%s\"", name);
	return NULL;
}

int simulator_carry_host(struct simulator *simulator, const char *name, uint64_t received,
			 uint64_t sent, struct hypervisor_error *err)
{
	struct host_nic *nic = find_host_nic(simulator, name, err);

	if (!nic)
		return -1;
	nic->received_bytes += received;
	nic->sent_bytes += sent;
	return 0;
}

int simulator_set_interface_up(void *adapter, const char *name, bool up,
			       struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_set_interface_up, err);
	struct host_nic *nic = simulator ? find_host_nic(simulator, name, err) : NULL;

	if (!nic)
		return -1;
	nic->up = nic->carrier = up;
	return 0;
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
	if (simulator->host.interfaces.bridge_count == HOST_INTERFACES_MOST)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "the host has %d bridges already",
				       HOST_INTERFACES_MOST);
	simulator->host.interfaces.bridges[simulator->host.interfaces.bridge_count++] = *bridge;
	return 0;
}

int simulator_destroy_bridge(void *adapter, const char *name, struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_destroy_bridge, err);
	struct host_interfaces *host;

	if (!simulator)
		return -1;
	host = &simulator->host.interfaces;
	for (int i = 0; i < host->bridge_count; i++) {
		if (strcmp(host->bridges[i].name, name) != 0)
			continue;
		host->bridges[i] = host->bridges[--host->bridge_count];
		return 0;
	}
	return hypervisor_fail(err, HYPERVISOR_FAILED, "the host has no bridge \"%s\"", name);
}

json_t *simulator_dump_interfaces(const struct simulator *simulator)
{
	const struct host_interfaces *host = &simulator->host.interfaces;
	json_t *dump = json_array();

	for (int i = 0; i < host->nic_count; i++)
		json_array_append_new(
			dump, json_pack("{ss, ss, si, ss, si}", "name", host->nics[i].name,
					"parent", host->nics[i].parent, "tag", host->nics[i].tag,
					"bridge", host->nics[i].bridge, "mtu", host->nics[i].mtu));
	return dump;
}

int simulator_create_vlan(void *adapter, const struct host_vlan *vlan, struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_create_vlan, err);
	struct hypervisor_error ignored = {0};
	struct host_interfaces *host;
	struct host_nic nic;

	if (!simulator || !find_host_nic(simulator, vlan->parent, err))
		return -1;
	if (find_host_nic(simulator, vlan->name, &ignored))
		return hypervisor_fail(err, HYPERVISOR_FAILED, "the host has an interface \"%s\"",
				       vlan->name);
	if (need_bridge(simulator, vlan->bridge, err) < 0)
		return -1;
	host = &simulator->host.interfaces;
	if (host->nic_count == HOST_INTERFACES_MOST)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "the host has %d interfaces already",
				       HOST_INTERFACES_MOST);
	nic = (struct host_nic){.tag = vlan->tag, .mtu = vlan->mtu, .up = true, .carrier = true};
	strcpy(nic.name, vlan->name);
	strcpy(nic.parent, vlan->parent);
	strcpy(nic.bridge, vlan->bridge);
	strcpy(nic.mac, find_host_nic(simulator, vlan->parent, err)->mac);
	host->nics[host->nic_count++] = nic;
	return 0;
}

int simulator_destroy_vlan(void *adapter, const char *name, struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_destroy_vlan, err);
	struct host_interfaces *host;

	if (!simulator)
		return -1;
	host = &simulator->host.interfaces;
	for (int i = 0; i < host->nic_count; i++) {
		if (strcmp(host->nics[i].name, name) != 0)
			continue;
		if (!host->nics[i].tag)
			return hypervisor_fail(err, HYPERVISOR_FAILED, "%s is no VLAN", name);
		host->nics[i] = host->nics[--host->nic_count];
		return 0;
	}
	return 0;
}
