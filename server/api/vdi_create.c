/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vdi_create.c – VDIs made, copied and introduced: the image first, then its record. */
#include "server/api/storage.h"

#include "schema/uuid.h"
#include "server/api/task_progress.h"

/* A VDI on its way: a record that is in no table yet, and what it is the image of. */
struct birth {
	struct call *call;
	struct record *draft;
	struct image image;
};

static int insert(struct transaction *transaction, void *argument, struct error *err)
{
	const struct birth *birth = argument;
	const struct record *draft = birth->draft;
	const char *sr = record_text(draft, VDI_SR);
	struct record *vdi;

	if (storage_check_attached(transaction, sr, err) < 0 ||
	    storage_check_uuid(transaction, CLASS_VDI, record_text(draft, VDI_uuid), err) < 0)
		return -1;
	vdi = transaction_create(transaction, CLASS_VDI, record_ref(draft));
	for (int i = 0; i < draft->cls->field_count; i++)
		record_set(vdi, i, value_reference(record_get(draft, i)));
	record_set_int(vdi, VDI_virtual_size, birth->image.bytes);
	record_set_int(vdi, VDI_physical_utilisation, birth->image.allocated);
	storage_account(transaction, sr, birth->image.bytes);
	return 0;
}

static struct record *new_draft(void)
{
	char ref[REF_SIZE];

	draw_ref(ref);
	return record_new(schema_classes[CLASS_VDI], ref);
}

/* Its image is made under the uuid's name. */
static void name_draft(struct record *draft, const struct place *place)
{
	char uuid[UUID_SIZE];
	AUTO_TEXT name = NULL;

	uuid_draw(uuid);
	name = place->backend->name_image(place, uuid);
	record_set_text(draft, VDI_uuid, uuid);
	record_set_text(draft, VDI_location, name);
}

/* The image is there as a part. With the lock: nobody takes it for a stranger's. */
static int finish(struct birth *birth, const struct place *place, struct error *err)
{
	const struct backend *backend = place->backend;
	const char *name = record_text(birth->draft, VDI_location);
	AUTO_ERROR ignored = {0};
	int rc;

	storage_lock();
	rc = backend->finish(place, name, err);
	if (rc < 0)
		backend->drop_part(place, name);
	else {
		backend->look(place, name, &birth->image);
		rc = store_mutate(birth->call->api->store, insert, birth, err);
		if (rc < 0)
			backend->delete (place, name, &ignored);
	}
	storage_unlock();
	if (rc == 0)
		birth->call->result = value_string(record_ref(birth->draft));
	return rc;
}

static int fill(struct transaction *transaction, void *argument, struct error *err)
{
	const struct birth *birth = argument;

	return record_fill(transaction, birth->draft, birth->call->arguments[0], err);
}

int run_VDI_create(struct call *call, struct error *err)
{
	AUTO(record) draft = new_draft();
	struct birth birth = {.call = call, .draft = draft};
	struct place *place;
	int64_t bytes;
	int rc;

	if (store_mutate(call->api->store, fill, &birth, err) < 0 ||
	    vdi_check_size("virtual_size", record_int(draft, VDI_virtual_size), 1, &bytes, err) <
		    0 ||
	    storage_open_place(call->api, record_text(draft, VDI_SR), &place, err) < 0)
		return -1;
	name_draft(draft, place);
	rc = place->backend->make(place, record_text(draft, VDI_location), bytes, err);
	if (rc == 0)
		rc = finish(&birth, place, err);
	place_close(place);
	return rc;
}

static int go_on(void *argument, double share, struct error *err)
{
	struct call *call = argument;
	AUTO(record) task = store_read(call->api->store, CLASS_task, call->task);

	if (task_is_cancelled(task))
		return fail(err, ERROR_TASK_CANCELLED, call->task);
	if (atomic_load(&call->api->closing))
		return fail(err, ERROR_INTERNAL_ERROR, "the server stops");
	if (*call->task && share < 1)
		task_set_progress(call->api, call->task, share);
	return 0;
}

static int copy_between(struct birth *birth, const struct record *vdi, const struct place *from,
			const struct place *to, struct error *err)
{
	struct image image;
	AUTO(record) now = vdi_read(birth->call->api, vdi, from, &image, err);

	if (!now)
		return -1;
	name_draft(birth->draft, to);
	if (image_copy(from, record_text(now, VDI_location), to,
		       record_text(birth->draft, VDI_location), go_on, birth->call, err) < 0)
		return -1;
	return finish(birth, to, err);
}

