/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qcow2.c – qcow2 images are made, grown and converted by qemu-img. */
#include "server/api/qcow2.h"

#include "server/host/tool.h"

#include <inttypes.h>
#include <stdlib.h>

/* What the largest table of clusters of 64 KiB is for. */
#define BYTES_MOST (INT64_C(1) << 61)

const char *format_of(const char *name)
{
	size_t length = strlen(name);
	size_t end = strlen(".qcow2");

	return length > end && strcmp(name + length - end, ".qcow2") == 0 ? FORMAT_QCOW2 :
									    FORMAT_RAW;
}

int qcow2_check_size(int64_t bytes, struct error *err)
{
	AUTO_TEXT text = text_format("%" PRId64, bytes);

	return bytes <= BYTES_MOST ? 0 :
				     fail(err, ERROR_INVALID_VALUE,
					  "virtual_size: at most 2 EiB of a qcow2 image", text);
}

static int run(enum tool tool, const char *path, int64_t bytes, struct error *err)
{
	AUTO_TEXT size = text_format("%" PRId64, bytes);
	const char *const arguments[] = {path, size};
	AUTO_TOOL_OUTPUT output = {0};
	int status;

	if (qcow2_check_size(bytes, err) < 0)
		return -1;
	status = tool_run(tool, arguments, NULL, NULL, &output);
	return status == 0 ? 0 : fail_tool(err, status, "", output.problem);
}

int qcow2_make(const char *path, int64_t bytes, struct error *err)
{
	return run(TOOL_MAKE_QCOW2, path, bytes, err);
}

int qcow2_grow(const char *path, int64_t bytes, struct error *err)
{
	return run(TOOL_GROW_QCOW2, path, bytes, err);
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

static bool is_qcow2(const char *format)
{
	return strcmp(format, FORMAT_QCOW2) == 0;
}

static enum tool converter(const char *from_format, const char *to_format)
{
	if (!is_qcow2(from_format))
		return TOOL_RAW_TO_QCOW2;
	return is_qcow2(to_format) ? TOOL_COPY_QCOW2 : TOOL_QCOW2_TO_RAW;
}

int qcow2_convert(const char *from, const char *from_format, const char *to, const char *to_format,
		  image_progress_fn progress, void *argument, struct error *err)
{
	const char *const arguments[] = {from, to};
	struct conversion conversion = {progress, argument, err};
	AUTO_TOOL_OUTPUT output = {0};
	int status = tool_run(converter(from_format, to_format), arguments, progress ? watch : NULL,
			      &conversion, &output);

	if (status == 0 || err->code != ERROR_NONE)
		return status == 0 ? 0 : -1;
	return fail_tool(err, status, "", output.problem);
}
