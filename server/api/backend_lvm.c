/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_lvm.c – SRs of type lvm: logical volumes of a volume group that is there. Only those with
 * our tag are seen, changed or removed. */
#include "server/api/backend.h"

#include "server/api/lvm.h"
#include "server/api/qcow2.h"
#include "server/host/disk_image.h"
#include "server/host/tool_argument.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define GROUP "volume_group"
#define ZERO_CHUNK (16 << 20)

struct group {
	struct place place;
	struct lvm_group facts;
};

static const char *name_of(const struct place *place)
{
	return ((const struct group *)place)->facts.name;
}

static int lvm_check(const struct api_options *options, const struct value *device_config,
		     struct error *err)
{
	const char *name = value_find_text(device_config, GROUP);

	(void)options;
	if (name && tool_is_name(name))
		return 0;
	return fail(err, ERROR_INVALID_VALUE,
		    "device_config:" GROUP ": the name of a volume group of the host",
		    name ? name : "");
}

static int lvm_open(const struct api_options *options, const struct value *device_config, bool make,
		    struct place **ret_place, struct error *err)
{
	struct lvm_group facts;
	struct group *group;

	(void)make;
	if (lvm_check(options, device_config, err) < 0 ||
	    lvm_read_group(value_find_text(device_config, GROUP), &facts, err) < 0)
		return -1;
	group = allocate(sizeof(*group));
	*group = (struct group){{.backend = &backend_lvm}, facts};
	*ret_place = &group->place;
	return 0;
}

static void lvm_close(struct place *place)
{
	free(place);
}

static char *lvm_identify(const struct place *place)
{
	return text_copy(((const struct group *)place)->facts.uuid);
}

static int lvm_get_room(const struct place *place, struct room *ret_room, struct error *err)
{
	struct lvm_group now;

	if (lvm_read_group(name_of(place), &now, err) < 0)
		return -1;
	*ret_room = (struct room){.bytes = now.bytes, .used = now.bytes - now.free};
	return 0;
}

static char *lvm_name_image(const struct place *place, const char *uuid, const char *format)
{
	(void)place;
	return text_format("%s.%s", uuid, format);
}

static char *lvm_get_path(const struct place *place, const char *name)
{
	return text_format("/dev/%s/%s", name_of(place), name);
}

/* One that is whole; what still has to be zeroed is nobody's yet. */
static bool is_image(const struct lvm_volume *volume)
{
	return volume->is_image && volume->active && volume->zero_from < 0;
}

static struct image image_of(const struct lvm_volume *volume)
{
	return (struct image){.format = FORMAT_RAW,
			      .bytes = volume->bytes,
			      .allocated = volume->bytes,
			      .read_only = volume->read_only};
}

/* −1 with *err, 0: there is none of ours. */
static int find(const struct place *place, const char *name, struct lvm_volume *ret_volume,
		struct error *err)
{
	struct lvm_volumes volumes;
	int found = 0;

	if (!tool_is_name(name))
		return 0;
	if (lvm_list(name_of(place), &volumes, err) < 0)
		return -1;
	for (size_t i = 0; i < volumes.count; i++)
		if (strcmp(volumes.items[i].name, name) == 0) {
			*ret_volume = volumes.items[i];
			found = 1;
		}
	free(volumes.items);
	return found;
}

static bool lvm_look(const struct place *place, const char *name, struct image *ret_image)
{
	AUTO_ERROR ignored = {0};
	struct lvm_volume volume;

	if (find(place, name, &volume, &ignored) <= 0 || !is_image(&volume))
		return false;
	*ret_image = image_of(&volume);
	return true;
}

static int lvm_list_images(const struct place *place, struct images *ret_images, struct error *err)
{
	struct lvm_volumes volumes;
	struct images images = {0};

	if (lvm_list(name_of(place), &volumes, err) < 0)
		return -1;
	for (size_t i = 0; i < volumes.count; i++) {
		struct image image = image_of(&volumes.items[i]);

		if (is_image(&volumes.items[i]))
			images_add(&images, &image, volumes.items[i].name);
	}
	free(volumes.items);
	*ret_images = images;
	return 0;
}

