/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dpci.c – PCI devices of the host that VMs get: records, and what a domain is built with. */
#include "server/api/dpci.h"

#include "server/api/device.h"
#include "server/api/vm.h"

#include <inttypes.h>

#define SLOT_MOST 31

/* A guest keeps what it was started with. */
static int check_vm(const struct record *vm, struct error *err)
{
	if (device_check_vm(vm, err) < 0)
		return -1;
	return record_is(vm, VM_power_state, "Halted") ?
		       0 :
		       fail_power_state(err, vm, OPERATION_changing_PCIs);
}

/* Another one of the VM with that device, or that slot. */
static int check_others(struct transaction *transaction, const struct record *vm,
			const struct record *dpci, struct error *err)
{
	const struct value *others = record_get(vm, VM_DPCIs);
	const char *device = record_text(dpci, DPCI_PPCI);
	int64_t slot = record_int(dpci, DPCI_hotplug_slot);

	for (uint32_t i = 0; i < others->length; i++) {
		const struct record *other =
			transaction_read(transaction, CLASS_DPCI, others->items[i]->text);
		AUTO_TEXT text = text_format("%" PRId64, slot);

		if (record_is(other, DPCI_PPCI, device))
			return fail(err, ERROR_DEVICE_ALREADY_EXISTS, device);
		if (slot > 0 && record_int(other, DPCI_hotplug_slot) == slot)
			return fail(err, ERROR_DEVICE_ALREADY_EXISTS, text);
	}
	return 0;
}

static int check(struct transaction *transaction, const struct record *dpci, struct error *err)
{
	const char *name = record_text(dpci, DPCI_VM);
	const struct record *vm = transaction_read(transaction, CLASS_VM, name);
	int64_t slot = record_int(dpci, DPCI_hotplug_slot);
	AUTO_TEXT text = text_format("%" PRId64, slot);

	if (!vm)
		return fail(err, ERROR_HANDLE_INVALID, "VM", name);
	if (!transaction_read(transaction, CLASS_PPCI, record_text(dpci, DPCI_PPCI)))
		return fail(err, ERROR_HANDLE_INVALID, "PPCI", record_text(dpci, DPCI_PPCI));
	if (slot < 0 || slot > SLOT_MOST)
		return fail(err, ERROR_INVALID_VALUE, "hotplug_slot: 0 to 31", text);
	if (check_vm(vm, err) < 0)
		return -1;
	return check_others(transaction, vm, dpci, err);
}

int run_DPCI_create(struct call *call, struct error *err)
{
	struct record *dpci = transaction_create(call->transaction, CLASS_DPCI, NULL);

	if (record_fill(call->transaction, dpci, call->arguments[0], err) < 0 ||
	    check(call->transaction, dpci, err) < 0)
		return -1;
	call->result = value_string(record_ref(dpci));
	return 0;
}

int run_DPCI_destroy(struct call *call, struct error *err)
{
	const struct record *dpci = call_edit(call, CLASS_DPCI, 0, err);
	const struct record *vm =
		dpci ? transaction_read(call->transaction, CLASS_VM, record_text(dpci, DPCI_VM)) :
		       NULL;

	if (!dpci || (vm && check_vm(vm, err) < 0))
		return -1;
	transaction_delete(call->transaction, CLASS_DPCI, record_ref(dpci));
	return 0;
}

void dpci_delete_all(struct transaction *transaction, const struct record *vm)
{
	const struct value *dpcis = record_get(vm, VM_DPCIs);

	for (uint32_t i = 0; i < dpcis->length; i++)
		transaction_delete(transaction, CLASS_DPCI, dpcis->items[i]->text);
}

static void set_virtual(struct record *dpci, bool known)
{
	int64_t slot = record_int(dpci, DPCI_hotplug_slot);

	record_set_int(dpci, DPCI_virtual_domain, known ? 0 : -1);
	record_set_int(dpci, DPCI_virtual_bus, known ? 0 : -1);
	record_set_int(dpci, DPCI_virtual_slot, known ? slot : -1);
	record_set_int(dpci, DPCI_virtual_func, known ? 0 : -1);
	record_set(dpci, DPCI_virtual_name,
		   known ? value_string_format("0000:00:%02x.0", (unsigned)slot) :
			   value_string(""));
}

/* The same device in today's way. */
struct search {
	const char *address;
	struct value *refs;
};

static void find_pci(struct transaction *transaction, const struct record *pci, void *argument)
{
	struct search *search = argument;

	(void)transaction;
	if (record_is(pci, PCI_pci_id, search->address))
		value_append(search->refs, value_reference(pci->ref));
}

void dpci_follow_vm(struct transaction *transaction, struct record *vm)
{
	const struct value *dpcis = record_get(vm, VM_DPCIs);
	bool live = vm_is_live(vm);
	struct value *attached = value_set();

	for (uint32_t i = 0; i < dpcis->length; i++) {
		struct record *dpci =
			transaction_edit(transaction, CLASS_DPCI, dpcis->items[i]->text);
		const struct record *ppci = dpci ? transaction_read(transaction, CLASS_PPCI,
								    record_text(dpci, DPCI_PPCI)) :
						   NULL;
		struct search search = {ppci ? record_text(ppci, PPCI_name) : "", attached};

		if (dpci)
			set_virtual(dpci, live && vm_is_hvm(vm) &&
						  record_int(dpci, DPCI_hotplug_slot) > 0);
		if (live && ppci)
			transaction_each(transaction, CLASS_PCI, find_pci, &search);
	}
	record_set(vm, VM_attached_PCIs, attached);
}

int dpci_read_all(struct api *api, const struct record *vm, struct pci_config **ret_devices,
		  size_t *ret_count, struct error *err)
{
	const struct value *dpcis = record_get(vm, VM_DPCIs);
	struct pci_config *devices = allocate(dpcis->length * sizeof(*devices) + 1);
	size_t count = 0;

	for (uint32_t i = 0; i < dpcis->length; i++) {
		AUTO(record) dpci = store_read(api->store, CLASS_DPCI, dpcis->items[i]->text);
		AUTO(record) ppci =
			dpci ? store_read(api->store, CLASS_PPCI, record_text(dpci, DPCI_PPCI)) :
			       NULL;

		if (!ppci) {
			free(devices);
			return fail(err, ERROR_HANDLE_INVALID, "PPCI",
				    dpci ? record_text(dpci, DPCI_PPCI) : NULL_REF);
		}
		devices[count++] = (struct pci_config){
			.domain = (unsigned)record_int(ppci, PPCI_domain),
			.bus = (unsigned)record_int(ppci, PPCI_bus),
			.slot = (unsigned)record_int(ppci, PPCI_slot),
			.function = (unsigned)record_int(ppci, PPCI_func),
			.guest_slot = (unsigned)record_int(dpci, DPCI_hotplug_slot)};
	}
	*ret_devices = devices;
	*ret_count = count;
	return 0;
}
