/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend_existing.c – SRs of type existing: files and block devices of the host that somebody else
 * looks after, wherever disk-folders allow. Nothing is made, resized or deleted there. A VDI's
 * location is its path.
 */
#include "server/api/backend.h"
#include "server/api/path_below.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct existing {
	struct place place;
	const char *const *folders;
};

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
	static const char *const none[] = {NULL};
	struct existing *opened = allocate(sizeof(*opened));

	(void)device_config;
	(void)make;
	(void)err;
	*opened = (struct existing){{&backend_existing},
				    options->disk_folders ? options->disk_folders : none};
	*ret_place = &opened->place;
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

/* Both as it is named and where its links lead. */
static bool is_allowed(const struct place *place, const char *name)
{
	const char *const *folders = ((const struct existing *)place)->folders;
	char real[PATH_MAX];

	return *name == '/' && path_below(name, folders, NULL) && realpath(name, real) &&
	       path_below(real, folders, NULL);
}

static int open_image(const char *name, struct stat *ret_status)
{
	int file = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (file < 0)
		return -1;
	if (fstat(file, ret_status) == 0 &&
	    (S_ISREG(ret_status->st_mode) || S_ISBLK(ret_status->st_mode)))
		return file;
	close(file);
	return -1;
}

static bool existing_look(const struct place *place, const char *name, struct image *ret_image)
{
	struct stat status;
	off_t bytes;
	int file;

	/* a device that is opened may do something: what is none is left alone */
	if (!is_allowed(place, name) || stat(name, &status) < 0 ||
	    !(S_ISREG(status.st_mode) || S_ISBLK(status.st_mode)))
		return false;
	file = open_image(name, &status);
	if (file < 0)
		return false;
	bytes = lseek(file, 0, SEEK_END);
	close(file);
	*ret_image = (struct image){.format = "raw", .bytes = bytes, .allocated = bytes};
	return bytes >= 0;
}

static int existing_open_image(const struct place *place, const char *name, struct error *err)
{
	struct stat status;
	int file = is_allowed(place, name) ? open_image(name, &status) : -1;

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
