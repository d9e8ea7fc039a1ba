/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vdi_birth.c – VDIs on their way: the image first, as a part, then its record. */
#include "server/api/vdi_birth.h"

#include "schema/uuid.h"
#include "server/api/qcow2.h"

/* of sm_config, as clients of XenServer know it */
#define FORMAT_KEY "image-format"

struct record *vdi_new_draft(void)
{
	char ref[REF_SIZE];

	draw_ref(ref);
	return record_new(schema_classes[CLASS_VDI], ref);
}

static bool takes_format(const struct place *place, const char *format)
{
	const char *const *formats = place->backend->formats;

	while (*formats && strcmp(*formats, format) != 0)
		formats++;
	return *formats;
}

const char *vdi_wanted_format(const struct record *draft, const struct place *place,
			      struct error *err)
{
	const char *format = value_find_text(record_get(draft, VDI_sm_config), FORMAT_KEY);

	if (!format)
		return FORMAT_RAW;
	if (takes_format(place, format))
		return strcmp(format, FORMAT_QCOW2) == 0 ? FORMAT_QCOW2 : FORMAT_RAW;
	fail(err, ERROR_VALUE_NOT_SUPPORTED, "sm_config:" FORMAT_KEY, format,
	     "SRs of this type do not take it");
	return NULL;
}

void vdi_name_draft(struct record *draft, const struct place *place, const char *format)
{
	const char *taken = takes_format(place, format) ? format : FORMAT_RAW;
	char uuid[UUID_SIZE];
	AUTO_TEXT name = NULL;

	uuid_draw(uuid);
	name = place->backend->name_image(place, uuid, taken);
	record_set_text(draft, VDI_uuid, uuid);
	record_set_text(draft, VDI_location, name);
	record_set(draft, VDI_sm_config,
		   value_map_with(record_get(draft, VDI_sm_config), FORMAT_KEY,
				  value_string(taken)));
}

int vdi_insert(struct transaction *transaction, const struct vdi_birth *birth, struct error *err)
{
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

struct births {
	struct vdi_birth *items;
	size_t count;
	mutation_fn more;
	void *argument;
};

static int insert_all(struct transaction *transaction, void *argument, struct error *err)
{
	const struct births *births = argument;

	for (size_t i = 0; i < births->count; i++)
		if (vdi_insert(transaction, &births->items[i], err) < 0)
			return -1;
	return births->more ? births->more(transaction, births->argument, err) : 0;
}

static const char *name_of(const struct vdi_birth *birth)
{
	return record_text(birth->draft, VDI_location);
}

/* Until one fails; returns how many have their names. */
static size_t finish(const struct births *births, struct error *err)
{
	size_t done = 0;

	for (; done < births->count; done++) {
		struct vdi_birth *birth = &births->items[done];
		const struct backend *backend = birth->place->backend;

		if (backend->finish(birth->place, name_of(birth), err) < 0)
			break;
		backend->look(birth->place, name_of(birth), &birth->image);
	}
	return done;
}

static void take_back(const struct births *births, size_t finished)
{
	AUTO_ERROR ignored = {0};

	for (size_t i = 0; i < births->count; i++) {
		const struct vdi_birth *birth = &births->items[i];
		const struct backend *backend = birth->place->backend;

		if (i < finished)
			backend->delete (birth->place, name_of(birth), &ignored);
		else
			backend->drop_part(birth->place, name_of(birth));
		error_clear(&ignored);
	}
}

/* With the lock, so that no scan takes an image for a stranger's. */
int vdi_births_commit(struct api *api, struct vdi_birth *items, size_t count, mutation_fn more,
		      void *argument, struct error *err)
{
	struct births births = {items, count, more, argument};
	size_t finished;
	int rc = -1;

	storage_lock();
	finished = finish(&births, err);
	if (finished == count)
		rc = store_mutate(api->store, insert_all, &births, err);
	if (rc < 0)
		take_back(&births, finished);
	storage_unlock();
	return rc;
}
