/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* network_messages.c – private networks: made and deleted, with their bridges. */
#include "server/api/network.h"

#include "schema/log.h"
#include "server/api/vm.h"

#include <stdio.h>

#define CHOSEN_NAME "xenapi%d"

struct making {
	const struct value *fields;
	struct value *ref;
	struct host_bridge bridge;
};

static void choose_name(struct transaction *transaction, struct host_bridge *bridge)
{
	int number = 0;

	do
		snprintf(bridge->name, sizeof(bridge->name), CHOSEN_NAME, number++);
	while (network_find_bridge(transaction, bridge->name));
}

static int take_name(struct transaction *transaction, const char *name, struct host_bridge *bridge,
		     struct error *err)
{
	if (!*name) {
		choose_name(transaction, bridge);
		return 0;
	}
	if (network_check_bridge_name(name, err) < 0)
		return -1;
	if (network_find_bridge(transaction, name))
		return fail(err, ERROR_INVALID_VALUE, "bridge: another network has it", name);
	snprintf(bridge->name, sizeof(bridge->name), "%s", name);
	return 0;
}

static int make(struct transaction *transaction, void *argument, struct error *err)
{
	struct making *making = argument;
	const char *name = value_find_text(making->fields, "bridge");
	struct record *network;

	if (take_name(transaction, name ? name : "", &making->bridge, err) < 0)
		return -1;
	network = transaction_create(transaction, CLASS_network, NULL);
	if (record_fill(transaction, network, making->fields, err) < 0 ||
	    network_check(network, err) < 0)
		return -1;
	record_set_text(network, network_bridge, making->bridge.name);
	making->bridge.mtu = (int)record_int(network, network_MTU);
	value_release(making->ref);
	making->ref = value_reference(network->ref);
	return 0;
}

static int check_empty(const struct record *network, struct error *err)
{
	const struct value *vifs = record_get(network, network_VIFs);
	const struct value *pifs = record_get(network, network_PIFs);

	if (vifs->length)
		return fail(err, ERROR_NETWORK_CONTAINS_VIF, vifs->items[0]->text);
	if (pifs->length)
		return fail(err, ERROR_NETWORK_CONTAINS_PIF, pifs->items[0]->text);
	return 0;
}

static int forget(struct transaction *transaction, void *argument, struct error *err)
{
	const struct value *ref = argument;
	const struct record *network = transaction_read(transaction, CLASS_network, ref->text);

	if (!network)
		return fail(err, ERROR_HANDLE_INVALID, "network", ref->text);
	if (check_empty(network, err) < 0)
		return -1;
	transaction_delete(transaction, CLASS_network, ref->text);
	return 0;
}

/* The record first: a bridge that is missing is made at the next start. */
int run_network_create(struct call *call, struct error *err)
{
	struct making making = {.fields = call->arguments[0]};
	struct hypervisor_error reason = {0};
	int rc = store_mutate(call->api->store, make, &making, err);
	AUTO(value) ref = making.ref;

	if (rc < 0)
		return -1;
	if (hypervisor_create_bridge(call->api->hypervisor, &making.bridge, &reason) < 0) {
		AUTO_ERROR ignored = {0};

		store_mutate(call->api->store, forget, ref, &ignored);
		return fail_hypervisor_host(err, ref, &reason);
	}
	call->result = TAKE(ref);
	return 0;
}

static struct host_bridge bridge_of(const struct record *network)
{
	struct host_bridge bridge = {.mtu = (int)record_int(network, network_MTU)};

	snprintf(bridge.name, sizeof(bridge.name), "%s", record_text(network, network_bridge));
	return bridge;
}

int run_network_destroy(struct call *call, struct error *err)
{
	const struct record *network = call->self;
	struct host_bridge bridge = bridge_of(network);
	struct hypervisor_error reason = {0};

	if (!record_bool(network, network_managed))
		return fail(err, ERROR_OPERATION_NOT_ALLOWED,
			    "the bridge was found on the host: this server did not make it");
	if (check_empty(network, err) < 0)
		return -1;
	if (hypervisor_destroy_bridge(call->api->hypervisor, bridge.name, &reason) < 0)
		return fail_hypervisor_host(err, network->ref, &reason);
	if (store_mutate(call->api->store, forget, network->ref, err) == 0)
		return 0;
	hypervisor_create_bridge(call->api->hypervisor, &bridge, &reason);
	return -1;
}

static bool is_there(const struct host_interfaces *interfaces, const struct record *network)
{
	for (int i = 0; i < interfaces->bridge_count; i++)
		if (record_is(network, network_bridge, interfaces->bridges[i].name))
			return true;
	return false;
}

/* The found ones are there as long as they are. */
int run_network_attach(struct call *call, struct error *err)
{
	const struct record *network = call->self;
	struct host_bridge bridge = bridge_of(network);
	struct host_interfaces interfaces;
	struct hypervisor_error reason = {0};

	if (hypervisor_get_interfaces(call->api->hypervisor, &interfaces, &reason) < 0)
		return fail_hypervisor_host(err, network->ref, &reason);
	if (is_there(&interfaces, network))
		return 0;
	if (!record_bool(network, network_managed))
		return fail(err, ERROR_OPERATION_NOT_ALLOWED,
			    "the bridge was found on the host, and is gone");
	if (hypervisor_create_bridge(call->api->hypervisor, &bridge, &reason) < 0)
		return fail_hypervisor_host(err, network->ref, &reason);
	return 0;
}

void network_open(struct api *api)
{
	size_t count;
	struct record **networks = store_list(api->store, CLASS_network, &count);

	for (size_t i = 0; i < count; i++) {
		struct host_bridge bridge = bridge_of(networks[i]);
		struct hypervisor_error reason = {0};

		if (record_bool(networks[i], network_managed) &&
		    !is_there(&hypervisor_host(api->hypervisor)->interfaces, networks[i]) &&
		    hypervisor_create_bridge(api->hypervisor, &bridge, &reason) < 0)
			log_warning("network %s: %s", record_text(networks[i], network_name_label),
				    reason.text);
	}
	store_free_list(networks, count);
	vlan_open(api);
}
