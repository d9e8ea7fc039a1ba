/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image.c – VDIs and SRs that arguments name. */
#include "rpc/xm/image.h"

#include "rpc/xm/terminal.h"

static const char *folder_of(const struct value *pbds, const char *sr)
{
	for (uint32_t i = 0; i < pbds->length; i++) {
		const struct value *pbd = pbds->members[i].value;
		const struct value *config = value_find(pbd, "device_config");

		if (config && strcmp(object_text(pbd, "SR"), sr) == 0)
			return object_text(config, "location");
	}
	return "";
}

static bool has_path(const struct value *vdi, const struct value *pbds, const char *path)
{
	AUTO_TEXT own = text_format("%s/%s", folder_of(pbds, object_text(vdi, "SR")),
				    object_text(vdi, "location"));

	return strcmp(own, path) == 0;
}

/* Nothing in *ret_vdi: no image has this path, or it is none. */
static enum status find_by_path(struct xm *xm, const struct value *vdis, const char *path,
				struct object *ret_vdi)
{
	AUTO(value) pbds = NULL;
	enum status status = *path == '/' ? object_read_all(xm, "PBD", &pbds) : STATUS_DONE;

	for (uint32_t i = 0; pbds && i < vdis->length; i++) {
		const struct member *vdi = &vdis->members[i];

		if (!has_path(vdi->value, pbds, path))
			continue;
		*ret_vdi = (struct object){value_reference(vdi->key), value_reference(vdi->value)};
		break;
	}
	return status;
}

/* As xm wrote it before paths. */
static const char *without_kind(const char *argument)
{
	static const char *const kinds[] = {"file:", "phy:", "tap:aio:"};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strncmp(argument, kinds[i], strlen(kinds[i])) == 0)
			return argument + strlen(kinds[i]);
	return argument;
}

static bool has_location(const struct value *vdis, const char *location)
{
	for (uint32_t i = 0; i < vdis->length; i++)
		if (strcmp(object_text(vdis->members[i].value, "location"), location) == 0)
			return true;
	return false;
}

/* The SR of disks that are there already; NULL: the server has none. */
static const struct value *sr_of_existing(const struct value *srs)
{
	for (uint32_t i = 0; i < srs->length; i++)
		if (strcmp(object_text(srs->members[i].value, "type"), "existing") == 0)
			return srs->members[i].key;
	return NULL;
}

/* Nothing in *ret_vdi: the server takes no disks that are there already. */
static enum status introduce(struct xm *xm, const char *path, struct object *ret_vdi)
{
	AUTO(value) srs = NULL;
	enum status status = object_read_all(xm, "SR", &srs);
	const struct value *sr = status == STATUS_DONE ? sr_of_existing(srs) : NULL;

	if (!sr)
		return status;
	if (!xm_call(xm, "VDI.introduce",
		     parameters_of(value_string(""), value_string(strrchr(path, '/') + 1),
				   value_string(""), value_reference(sr), value_string("user"),
				   value_bool(false), value_bool(false), value_map(),
				   value_string(path), (struct value *)NULL),
		     &ret_vdi->ref))
		return xm_report(xm);
	return STATUS_DONE;
}

static enum status find(struct xm *xm, const char *argument, bool introduces,
			struct object *ret_vdi)
{
	static const char *const fields[] = {"name_label", "uuid", "location", NULL};
	const char *name = without_kind(argument);
	AUTO(value) vdis = NULL;
	enum status status = object_read_all(xm, "VDI", &vdis);

	if (status == STATUS_DONE)
		status = find_by_path(xm, vdis, name, ret_vdi);
	if (status == STATUS_DONE && introduces && *name == '/' && !ret_vdi->ref &&
	    !has_location(vdis, name))
		status = introduce(xm, name, ret_vdi);
	if (status != STATUS_DONE || ret_vdi->ref)
		return status;
	return object_choose(vdis, "VDI", fields, name, ret_vdi);
}

enum status image_find(struct xm *xm, const char *argument, struct object *ret_vdi)
{
	return find(xm, argument, false, ret_vdi);
}

enum status image_use(struct xm *xm, const char *argument, struct object *ret_vdi)
{
	return find(xm, argument, true, ret_vdi);
}

static enum status find_default_sr(struct xm *xm, struct object *ret_sr)
{
	AUTO(value) pools = NULL;
	enum status status = object_read_all(xm, "pool", &pools);
	const char *ref = "";

	if (status != STATUS_DONE)
		return status;
	if (pools->length)
		ref = object_text(pools->members[0].value, "default_SR");
	ret_sr->record = *ref ? xm_ask(xm, "SR.get_record", ref) : NULL;
	if (!ret_sr->record)
		return xm_fail("there is no default SR; name one, see xm sr-list");
	ret_sr->ref = value_string(ref);
	return STATUS_DONE;
}

enum status image_find_sr(struct xm *xm, const char *argument, struct object *ret_sr)
{
	static const char *const fields[] = {"name_label", "uuid", NULL};

	if (!argument)
		return find_default_sr(xm, ret_sr);
	return object_find(xm, "SR", fields, argument, ret_sr);
}
