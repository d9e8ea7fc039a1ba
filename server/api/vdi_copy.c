/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vdi_copy.c – copies of VDIs that come into being all at once, and the messages that make one. */
#include "server/api/vdi_copy.h"

#include "server/api/task_progress.h"
#include "server/api/vbd.h"
#include "server/api/vdi_birth.h"

#include <assert.h>

struct vdi_copies {
	struct call *call;
	const char *operation;
	const char *holder;
	bool snapshots;
	size_t expected;
	size_t count;
	bool committed;
	struct vdi_birth *births;
	char (*originals)[REF_SIZE];
};

/* Of one original. */
struct occupation {
	const struct vdi_copies *copies;
	const char *vdi;
	const char *copy; /* is the key of current_operations: one may be copied twice at once */
};

static int occupy(struct transaction *transaction, void *argument, struct error *err)
{
	const struct occupation *occupation = argument;
	const char *operation = occupation->copies->operation;
	struct record *vdi = transaction_edit(transaction, CLASS_VDI, occupation->vdi);

	if (!vdi)
		return fail(err, ERROR_HANDLE_INVALID, "VDI", occupation->vdi);
	if (vdi_check_unused(transaction, vdi, occupation->copies->holder, true, operation, err) <
	    0)
		return -1;
	record_set(vdi, VDI_current_operations,
		   value_map_with(record_get(vdi, VDI_current_operations), occupation->copy,
				  value_string(operation)));
	return 0;
}

static int let_go(struct transaction *transaction, void *argument, struct error *err)
{
	const struct vdi_copies *copies = argument;

	(void)err;
	for (size_t i = 0; i < copies->count; i++) {
		struct record *vdi = transaction_edit(transaction, CLASS_VDI, copies->originals[i]);

		if (vdi)
			record_set(vdi, VDI_current_operations,
				   value_map_without(record_get(vdi, VDI_current_operations),
						     record_ref(copies->births[i].draft)));
	}
	return 0;
}

struct vdi_copies *vdi_copies_new(struct call *call, const char *operation, size_t count,
				  const char *holder)
{
	struct vdi_copies *copies = allocate(sizeof(*copies));

	*copies = (struct vdi_copies){
		.call = call, .operation = operation, .holder = holder, .expected = count};
	copies->births = allocate(count * sizeof(*copies->births) + 1);
	copies->originals = allocate(count * sizeof(*copies->originals) + 1);
	return copies;
}

static int go_on(void *argument, double share, struct error *err)
{
	const struct vdi_copies *copies = argument;
	double all = (double)copies->count - 1 + share;

	return task_go_on(copies->call, all / (double)copies->expected, err);
}

/* While the room for a copy is made, which is no part of it. */
static int go_on_making(void *argument, double share, struct error *err)
{
	(void)share;
	return go_on(argument, 0, err);
}

void vdi_copies_are_snapshots(struct vdi_copies *copies)
{
	copies->snapshots = true;
}

static void become_snapshot(struct record *draft, const struct record *vdi)
{
	record_set(draft, VDI_is_a_snapshot, value_bool(true));
	record_set(draft, VDI_snapshot_of, value_reference(vdi->ref));
	record_set(draft, VDI_snapshot_time, value_datetime_of((time_t)now_seconds()));
}

static struct record *draft_of(const struct record *vdi, const char *sr)
{
	static const int kept[] = {VDI_name_label,    VDI_name_description, VDI_type,
				   VDI_sharable,      VDI_read_only,	    VDI_other_config,
				   VDI_xenstore_data, VDI_sm_config,	    VDI_tags};
	struct record *draft = vdi_new_draft();

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		record_set(draft, kept[i], value_reference(record_get(vdi, kept[i])));
	record_set_text(draft, VDI_SR, ref_is_null(sr) ? record_text(vdi, VDI_SR) : sr);
	return draft;
}

static int copy_image(struct vdi_copies *copies, struct vdi_birth *birth, const struct record *vdi,
		      struct error *err)
{
	struct api *api = copies->call->api;
	struct place *from = NULL;
	struct image image;
	AUTO(record) now = NULL;
	int rc = -1;

	if (storage_open_place(api, record_text(vdi, VDI_SR), &from, err) < 0)
		return -1;
	now = vdi_read(api, vdi, from, &image, err);
	if (now) {
		birth->place->progress = go_on_making;
		birth->place->argument = copies;
		vdi_name_draft(birth->draft, birth->place, image.format);
		rc = image_copy(from, record_text(now, VDI_location), birth->place,
				record_text(birth->draft, VDI_location), go_on, copies, err);
	}
	place_close(from);
	return rc;
}

