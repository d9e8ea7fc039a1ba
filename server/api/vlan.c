/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vlan.c – VLANs on the host's interfaces: made as ports of our own bridges, and deleted. */
#include "server/api/network.h"

#include "schema/log.h"
#include "server/api/vm.h"

#include <inttypes.h>
#include <stdio.h>

#define TAG_MOST 4094

struct making {
	const char *host;
	const char *tagged; /* refs */
	const char *network;
	int64_t tag;
	char untagged[REF_SIZE];
	char ref[REF_SIZE];
	struct host_vlan vlan;
};

static int check_tag(int64_t tag, struct error *err)
{
	AUTO_TEXT text = NULL;

	if (tag >= 1 && tag <= TAG_MOST)
		return 0;
	text = text_format("%" PRId64, tag);
	return fail(err, ERROR_VLAN_TAG_INVALID, text);
}

static int check_network(const struct making *making, const struct record *network,
			 struct error *err)
{
	const struct value *pifs;

	if (!network)
		return fail(err, ERROR_HANDLE_INVALID, "network", making->network);
	pifs = record_get(network, network_PIFs);
	if (pifs->length)
		return fail(err, ERROR_NETWORK_ALREADY_CONNECTED, making->host,
			    pifs->items[0]->text);
	if (!record_bool(network, network_managed))
		return fail(err, ERROR_OPERATION_NOT_ALLOWED,
			    "the bridge was found on the host: this server did not make it");
	return 0;
}

static void compare(struct transaction *transaction, const struct record *pif, void *argument)
{
	struct making *making = argument;

	(void)transaction;
	if (record_is(pif, PIF_device, making->vlan.parent) &&
	    record_int(pif, PIF_VLAN) == making->tag)
		*making->vlan.name = '\0';
}

/* What the host is to call it; it must be free, and an interface's name. */
static int take_name(struct transaction *transaction, struct making *making,
		     const struct record *tagged, struct error *err)
{
	const char *device = record_text(tagged, PIF_device);
	AUTO_TEXT name = text_format("%s.%d", device, (int)making->tag);

	if (pif_is_vlan(tagged))
		return fail(err, ERROR_INVALID_VALUE,
			    "PIF: an interface that is a device, not a VLAN", making->tagged);
	if (strlen(name) >= INTERFACE_NAME_SIZE)
		return fail(err, ERROR_INVALID_VALUE,
			    "device: at most 15 characters with the tag behind it", name);
	strcpy(making->vlan.name, name);
	strcpy(making->vlan.parent, device);
	transaction_each(transaction, CLASS_PIF, compare, making);
	return *making->vlan.name ? 0 : fail(err, ERROR_DEVICE_ALREADY_EXISTS, name);
}

static const char *add_pif(struct transaction *transaction, const struct making *making,
			   const struct record *tagged)
{
	struct record *pif = transaction_create(transaction, CLASS_PIF, NULL);

	record_set_text(pif, PIF_device, making->vlan.parent);
	record_set_int(pif, PIF_VLAN, making->tag);
	record_set_text(pif, PIF_network, making->network);
	record_set_text(pif, PIF_host, making->host);
	record_set(pif, PIF_MAC, value_reference(record_get(tagged, PIF_MAC)));
	record_set_int(pif, PIF_MTU, making->vlan.mtu);
	record_set(pif, PIF_physical, value_bool(false));
	record_set(pif, PIF_managed, value_bool(true));
	record_set(pif, PIF_disallow_unplug, value_bool(false));
	return record_ref(pif);
}

static void add_vlan(struct transaction *transaction, struct making *making)
{
	struct record *vlan = transaction_create(transaction, CLASS_VLAN, NULL);

	record_set_text(vlan, VLAN_tagged_PIF, making->tagged);
	record_set_text(vlan, VLAN_untagged_PIF, making->untagged);
	record_set_int(vlan, VLAN_tag, making->tag);
	record_set_text(transaction_edit(transaction, CLASS_PIF, making->untagged),
			PIF_VLAN_master_of, record_ref(vlan));
	strcpy(making->ref, record_ref(vlan));
}

