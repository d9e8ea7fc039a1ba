/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pbd.c – the messages of the class PBD: attaching SRs. */
#include "server/api/storage.h"
#include "server/api/vbd.h"

static int fail_plugged(struct error *err)
{
	return fail(err, ERROR_OPERATION_NOT_ALLOWED, "the PBD is plugged: unplug it first");
}

/* Whether an SR of that type could be there. */
static int check_config(const struct call *call, const struct record *sr,
			const struct value *device_config, struct error *err)
{
	const struct backend *backend = storage_backend(record_text(sr, SR_type), err);

	return backend ? backend->check(&call->api->options, device_config, err) : -1;
}

static int check_new(struct call *call, const struct record *pbd, struct error *err)
{
	const struct record *sr =
		transaction_read(call->transaction, CLASS_SR, record_text(pbd, PBD_SR));

	if (!sr)
		return fail(err, ERROR_HANDLE_INVALID, "SR", record_text(pbd, PBD_SR));
	if (!record_is(pbd, PBD_host, call->api->host_ref))
		return fail(err, ERROR_HANDLE_INVALID, "host", record_text(pbd, PBD_host));
	if (record_get(sr, SR_PBDs)->length)
		return fail(err, ERROR_PBD_EXISTS, record_ref(sr), call->api->host_ref,
			    record_get(sr, SR_PBDs)->items[0]->text);
	return check_config(call, sr, record_get(pbd, PBD_device_config), err);
}

int run_PBD_create(struct call *call, struct error *err)
{
	struct record *pbd = transaction_create(call->transaction, CLASS_PBD, NULL);

	if (record_fill(call->transaction, pbd, call->arguments[0], err) < 0 ||
	    check_new(call, pbd, err) < 0)
		return -1;
	call->result = value_string(record_ref(pbd));
	return 0;
}

int run_PBD_destroy(struct call *call, struct error *err)
{
	const struct record *pbd = call_edit(call, CLASS_PBD, 0, err);

	if (!pbd)
		return -1;
	if (record_bool(pbd, PBD_currently_attached))
		return fail_plugged(err);
	transaction_delete(call->transaction, CLASS_PBD, record_ref(pbd));
	return 0;
}

int run_PBD_set_device_config(struct call *call, struct error *err)
{
	struct record *pbd = call_edit(call, CLASS_PBD, 0, err);
	const struct record *sr;

	if (!pbd)
		return -1;
	if (record_bool(pbd, PBD_currently_attached))
		return fail_plugged(err);
	sr = transaction_read(call->transaction, CLASS_SR, record_text(pbd, PBD_SR));
	if (check_config(call, sr, call->arguments[1], err) < 0)
		return -1;
	record_set(pbd, PBD_device_config, value_reference(call->arguments[1]));
	return 0;
}

static int set_attached(struct call *call, bool attached, struct error *err)
{
	struct record *pbd = call_edit(call, CLASS_PBD, 0, err);

	if (!pbd)
		return -1;
	record_set(pbd, PBD_currently_attached, value_bool(attached));
	storage_set_attached(
		transaction_edit(call->transaction, CLASS_SR, record_text(pbd, PBD_SR)), attached);
	return 0;
}

struct plugging {
	struct call *call;
	struct sr_contents contents;
};

static int attach(struct transaction *transaction, void *argument, struct error *err)
{
	const struct plugging *plugging = argument;
	struct call *call = plugging->call;

	call->transaction = transaction;
	if (set_attached(call, true, err) < 0)
		return -1;
	sr_take_over(transaction, record_text(call->self, PBD_SR), &plugging->contents);
	return 0;
}

/* Looks, and takes over what is there. */
static int plug_place(struct call *call, const struct place *place, struct error *err)
{
	struct plugging plugging = {.call = call};
	int rc;

	if (sr_check_place(call->api, record_text(call->self, PBD_SR), place, err) < 0 ||
	    sr_look(call->api, record_text(call->self, PBD_SR), place, &plugging.contents, err) < 0)
		return -1;
	rc = store_mutate(call->api->store, attach, &plugging, err);
	images_clear(&plugging.contents.images);
	return rc;
}

static int open_place(struct call *call, struct place **ret_place, struct error *err)
{
	const struct record *pbd = call->self;
	AUTO(record) sr = store_read(call->api->store, CLASS_SR, record_text(pbd, PBD_SR));
	const struct backend *backend;

	if (!sr)
		return fail(err, ERROR_HANDLE_INVALID, "PBD", record_ref(pbd));
	backend = storage_backend(record_text(sr, SR_type), err);
	if (!backend)
		return -1;
	return place_open(backend, &call->api->options, record_get(pbd, PBD_device_config), false,
			  ret_place, err);
}

int run_PBD_plug(struct call *call, struct error *err)
{
	struct place *place;
	int rc;

	if (open_place(call, &place, err) < 0)
		return -1;
	storage_lock();
	rc = plug_place(call, place, err);
	storage_unlock();
	place_close(place);
	return rc;
}

/* By a VM. */
static int check_unused(struct transaction *transaction, const struct record *sr, struct error *err)
{
	const struct value *vdis = record_get(sr, SR_VDIs);

	for (uint32_t i = 0; i < vdis->length; i++) {
		const struct record *vdi =
			transaction_read(transaction, CLASS_VDI, vdis->items[i]->text);

		if (vdi && vdi_check_unused(transaction, vdi, NULL, false, "unplug", err) < 0)
			return -1;
	}
	return 0;
}

int run_PBD_unplug(struct call *call, struct error *err)
{
	const struct record *pbd = call_edit(call, CLASS_PBD, 0, err);
	const struct record *sr;

	if (!pbd)
		return -1;
	sr = transaction_read(call->transaction, CLASS_SR, record_text(pbd, PBD_SR));
	if (check_unused(call->transaction, sr, err) < 0)
		return -1;
	return set_attached(call, false, err);
}

int pbd_delete_all(struct transaction *transaction, const struct record *sr, struct error *err)
{
	const struct value *pbds = record_get(sr, SR_PBDs);

	for (uint32_t i = 0; i < pbds->length; i++) {
		const struct record *pbd =
			transaction_read(transaction, CLASS_PBD, pbds->items[i]->text);

		if (record_bool(pbd, PBD_currently_attached))
			return fail(err, ERROR_SR_HAS_PBD, record_ref(sr));
	}
	for (uint32_t i = 0; i < pbds->length; i++)
		transaction_delete(transaction, CLASS_PBD, pbds->items[i]->text);
	return 0;
}
