/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* network.c – the host's networks and interfaces as objects, found at each start. */
#include "server/api/network.h"

#include "server/api/traffic.h"

#include <stdio.h>

#define MTU_LEAST 68
#define MTU_MOST 65535

/* An object by the text of one field. */
struct search {
	int field;
	const char *text;
	const char *ref; /* NULL: there is none */
};

static void compare(struct transaction *transaction, const struct record *record, void *argument)
{
	struct search *search = argument;

	(void)transaction;
	if (!search->ref && record_is(record, search->field, search->text))
		search->ref = record_ref(record);
}

/* The ref of the object whose field has that text; NULL: there is none. */
static const char *find(struct transaction *transaction, enum class_id cls, int field,
			const char *text)
{
	struct search search = {.field = field, .text = text};

	transaction_each(transaction, cls, compare, &search);
	return search.ref;
}

/* That object, made if there is none. */
static struct record *named(struct transaction *transaction, enum class_id cls, int field,
			    const char *text, bool *ret_new)
{
	const char *ref = find(transaction, cls, field, text);
	struct record *record = ref ? transaction_edit(transaction, cls, ref) :
				      transaction_create(transaction, cls, NULL);

	*ret_new = !ref;
	record_set_text(record, field, text);
	return record;
}

const struct record *network_find_bridge(struct transaction *transaction, const char *bridge)
{
	const char *ref = find(transaction, CLASS_network, network_bridge, bridge);

	return ref ? transaction_read(transaction, CLASS_network, ref) : NULL;
}

int network_check_bridge_name(const char *bridge, struct error *err)
{
	size_t length = strlen(bridge);

	if (length >= 1 && length < INTERFACE_NAME_SIZE && *bridge != '.' && *bridge != '-' &&
	    !bridge[strspn(bridge, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "_.-")])
		return 0;
	return fail(err, ERROR_INVALID_VALUE, "bridge: 1 to 15 letters, digits, _ . and -", bridge);
}

/* NULL: there is one already. */
static struct record *add_bridge(struct transaction *transaction, const char *bridge)
{
	bool is_new;
	struct record *network = named(transaction, CLASS_network, network_bridge, bridge, &is_new);

	if (!is_new)
		return NULL;
	record_set(network, network_name_label,
		   value_string_format("Network of the bridge %s", bridge));
	record_set(network, network_managed, value_bool(false));
	return network;
}

static void describe_bridge(struct transaction *transaction, const struct host_bridge *bridge)
{
	struct record *network = add_bridge(transaction, bridge->name);

	if (network)
		record_set_int(network, network_MTU, bridge->mtu);
}

const struct record *network_of_bridge(struct transaction *transaction, const char *bridge,
				       struct error *err)
{
	const struct record *network = network_find_bridge(transaction, bridge);

	if (network)
		return network;
	return network_check_bridge_name(bridge, err) < 0 ? NULL : add_bridge(transaction, bridge);
}

bool pif_is_nic(const struct record *pif, const struct host_nic *nic)
{
	return nic->tag ? record_is(pif, PIF_device, nic->parent) &&
				  record_int(pif, PIF_VLAN) == nic->tag :
			  record_is(pif, PIF_device, nic->name) && !pif_is_vlan(pif);
}

bool pif_is_vlan(const struct record *pif)
{
	return record_int(pif, PIF_VLAN) >= 0;
}

struct nic_search {
	const struct host_nic *nic;
	const char *ref; /* NULL: there is none */
};

static void compare_nic(struct transaction *transaction, const struct record *pif, void *argument)
{
	struct nic_search *search = argument;

	(void)transaction;
	if (pif_is_nic(pif, search->nic))
		search->ref = record_ref(pif);
}

/* Its PIF. One for a device is made; NULL: a VLAN that somebody else has made. */
static struct record *pif_of(struct transaction *transaction, const struct host_nic *nic)
{
	struct nic_search search = {.nic = nic};
	struct record *pif;

	transaction_each(transaction, CLASS_PIF, compare_nic, &search);
	if (search.ref)
		return transaction_edit(transaction, CLASS_PIF, search.ref);
	if (nic->tag)
		return NULL;
	pif = transaction_create(transaction, CLASS_PIF, NULL);
	record_set_text(pif, PIF_device, nic->name);
	return pif;
}