/* The last one, which has no part. */
static void forget_last(struct vdi_copies *copies)
{
	struct vdi_birth *birth = &copies->births[copies->count - 1];
	struct vdi_copies last = *copies;
	AUTO_ERROR ignored = {0};

	last.births = birth;
	last.originals = &copies->originals[copies->count - 1];
	last.count = 1;
	store_mutate(copies->call->api->store, let_go, &last, &ignored);
	place_close(birth->place);
	record_release(birth->draft);
	copies->count--;
}

int vdi_copies_add(struct vdi_copies *copies, const char *ref, const char *sr, struct error *err)
{
	struct store *store = copies->call->api->store;
	AUTO(record) vdi = store_read(store, CLASS_VDI, ref);
	struct vdi_birth *birth = &copies->births[copies->count];
	struct occupation occupation = {.copies = copies, .vdi = ref};

	assert(copies->count < copies->expected);
	if (!vdi)
		return fail(err, ERROR_HANDLE_INVALID, "VDI", ref);
	*birth = (struct vdi_birth){.draft = draft_of(vdi, sr)};
	if (copies->snapshots)
		become_snapshot(birth->draft, vdi);
	occupation.copy = record_ref(birth->draft);
	if (store_mutate(store, occupy, &occupation, err) < 0) {
		record_release(birth->draft);
		return -1;
	}
	strcpy(copies->originals[copies->count++], ref);
	if (storage_open_place(copies->call->api, record_text(birth->draft, VDI_SR), &birth->place,
			       err) < 0 ||
	    place_check_making(birth->place, err) < 0 || copy_image(copies, birth, vdi, err) < 0) {
		forget_last(copies);
		return -1;
	}
	return 0;
}

const char *vdi_copies_find(const struct vdi_copies *copies, const char *vdi)
{
	for (size_t i = 0; i < copies->count; i++)
		if (strcmp(copies->originals[i], vdi) == 0)
			return record_ref(copies->births[i].draft);
	return NULL;
}

int vdi_copies_commit(struct vdi_copies *copies, mutation_fn more, void *argument,
		      struct error *err)
{
	/* what fails there is gone, too */
	copies->committed = true;
	return vdi_births_commit(copies->call->api, copies->births, copies->count, more, argument,
				 err);
}

void vdi_copies_free(struct vdi_copies *copies)
{
	AUTO_ERROR ignored = {0};

	if (copies->count)
		store_mutate(copies->call->api->store, let_go, copies, &ignored);
	for (size_t i = 0; i < copies->count; i++) {
		struct vdi_birth *birth = &copies->births[i];

		if (!copies->committed)
			birth->place->backend->drop_part(birth->place,
							 record_text(birth->draft, VDI_location));
		place_close(birth->place);
		record_release(birth->draft);
	}
	free(copies->births);
	free(copies->originals);
	free(copies);
}

static int copy_one(struct call *call, const char *operation, const char *sr, struct error *err)
{
	struct vdi_copies *copies = vdi_copies_new(call, operation, 1, NULL);
	int rc;

	if (strcmp(operation, "snapshot") == 0)
		vdi_copies_are_snapshots(copies);
	rc = vdi_copies_add(copies, record_ref(call->self), sr, err);
	if (rc == 0)
		rc = vdi_copies_commit(copies, NULL, NULL, err);
	if (rc == 0)
		call->result = value_string(record_ref(copies->births[0].draft));
	vdi_copies_free(copies);
	return rc;
}

int run_VDI_clone(struct call *call, struct error *err)
{
	return copy_one(call, "clone", NULL_REF, err);
}

int run_VDI_snapshot(struct call *call, struct error *err)
{
	return copy_one(call, "snapshot", NULL_REF, err);
}

int run_VDI_copy(struct call *call, struct error *err)
{
	static const char *const names[] = {[2] = "base_vdi", [3] = "into_vdi"};

	for (int i = 2; i <= 3; i++)
		if (!ref_is_null(argument_text(call, i)))
			return fail(err, ERROR_VALUE_NOT_SUPPORTED, names[i],
				    argument_text(call, i),
				    "only whole VDIs are copied, to new ones");
	return copy_one(call, "copy", argument_text(call, 1), err);
}
