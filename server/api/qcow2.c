/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qcow2.c – qcow2 images: the header is read here, everything else is qemu-img's. */
#include "server/api/qcow2.h"

#include "server/api/child.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define MAGIC 0x514649fbu /* QFI, 0xfb */
#define EXTERNAL_DATA (UINT64_C(1) << 2)
#define SHORT_MS 60000
#define LONG_MS (7 * 24 * 3600 * 1000)

/* All big-endian; the last one is there from version 3 on. */
struct header {
	uint32_t magic;
	uint32_t version;
	uint64_t backing_offset;
	uint32_t backing_length;
	uint32_t cluster_bits;
	uint64_t bytes;
	uint32_t encryption;
	uint32_t others[9];
	uint64_t incompatible;
};

_Static_assert(sizeof(struct header) == 80, "as it is in the file");

const char *format_of(const char *name)
{
	size_t length = strlen(name);
	size_t end = strlen(".qcow2");

	return length > end && strcmp(name + length - end, ".qcow2") == 0 ? FORMAT_QCOW2 :
									    FORMAT_RAW;
}

int64_t qcow2_read_size(int file)
{
	struct header header;
	uint32_t version;

	if (pread(file, &header, sizeof(header), 0) != (ssize_t)sizeof(header))
		return -1;
	version = be32toh(header.version);
	if (be32toh(header.magic) != MAGIC || version < 2 || version > 3 || header.backing_offset ||
	    header.encryption || (version == 3 && be64toh(header.incompatible) & EXTERNAL_DATA) ||
	    be64toh(header.bytes) > INT64_MAX)
		return -1;
	return (int64_t)be64toh(header.bytes);
}

/* What it says of itself, without the name of the program. */
static int fail_image(struct error *err, int status, const struct child_output *output)
{
	AUTO_TEXT number = text_format("%d", status < 0 ? errno : status);
	AUTO_TEXT reason =
		text_format("qemu-img: %s", status < 0 ? strerror(errno) : output->complaint);

	return fail(err, ERROR_SR_BACKEND_FAILURE, number, "", reason);
}

static int run(const char *const *arguments, struct error *err)
{
	AUTO_CHILD_OUTPUT output = {0};
	int status = child_run(arguments, SHORT_MS, &output);

	return status == 0 ? 0 : fail_image(err, status, &output);
}

int qcow2_make(const char *path, int64_t bytes, struct error *err)
{
	AUTO_TEXT size = text_format("%" PRId64, bytes);
	const char *const arguments[] = {"qemu-img",   "create", "-q", "-f",
					 FORMAT_QCOW2, path,	 size, NULL};

	return run(arguments, err);
}

int qcow2_grow(const char *path, int64_t bytes, struct error *err)
{
	AUTO_TEXT size = text_format("%" PRId64, bytes);
	const char *const arguments[] = {"qemu-img",   "resize", "-q", "-f",
					 FORMAT_QCOW2, path,	 size, NULL};

	return run(arguments, err);
}

struct conversion {
	image_progress_fn progress;
	void *argument;
	struct error *err;
};

/* "    (12.34/100%)", again and again. */
static int watch(void *argument, const char *text)
{
	const struct conversion *conversion = argument;
	const char *last = strrchr(text, '(');

	return conversion->progress(conversion->argument, last ? atof(last + 1) / 100 : 0,
				    conversion->err);
}

int qcow2_convert(const char *from, const char *from_format, const char *to, const char *to_format,
		  image_progress_fn progress, void *argument, struct error *err)
{
	/* -n: the target is there, and of zeros */
	const char *const arguments[] = {"qemu-img",	     "convert", "-p",	     "-n",
					 "--target-is-zero", "-f",	from_format, "-O",
					 to_format,	     from,	to,	     NULL};
	struct conversion conversion = {progress, argument, err};
	AUTO_CHILD_OUTPUT output = {0};
	int status = child_run_watched(arguments, LONG_MS, progress ? watch : NULL, &conversion,
				       &output);

	if (status == 0 || err->code != ERROR_NONE)
		return status == 0 ? 0 : -1;
	return fail_image(err, status, &output);
}
