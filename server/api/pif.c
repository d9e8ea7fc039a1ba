/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pif.c – the host's network interfaces: found anew, brought up, taken down */
#include "server/api/dry_run.h"
#include "server/api/network.h"
#include "server/api/vm.h"

#include <stdio.h>

struct finding {
	const char *host_ref;
	struct host_interfaces interfaces;
	const struct record *switched; /* in a dry run this one would be up, or not */
	bool up;
};

static int describe(struct transaction *transaction, void *argument, struct error *err)
{
	const struct finding *finding = argument;
	const struct record *host = transaction_read(transaction, CLASS_host, finding->host_ref);

	(void)err;
	if (host)
		network_describe_host(transaction, host, &finding->interfaces);
	return 0;
}

static int scan(struct api *api, const struct value *ref, struct finding *finding,
		struct error *err)
{
	struct hypervisor_error reason = {0};

	finding->host_ref = api->host_ref;
	if (hypervisor_get_interfaces(api->hypervisor, &finding->interfaces, &reason) < 0)
		return fail_hypervisor_host(err, ref, &reason);
	for (int i = 0; i < finding->interfaces.nic_count && dry_run_is_on(); i++)
		if (finding->switched &&
		    pif_is_nic(finding->switched, &finding->interfaces.nics[i]))
			finding->interfaces.nics[i].up = finding->up;
	return store_mutate(api->store, describe, finding, err);
}

int network_scan(struct api *api, const struct value *ref, struct error *err)
{
	struct finding finding = {0};

	return scan(api, ref, &finding, err);
}

int run_PIF_scan(struct call *call, struct error *err)
{
	return network_scan(call->api, call->arguments[0], err);
}

void pif_read_name(const struct record *pif, char ret_name[INTERFACE_NAME_SIZE])
{
	const char *device = record_text(pif, PIF_device);

	if (pif_is_vlan(pif))
		snprintf(ret_name, INTERFACE_NAME_SIZE, "%s.%d", device,
			 (int)record_int(pif, PIF_VLAN));
	else
		snprintf(ret_name, INTERFACE_NAME_SIZE, "%s", device);
}

static int set_up(struct call *call, bool up, struct error *err)
{
	const struct record *pif = call->self;
	struct finding finding = {.switched = pif, .up = up};
	struct hypervisor_error reason = {0};
	char name[INTERFACE_NAME_SIZE];

	pif_read_name(pif, name);
	if (hypervisor_set_interface_up(call->api->hypervisor, name, up, &reason) < 0)
		return fail_hypervisor_host(err, pif->ref, &reason);
	return scan(call->api, pif->ref, &finding, err);
}

int run_PIF_plug(struct call *call, struct error *err)
{
	return set_up(call, true, err);
}

int pif_check_unused(struct api *api, const struct record *pif, struct error *err)
{
	AUTO(record) network = store_read(api->store, CLASS_network, record_text(pif, PIF_network));
	const struct value *vifs = network ? record_get(network, network_VIFs) : NULL;

	for (uint32_t i = 0; vifs && i < vifs->length; i++) {
		AUTO(record) vif = store_read(api->store, CLASS_VIF, vifs->items[i]->text);

		if (vif && record_bool(vif, VIF_currently_attached))
			return fail(err, ERROR_VIF_IN_USE, record_ref(network), record_ref(vif));
	}
	return 0;
}

/* Who takes it down must not lose the way to the server, nor a guest its network. */
static int check_unplug(struct call *call, const struct record *pif, struct error *err)
{
	if (record_bool(pif, PIF_management))
		return fail(err, ERROR_PIF_IS_MANAGEMENT_INTERFACE, record_ref(pif));
	if (record_bool(pif, PIF_disallow_unplug))
		return fail(err, ERROR_PIF_DOES_NOT_ALLOW_UNPLUG, record_ref(pif));
	return pif_check_unused(call->api, pif, err);
}

int run_host_get_management_interface(struct call *call, struct error *err)
{
	const struct value *pifs = record_get(call->self, host_PIFs);

	(void)err;
	call->result = value_string(NULL_REF);
	for (uint32_t i = 0; i < pifs->length; i++) {
		AUTO(record) pif = store_read(call->api->store, CLASS_PIF, pifs->items[i]->text);

		if (!pif || !record_bool(pif, PIF_management))
			continue;
		value_release(call->result);
		call->result = value_reference(pifs->items[i]);
		break;
	}
	return 0;
}

int run_PIF_unplug(struct call *call, struct error *err)
{
	return check_unplug(call, call->self, err) < 0 ? -1 : set_up(call, false, err);
}

int run_PIF_set_disallow_unplug(struct call *call, struct error *err)
{
	struct record *pif = call_edit(call, CLASS_PIF, 0, err);

	if (!pif)
		return -1;
	record_set(pif, PIF_disallow_unplug, value_bool(argument_bool(call, 1)));
	return 0;
}
