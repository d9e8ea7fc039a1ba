/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vdi_create.c – VDIs made and introduced. */
#include "server/api/task_progress.h"
#include "server/api/vdi_birth.h"

struct creation {
	const struct call *call;
	struct record *draft;
};

static int fill(struct transaction *transaction, void *argument, struct error *err)
{
	const struct creation *creation = argument;

	return record_fill(transaction, creation->draft, creation->call->arguments[0], err);
}

static int go_on(void *argument, double share, struct error *err)
{
	return task_go_on(argument, share, err);
}

/* Makes its image, too. */
static int make_vdi(struct call *call, struct vdi_birth *birth, int64_t bytes, struct error *err)
{
	const char *format = vdi_wanted_format(birth->draft, birth->place, err);

	if (!format)
		return -1;
	birth->place->progress = go_on;
	birth->place->argument = call;
	vdi_name_draft(birth->draft, birth->place, format);
	if (birth->place->backend->make(birth->place, record_text(birth->draft, VDI_location),
					bytes, err) < 0)
		return -1;
	return vdi_births_commit(call->api, birth, 1, NULL, NULL, err);
}

int run_VDI_create(struct call *call, struct error *err)
{
	AUTO(record) draft = vdi_new_draft();
	struct creation creation = {call, draft};
	struct vdi_birth birth = {.draft = draft};
	int64_t bytes;
	int rc;

	if (store_mutate(call->api->store, fill, &creation, err) < 0 ||
	    vdi_check_size("virtual_size", record_int(draft, VDI_virtual_size), 1, &bytes, err) <
		    0 ||
	    storage_open_place(call->api, record_text(draft, VDI_SR), &birth.place, err) < 0)
		return -1;
	rc = place_check_making(birth.place, err);
	if (rc == 0)
		rc = make_vdi(call, &birth, bytes, err);
	place_close(birth.place);
	if (rc == 0)
		call->result = value_string(record_ref(draft));
	return rc;
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

static int insert(struct transaction *transaction, void *argument, struct error *err)
{
	return vdi_insert(transaction, argument, err);
}

/* With the lock held. */
static int introduce(const struct call *call, struct vdi_birth *birth, struct error *err)
{
	const char *name = argument_text(call, LOCATION);

	if (!birth->place->backend->look(birth->place, name, &birth->image))
		return fail(err, ERROR_INVALID_VALUE, "location: an image that is in the SR", name);
	if (is_known(call->api, argument_text(call, SR), name))
		return fail(err, ERROR_INVALID_VALUE, "location: an image that is no VDI yet",
			    name);
	return store_mutate(call->api->store, insert, birth, err);
}

int run_VDI_introduce(struct call *call, struct error *err)
{
	AUTO(record) draft = vdi_new_draft();
	struct vdi_birth birth = {.draft = draft};
	int rc;

	if (storage_open_place(call->api, argument_text(call, SR), &birth.place, err) < 0)
		return -1;
	fill_introduced(draft, call);
	storage_lock();
	rc = introduce(call, &birth, err);
	storage_unlock();
	place_close(birth.place);
	if (rc == 0)
		call->result = value_string(record_ref(draft));
	return rc;
}
