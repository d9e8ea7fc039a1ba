/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_disk.c – `disk` of an xl.cfg, as xl itself reads it: xl-disk-configuration(5). */
#include "server/import/xl_import.h"

#include <stdlib.h>

#define DISKS_MOST 256

/* libxl's functions for this are the adapter's; what its parser leaves are texts. */
static void clear(libxl_device_disk *disk)
{
	free(disk->pdev_path);
	free(disk->vdev);
	free(disk->backend_domname);
	free(disk->script);
	free(disk->colo_host);
	free(disk->colo_export);
	free(disk->active_disk);
	free(disk->hidden_disk);
}

static bool is_whole(const char *vdev)
{
	return vdev && !strpbrk(vdev, "0123456789");
}

/* What a VBD has no word for; NULL: it can be one. */
static const char *find_obstacle(const libxl_device_disk *disk)
{
	if (!is_whole(disk->vdev))
		return "is a partition: drives are whole here";
	if (disk->format != LIBXL_DISK_FORMAT_RAW && disk->format != LIBXL_DISK_FORMAT_EMPTY)
		return "has a format other than raw";
	if (disk->script)
		return "has a script";
	if (disk->backend_domname)
		return "has a backend of its own";
	if (!disk->is_cdrom && (!disk->pdev_path || !*disk->pdev_path))
		return "has no target";
	return NULL;
}

static struct value *describe(const libxl_device_disk *disk, bool first)
{
	const char *path =
		disk->format != LIBXL_DISK_FORMAT_EMPTY && disk->pdev_path ? disk->pdev_path : "";
	struct value *vbd = value_map();

	value_put(vbd, "path", value_string(path));
	value_put(vbd, "userdevice", value_string(disk->vdev));
	value_put(vbd, "mode", value_string(disk->readwrite && !disk->is_cdrom ? "RW" : "RO"));
	value_put(vbd, "type", value_string(disk->is_cdrom ? "CD" : "Disk"));
	value_put(vbd, "empty", value_bool(!*path));
	value_put(vbd, "bootable", value_bool(first));
	return vbd;
}

/* Why it can not be a VBD, to be freed; NULL: it has been added. */
static char *read_disk(const struct xl_import *import, const char *text, struct value *vbds)
{
	libxl_device_disk disk = {0};
	const char *obstacle = "is not understood";

	if (!xl_import_is_plain(text))
		obstacle = "contains a control character";
	else if (xlu_disk_parse((XLU_Config *)import->config, 1, &text, &disk) == 0)
		obstacle = find_obstacle(&disk);
	if (!obstacle)
		value_append(vbds, describe(&disk, vbds->length == 0));
	clear(&disk);
	return obstacle ? text_format("disk %u %s", vbds->length + 1, obstacle) : NULL;
}

static char *read_list(const struct xl_import *import, XLU_ConfigList *list, struct value *vbds)
{
	const char *text;
	char *why = NULL;

	for (int i = 0; !why && (text = xlu_cfg_get_listitem(list, i)); i++)
		why = i == DISKS_MOST ? text_format("there are more than %d", DISKS_MOST) :
					read_disk(import, text, vbds);
	return why;
}

int take_disk(struct xl_import *import, const struct xl_key *key,
	      const struct xl_statement *statement, struct xl_outcome *outcome)
{
	AUTO(value) vbds = value_set();
	AUTO_TEXT why = NULL;
	XLU_ConfigList *list;
	int count;

	if (xlu_cfg_get_list(import->config, key->name, &list, &count, 1) != 0)
		return xl_import_refuse(import, statement, "must be a list");
	why = read_list(import, list, vbds);
	if (!why && (int)vbds->length != count)
		return xl_import_refuse(import, statement, "must be a list of texts");
	if (why) {
		xl_outcome_set(outcome, XL_IGNORED, "%s", why);
		return 0;
	}
	value_put(import->record, key->target, value_reference(vbds));
	xl_outcome_set(outcome, XL_TAKEN, "%s", key->target);
	return 0;
}
