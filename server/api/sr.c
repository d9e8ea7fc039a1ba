/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sr.c – the messages of the class SR. */
#include "server/api/storage.h"
#include "server/api/vbd.h"

/* Places of what create and introduce are both given, beginning with name_label. */
enum { NAME_LABEL, NAME_DESCRIPTION, TYPE, CONTENT_TYPE, SHARED, SM_CONFIG };

static struct record *make_sr(struct call *call, int first)
{
	static const int fields[] = {[NAME_LABEL] = SR_name_label,
				     [NAME_DESCRIPTION] = SR_name_description,
				     [TYPE] = SR_type,
				     [CONTENT_TYPE] = SR_content_type,
				     [SHARED] = SR_shared,
				     [SM_CONFIG] = SR_sm_config};
	struct record *sr = transaction_create(call->transaction, CLASS_SR, NULL);

	for (int i = 0; i < (int)ARRAY_SIZE(fields); i++)
		record_set(sr, fields[i], value_reference(call->arguments[first + i]));
	return sr;
}

int run_SR_introduce(struct call *call, struct error *err)
{
	const char *uuid = argument_text(call, 0);
	struct record *sr;

	if (!storage_backend(argument_text(call, 1 + TYPE), err) ||
	    storage_check_uuid(call->transaction, CLASS_SR, uuid, err) < 0)
		return -1;
	sr = make_sr(call, 1);
	record_set_text(sr, SR_uuid, uuid);
	storage_set_attached(sr, false);
	call->result = value_string(record_ref(sr));
	return 0;
}

static void set_default(struct transaction *transaction, const struct record *pool, void *argument)
{
	const struct record *sr = argument;

	if (ref_is_null(record_text(pool, pool_default_SR)))
		record_set(transaction_edit(transaction, CLASS_pool, record_ref(pool)),
			   pool_default_SR, value_reference(sr->ref));
}

/* A change of a call that takes over what is in the SR. */
struct look {
	struct call *call;
	struct sr_contents contents;
};

static int write_down(struct transaction *transaction, void *argument, struct error *err)
{
	const struct look *look = argument;
	struct call *call = look->call;
	struct record *sr;
	struct record *pbd;

	(void)err;
	call->transaction = transaction;
	sr = make_sr(call, 3);
	storage_set_attached(sr, true);
	pbd = transaction_create(transaction, CLASS_PBD, NULL);
	record_set(pbd, PBD_host, value_reference(call->arguments[0]));
	record_set(pbd, PBD_SR, value_reference(sr->ref));
	record_set(pbd, PBD_device_config, value_reference(call->arguments[1]));
	record_set(pbd, PBD_currently_attached, value_bool(true));
	if (backend_find(record_text(sr, SR_type))->name_image)
		transaction_each(transaction, CLASS_pool, set_default, sr);
	sr_take_over(transaction, record_ref(sr), &look->contents);
	value_release(TAKE(call->result));
	call->result = value_string(record_ref(sr));
	return 0;
}

/* With the lock held. */
static int change(struct call *call, const char *sr, const struct place *place, mutation_fn run,
		  struct error *err)
{
	struct look look = {.call = call};
	int rc;

	if (sr_look(call->api, sr, place, &look.contents, err) < 0)
		return -1;
	rc = store_mutate(call->api->store, run, &look, err);
	images_clear(&look.contents.images);
	return rc;
}

int run_SR_create(struct call *call, struct error *err)
{
	const struct backend *backend = storage_backend(argument_text(call, 3 + TYPE), err);
	struct place *place;
	int rc;

	if (!backend ||
	    place_open(backend, &call->api->options, call->arguments[1], true, &place, err) < 0)
		return -1;
	storage_lock();
	rc = sr_check_place(call->api, NULL_REF, place, err);
	if (rc == 0)
		rc = change(call, NULL_REF, place, write_down, err);
	storage_unlock();
	place_close(place);
	return rc;
}

static void unset(struct transaction *transaction, const struct record *record, const int *fields,
		  size_t count, const char *sr)
{
	for (size_t i = 0; i < count; i++)
		if (record_is(record, fields[i], sr))
			record_set_text(transaction_edit(transaction, record->cls->id,
							 record_ref(record)),
					fields[i], NULL_REF);
}

