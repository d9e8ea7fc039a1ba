/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_dry.c – an SR's place in a dry run: it is looked at, and what would be made or grown
 * there is only noted. */
#include "server/api/backend.h"
#include "server/host/path_below.h"
#include "server/api/qcow2.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>

#define BACKENDS_MOST 16

/* Of this thread's dry run. */
static _Thread_local struct images noted;

static void note(const char *name, const char *format, int64_t bytes)
{
	struct image image = {.format = format, .bytes = bytes, .allocated = bytes};

	for (size_t i = 0; i < noted.count; i++)
		if (strcmp(noted.items[i].name, name) == 0) {
			noted.items[i].bytes = bytes;
			return;
		}
	images_add(&noted, &image, name);
}

void backend_forget_dry_images(void)
{
	images_clear(&noted);
}

static const struct backend *real(const struct place *place)
{
	return backend_find(place->backend->type);
}

static bool dry_look(const struct place *place, const char *name, struct image *ret_image)
{
	for (size_t i = 0; i < noted.count; i++)
		if (strcmp(noted.items[i].name, name) == 0) {
			*ret_image = noted.items[i];
			ret_image->name = NULL;
			return true;
		}
	return real(place)->look(place, name, ret_image);
}

static int dry_make(const struct place *place, const char *name, int64_t bytes, struct error *err)
{
	int64_t whole;

	if (real(place)->measure(place, name, 0, bytes, &whole, err) < 0)
		return -1;
	note(name, format_of(name), whole);
	return 0;
}

static int dry_grow(const struct place *place, const char *name, int64_t bytes, struct error *err)
{
	struct image image;
	int64_t whole;

	errno = ENOENT;
	if (!dry_look(place, name, &image))
		return fail_place(err, "growing", name);
	if (real(place)->measure(place, name, image.bytes, bytes, &whole, err) < 0)
		return -1;
	note(name, image.format, whole > image.bytes ? whole : image.bytes);
	return 0;
}

static int dry_name(const struct place *place, const char *name, struct error *err)
{
	(void)place;
	(void)name;
	(void)err;
	return 0;
}

static void dry_drop_part(const struct place *place, const char *name)
{
	(void)place;
	(void)name;
}

static struct backend dry[BACKENDS_MOST];

static void make_dry(void)
{
	for (size_t i = 0; backend_at(i); i++) {
		dry[i] = *backend_at(i);
		dry[i].look = dry_look;
		if (!dry[i].name_image)
			continue;
		dry[i].make = dry_make;
		dry[i].grow = dry_grow;
		dry[i].finish = dry_name;
		dry[i].delete = dry_name;
		dry[i].drop_part = dry_drop_part;
		dry[i].open_part = NULL;
	}
}

static const struct backend *dry_of(const struct backend *backend)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	size_t i = 0;

	pthread_once(&once, make_dry);
	while (backend_at(i) != backend)
		i++;
	return &dry[i];
}

/* One that SR.create would make. */
static void absent_close(struct place *place)
{
	free(place);
}

static char *absent_identify(const struct place *place)
{
	(void)place;
	return text_copy("");
}

static int absent_get_room(const struct place *place, struct room *ret_room, struct error *err)
{
	(void)place;
	(void)err;
	*ret_room = (struct room){0};
	return 0;
}

static int absent_list(const struct place *place, struct images *ret_images, struct error *err)
{
	(void)place;
	(void)err;
	*ret_images = (struct images){0};
	return 0;
}

static const struct backend absent = {.close = absent_close,
				      .identify = absent_identify,
				      .get_room = absent_get_room,
				      .list = absent_list};

/* Only the last of its folders is missing. */
static bool would_be_made(const struct backend *backend, const struct api_options *options,
			  const struct value *device_config, const struct error *problem)
{
	const char *path = backend->key ? value_find_text(device_config, backend->key) : NULL;
	AUTO_TEXT above = NULL;
	const char *rest;
	struct stat status;

	if (problem->code != ERROR_SR_BACKEND_FAILURE || atoi(problem->parameters[0]) != ENOENT ||
	    !path || !strrchr(path, '/'))
		return false;
	above = text_format("%.*s", (int)(strrchr(path, '/') - path), path);
	rest = path_below(above, options->sr_folders, NULL);
	return (rest && !*rest) || (stat(above, &status) == 0 && S_ISDIR(status.st_mode));
}

int backend_open_dry(const struct backend *backend, const struct api_options *options,
		     const struct value *device_config, bool make, struct place **ret_place,
		     struct error *err)
{
	if (backend->open(options, device_config, false, ret_place, err) == 0) {
		(*ret_place)->backend = dry_of(backend);
		return 0;
	}
	if (!make || !would_be_made(backend, options, device_config, err))
		return -1;
	error_clear(err);
	*ret_place = allocate(sizeof(**ret_place));
	(*ret_place)->backend = &absent;
	return 0;
}