static void describe_nic(struct transaction *transaction, const struct record *host,
			 const struct host_nic *nic)
{
	const struct record *network =
		*nic->bridge ? network_find_bridge(transaction, nic->bridge) : NULL;
	struct record *pif = pif_of(transaction, nic);

	if (!pif)
		return;
	if (!nic->tag)
		record_set_text(pif, PIF_network, network ? record_ref(network) : NULL_REF);
	record_set(pif, PIF_host, value_reference(host->ref));
	record_set_text(pif, PIF_MAC, nic->mac);
	record_set_int(pif, PIF_MTU, nic->mtu);
	record_set(pif, PIF_currently_attached, value_bool(nic->up));
	record_set_text(pif, PIF_IP, nic->ip);
	record_set_text(pif, PIF_netmask, nic->netmask);
	record_set(pif, PIF_management,
		   value_bool(*nic->ip && record_is(host, host_address, nic->ip)));
	traffic_describe_pif(transaction, pif, nic);
}

struct gone {
	const struct host_interfaces *interfaces;
	struct value *refs; /* a set */
};

/* A VLAN of ours and what it is on stay: they may come back. */
static void find_gone_nic(struct transaction *transaction, const struct record *pif, void *argument)
{
	struct gone *gone = argument;

	for (int i = 0; i < gone->interfaces->nic_count; i++)
		if (pif_is_nic(pif, &gone->interfaces->nics[i]))
			return;
	if (pif_is_vlan(pif) || record_get(pif, PIF_VLAN_slave_of)->length)
		record_set(transaction_edit(transaction, CLASS_PIF, record_ref(pif)),
			   PIF_currently_attached, value_bool(false));
	else
		value_append(gone->refs, value_reference(pif->ref));
}

static void find_gone_bridge(struct transaction *transaction, const struct record *network,
			     void *argument)
{
	struct gone *gone = argument;

	(void)transaction;
	if (record_bool(network, network_managed) || record_get(network, network_VIFs)->length)
		return;
	for (int i = 0; i < gone->interfaces->bridge_count; i++)
		if (record_is(network, network_bridge, gone->interfaces->bridges[i].name))
			return;
	value_append(gone->refs, value_reference(network->ref));
}

static void delete_gone_nics(struct transaction *transaction,
			     const struct host_interfaces *interfaces)
{
	AUTO(value) refs = value_set();
	struct gone gone = {interfaces, refs};

	transaction_each(transaction, CLASS_PIF, find_gone_nic, &gone);
	for (uint32_t i = 0; i < refs->length; i++) {
		const struct record *pif =
			transaction_read(transaction, CLASS_PIF, refs->items[i]->text);

		transaction_delete(transaction, CLASS_PIF_metrics, record_text(pif, PIF_metrics));
		transaction_delete(transaction, CLASS_PIF, refs->items[i]->text);
	}
}

static void delete_gone_bridges(struct transaction *transaction,
				const struct host_interfaces *interfaces)
{
	AUTO(value) refs = value_set();
	struct gone gone = {interfaces, refs};

	transaction_each(transaction, CLASS_network, find_gone_bridge, &gone);
	for (uint32_t i = 0; i < refs->length; i++)
		transaction_delete(transaction, CLASS_network, refs->items[i]->text);
}

void network_describe_host(struct transaction *transaction, const struct record *host,
			   const struct host_interfaces *interfaces)
{
	delete_gone_nics(transaction, interfaces);
	delete_gone_bridges(transaction, interfaces);
	for (int i = 0; i < interfaces->bridge_count; i++)
		describe_bridge(transaction, &interfaces->bridges[i]);
	for (int i = 0; i < interfaces->nic_count; i++)
		describe_nic(transaction, host, &interfaces->nics[i]);
}

int network_check_mtu(int64_t mtu, struct error *err)
{
	char text[32];

	if (mtu >= MTU_LEAST && mtu <= MTU_MOST)
		return 0;
	snprintf(text, sizeof(text), "%lld", (long long)mtu);
	return fail(err, ERROR_INVALID_VALUE, "MTU: 68 to 65535", text);
}

int network_check(const struct record *network, struct error *err)
{
	return network_check_mtu(record_int(network, network_MTU), err);
}