static int insert(struct transaction *transaction, void *argument, struct error *err)
{
	struct making *making = argument;
	const struct record *tagged = transaction_read(transaction, CLASS_PIF, making->tagged);
	const struct record *network =
		transaction_read(transaction, CLASS_network, making->network);

	if (!tagged)
		return fail(err, ERROR_HANDLE_INVALID, "PIF", making->tagged);
	if (check_tag(making->tag, err) < 0 || check_network(making, network, err) < 0 ||
	    take_name(transaction, making, tagged, err) < 0)
		return -1;
	making->vlan.tag = (int)making->tag;
	making->vlan.mtu = (int)record_int(network, network_MTU);
	snprintf(making->vlan.bridge, INTERFACE_NAME_SIZE, "%s",
		 record_text(network, network_bridge));
	strcpy(making->untagged, add_pif(transaction, making, tagged));
	add_vlan(transaction, making);
	return 0;
}

static int delete_both(struct transaction *transaction, void *argument, struct error *err)
{
	const char *ref = argument;
	const struct record *vlan = transaction_read(transaction, CLASS_VLAN, ref);
	const struct record *pif;

	if (!vlan)
		return fail(err, ERROR_HANDLE_INVALID, "VLAN", ref);
	pif = transaction_read(transaction, CLASS_PIF, record_text(vlan, VLAN_untagged_PIF));
	if (pif) {
		transaction_delete(transaction, CLASS_PIF_metrics, record_text(pif, PIF_metrics));
		transaction_delete(transaction, CLASS_PIF, record_ref(pif));
	}
	transaction_delete(transaction, CLASS_VLAN, ref);
	return 0;
}

/* The record first: an interface that is missing is made at the next start. */
static int make(struct call *call, struct making *making, struct error *err)
{
	struct api *api = call->api;
	struct hypervisor_error reason = {0};
	AUTO_ERROR ignored = {0};
	AUTO(value) ref = NULL;

	making->host = api->host_ref;
	if (store_mutate(api->store, insert, making, err) < 0)
		return -1;
	ref = value_string(making->ref);
	if (hypervisor_create_vlan(api->hypervisor, &making->vlan, &reason) < 0) {
		store_mutate(api->store, delete_both, making->ref, &ignored);
		return fail_hypervisor_host(err, ref, &reason);
	}
	network_scan(api, ref, &ignored);
	return 0;
}

int run_VLAN_create(struct call *call, struct error *err)
{
	struct making making = {.tagged = argument_text(call, 0),
				.tag = argument_int(call, 1),
				.network = argument_text(call, 2)};

	if (make(call, &making, err) < 0)
		return -1;
	call->result = value_string(making.ref);
	return 0;
}

int run_pool_create_VLAN_from_PIF(struct call *call, struct error *err)
{
	struct making making = {.tagged = argument_text(call, 0),
				.network = argument_text(call, 1),
				.tag = argument_int(call, 2)};

	if (make(call, &making, err) < 0)
		return -1;
	call->result = value_set();
	value_append(call->result, value_string(making.untagged));
	return 0;
}

/* On the device of that name; ret_pif says which PIF it becomes. */
static int make_on(struct call *call, const char *device, const char *network, int64_t tag,
		   char ret_pif[REF_SIZE], struct error *err)
{
	struct making making = {.network = network, .tag = tag};
	size_t count;
	struct record **pifs = store_list(call->api->store, CLASS_PIF, &count);
	int rc;

	for (size_t i = 0; i < count; i++)
		if (record_is(pifs[i], PIF_device, device) && !pif_is_vlan(pifs[i]))
			making.tagged = record_ref(pifs[i]);
	rc = making.tagged ? make(call, &making, err) : fail(err, ERROR_INVALID_DEVICE, device);
	store_free_list(pifs, count);
	if (rc == 0)
		strcpy(ret_pif, making.untagged);
	return rc;
}

