/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend_existing.c – SRs of type existing: files and block devices of the host that somebody else
 * looks after, wherever disk-folders allow. Nothing is made, resized or deleted there. A VDI's
 * location is its path.
 */
#include "server/api/backend.h"
#include "server/host/disk_image.h"

#include <fcntl.h>
#include <unistd.h>

static int existing_check(const struct api_options *options, const struct value *device_config,
			  struct error *err)
{
	(void)options;
	(void)device_config;
	(void)err;
	return 0;
}

static int existing_open(const struct api_options *options, const struct value *device_config,
			 bool make, struct place **ret_place, struct error *err)
{
	(void)options;
	(void)device_config;
	(void)make;
	(void)err;
	*ret_place = allocate(sizeof(**ret_place));
	(*ret_place)->backend = &backend_existing;
	return 0;
}

static void existing_close(struct place *place)
{
	free(place);
}

/* There is one. */
static char *existing_identify(const struct place *place)
{
	return text_copy(place->backend->type);
}

static int existing_get_room(const struct place *place, struct room *ret_room, struct error *err)
{
	(void)place;
	(void)err;
	*ret_room = (struct room){0};
	return 0;
}

static char *existing_get_path(const struct place *place, const char *name)
{
	(void)place;
	return text_copy(name);
}

static int open_image(const char *name)
{
	return disk_image_open(name, DISK_ELSEWHERE, O_RDONLY);
}

static bool existing_look(const struct place *place, const char *name, struct image *ret_image)
{
	int file = open_image(name);
	off_t bytes;

	(void)place;
	if (file < 0)
		return false;
	bytes = lseek(file, 0, SEEK_END);
	close(file);
	*ret_image = (struct image){.format = "raw", .bytes = bytes, .allocated = bytes};
	return bytes >= 0;
}

static int existing_open_image(const struct place *place, const char *name, struct error *err)
{
	int file = open_image(name);

	(void)place;
	return file < 0 ? fail_place(err, "opening", name) : file;
}

static const char *const formats[] = {"raw", NULL};

const struct backend backend_existing = {
	.type = "existing",
	.name_label = "Existing disks",
	.name_description = "Files and block devices of the host, where they are; never changed.",
	.formats = formats,
	.check = existing_check,
	.open = existing_open,
	.close = existing_close,
	.identify = existing_identify,
	.get_room = existing_get_room,
	.get_path = existing_get_path,
	.look = existing_look,
	.open_image = existing_open_image};