static int open_volume(const struct place *place, const char *name, int flags)
{
	AUTO_TEXT path = lvm_get_path(place, name);

	return disk_image_open(path, DISK_ON_LVM, flags);
}

static int lvm_open_image(const struct place *place, const char *name, struct error *err)
{
	int file = open_volume(place, name, O_RDONLY);

	return file < 0 ? fail_place(err, "opening", name) : file;
}

static int write_zeros(int file, int64_t at, int64_t length)
{
	static const char zeros[65536];

	while (length > 0) {
		ssize_t written = pwrite(file, zeros, (size_t)lesser_of(sizeof(zeros), length), at);

		if (written <= 0)
			return -1;
		at += written;
		length -= written;
	}
	return 0;
}

static int zero_chunk(int file, int64_t at, int64_t length)
{
	uint64_t range[] = {(uint64_t)at, (uint64_t)length};

	if (ioctl(file, BLKZEROOUT, range) == 0)
		return 0;
	return errno == ENOTTY ? write_zeros(file, at, length) : -1;
}

struct zeros {
	const struct place *place;
	const char *name;
	int64_t from;
	int64_t end;
	image_progress_fn progress; /* NULL: it is not given up */
};

/* What was on the disk before must not be seen by a guest. The device does it itself if it can. */
static int zero(int file, const struct zeros *zeros, struct error *err)
{
	double length = (double)(zeros->end - zeros->from);

	for (int64_t at = zeros->from; at < zeros->end; at += ZERO_CHUNK) {
		double share = (double)(at - zeros->from) / length;

		if (zeros->progress && zeros->progress(zeros->place->argument, share, err) < 0)
			return -1;
		if (zero_chunk(file, at, lesser_of(ZERO_CHUNK, zeros->end - at)) < 0)
			return fail_place(err, "zeroing", zeros->name);
	}
	return fsync(file) < 0 ? fail_place(err, "zeroing", zeros->name) : 0;
}

static int zero_volume(const struct zeros *zeros, struct error *err)
{
	int file = open_volume(zeros->place, zeros->name, O_WRONLY);
	int rc;

	if (file < 0)
		return fail_place(err, "zeroing", zeros->name);
	rc = zero(file, zeros, err);
	close(file);
	return rc;
}

/* SR_FULL in words of ours, before LVM says it in its own. */
static int check_room(const struct place *place, const char *name, int64_t bytes, struct error *err)
{
	struct lvm_group now;

	if (lvm_read_group(name_of(place), &now, err) < 0)
		return -1;
	errno = ENOSPC;
	return lvm_round(&now, bytes) <= now.free ? 0 : fail_growing(err, place, name, bytes);
}

static int lvm_measure(const struct place *place, const char *name, int64_t from, int64_t bytes,
		       int64_t *ret_bytes, struct error *err)
{
	int64_t whole = lvm_round(&((const struct group *)place)->facts, bytes);

	if (whole > from && check_room(place, name, whole - from, err) < 0)
		return -1;
	*ret_bytes = whole;
	return 0;
}

static void lvm_drop_part(const struct place *place, const char *name)
{
	AUTO_ERROR ignored = {0};

	lvm_remove_part(name_of(place), name, &ignored);
}

static int lvm_open_part(const struct place *place, const char *name, int64_t bytes,
			 struct error *err)
{
	const struct group *group = (const struct group *)place;
	int64_t whole = lvm_round(&group->facts, bytes);
	struct zeros zeros = {place, name, 0, whole, place->progress};
	int file;

	if (check_room(place, name, whole, err) < 0 ||
	    lvm_create(name_of(place), name, whole, err) < 0)
		return -1;
	file = zero_volume(&zeros, err) < 0 ? -1 : open_volume(place, name, O_WRONLY);
	if (file < 0 && err->code == ERROR_NONE)
		fail_place(err, "opening", name);
	if (file < 0)
		lvm_drop_part(place, name);
	return file;
}

