/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lvm.c – calls of the LVM tools, and what they report. */
#include "server/api/lvm.h"

#include "schema/text.h"
#include "server/api/backend.h"
#include "server/host/tool.h"
#include "server/host/tool_argument.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Tags; tools.def gives them. What is being made is a part; an administrator gives a volume to an
 * SR with that of an image. What is behind the number has not been zeroed yet. */
#define IMAGE_TAG "xenapid.image"
#define PART_TAG "xenapid.part"
#define ZERO_TAG "xenapid.zero-from-"

/* {"report": [{"lv": [{"lv_name": …, …}, …]}]} */
static const struct type text_type = {.kind = TYPE_STRING};
static const struct type row_type = {.kind = TYPE_MAP, .key = &text_type, .item = &text_type};
static const struct type rows_type = {.kind = TYPE_SET, .item = &row_type};
static const struct type kinds_type = {.kind = TYPE_MAP, .key = &text_type, .item = &rows_type};
static const struct type list_type = {.kind = TYPE_SET, .item = &kinds_type};
static const struct type report_type = {.kind = TYPE_MAP, .key = &text_type, .item = &list_type};

int64_t lvm_round(const struct lvm_group *group, int64_t bytes)
{
	return bytes > INT64_MAX - group->extent ?
		       bytes :
		       (bytes + group->extent - 1) / group->extent * group->extent;
}

static int run(enum tool tool, const char *const *arguments, struct error *err)
{
	AUTO_TOOL_OUTPUT output = {0};
	int status = tool_run(tool, arguments, NULL, NULL, &output);

	return status == 0 ? 0 : fail_tool(err, status, output.text, output.problem);
}

/* The rows of a report, a set of maps of texts; NULL with *err. */
static struct value *report(enum tool tool, const char *kind, const char *group, struct error *err)
{
	const char *const arguments[] = {group};
	AUTO_TOOL_OUTPUT output = {0};
	AUTO(value) whole = NULL;
	const struct value *found;
	int status = tool_run(tool, arguments, NULL, NULL, &output);

	if (status != 0) {
		fail_tool(err, status, output.text, output.problem);
		return NULL;
	}
	if (text_to_value(&report_type, output.text, &whole) == NULL) {
		found = value_find(whole, "report");
		found = found && found->length ? value_find(found->items[0], kind) : NULL;
		if (found)
			return value_reference(found);
	}
	fail(err, ERROR_SR_BACKEND_FAILURE, "0", output.text, "LVM's report is not understood");
	return NULL;
}

static const char *column(const struct value *row, const char *name)
{
	const char *text = value_find_text(row, name);

	return text ? text : "";
}

static int64_t number(const struct value *row, const char *name)
{
	return strtoll(column(row, name), NULL, 10);
}

int lvm_read_group(const char *group, struct lvm_group *ret_group, struct error *err)
{
	AUTO(value) rows = report(TOOL_READ_GROUP, "vg", group, err);
	const struct value *row = rows && rows->length == 1 ? rows->items[0] : NULL;

	if (!rows)
		return -1;
	if (!row || number(row, "vg_extent_size") <= 0)
		return fail(err, ERROR_SR_BACKEND_FAILURE, "0", "", "LVM does not know the group");
	*ret_group = (struct lvm_group){.bytes = number(row, "vg_size"),
					.free = number(row, "vg_free"),
					.extent = number(row, "vg_extent_size")};
	snprintf(ret_group->name, sizeof(ret_group->name), "%s", group);
	snprintf(ret_group->uuid, sizeof(ret_group->uuid), "%s", column(row, "vg_uuid"));
	return 0;
}

/* Whether the volume has a tag of ours; the tags are separated by commas. */
static bool read_tags(char *tags, struct lvm_volume *volume)
{
	bool ours = false;
	char *at;

	for (char *tag = strtok_r(tags, ",", &at); tag; tag = strtok_r(NULL, ",", &at)) {
		volume->is_image |= strcmp(tag, IMAGE_TAG) == 0;
		ours |= volume->is_image || strcmp(tag, PART_TAG) == 0;
		if (strncmp(tag, ZERO_TAG, strlen(ZERO_TAG)) == 0)
			volume->zero_from = strtoll(tag + strlen(ZERO_TAG), NULL, 10);
	}
	return ours;
}

/* False: it is not ours. */
static bool read_volume(const struct value *row, struct lvm_volume *volume)
{
	AUTO_TEXT tags = text_copy(column(row, "lv_tags"));
	const char *attributes = column(row, "lv_attr");

	*volume = (struct lvm_volume){.bytes = number(row, "lv_size"), .zero_from = -1};
	snprintf(volume->name, sizeof(volume->name), "%s", column(row, "lv_name"));
	volume->active = strlen(attributes) > 4 && attributes[4] == 'a';
	volume->read_only = *attributes && attributes[1] != 'w';
	return read_tags(tags, volume) && tool_is_name(volume->name);
}

int lvm_list(const char *group, struct lvm_volumes *ret_volumes, struct error *err)
{
	AUTO(value) rows = report(TOOL_LIST_VOLUMES, "lv", group, err);
	struct lvm_volumes volumes = {0};

	if (!rows)
		return -1;
	volumes.items = allocate((rows->length + 1) * sizeof(*volumes.items));
	for (uint32_t i = 0; i < rows->length; i++)
		if (read_volume(rows->items[i], &volumes.items[volumes.count]))
			volumes.count++;
	*ret_volumes = volumes;
	return 0;
}

/* Of a volume, with a size in front of it if there is one. */
static int run_on(enum tool tool, int64_t bytes, const char *group, const char *name,
		  struct error *err)
{
	AUTO_TEXT size = text_format("%" PRId64, bytes);
	AUTO_TEXT volume = text_format("%s/%s", group, name);
	const char *const arguments[] = {size, volume};

	return run(tool, bytes < 0 ? arguments + 1 : arguments, err);
}

int lvm_create(const char *group, const char *name, int64_t bytes, struct error *err)
{
	AUTO_TEXT size = text_format("%" PRId64, bytes);
	const char *const arguments[] = {name, size, group};

	return run(TOOL_MAKE_PART, arguments, err);
}

int lvm_finish_part(const char *group, const char *name, struct error *err)
{
	return run_on(TOOL_FINISH_PART, -1, group, name, err);
}

int lvm_begin_growing(const char *group, const char *name, int64_t from, struct error *err)
{
	return run_on(TOOL_BEGIN_GROWING, from, group, name, err);
}

int lvm_extend(const char *group, const char *name, int64_t bytes, struct error *err)
{
	return run_on(TOOL_GROW_VOLUME, bytes, group, name, err);
}

int lvm_end_growing(const char *group, const char *name, int64_t from, struct error *err)
{
	return run_on(TOOL_END_GROWING, from, group, name, err);
}

int lvm_remove_part(const char *group, const char *name, struct error *err)
{
	return run_on(TOOL_REMOVE_PART, -1, group, name, err);
}

int lvm_remove_parts(const char *group, struct error *err)
{
	const char *const arguments[] = {group};

	return run(TOOL_REMOVE_PARTS, arguments, err);
}

int lvm_remove_image(const char *group, const char *name, struct error *err)
{
	return run_on(TOOL_REMOVE_IMAGE, -1, group, name, err);
}
