/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend.c – what the types of SRs share. */
#include "server/api/backend.h"

#include "server/api/dry_run.h"

#include <errno.h>
#include <inttypes.h>

static const struct backend *const backends[] = {
#define BACKEND(type) &backend_##type,
#include "server/api/backends.def"
};

const struct backend *backend_at(size_t i)
{
	return i < ARRAY_SIZE(backends) ? backends[i] : NULL;
}

const struct backend *backend_find(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(backends); i++)
		if (strcmp(backends[i]->type, type) == 0)
			return backends[i];
	return NULL;
}

int place_open(const struct backend *backend, const struct api_options *options,
	       const struct value *device_config, bool make, struct place **ret_place,
	       struct error *err)
{
	if (dry_run_is_on())
		return backend_open_dry(backend, options, device_config, make, ret_place, err);
	return backend->open(options, device_config, make, ret_place, err);
}

void place_close(struct place *place)
{
	if (place)
		place->backend->close(place);
}

int place_check_making(const struct place *place, struct error *err)
{
	AUTO_TEXT reason = NULL;

	if (place->backend->name_image)
		return 0;
	reason = text_format("what is in an SR of type %s is only used", place->backend->type);
	return fail(err, ERROR_OPERATION_NOT_ALLOWED, reason);
}

void images_add(struct images *images, const struct image *image, const char *name)
{
	images->items = reallocate(images->items, (images->count + 1) * sizeof(*images->items));
	images->items[images->count] = *image;
	images->items[images->count++].name = text_copy(name);
}

void images_clear(struct images *images)
{
	for (size_t i = 0; i < images->count; i++)
		free(images->items[i].name);
	free(images->items);
	*images = (struct images){0};
}

int fail_place(struct error *err, const char *doing, const char *name)
{
	int number = errno;
	AUTO_TEXT status = text_format("%d", number);
	AUTO_TEXT reason = text_format("%s %s: %s", doing, name, strerror(number));

	return fail(err, ERROR_SR_BACKEND_FAILURE, status, "", reason);
}

int fail_tool(struct error *err, int status, const char *text, const char *problem)
{
	AUTO_TEXT number = text_format("%d", status < 0 ? errno : status);

	return fail(err, ERROR_SR_BACKEND_FAILURE, number, text, problem);
}

int fail_growing(struct error *err, const struct place *place, const char *name, int64_t bytes)
{
	int number = errno;
	struct room room = {0};
	AUTO_ERROR ignored = {0};
	AUTO_TEXT requested = NULL;
	AUTO_TEXT maximum = NULL;

	if (number != ENOSPC && number != EDQUOT && number != EFBIG)
		return fail_place(err, "writing", name);
	place->backend->get_room(place, &room, &ignored);
	requested = text_format("%" PRId64, bytes);
	maximum = text_format("%" PRId64, room.bytes - room.used);
	return fail(err, ERROR_SR_FULL, requested, maximum);
}
