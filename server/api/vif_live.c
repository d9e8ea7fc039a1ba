/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vif_live.c – network interfaces of domains: what one is built with, plugged and unplugged. */
#include "server/api/vif.h"

#include "schema/log.h"
#include "server/api/vm.h"

#include <stdio.h>

#define DEVICES_MOST 256

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

struct following {
	const char *vm;
	int devices[DEVICES_MOST];
	size_t count;
};

static bool is_there(const struct following *following, int device)
{
	for (size_t i = 0; i < following->count; i++)
		if (following->devices[i] == device)
			return true;
	return false;
}

static int follow(struct transaction *transaction, void *argument, struct error *err)
{
	const struct following *following = argument;
	const struct record *vm = transaction_read(transaction, CLASS_VM, following->vm);
	const struct value *vifs;

	(void)err;
	if (!vm || !vm_is_live(vm))
		return 0;
	vifs = record_get(vm, VM_VIFs);
	for (uint32_t i = 0; i < vifs->length; i++) {
		struct record *vif = transaction_edit(transaction, CLASS_VIF, vifs->items[i]->text);

		if (vif)
			vif_set_state(vif, vm,
				      is_there(following, atoi(record_text(vif, VIF_device))));
	}
	return 0;
}

void vif_follow_domain(struct api *api, const struct record *vm)
{
	struct following following = {.vm = record_ref(vm)};
	struct hypervisor_error reason = {0};
	AUTO_ERROR err = {0};

	if (record_get(vm, VM_VIFs)->length == 0)
		return;
	if (hypervisor_get_nics(api->hypervisor, record_uuid(vm), following.devices, DEVICES_MOST,
				&following.count, &reason) < 0) {
		log_warning("VM %s: its network interfaces are not known: %s", record_uuid(vm),
			    reason.text);
		return;
	}
	following.count = following.count < DEVICES_MOST ? following.count : DEVICES_MOST;
	store_mutate(api->store, follow, &following, &err);
}

static int set_attached(struct call *call, struct transaction *transaction, struct record *vm,
			bool attached, struct error *err)
{
	struct record *vif = transaction_edit(transaction, CLASS_VIF, argument_text(call, 0));

	if (!vif)
		return fail(err, ERROR_HANDLE_INVALID, "VIF", argument_text(call, 0));
	/* the guest has stopped meanwhile */
	if (!vm_is_live(vm))
		return fail_power_state(err, vm, call->operation->id);
	vif_set_state(vif, vm, attached);
	return 0;
}

static int note_attached(struct call *call, struct transaction *transaction, struct record *vm,
			 struct error *err)
{
	return set_attached(call, transaction, vm, true, err);
}

static int note_detached(struct call *call, struct transaction *transaction, struct record *vm,
			 struct error *err)
{
	return set_attached(call, transaction, vm, false, err);
}

/* As it is now that the VM is ours; NULL: it is gone, or is not as `attached` says. */
static struct record *find_vif(struct call *call, bool attached, struct error *err)
{
	AUTO(record) vif = store_read(call->api->store, CLASS_VIF, argument_text(call, 0));

	if (!vif)
		fail(err, ERROR_HANDLE_INVALID, "VIF", argument_text(call, 0));
	else if (record_bool(vif, VIF_currently_attached) != attached)
		fail(err, attached ? ERROR_DEVICE_ALREADY_DETACHED : ERROR_DEVICE_ALREADY_ATTACHED,
		     record_ref(vif));
	else
		return TAKE(vif);
	return NULL;
}

int run_VIF_plug(struct call *call, struct error *err)
{
	const struct record *vm = call->operation->vm;
	AUTO(record) vif = find_vif(call, false, err);
	struct hypervisor_error reason = {0};
	struct nic_config nic;

	if (!vif || vif_read(call->api, vif, &nic, err) < 0)
		return -1;
	if (hypervisor_attach_nic(call->api->hypervisor, record_uuid(vm), &nic, &reason) < 0)
		return fail_hypervisor(err, vm, call->operation->id, &reason);
	if (operation_commit(call, note_attached, err) == 0)
		return 0;
	hypervisor_detach_nic(call->api->hypervisor, record_uuid(vm), nic.device, true, &reason);
	return -1;
}

static int unplug(struct call *call, bool force, struct error *err)
{
	const struct record *vm = call->operation->vm;
	AUTO(record) vif = find_vif(call, true, err);
	struct hypervisor_error reason = {0};
	struct nic_config nic;

	if (!vif || vif_read(call->api, vif, &nic, err) < 0)
		return -1;
	if (hypervisor_detach_nic(call->api->hypervisor, record_uuid(vm), nic.device, force,
				  &reason) < 0)
		return fail_hypervisor(err, vm, call->operation->id, &reason);
	if (operation_commit(call, note_detached, err) == 0)
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