static void forget_in_pool(struct transaction *transaction, const struct record *pool,
			   void *argument)
{
	static const int fields[] = {pool_default_SR, pool_suspend_image_SR, pool_crash_dump_SR};

	unset(transaction, pool, fields, ARRAY_SIZE(fields), argument);
}

static void forget_in_host(struct transaction *transaction, const struct record *host,
			   void *argument)
{
	static const int fields[] = {host_suspend_image_sr, host_crash_dump_sr,
				     host_local_cache_sr};

	unset(transaction, host, fields, ARRAY_SIZE(fields), argument);
}

static void forget_in_vm(struct transaction *transaction, const struct record *vm, void *argument)
{
	static const int fields[] = {VM_suspend_SR};

	unset(transaction, vm, fields, ARRAY_SIZE(fields), argument);
}

/* The record, its PBDs and VDIs, and what names it. */
static int delete (struct call *call, struct record *sr, struct error *err)
{
	const struct value *vdis = record_get(sr, SR_VDIs);
	char ref[REF_SIZE];

	if (pbd_delete_all(call->transaction, sr, err) < 0)
		return -1;
	strcpy(ref, record_ref(sr));
	for (uint32_t i = 0; i < vdis->length; i++)
		vdi_delete(call->transaction, vdis->items[i]->text);
	transaction_each(call->transaction, CLASS_pool, forget_in_pool, ref);
	transaction_each(call->transaction, CLASS_host, forget_in_host, ref);
	transaction_each(call->transaction, CLASS_VM, forget_in_vm, ref);
	transaction_delete(call->transaction, CLASS_SR, ref);
	return 0;
}

int run_SR_forget(struct call *call, struct error *err)
{
	struct record *sr = call_edit(call, CLASS_SR, 0, err);

	return sr ? delete (call, sr, err) : -1;
}

int run_SR_destroy(struct call *call, struct error *err)
{
	struct record *sr = call_edit(call, CLASS_SR, 0, err);

	if (!sr)
		return -1;
	if (record_get(sr, SR_VDIs)->length)
		return fail(err, ERROR_SR_NOT_EMPTY);
	return delete (call, sr, err);
}

int run_SR_set_shared(struct call *call, struct error *err)
{
	struct record *sr = call_edit(call, CLASS_SR, 0, err);

	if (!sr)
		return -1;
	record_set(sr, SR_shared, value_bool(argument_bool(call, 1)));
	return 0;
}

static int take_over(struct transaction *transaction, void *argument, struct error *err)
{
	const struct look *look = argument;
	const char *sr = argument_text(look->call, 0);

	if (storage_check_attached(transaction, sr, err) < 0)
		return -1;
	sr_take_over(transaction, sr, &look->contents);
	return 0;
}

int run_SR_scan(struct call *call, struct error *err)
{
	struct place *place;
	int rc;

	if (storage_open_place(call->api, record_ref(call->self), &place, err) < 0)
		return -1;
	storage_lock();
	rc = change(call, record_ref(call->self), place, take_over, err);
	storage_unlock();
	place_close(place);
	return rc;
}

struct measure {
	const char *sr;
	struct room room;
};

static int note_room(struct transaction *transaction, void *argument, struct error *err)
{
	const struct measure *measure = argument;

	if (storage_check_attached(transaction, measure->sr, err) < 0)
		return -1;
	sr_set_room(transaction_edit(transaction, CLASS_SR, measure->sr), &measure->room);
	return 0;
}

int run_SR_update(struct call *call, struct error *err)
{
	struct measure measure = {.sr = record_ref(call->self)};
	struct place *place;
	int rc;

	if (storage_open_place(call->api, measure.sr, &place, err) < 0)
		return -1;
	rc = place->backend->get_room(place, &measure.room, err);
	place_close(place);
	return rc < 0 ? -1 : store_mutate(call->api->store, note_room, &measure, err);
}

int run_SR_get_supported_types(struct call *call, struct error *err)
{
	(void)err;
	call->result = value_set();
	for (size_t i = 0; backend_at(i); i++)
		value_append(call->result, value_string(backend_at(i)->type));
	return 0;
}
