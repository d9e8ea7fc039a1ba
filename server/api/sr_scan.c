/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sr_scan.c – what is in an SR, and the VDIs that say so. */
#include "server/api/storage.h"

#include "schema/uuid.h"

static const struct record *find_vdi(struct transaction *transaction, const struct value *vdis,
				     const char *location)
{
	for (uint32_t i = 0; i < vdis->length; i++) {
		const struct record *vdi =
			transaction_read(transaction, CLASS_VDI, vdis->items[i]->text);

		if (record_is(vdi, VDI_location, location))
			return vdi;
	}
	return NULL;
}

/* The image's name begins with its uuid if the server made it once. */
static void take_uuid(struct transaction *transaction, struct record *vdi, const char *name)
{
	char uuid[UUID_SIZE] = "";

	if (strlen(name) < UUID_SIZE || name[UUID_SIZE - 1] != '.')
		return;
	memcpy(uuid, name, UUID_SIZE - 1);
	if (uuid_is_valid(uuid) && !transaction_read(transaction, CLASS_VDI, uuid))
		record_set_text(vdi, VDI_uuid, uuid);
}

static struct record *add_vdi(struct transaction *transaction, const char *sr,
			      const struct image *image)
{
	struct record *vdi = transaction_create(transaction, CLASS_VDI, NULL);

	take_uuid(transaction, vdi, image->name);
	record_set_text(vdi, VDI_SR, sr);
	record_set_text(vdi, VDI_location, image->name);
	record_set_text(vdi, VDI_name_label, image->name);
	record_set(vdi, VDI_read_only, value_bool(image->read_only));
	return vdi;
}

/* Returns the sizes of those that are missing. */
static int64_t mark_missing(struct transaction *transaction, const struct images *images,
			    const struct value *vdis)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < vdis->length; i++) {
		struct record *vdi = transaction_edit(transaction, CLASS_VDI, vdis->items[i]->text);
		bool found = false;

		for (size_t k = 0; k < images->count && !found; k++)
			found = record_is(vdi, VDI_location, images->items[k].name);
		record_set(vdi, VDI_missing, value_bool(!found));
		sum += found ? 0 : record_int(vdi, VDI_virtual_size);
	}
	return sum;
}

/* Those that are VDIs already: there is no list of others. */
static void look_for_known(struct api *api, const char *ref, const struct place *place,
			   struct images *images)
{
	AUTO(record) sr = store_read(api->store, CLASS_SR, ref);
	const struct value *vdis = sr ? record_get(sr, SR_VDIs) : NULL;
	struct image image;

	for (uint32_t i = 0; sr && i < vdis->length; i++) {
		AUTO(record) vdi = store_read(api->store, CLASS_VDI, vdis->items[i]->text);

		if (vdi && place->backend->look(place, record_text(vdi, VDI_location), &image))
			images_add(images, &image, record_text(vdi, VDI_location));
	}
}

int sr_look(struct api *api, const char *sr, const struct place *place,
	    struct sr_contents *ret_contents, struct error *err)
{
	struct sr_contents contents = {0};

	if (place->backend->get_room(place, &contents.room, err) < 0)
		return -1;
	if (!place->backend->list)
		look_for_known(api, sr, place, &contents.images);
	else if (place->backend->list(place, &contents.images, err) < 0)
		return -1;
	*ret_contents = contents;
	return 0;
}

void sr_set_room(struct record *sr, const struct room *room)
{
	record_set_int(sr, SR_physical_size, room->bytes);
	record_set_int(sr, SR_physical_utilisation, room->used);
}

void sr_take_over(struct transaction *transaction, const char *ref,
		  const struct sr_contents *contents)
{
	struct record *sr = transaction_edit(transaction, CLASS_SR, ref);
	const struct value *vdis = record_get(sr, SR_VDIs);
	int64_t sum = mark_missing(transaction, &contents->images, vdis);

	for (size_t i = 0; i < contents->images.count; i++) {
		const struct image *image = &contents->images.items[i];
		const struct record *known = find_vdi(transaction, vdis, image->name);
		struct record *vdi =
			known ? transaction_edit(transaction, CLASS_VDI, record_ref(known)) :
				add_vdi(transaction, ref, image);

		record_set_int(vdi, VDI_virtual_size, image->bytes);
		record_set_int(vdi, VDI_physical_utilisation, image->allocated);
		sum += image->bytes;
	}
	record_set_int(sr, SR_virtual_allocation, sum);
	sr_set_room(sr, &contents->room);
}

/* A place that can not be opened is no other's. */
static bool has_place(struct api *api, const char *sr, const char *identity)
{
	AUTO_ERROR ignored = {0};
	struct place *place;
	AUTO_TEXT own = NULL;

	if (storage_open_place(api, sr, &place, &ignored) < 0)
		return false;
	own = place->backend->identify(place);
	place_close(place);
	return strcmp(own, identity) == 0;
}

int sr_check_place(struct api *api, const char *sr, const struct place *place, struct error *err)
{
	AUTO_TEXT identity = place->backend->identify(place);
	AUTO_TEXT field = NULL;
	bool taken = false;
	size_t count;
	struct record **srs = store_list(api->store, CLASS_SR, &count);

	for (size_t i = 0; i < count && !taken; i++)
		taken = strcmp(record_ref(srs[i]), sr) != 0 &&
			has_place(api, record_ref(srs[i]), identity);
	store_free_list(srs, count);
	if (!taken)
		return 0;
	field = text_format("device_config:%s: one that no other SR has",
			    place->backend->key ? place->backend->key : "");
	return fail(err, ERROR_INVALID_VALUE, field, "");
}
