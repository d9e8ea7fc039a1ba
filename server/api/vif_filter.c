/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vif_filter.c – what VMs may send over network interfaces, and the network one belongs to */
#include "server/api/vif.h"

#include "schema/log.h"
#include "server/api/vm.h"

#include <arpa/inet.h>

static int check_addresses(const struct record *vif, int field, int family, struct error *err)
{
	const struct value *addresses = record_get(vif, field);
	const char *name = vif->cls->fields[field].name;
	struct in6_addr ignored;
	AUTO_TEXT wanted = text_format("%s: at most %d addresses", name, NIC_ADDRESSES_MOST);

	if (addresses->length > NIC_ADDRESSES_MOST)
		return fail(err, ERROR_INVALID_VALUE, wanted, addresses->items[0]->text);
	for (uint32_t i = 0; i < addresses->length; i++)
		if (inet_pton(family, addresses->items[i]->text, &ignored) != 1)
			return fail(err, ERROR_INVALID_VALUE, name, addresses->items[i]->text);
	return 0;
}

int vif_check_filter(const struct record *vif, struct error *err)
{
	if (check_addresses(vif, VIF_ipv4_allowed, AF_INET, err) < 0)
		return -1;
	return check_addresses(vif, VIF_ipv6_allowed, AF_INET6, err);
}

static enum nic_lock lock_of(const struct record *vif, const struct record *network)
{
	bool is_default = record_is(vif, VIF_locking_mode, "network_default");
	const char *mode = is_default ? record_text(network, network_default_locking_mode) :
					record_text(vif, VIF_locking_mode);

	if (strcmp(mode, "locked") == 0)
		return NIC_LOCKED;
	return strcmp(mode, "disabled") == 0 ? NIC_DISABLED : NIC_UNLOCKED;
}

void vif_read_filter(const struct record *vif, const struct record *network, struct nic_config *nic)
{
	const struct value *ipv4 = record_get(vif, VIF_ipv4_allowed);
	const struct value *ipv6 = record_get(vif, VIF_ipv6_allowed);

	nic->lock = lock_of(vif, network);
	for (uint32_t i = 0; i < ipv4->length && i < NIC_ADDRESSES_MOST; i++)
		nic->ipv4_count +=
			inet_pton(AF_INET, ipv4->items[i]->text, &nic->ipv4[nic->ipv4_count]) == 1;
	for (uint32_t i = 0; i < ipv6->length && i < NIC_ADDRESSES_MOST; i++)
		nic->ipv6_count +=
			inet_pton(AF_INET6, ipv6->items[i]->text, &nic->ipv6[nic->ipv6_count]) == 1;
}

void vif_follow_filters(struct api *api, const struct record *vm)
{
	const struct value *vifs = record_get(vm, VM_VIFs);

	for (uint32_t i = 0; i < vifs->length; i++) {
		AUTO(record) vif = store_read(api->store, CLASS_VIF, vifs->items[i]->text);
		struct hypervisor_error reason = {0};
		struct nic_config nic;
		AUTO_ERROR ignored = {0};

		if (!vif || !record_bool(vif, VIF_currently_attached) ||
		    vif_read(api, vif, &nic, &ignored) < 0)
			continue;
		if (hypervisor_set_nic_filter(api->hypervisor, record_uuid(vm), &nic, &reason) < 0)
			log_warning("VIF %s: %s", record_uuid(vif), reason.text);
	}
}

/* A domain that has the interface is told first. */
static int tell(struct call *call, const struct record *before, const struct record *after,
		struct error *err)
{
	struct hypervisor *hypervisor = call->api->hypervisor;
	const struct record *vm = call->operation->vm;
	struct hypervisor_error reason = {0}, ignored;
	struct nic_config old, new;

	if (vif_read(call->api, before, &old, err) < 0 || vif_read(call->api, after, &new, err) < 0)
		return -1;
	if (hypervisor_set_nic_filter(hypervisor, record_uuid(vm), &new, &reason) < 0)
		return fail_hypervisor(err, vm, call->operation->id, &reason);
	if (strcmp(old.bridge, new.bridge) == 0 ||
	    hypervisor_move_nic(hypervisor, record_uuid(vm), new.device, new.bridge, &reason) == 0)
		return 0;
	hypervisor_set_nic_filter(hypervisor, record_uuid(vm), &old, &ignored);
	return fail_hypervisor(err, vm, call->operation->id, &reason);
}

struct vif_edit {
	const char *ref;
	int field;
	const struct value *value;
};

static int store_edit(struct transaction *transaction, void *argument, struct error *err)
{
	const struct vif_edit *edit = argument;
	struct record *vif = transaction_edit(transaction, CLASS_VIF, edit->ref);

	if (!vif)
		return fail(err, ERROR_HANDLE_INVALID, "VIF", edit->ref);
	record_set(vif, edit->field, value_reference(edit->value));
	return 0;
}

