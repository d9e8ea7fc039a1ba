/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lvm.c – calls of the LVM tools, and what they report. */
#include "server/api/lvm.h"

#include "schema/text.h"
#include "server/api/child.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define TIMEOUT_MS 120000
#define ZERO_TAG "xenapid.zero-from-"

/* {"report": [{"lv": [{"lv_name": …, …}, …]}]} */
static const struct type text_type = {.kind = TYPE_STRING};
static const struct type row_type = {.kind = TYPE_MAP, .key = &text_type, .item = &text_type};
static const struct type rows_type = {.kind = TYPE_SET, .item = &row_type};
static const struct type kinds_type = {.kind = TYPE_MAP, .key = &text_type, .item = &rows_type};
static const struct type list_type = {.kind = TYPE_SET, .item = &kinds_type};
static const struct type report_type = {.kind = TYPE_MAP, .key = &text_type, .item = &list_type};

bool lvm_is_name(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && length < LVM_NAME_SIZE && *name != '-' && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0 &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 "_.+-")] == '\0';
}

int64_t lvm_round(const struct lvm_group *group, int64_t bytes)
{
	return bytes > INT64_MAX - group->extent ?
		       bytes :
		       (bytes + group->extent - 1) / group->extent * group->extent;
}

char *lvm_zero_tag(int64_t from)
{
	return text_format(ZERO_TAG "%" PRId64, from);
}

static int fail_lvm(struct error *err, const char *program, int status,
		    const struct child_output *output)
{
	AUTO_TEXT number = text_format("%d", status < 0 ? errno : status);
	AUTO_TEXT reason =
		text_format("%s: %s", program, status < 0 ? strerror(errno) : output->complaint);

	return fail(err, ERROR_SR_BACKEND_FAILURE, number, output->text, reason);
}

static int run(const char *const *arguments, struct error *err)
{
	AUTO_CHILD_OUTPUT output = {0};
	int status = child_run(arguments, TIMEOUT_MS, &output);

	return status == 0 ? 0 : fail_lvm(err, arguments[0], status, &output);
}

/* The rows of a report, a set of maps of texts; NULL with *err. */
static struct value *report(const char *program, const char *kind, const char *group,
			    const char *columns, struct error *err)
{
	const char *const arguments[] = {program,      "--reportformat", "json",  "--units", "b",
					 "--nosuffix", "--options",	 columns, group,     NULL};
	AUTO_CHILD_OUTPUT output = {0};
	AUTO(value) whole = NULL;
	const struct value *found;
	int status = child_run(arguments, TIMEOUT_MS, &output);

	if (status != 0) {
		fail_lvm(err, program, status, &output);
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
	AUTO(value) rows =
		report("vgs", "vg", group, "vg_uuid,vg_size,vg_free,vg_extent_size", err);
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
		volume->is_image |= strcmp(tag, LVM_IMAGE) == 0;
		ours |= volume->is_image || strcmp(tag, LVM_PART) == 0;
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
	return read_tags(tags, volume) && lvm_is_name(volume->name);
}

int lvm_list(const char *group, struct lvm_volumes *ret_volumes, struct error *err)
{
	AUTO(value) rows = report("lvs", "lv", group, "lv_name,lv_size,lv_attr,lv_tags", err);
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

int lvm_create(const char *group, const char *name, int64_t bytes, struct error *err)
{
	AUTO_TEXT size = text_format("%" PRId64 "b", bytes);
	const char *const arguments[] = {"lvcreate", "--yes",  "--activate", "y",
					 "--name",   name,     "--size",     size,
					 "--addtag", LVM_PART, group,	     NULL};

	return run(arguments, err);
}

int lvm_change_tag(const char *group, const char *name, const char *old_tag, const char *new_tag,
		   struct error *err)
{
	AUTO_TEXT volume = text_format("%s/%s", group, name);
	const char *arguments[] = {"lvchange", volume, NULL, NULL, NULL, NULL, NULL};
	int count = 2;

	if (old_tag) {
		arguments[count++] = "--deltag";
		arguments[count++] = old_tag;
	}
	if (new_tag) {
		arguments[count++] = "--addtag";
		arguments[count] = new_tag;
	}
	return run(arguments, err);
}

int lvm_extend(const char *group, const char *name, int64_t bytes, struct error *err)
{
	AUTO_TEXT volume = text_format("%s/%s", group, name);
	AUTO_TEXT size = text_format("%" PRId64 "b", bytes);
	const char *const arguments[] = {"lvextend", "--size", size, volume, NULL};

	return run(arguments, err);
}

int lvm_remove(const char *group, const char *name, const char *tag, struct error *err)
{
	AUTO_TEXT volume = text_format("%s%s%s", group, name ? "/" : "", name ? name : "");
	AUTO_TEXT tagged = text_format("lv_tags={%s}", tag);
	const char *const arguments[] = {"lvremove", "--yes", "--select", tagged, volume, NULL};

	return run(arguments, err);
}
