/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vdi.c – VDIs resized, forgotten and destroyed. */
#include "server/api/storage.h"
#include "server/api/vbd.h"

#include <inttypes.h>

#define SECTOR 512

int vdi_check_size(const char *name, int64_t bytes, int64_t least, int64_t *ret_bytes,
		   struct error *err)
{
	AUTO_TEXT field = NULL;
	AUTO_TEXT text = NULL;

	if (bytes >= least && bytes <= INT64_MAX - SECTOR) {
		*ret_bytes = (bytes + SECTOR - 1) / SECTOR * SECTOR;
		return 0;
	}
	field = text_format("%s: at least %" PRId64, name, least);
	text = text_format("%" PRId64, bytes);
	return fail(err, ERROR_INVALID_VALUE, field, text);
}

struct record *vdi_read(struct api *api, const struct record *vdi, const struct place *place,
			struct image *ret_image, struct error *err)
{
	AUTO(record) now = store_read(api->store, CLASS_VDI, record_ref(vdi));

	if (!now)
		fail(err, ERROR_HANDLE_INVALID, "VDI", record_ref(vdi));
	else if (!place->backend->look(place, record_text(now, VDI_location), ret_image))
		fail(err, ERROR_VDI_MISSING, record_text(now, VDI_SR), record_ref(now));
	else
		return TAKE(now);
	return NULL;
}

struct resize {
	const char *ref;
	struct image image;
};

static int note_size(struct transaction *transaction, void *argument, struct error *err)
{
	const struct resize *resize = argument;
	struct record *vdi = transaction_edit(transaction, CLASS_VDI, resize->ref);

	if (!vdi)
		return fail(err, ERROR_HANDLE_INVALID, "VDI", resize->ref);
	storage_account(transaction, record_text(vdi, VDI_SR),
			resize->image.bytes - record_int(vdi, VDI_virtual_size));
	record_set_int(vdi, VDI_virtual_size, resize->image.bytes);
	record_set_int(vdi, VDI_physical_utilisation, resize->image.allocated);
	return 0;
}

/* Neither a drive nor a copy that is being made. */
static int check_free(struct transaction *transaction, const struct record *vdi,
		      const char *operation, struct error *err)
{
	if (record_get(vdi, VDI_current_operations)->length)
		return fail(err, ERROR_VDI_IN_USE, record_ref(vdi), operation);
	return vdi_check_unused(transaction, vdi, NULL, false, operation, err);
}

static int check_resize(struct transaction *transaction, void *argument, struct error *err)
{
	struct call *call = argument;
	const struct record *vdi;

	call->transaction = transaction;
	vdi = call_edit(call, CLASS_VDI, 0, err);
	return vdi ? check_free(transaction, vdi, "resize", err) : -1;
}

/* With the lock held. A crash in between leaves a larger image, which the next scan sees. */
static int resize(struct call *call, const struct place *place, struct error *err)
{
	struct resize resize = {.ref = record_ref(call->self)};
	AUTO(record) vdi = vdi_read(call->api, call->self, place, &resize.image, err);
	int64_t bytes;

	if (!vdi || place_check_making(place, err) < 0 ||
	    store_mutate(call->api->store, check_resize, call, err) < 0 ||
	    vdi_check_size("size", argument_int(call, 1), resize.image.bytes, &bytes, err) < 0 ||
	    place->backend->grow(place, record_text(vdi, VDI_location), bytes, err) < 0)
		return -1;
	place->backend->look(place, record_text(vdi, VDI_location), &resize.image);
	return store_mutate(call->api->store, note_size, &resize, err);
}

/* With the lock held. */
static int update(struct call *call, const struct place *place, struct error *err)
{
	struct resize resize = {.ref = record_ref(call->self)};
	AUTO(record) vdi = vdi_read(call->api, call->self, place, &resize.image, err);

	return vdi ? store_mutate(call->api->store, note_size, &resize, err) : -1;
}

static int delete_record(struct call *call, const char *operation, struct error *err)
{
	const struct record *vdi = call_edit(call, CLASS_VDI, 0, err);

	if (!vdi || check_free(call->transaction, vdi, operation, err) < 0)
		return -1;
	storage_account(call->transaction, record_text(vdi, VDI_SR),
			-record_int(vdi, VDI_virtual_size));
	vdi_delete(call->transaction, record_ref(call->self));
	return 0;
}

int run_VDI_forget(struct call *call, struct error *err)
{
	return delete_record(call, "forget", err);
}

static int delete_destroyed(struct transaction *transaction, void *argument, struct error *err)
{
	struct call *call = argument;

	call->transaction = transaction;
	return delete_record(call, "destroy", err);
}

/* With the lock held. A crash in between leaves an image without a VDI, which the next scan finds:
 * the other way round there would be a VDI without its image. */
static int destroy(struct call *call, const struct place *place, struct error *err)
{
	if (place_check_making(place, err) < 0 ||
	    store_mutate(call->api->store, delete_destroyed, call, err) < 0)
		return -1;
	return place->backend->delete (place, record_text(call->self, VDI_location), err);
}

static int with_lock(struct call *call,
		     int (*run)(struct call *call, const struct place *place, struct error *err),
		     struct error *err)
{
	struct place *place;
	int rc;

	if (storage_open_place(call->api, record_text(call->self, VDI_SR), &place, err) < 0)
		return -1;
	storage_lock();
	rc = run(call, place, err);
	storage_unlock();
	place_close(place);
	return rc;
}

int run_VDI_resize(struct call *call, struct error *err)
{
	return with_lock(call, resize, err);
}

int run_VDI_set_virtual_size(struct call *call, struct error *err)
{
	return run_VDI_resize(call, err);
}

int run_VDI_update(struct call *call, struct error *err)
{
	return with_lock(call, update, err);
}

int run_VDI_destroy(struct call *call, struct error *err)
{
	return with_lock(call, destroy, err);
}
