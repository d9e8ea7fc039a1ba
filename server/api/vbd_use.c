/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vbd_use.c – who uses a VDI: no two may, unless they only read or it is said to be sharable. */
#include "server/api/storage.h"
#include "server/api/vbd.h"

static bool may_write(const struct record *vbd)
{
	return record_is(vbd, VBD_mode, "RW");
}

static bool is_using(struct transaction *transaction, const struct record *vbd)
{
	const struct record *vm = transaction_read(transaction, CLASS_VM, record_text(vbd, VBD_VM));

	return record_bool(vbd, VBD_reserved) || record_bool(vbd, VBD_currently_attached) ||
	       (vm && record_is(vm, VM_power_state, "Suspended"));
}

/* Another drive that uses the VDI so that this one can not. */
static bool is_in_the_way(struct transaction *transaction, const struct record *vbd,
			  const struct record *other)
{
	return other && strcmp(record_ref(other), record_ref(vbd)) != 0 &&
	       (may_write(vbd) || may_write(other)) && is_using(transaction, other);
}

int vbd_check_use(struct transaction *transaction, const struct record *vbd, struct error *err)
{
	const char *ref = record_text(vbd, VBD_VDI);
	const struct record *vdi = transaction_read(transaction, CLASS_VDI, ref);
	const struct value *vbds;

	if (vbd_check_vdi(transaction, vbd, ref, err) < 0)
		return -1;
	vbds = record_get(vdi, VDI_VBDs);
	/* what is being copied must not change */
	if (may_write(vbd) && record_get(vdi, VDI_current_operations)->length)
		return fail(err, ERROR_VDI_IN_USE, ref, "attach");
	for (uint32_t i = 0; !record_bool(vdi, VDI_sharable) && i < vbds->length; i++)
		if (is_in_the_way(transaction, vbd,
				  transaction_read(transaction, CLASS_VBD, vbds->items[i]->text)))
			return fail(err, ERROR_VDI_IN_USE, ref, "attach");
	return 0;
}

int run_VBD_assert_attachable(struct call *call, struct error *err)
{
	const struct record *vbd = call_edit(call, CLASS_VBD, 0, err);

	if (!vbd)
		return -1;
	return record_bool(vbd, VBD_empty) ? 0 : vbd_check_use(call->transaction, vbd, err);
}

static bool is_of(const struct record *vbd, const char *vm)
{
	return vm && record_is(vbd, VBD_VM, vm);
}

static bool is_used(struct transaction *transaction, const struct record *vdi, const char *holder,
		    bool writers)
{
	const struct value *vbds = record_get(vdi, VDI_VBDs);

	for (uint32_t i = 0; i < vbds->length; i++) {
		const struct record *vbd =
			transaction_read(transaction, CLASS_VBD, vbds->items[i]->text);

		if (vbd && !is_of(vbd, holder) && (may_write(vbd) || !writers) &&
		    is_using(transaction, vbd))
			return true;
	}
	return false;
}

int vdi_check_unused(struct transaction *transaction, const struct record *vdi, const char *holder,
		     bool writers, const char *operation, struct error *err)
{
	if (!is_used(transaction, vdi, holder, writers))
		return 0;
	return fail(err, ERROR_VDI_IN_USE, record_ref(vdi), operation);
}

static bool is_made_here(struct transaction *transaction, const struct record *vdi)
{
	const struct record *sr = transaction_read(transaction, CLASS_SR, record_text(vdi, VDI_SR));
	const struct backend *backend = sr ? backend_find(record_text(sr, SR_type)) : NULL;

	return backend && backend->name_image;
}

static void allow(struct value *allowed, const char *operation, bool possible)
{
	if (possible)
		value_append(allowed, value_string(operation));
}

void vdi_derive(struct transaction *transaction, struct record *vdi)
{
	bool made = is_made_here(transaction, vdi);
	bool still = !is_used(transaction, vdi, NULL, true);
	bool unused = !is_used(transaction, vdi, NULL, false) &&
		      record_get(vdi, VDI_current_operations)->length == 0;
	struct value *allowed = value_set();

	allow(allowed, "clone", made && still);
	allow(allowed, "copy", still);
	allow(allowed, "snapshot", made && still);
	allow(allowed, "resize", made && unused);
	allow(allowed, "destroy", made && unused);
	allow(allowed, "forget", unused);
	record_set(vdi, VDI_allowed_operations, allowed);
}

void vdi_follow(struct transaction *transaction, const char *ref)
{
	struct record *vdi = transaction_edit(transaction, CLASS_VDI, ref);

	if (vdi)
		vdi_derive(transaction, vdi);
}

void vdi_delete(struct transaction *transaction, const char *ref)
{
	const struct record *vdi = transaction_read(transaction, CLASS_VDI, ref);
	const struct value *vbds = record_get(vdi, VDI_VBDs);

	for (uint32_t i = 0; i < vbds->length; i++) {
		struct record *vbd = transaction_edit(transaction, CLASS_VBD, vbds->items[i]->text);

		if (!vbd)
			continue;
		if (record_is(vbd, VBD_type, "CD")) {
			record_set_text(vbd, VBD_VDI, NULL_REF);
			record_set(vbd, VBD_empty, value_bool(true));
		} else {
			transaction_delete(transaction, CLASS_VBD, record_ref(vbd));
		}
	}
	transaction_delete(transaction, CLASS_VDI, ref);
}

static int reserve_one(struct transaction *transaction, const char *ref, struct error *err)
{
	struct record *vbd = transaction_edit(transaction, CLASS_VBD, ref);

	if (!vbd || record_bool(vbd, VBD_empty))
		return 0;
	if (vbd_check_use(transaction, vbd, err) < 0)
		return -1;
	record_set(vbd, VBD_reserved, value_bool(true));
	return 0;
}

static int reserve(struct transaction *transaction, void *argument, struct error *err)
{
	return reserve_one(transaction, argument, err);
}

int vbd_reserve(struct api *api, const struct record *vbd, struct error *err)
{
	return store_mutate(api->store, reserve, (void *)record_ref(vbd), err);
}

int vbd_reserve_in(struct transaction *transaction, const struct record *vm, struct error *err)
{
	const struct value *vbds = record_get(vm, VM_VBDs);

	for (uint32_t i = 0; i < vbds->length; i++)
		if (reserve_one(transaction, vbds->items[i]->text, err) < 0)
			return -1;
	return 0;
}

static int reserve_all(struct transaction *transaction, void *argument, struct error *err)
{
	const struct record *vm = transaction_read(transaction, CLASS_VM, argument);

	return vm ? vbd_reserve_in(transaction, vm, err) : 0;
}

int vbd_reserve_all(struct api *api, const struct record *vm, struct error *err)
{
	return store_mutate(api->store, reserve_all, (void *)record_ref(vm), err);
}

static int release(struct transaction *transaction, void *argument, struct error *err)
{
	const struct record *vm = transaction_read(transaction, CLASS_VM, argument);

	(void)err;
	if (vm)
		devices_follow_vm(transaction, vm, DEVICES_STAY);
	return 0;
}

void vbd_release_all(struct api *api, const struct record *vm)
{
	AUTO_ERROR ignored = {0};

	store_mutate(api->store, release, (void *)record_ref(vm), &ignored);
}
