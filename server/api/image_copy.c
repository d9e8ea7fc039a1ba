/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image_copy.c – the content of one image into another; holes stay holes where the target has them.
 */
#include "server/api/backend.h"

#include <errno.h>
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

/* What is between two holes. */
static int copy_data(const struct copy *copy, int64_t at, int64_t end, struct error *err)
{
	while (at < end) {
		ssize_t length =
			pread(copy->from, copy->buffer, (size_t)lesser_of(CHUNK, end - at), at);

		if (length < 0)
			return fail_place(err, "reading for", copy->name);
		if (length == 0)
			break;
		if (write_all(copy, copy->buffer, (size_t)length, at, err) < 0)
			return -1;
		at += length;
		if (copy->progress &&
		    copy->progress(copy->argument, (double)at / (double)copy->bytes, err) < 0)
			return -1;
	}
	return 0;
}

static int copy_all(const struct copy *copy, struct error *err)
{
	int64_t at = 0;

	while (at < copy->bytes) {
		int64_t data = lseek(copy->from, at, SEEK_DATA);
		int64_t end;

		if (data < 0 && errno == ENXIO)
			break;
		end = data < 0 ? -1 : lseek(copy->from, data, SEEK_HOLE);
		if (end < 0)
			return fail_place(err, "reading for", copy->name);
		if (copy_data(copy, data, lesser_of(end, copy->bytes), err) < 0)
			return -1;
		at = end;
	}
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

int image_copy(const struct place *from, const char *name, const struct place *to,
	       const char *new_name, image_progress_fn progress, void *argument, struct error *err)
{
	struct copy copy = {
		.place = to, .name = new_name, .progress = progress, .argument = argument};
	int rc;

	copy.from = from->backend->open_image(from, name, err);
	if (copy.from < 0)
		return -1;
	/* of a block device fstat knows nothing */
	copy.bytes = lseek(copy.from, 0, SEEK_END);
	rc = copy.bytes < 0 ? fail_place(err, "measuring", name) : copy_into_part(&copy, err);
	close(copy.from);
	return rc;
}