static int lvm_make(const struct place *place, const char *name, int64_t bytes, struct error *err)
{
	int file = lvm_open_part(place, name, bytes, err);

	if (file < 0)
		return -1;
	close(file);
	return 0;
}

static int lvm_finish(const struct place *place, const char *name, struct error *err)
{
	return lvm_finish_part(name_of(place), name, err);
}

/* A crash left it larger, with what was on the disk before at its end. */
static void finish_growing(const struct place *place, const struct lvm_volume *volume)
{
	struct zeros zeros = {place, volume->name, volume->zero_from, volume->bytes, NULL};
	AUTO_ERROR ignored = {0};

	if (zero_volume(&zeros, &ignored) == 0)
		lvm_end_growing(name_of(place), volume->name, volume->zero_from, &ignored);
}

static void lvm_drop_parts(const struct place *place)
{
	AUTO_ERROR ignored = {0};
	struct lvm_volumes volumes;

	lvm_remove_parts(name_of(place), &ignored);
	if (lvm_list(name_of(place), &volumes, &ignored) < 0)
		return;
	for (size_t i = 0; i < volumes.count; i++)
		if (volumes.items[i].zero_from >= 0)
			finish_growing(place, &volumes.items[i]);
	free(volumes.items);
}

/* Until the new end is zeroed the tag says from where, and nobody sees the volume. */
static int grow(const struct place *place, const struct lvm_volume *volume, int64_t bytes,
		struct error *err)
{
	struct zeros zeros = {place, volume->name, volume->bytes, bytes, NULL};
	AUTO_ERROR ignored = {0};
	const char *group = name_of(place);

	if (check_room(place, volume->name, bytes - volume->bytes, err) < 0 ||
	    lvm_begin_growing(group, volume->name, volume->bytes, err) < 0)
		return -1;
	if (lvm_extend(group, volume->name, bytes, err) < 0) {
		lvm_end_growing(group, volume->name, volume->bytes, &ignored);
		return -1;
	}
	if (zero_volume(&zeros, err) < 0)
		return -1;
	return lvm_end_growing(group, volume->name, volume->bytes, err);
}

static int lvm_grow(const struct place *place, const char *name, int64_t bytes, struct error *err)
{
	int64_t whole = lvm_round(&((const struct group *)place)->facts, bytes);
	struct lvm_volume volume;
	int found = find(place, name, &volume, err);

	errno = ENOENT;
	if (found <= 0)
		return found < 0 ? -1 : fail_place(err, "growing", name);
	return whole > volume.bytes ? grow(place, &volume, whole, err) : 0;
}

static int lvm_delete(const struct place *place, const char *name, struct error *err)
{
	struct lvm_volume volume;
	int found = find(place, name, &volume, err);

	return found <= 0 ? found : lvm_remove_image(name_of(place), name, err);
}

static const char *const formats[] = {FORMAT_RAW, NULL};

const struct backend backend_lvm = {
	.type = "lvm",
	.name_label = "Logical volumes",
	.name_description = "Raw images as logical volumes of a volume group that is there.",
	.key = GROUP,
	.key_description = "name of the volume group",
	.formats = formats,
	.check = lvm_check,
	.open = lvm_open,
	.close = lvm_close,
	.identify = lvm_identify,
	.get_room = lvm_get_room,
	.name_image = lvm_name_image,
	.get_path = lvm_get_path,
	.part_path = lvm_get_path, /* only its tag says so */
	.look = lvm_look,
	.list = lvm_list_images,
	.measure = lvm_measure,
	.make = lvm_make,
	.open_image = lvm_open_image,
	.open_part = lvm_open_part,
	.finish = lvm_finish,
	.drop_part = lvm_drop_part,
	.drop_parts = lvm_drop_parts,
	.grow = lvm_grow,
	.delete = lvm_delete};
