/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vif_live.c – network interfaces of domains: what one is built with, plugged and unplugged. */
#include "server/api/vif.h"

#include "server/api/device.h"
#include "server/api/vm.h"

#include <stdio.h>

/* KiB per second as qos_algorithm_params has it; 0: no limit. */
static int read_rate(const struct record *vif, int64_t *ret_bytes, struct error *err)
{
	const char *text = value_find_text(record_get(vif, VIF_qos_algorithm_params), "kbps");
	size_t length = text ? strlen(text) : 0;

	*ret_bytes = 0;
	if (!record_is(vif, VIF_qos_algorithm_type, "ratelimit") || !text)
		return 0;
	if (length < 1 || length > 9 || text[strspn(text, "0123456789")])
		return fail(err, ERROR_INVALID_VALUE,
			    "qos_algorithm_params:kbps: a number of KiB per second", text);
	*ret_bytes = strtoll(text, NULL, 10) * 1024;
	return 0;
}

int vif_read(struct api *api, const struct record *vif, struct nic_config *ret_nic,
	     struct error *err)
{
	AUTO(record) network = store_read(api->store, CLASS_network, record_text(vif, VIF_network));

	*ret_nic = (struct nic_config){.device = atoi(record_text(vif, VIF_device)),
				       .mtu = (int)record_int(vif, VIF_MTU)};
	if (!network)
		return fail(err, ERROR_HANDLE_INVALID, "network", record_text(vif, VIF_network));
	snprintf(ret_nic->mac, sizeof(ret_nic->mac), "%s", record_text(vif, VIF_MAC));
	snprintf(ret_nic->bridge, sizeof(ret_nic->bridge), "%s",
		 record_text(network, network_bridge));
	vif_read_filter(vif, network, ret_nic);
	return read_rate(vif, &ret_nic->rate_bytes, err);
}

int vif_read_all(struct api *api, const struct record *vm, struct nic_config **ret_nics,
		 size_t *ret_count, struct error *err)
{
	const struct value *vifs = record_get(vm, VM_VIFs);
	struct nic_config *nics = allocate(vifs->length * sizeof(*nics) + 1);
	size_t count = 0;

	for (uint32_t i = 0; i < vifs->length; i++) {
		AUTO(record) vif = store_read(api->store, CLASS_VIF, vifs->items[i]->text);

		if (vif && vif_read(api, vif, &nics[count++], err) < 0) {
			free(nics);
			return -1;
		}
	}
	*ret_nics = nics;
	*ret_count = count;
	return 0;
}

int run_VIF_plug(struct call *call, struct error *err)
{
	const struct record *vm = call->operation->vm;
	AUTO(record) vif = device_take(call, false, err);
	struct hypervisor_error reason = {0};
	struct nic_config nic;

	if (!vif || vif_read(call->api, vif, &nic, err) < 0)
		return -1;
	if (hypervisor_attach_nic(call->api->hypervisor, record_uuid(vm), &nic, &reason) < 0)
		return fail_hypervisor(err, vm, call->operation->id, &reason);
	if (device_commit(call, true, err) == 0)
		return 0;
	hypervisor_detach_nic(call->api->hypervisor, record_uuid(vm), nic.device, true, &reason);
	return -1;
}

static int unplug(struct call *call, bool force, struct error *err)
{
	const struct record *vm = call->operation->vm;
	AUTO(record) vif = device_take(call, true, err);
	struct hypervisor_error reason = {0};
	struct nic_config nic;

	if (!vif || vif_read(call->api, vif, &nic, err) < 0)
		return -1;
	if (hypervisor_detach_nic(call->api->hypervisor, record_uuid(vm), nic.device, force,
				  &reason) < 0)
		return fail_hypervisor(err, vm, call->operation->id, &reason);
	if (device_commit(call, false, err) == 0)
		return 0;
	hypervisor_attach_nic(call->api->hypervisor, record_uuid(vm), &nic, &reason);
	return -1;
}

int run_VIF_unplug(struct call *call, struct error *err)
{
	return unplug(call, false, err);
}

int run_VIF_unplug_force(struct call *call, struct error *err)
{
	return unplug(call, true, err);
}