int vif_change(struct call *call, const struct record *vif, const struct record *changed,
	       mutation_fn store, void *argument, struct error *err)
{
	bool attached = record_bool(vif, VIF_currently_attached);
	AUTO_ERROR ignored = {0};

	if (vif_check_filter(changed, err) < 0 || (attached && tell(call, vif, changed, err) < 0))
		return -1;
	if (store_mutate(call->api->store, store, argument, err) == 0)
		return 0;
	if (attached)
		tell(call, changed, vif, &ignored);
	return -1;
}

/* Of a VIF that its VM may have attached or not; takes the value. */
static int change(struct call *call, const struct record *vif, int field, struct value *taken,
		  struct error *err)
{
	AUTO(value) value = taken;
	AUTO(record) changed = record_copy(vif);
	struct vif_edit edit = {record_ref(vif), field, value};

	record_set(changed, field, value_reference(value));
	return vif_change(call, vif, changed, store_edit, &edit, err);
}

/* As it is now that the VM is ours. */
static struct record *read_vif(struct call *call, struct error *err)
{
	struct record *vif = store_read(call->api->store, CLASS_VIF, argument_text(call, 0));

	if (!vif)
		fail(err, ERROR_HANDLE_INVALID, "VIF", argument_text(call, 0));
	return vif;
}

static int set_argument(struct call *call, int field, struct error *err)
{
	AUTO(record) vif = read_vif(call, err);

	return vif ? change(call, vif, field, value_reference(call->arguments[1]), err) : -1;
}

static int add_argument(struct call *call, int field, struct error *err)
{
	AUTO(record) vif = read_vif(call, err);
	const char *text = argument_text(call, 1);

	if (!vif)
		return -1;
	if (value_set_has(record_get(vif, field), text))
		return 0;
	return change(call, vif, field, value_set_with(record_get(vif, field), text), err);
}

static int remove_argument(struct call *call, int field, struct error *err)
{
	AUTO(record) vif = read_vif(call, err);
	const char *text = argument_text(call, 1);

	if (!vif)
		return -1;
	if (!value_set_has(record_get(vif, field), text))
		return 0;
	return change(call, vif, field, value_set_without(record_get(vif, field), text), err);
}

int run_VIF_set_locking_mode(struct call *call, struct error *err)
{
	return set_argument(call, VIF_locking_mode, err);
}

int run_VIF_set_ipv4_allowed(struct call *call, struct error *err)
{
	return set_argument(call, VIF_ipv4_allowed, err);
}

int run_VIF_add_ipv4_allowed(struct call *call, struct error *err)
{
	return add_argument(call, VIF_ipv4_allowed, err);
}

int run_VIF_remove_ipv4_allowed(struct call *call, struct error *err)
{
	return remove_argument(call, VIF_ipv4_allowed, err);
}

int run_VIF_set_ipv6_allowed(struct call *call, struct error *err)
{
	return set_argument(call, VIF_ipv6_allowed, err);
}

int run_VIF_add_ipv6_allowed(struct call *call, struct error *err)
{
	return add_argument(call, VIF_ipv6_allowed, err);
}

int run_VIF_remove_ipv6_allowed(struct call *call, struct error *err)
{
	return remove_argument(call, VIF_ipv6_allowed, err);
}

int run_VIF_move(struct call *call, struct error *err)
{
	if (ref_is_null(argument_text(call, 1)))
		return fail(err, ERROR_HANDLE_INVALID, "network", argument_text(call, 1));
	return set_argument(call, VIF_network, err);
}

static bool is_in_use(struct transaction *transaction, const struct record *vif)
{
	const struct record *vm = transaction_read(transaction, CLASS_VM, record_text(vif, VIF_VM));

	return record_is(vif, VIF_locking_mode, "network_default") &&
	       (record_bool(vif, VIF_currently_attached) ||
		(vm && record_get(vm, VM_current_operations)->length));
}

/* The interfaces that domains have keep the mode that they were given. */
int run_network_set_default_locking_mode(struct call *call, struct error *err)
{
	struct record *network = call_edit(call, CLASS_network, 0, err);
	const struct value *vifs = network ? record_get(network, network_VIFs) : NULL;

	if (!network)
		return -1;
	if (record_is(network, network_default_locking_mode, argument_text(call, 1)))
		return 0;
	for (uint32_t i = 0; i < vifs->length; i++) {
		const struct record *vif =
			transaction_read(call->transaction, CLASS_VIF, vifs->items[i]->text);

		if (vif && is_in_use(call->transaction, vif))
			return fail(err, ERROR_VIF_IN_USE, record_ref(network), record_ref(vif));
	}
	record_set(network, network_default_locking_mode, value_reference(call->arguments[1]));
	return 0;
}