static struct record *draft_of(const struct record *vdi, const char *sr)
{
	static const int kept[] = {VDI_name_label,    VDI_name_description, VDI_type,
				   VDI_sharable,      VDI_read_only,	    VDI_other_config,
				   VDI_xenstore_data, VDI_sm_config,	    VDI_tags};
	struct record *draft = new_draft();

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		record_set(draft, kept[i], value_reference(record_get(vdi, kept[i])));
	record_set_text(draft, VDI_SR, sr);
	return draft;
}

static int copy_to(struct call *call, const char *sr, struct error *err)
{
	const struct record *vdi = call->self;
	AUTO(record) draft = draft_of(vdi, sr);
	struct birth birth = {.call = call, .draft = draft};
	struct place *from = NULL;
	struct place *to = NULL;
	int rc = -1;

	if (storage_open_place(call->api, record_text(vdi, VDI_SR), &from, err) == 0 &&
	    storage_open_place(call->api, sr, &to, err) == 0)
		rc = copy_between(&birth, vdi, from, to, err);
	place_close(to);
	place_close(from);
	return rc;
}

int run_VDI_clone(struct call *call, struct error *err)
{
	return copy_to(call, record_text(call->self, VDI_SR), err);
}

int run_VDI_copy(struct call *call, struct error *err)
{
	static const char *const names[] = {[2] = "base_vdi", [3] = "into_vdi"};
	const char *sr = argument_text(call, 1);

	for (int i = 2; i <= 3; i++)
		if (!ref_is_null(argument_text(call, i)))
			return fail(err, ERROR_VALUE_NOT_SUPPORTED, names[i],
				    argument_text(call, i),
				    "only whole VDIs are copied, to new ones");
	return copy_to(call, ref_is_null(sr) ? record_text(call->self, VDI_SR) : sr, err);
}

/* Places of what introduce is given. */
enum { SR = 3, LOCATION = 8 };

static void fill_introduced(struct record *draft, const struct call *call)
{
	static const struct {
		int field;
		int argument;
	} given[] = {{VDI_uuid, 0},
		     {VDI_name_label, 1},
		     {VDI_name_description, 2},
		     {VDI_SR, SR},
		     {VDI_type, 4},
		     {VDI_sharable, 5},
		     {VDI_read_only, 6},
		     {VDI_other_config, 7},
		     {VDI_location, LOCATION},
		     {VDI_xenstore_data, 9},
		     {VDI_sm_config, 10},
		     {VDI_is_a_snapshot, 15},
		     {VDI_snapshot_time, 16},
		     {VDI_snapshot_of, 17}};

	for (size_t i = 0; i < ARRAY_SIZE(given); i++)
		record_set(draft, given[i].field,
			   value_reference(call->arguments[given[i].argument]));
}

static bool is_known(struct api *api, const char *sr, const char *location)
{
	bool known = false;
	size_t count;
	struct record **vdis = store_list(api->store, CLASS_VDI, &count);

	for (size_t i = 0; i < count && !known; i++)
		known = record_is(vdis[i], VDI_SR, sr) &&
			record_is(vdis[i], VDI_location, location);
	store_free_list(vdis, count);
	return known;
}

/* With the lock held. */
static int introduce(struct birth *birth, const struct place *place, struct error *err)
{
	const struct call *call = birth->call;
	const char *name = argument_text(call, LOCATION);

	if (!place->backend->look(place, name, &birth->image))
		return fail(err, ERROR_INVALID_VALUE, "location: an image that is in the SR", name);
	if (is_known(call->api, argument_text(call, SR), name))
		return fail(err, ERROR_INVALID_VALUE, "location: an image that is no VDI yet",
			    name);
	return store_mutate(call->api->store, insert, birth, err);
}

int run_VDI_introduce(struct call *call, struct error *err)
{
	AUTO(record) draft = new_draft();
	struct birth birth = {.call = call, .draft = draft};
	struct place *place;
	int rc;

	if (storage_open_place(call->api, argument_text(call, SR), &place, err) < 0)
		return -1;
	fill_introduced(draft, call);
	storage_lock();
	rc = introduce(&birth, place, err);
	storage_unlock();
	place_close(place);
	if (rc == 0)
		call->result = value_string(record_ref(draft));
	return rc;
}
