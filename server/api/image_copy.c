/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image_copy.c – the content of one image into another; holes stay holes where the target has them.
 */
#include "server/api/backend.h"
#include "server/api/dry_run.h"
#include "server/api/qcow2.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CHUNK (1 << 20)

struct copy {
	int from;
	int to;
	const struct place *place; /* of the new one, whose errors it is */
	const char *name;
	int64_t bytes;
	char *buffer;
	image_progress_fn progress;
	void *argument;
};

static int write_all(const struct copy *copy, const char *data, size_t length, int64_t at,
		     struct error *err)
{
	while (length > 0) {
		ssize_t written = pwrite(copy->to, data, length, at);

		if (written < 0)
			return fail_growing(err, copy->place, copy->name, copy->bytes);
		data += written;
		length -= (size_t)written;
		at += written;
	}
	return 0;
}

static bool is_zero(const char *data, size_t length)
{
	return length == 0 || (*data == '\0' && memcmp(data, data + 1, length - 1) == 0);
}

/* What is between two holes. A new part is zeros already. */
static int copy_data(const struct copy *copy, int64_t at, int64_t end, struct error *err)
{
	while (at < end) {
		ssize_t length =
			pread(copy->from, copy->buffer, (size_t)lesser_of(CHUNK, end - at), at);

		if (length < 0)
			return fail_place(err, "reading for", copy->name);
		if (length == 0)
			break;
		if (!is_zero(copy->buffer, (size_t)length) &&
		    write_all(copy, copy->buffer, (size_t)length, at, err) < 0)
			return -1;
		at += length;
		if (copy->progress &&
		    copy->progress(copy->argument, (double)at / (double)copy->bytes, err) < 0)
			return -1;
	}
	return 0;
}

/* The next piece of data, from *at on; *ret_end is where it ends. 0: there is none. A block device
 * does not know where it has holes. */
static int find_data(const struct copy *copy, int64_t *at, int64_t *ret_end)
{
	int64_t data = lseek(copy->from, *at, SEEK_DATA);
	int64_t end;

	if (data < 0 && errno == EINVAL) {
		*ret_end = copy->bytes;
		return 1;
	}
	if (data < 0)
		return errno == ENXIO ? 0 : -1;
	end = lseek(copy->from, data, SEEK_HOLE);
	*at = data;
	*ret_end = lesser_of(end, copy->bytes);
	return end < 0 ? -1 : 1;
}

static int copy_pieces(const struct copy *copy, struct error *err)
{
	int64_t at = 0;
	int64_t end;
	int found = 0;

	while (at < copy->bytes && (found = find_data(copy, &at, &end)) > 0) {
		if (copy_data(copy, at, end, err) < 0)
			return -1;
		at = end;
	}
	if (found < 0)
		return fail_place(err, "reading for", copy->name);
	return 0;
}

/* Sharing its blocks where the file system can do that. */
static int copy_all(const struct copy *copy, struct error *err)
{
	if (ioctl(copy->to, FICLONE, copy->from) < 0 && copy_pieces(copy, err) < 0)
		return -1;
	if (fsync(copy->to) < 0)
		return fail_growing(err, copy->place, copy->name, copy->bytes);
	return 0;
}

static int copy_into_part(struct copy *copy, struct error *err)
{
	int rc;

	copy->to = copy->place->backend->open_part(copy->place, copy->name, copy->bytes, err);
	if (copy->to < 0)
		return -1;
	copy->buffer = allocate(CHUNK);
	rc = copy_all(copy, err);
	free(copy->buffer);
	close(copy->to);
	if (rc < 0)
		copy->place->backend->drop_part(copy->place, copy->name);
	return rc;
}

/* qemu-img opens both by itself; the part is only made, and synced, here. */
static int convert_into_part(struct copy *copy, const struct place *from, const char *name,
			     const char *format, struct error *err)
{
	const struct backend *backend = copy->place->backend;
	AUTO_TEXT source = from->backend->get_path(from, name);
	AUTO_TEXT target = backend->part_path(copy->place, copy->name);
	int rc;

	copy->to = backend->open_part(copy->place, copy->name, copy->bytes, err);
	if (copy->to < 0)
		return -1;
	rc = qcow2_convert(source, format, target, format_of(copy->name), copy->progress,
			   copy->argument, err);
	if (rc == 0 && fsync(copy->to) < 0)
		rc = fail_growing(err, copy->place, copy->name, copy->bytes);
	close(copy->to);
	if (rc < 0)
		backend->drop_part(copy->place, copy->name);
	return rc;
}

static bool is_raw(const char *format)
{
	return strcmp(format, FORMAT_RAW) == 0;
}

int image_copy(const struct place *from, const char *name, const struct place *to,
	       const char *new_name, image_progress_fn progress, void *argument, struct error *err)
{
	struct copy copy = {
		.place = to, .name = new_name, .progress = progress, .argument = argument};
	struct image image;
	int rc;

	errno = ENOENT;
	if (!from->backend->look(from, name, &image))
		return fail_place(err, "opening", name);
	copy.bytes = image.bytes;
	if (dry_run_is_on())
		return to->backend->make(to, new_name, image.bytes, err);
	if (!is_raw(image.format) || !is_raw(format_of(new_name)))
		return convert_into_part(&copy, from, name, image.format, err);
	copy.from = from->backend->open_image(from, name, err);
	if (copy.from < 0)
		return -1;
	rc = copy_into_part(&copy, err);
	close(copy.from);
	return rc;
}
