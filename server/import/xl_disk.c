/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_disk.c – `disk` of an xl.cfg, as xl itself reads it: xl-disk-configuration(5). */
#include "server/import/xl_import.h"

#include <libxlutil.h>
#include <stdio.h>
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
	if (disk->format != LIBXL_DISK_FORMAT_RAW && disk->format != LIBXL_DISK_FORMAT_EMPTY &&
	    disk->format != LIBXL_DISK_FORMAT_QCOW2)
		return "has a format other than raw and qcow2";
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
	if (disk->format == LIBXL_DISK_FORMAT_QCOW2)
		value_put(vbd, "format", value_string("qcow2"));
	return vbd;
}

/* Why it can not be a VBD, to be freed; NULL: it has been added. */
static char *read_disk(XLU_Config *config, const char *text, struct value *vbds)
{
	libxl_device_disk disk = {0};
	const char *obstacle = "is not understood";

	if (!xl_import_is_plain(text))
		obstacle = "contains a control character";
	else if (xlu_disk_parse(config, 1, &text, &disk) == 0)
		obstacle = find_obstacle(&disk);
	if (!obstacle)
		value_append(vbds, describe(&disk, vbds->length == 0));
	clear(&disk);
	return obstacle ? text_format("disk %u %s", vbds->length + 1, obstacle) : NULL;
}

static char *read_list(XLU_Config *config, const struct value *list, struct value *vbds)
{
	char *why = NULL;

	for (uint32_t i = 0; !why && i < list->length && list->items[i]->kind == VALUE_STRING; i++)
		why = i == DISKS_MOST ? text_format("there are more than %d", DISKS_MOST) :
					read_disk(config, list->items[i]->text, vbds);
	return why;
}

/* The parser would like to tell somebody what it does not understand. */
static char *read_all(const struct value *list, struct value *vbds)
{
	FILE *nowhere = fopencookie(NULL, "w", (cookie_io_functions_t){0});
	XLU_Config *config = nowhere ? xlu_cfg_init(nowhere, "disk") : NULL;
	char *why;

	if (!config)
		abort();
	why = read_list(config, list, vbds);
	xlu_cfg_destroy(config);
	fclose(nowhere);
	return why;
}

int take_disk(TAKE_ARGUMENTS)
{
	AUTO(value) vbds = value_set();
	AUTO_TEXT why = NULL;

	if (setting->value->kind != VALUE_SET)
		return xl_import_refuse(import, setting, "must be a list");
	why = read_all(setting->value, vbds);
	if (!why && vbds->length != setting->value->length)
		return xl_import_refuse(import, setting, "must be a list of texts");
	if (why) {
		outcome_set(outcome, OUTCOME_IGNORED, "%s", why);
		return 0;
	}
	value_put(import->record, key->target, value_reference(vbds));
	outcome_set(outcome, OUTCOME_TAKEN, "%s", key->target);
	return 0;
}