int run_pool_create_VLAN(struct call *call, struct error *err)
{
	char pif[REF_SIZE];

	if (make_on(call, argument_text(call, 0), argument_text(call, 1), argument_int(call, 2),
		    pif, err) < 0)
		return -1;
	call->result = value_set();
	value_append(call->result, value_string(pif));
	return 0;
}

int run_PIF_create_VLAN(struct call *call, struct error *err)
{
	char pif[REF_SIZE];

	if (make_on(call, argument_text(call, 0), argument_text(call, 1), argument_int(call, 3),
		    pif, err) < 0)
		return -1;
	call->result = value_string(pif);
	return 0;
}

/* The interface first: with a record and without it, it is made again at the next start. */
static int destroy(struct call *call, const char *vlan, const struct record *pif, struct error *err)
{
	struct hypervisor_error reason = {0};
	char name[INTERFACE_NAME_SIZE];

	if (pif_check_unused(call->api, pif, err) < 0)
		return -1;
	pif_read_name(pif, name);
	if (hypervisor_destroy_vlan(call->api->hypervisor, name, &reason) < 0)
		return fail_hypervisor_host(err, pif->ref, &reason);
	return store_mutate(call->api->store, delete_both, (void *)vlan, err);
}

int run_VLAN_destroy(struct call *call, struct error *err)
{
	AUTO(record) pif =
		store_read(call->api->store, CLASS_PIF, record_text(call->self, VLAN_untagged_PIF));

	if (!pif)
		return store_mutate(call->api->store, delete_both, (void *)record_ref(call->self),
				    err);
	return destroy(call, record_ref(call->self), pif, err);
}

int run_PIF_destroy(struct call *call, struct error *err)
{
	const char *vlan = record_text(call->self, PIF_VLAN_master_of);

	if (ref_is_null(vlan))
		return fail(err, ERROR_PIF_IS_PHYSICAL, record_ref(call->self));
	return destroy(call, vlan, call->self, err);
}

static bool is_there(struct api *api, const struct record *pif)
{
	const struct host_interfaces *interfaces = &hypervisor_host(api->hypervisor)->interfaces;

	for (int i = 0; i < interfaces->nic_count; i++)
		if (pif_is_nic(pif, &interfaces->nics[i]))
			return true;
	return false;
}

static bool make_again(struct api *api, const struct record *pif)
{
	struct host_vlan vlan = {.tag = (int)record_int(pif, PIF_VLAN)};
	struct hypervisor_error reason = {0};
	AUTO(record) network = store_read(api->store, CLASS_network, record_text(pif, PIF_network));

	if (!network)
		return false;
	pif_read_name(pif, vlan.name);
	snprintf(vlan.parent, INTERFACE_NAME_SIZE, "%s", record_text(pif, PIF_device));
	snprintf(vlan.bridge, INTERFACE_NAME_SIZE, "%s", record_text(network, network_bridge));
	vlan.mtu = (int)record_int(network, network_MTU);
	if (hypervisor_create_vlan(api->hypervisor, &vlan, &reason) == 0)
		return true;
	log_warning("network %s: %s", record_text(network, network_name_label), reason.text);
	return false;
}

void vlan_open(struct api *api)
{
	size_t count;
	struct record **pifs = store_list(api->store, CLASS_PIF, &count);
	AUTO_ERROR ignored = {0};
	AUTO(value) host = value_string(api->host_ref);
	bool made = false;

	for (size_t i = 0; i < count; i++)
		if (pif_is_vlan(pifs[i]) && !is_there(api, pifs[i]))
			made |= make_again(api, pifs[i]);
	store_free_list(pifs, count);
	if (made)
		network_scan(api, host, &ignored);
}
