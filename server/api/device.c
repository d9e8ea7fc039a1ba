/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* device.c – what VIFs and VBDs share: devices of a VM, which its domain has or has not. */
#include "server/api/device.h"

#include "schema/log.h"
#include "server/api/traffic.h"

#include <assert.h>

#define NUMBERS_MOST 256

static const struct device_kind *const kinds[] = {&vif_kind, &vbd_kind};

static const struct device_kind *kind_of(const struct record *device)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i]->cls == device->cls->id)
			return kinds[i];
	assert(!"no device");
	return NULL;
}

const struct record *device_find(struct transaction *transaction, const struct device_kind *kind,
				 const struct record *vm, const char *number)
{
	const struct value *devices = record_get(vm, kind->list);

	for (uint32_t i = 0; i < devices->length; i++) {
		const struct record *device =
			transaction_read(transaction, kind->cls, devices->items[i]->text);

		if (device && record_is(device, kind->number, number))
			return device;
	}
	return NULL;
}

int device_check_vm(const struct record *vm, struct error *err)
{
	if (!record_bool(vm, VM_is_managed))
		return fail_unmanaged(err, vm);
	if (record_bool(vm, VM_is_control_domain))
		return fail(err, ERROR_OPERATION_NOT_ALLOWED,
			    "This operation is not allowed on a control domain");
	/* its domain is built from those that there are */
	return record_get(vm, VM_current_operations)->length ? fail_busy(err, vm) : 0;
}

struct record *device_edit_detached(struct call *call, const struct device_kind *kind,
				    struct error *err)
{
	struct record *device = call_edit(call, kind->cls, 0, err);

	if (!device || !record_bool(device, kind->attached))
		return device;
	fail(err, ERROR_OPERATION_NOT_ALLOWED, "the VM's domain has the device: unplug it first");
	return NULL;
}

static void delete_one(struct transaction *transaction, const struct device_kind *kind,
		       const struct record *device)
{
	traffic_forget(transaction, device);
	transaction_delete(transaction, kind->cls, record_ref(device));
}

int device_destroy(struct call *call, const struct device_kind *kind, struct error *err)
{
	const struct record *device = device_edit_detached(call, kind, err);

	if (!device)
		return -1;
	delete_one(call->transaction, kind, device);
	return 0;
}

static bool follows(const struct device_kind *kind, const struct record *device,
		    const struct record *vm, enum device_change change)
{
	if (change == DEVICES_STAY)
		return record_bool(device, kind->attached);
	return change == DEVICES_ATTACHED && (!kind->is_given || kind->is_given(device, vm));
}

static void follow_vm(struct transaction *transaction, const struct device_kind *kind,
		      const struct record *vm, enum device_change change)
{
	const struct value *devices = record_get(vm, kind->list);

	for (uint32_t i = 0; i < devices->length; i++) {
		struct record *device =
			transaction_edit(transaction, kind->cls, devices->items[i]->text);

		if (device)
			kind->set_state(transaction, device, vm, follows(kind, device, vm, change));
	}
}

void devices_follow_vm(struct transaction *transaction, const struct record *vm,
		       enum device_change change)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		follow_vm(transaction, kinds[i], vm, change);
}

static void delete_all(struct transaction *transaction, const struct device_kind *kind,
		       const struct record *vm)
{
	const struct value *devices = record_get(vm, kind->list);

	for (uint32_t i = 0; i < devices->length; i++) {
		const struct record *device =
			transaction_read(transaction, kind->cls, devices->items[i]->text);

		if (device)
			delete_one(transaction, kind, device);
	}
}

void devices_delete(struct transaction *transaction, const struct record *vm)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		delete_all(transaction, kinds[i], vm);
}

struct following {
	const struct device_kind *kind;
	const char *vm;
	int numbers[NUMBERS_MOST];
	size_t count;
};

static bool is_there(const struct following *following, const struct record *device)
{
	int number = atoi(record_text(device, following->kind->number));

	for (size_t i = 0; i < following->count; i++)
		if (following->numbers[i] == number)
			return true;
	return false;
}

static int follow(struct transaction *transaction, void *argument, struct error *err)
{
	const struct following *following = argument;
	const struct record *vm = transaction_read(transaction, CLASS_VM, following->vm);
	const struct value *devices;

	(void)err;
	if (!vm || !vm_is_live(vm))
		return 0;
	devices = record_get(vm, following->kind->list);
	for (uint32_t i = 0; i < devices->length; i++) {
		struct record *device = transaction_edit(transaction, following->kind->cls,
							 devices->items[i]->text);

		if (device)
			following->kind->set_state(transaction, device, vm,
						   is_there(following, device));
	}
	return 0;
}

static void follow_domain(struct api *api, const struct device_kind *kind, const struct record *vm)
{
	struct following following = {.kind = kind, .vm = record_ref(vm)};
	struct hypervisor_error reason = {0};
	AUTO_ERROR err = {0};

	if (record_get(vm, kind->list)->length == 0)
		return;
	if (kind->get_numbers(api->hypervisor, record_uuid(vm), following.numbers, NUMBERS_MOST,
			      &following.count, &reason) < 0) {
		log_warning("VM %s: its %s are not known: %s", record_uuid(vm), kind->words,
			    reason.text);
		return;
	}
	following.count = following.count < NUMBERS_MOST ? following.count : NUMBERS_MOST;
	store_mutate(api->store, follow, &following, &err);
}

void devices_follow_domain(struct api *api, const struct record *vm)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		follow_domain(api, kinds[i], vm);
}

struct record *device_take(struct call *call, bool attached, struct error *err)
{
	const struct device_kind *kind = kind_of(call->self);
	AUTO(record) device = store_read(call->api->store, kind->cls, record_ref(call->self));

	if (!device)
		fail(err, ERROR_HANDLE_INVALID, schema_classes[kind->cls]->name,
		     record_ref(call->self));
	else if (record_bool(device, kind->attached) != attached)
		fail(err, attached ? ERROR_DEVICE_ALREADY_DETACHED : ERROR_DEVICE_ALREADY_ATTACHED,
		     record_ref(device));
	else
		return TAKE(device);
	return NULL;
}

static int set_attached(struct call *call, struct transaction *transaction, struct record *vm,
			bool attached, struct error *err)
{
	const struct device_kind *kind = kind_of(call->self);
	struct record *device = transaction_edit(transaction, kind->cls, record_ref(call->self));

	if (!device)
		return fail(err, ERROR_HANDLE_INVALID, schema_classes[kind->cls]->name,
			    record_ref(call->self));
	/* the guest has stopped meanwhile */
	if (!vm_is_live(vm))
		return fail_power_state(err, vm, call->operation->id);
	kind->set_state(transaction, device, vm, attached);
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

int device_commit(struct call *call, bool attached, struct error *err)
{
	return operation_commit(call, attached ? note_attached : note_detached, err);
}

static bool has_number(struct api *api, const struct device_kind *kind, const struct record *vm,
		       int number)
{
	const struct value *devices = record_get(vm, kind->list);

	for (uint32_t i = 0; i < devices->length; i++) {
		AUTO(record) device = store_read(api->store, kind->cls, devices->items[i]->text);

		if (device && atoi(record_text(device, kind->number)) == number)
			return true;
	}
	return false;
}

struct value *device_free_numbers(struct api *api, const struct device_kind *kind,
				  const struct record *vm, int count)
{
	struct value *numbers = value_set();

	for (int number = 0; number < count; number++)
		if (!has_number(api, kind, vm, number))
			value_append(numbers, value_string_format("%d", number));
	return numbers;
}
