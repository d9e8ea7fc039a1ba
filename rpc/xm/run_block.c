/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_block.c – block-list, -attach, -detach, -configure, cd-insert and cd-eject: drives of
 * domains. */
#include "rpc/xm/device.h"
#include "rpc/xm/image.h"
#include "rpc/xm/run.h"

static void print_vbd(struct xm *xm, const struct value *vbd)
{
	const char *ref = object_text(vbd, "VDI");
	bool empty = object_flag(vbd, "empty");
	AUTO(value) vdi = empty || !*ref ? NULL : xm_ask(xm, "VDI.get_record", ref);
	AUTO_TEXT size = amount_text(vdi ? amount_of(vdi, "virtual_size") : 0);

	terminal_print(stdout, object_text(vbd, "device"), 5);
	putchar(' ');
	terminal_print(stdout, object_text(vbd, "type"), 4);
	putchar(' ');
	terminal_print(stdout, object_text(vbd, "mode"), 4);
	printf(" %-8s %8s ", object_flag(vbd, "currently_attached") ? "yes" : "no",
	       vdi ? size : "-");
	terminal_print(stdout, vdi ? object_text(vdi, "uuid") : "-", 36);
	putchar(' ');
	terminal_print(stdout, object_text(vdi, "name_label"), 0);
	putchar('\n');
}

enum status run_block_list(struct xm *xm)
{
	AUTO(value) vbds = NULL;
	enum status status = device_read_all(xm, "VBD", &vbds);

	if (status != STATUS_DONE)
		return status;
	printf("%-5s %-4s %-4s %-8s %8s %-36s %s\n", "Vdev", "Type", "Mode", "Attached", "Size",
	       "VDI", "Name");
	for (uint32_t i = 0; i < vbds->length; i++)
		print_vbd(xm, value_find(vbds->items[i], "record"));
	return STATUS_DONE;
}

/*
 * What xm and xl say of a drive, in their order: TARGET VDEV MODE, or target,format,vdev,access, or
 * with names before them. All point into the words.
 */
struct drive {
	const char *target, *vdev, *access;
	bool is_cd;
};

static bool is_one_of(const char *text, const char *words)
{
	AUTO_TEXT wanted = text_format(" %s ", text);

	return *text && !strchr(text, ' ') && strstr(words, wanted);
}

static bool take_named(struct drive *drive, const char *word)
{
	static const struct {
		const char *key;
		size_t place;
	} keys[] = {{"target=", offsetof(struct drive, target)},
		    {"vdev=", offsetof(struct drive, vdev)},
		    {"access=", offsetof(struct drive, access)}};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *value = word + strlen(keys[i].key);

		if (strncmp(word, keys[i].key, strlen(keys[i].key)) == 0 && *value) {
			memcpy((char *)drive + keys[i].place, &value, sizeof(value));
			return true;
		}
	}
	drive->is_cd = drive->is_cd || strcmp(word, "devtype=cdrom") == 0;
	return strcmp(word, "devtype=cdrom") == 0 || strcmp(word, "devtype=disk") == 0 ||
	       strncmp(word, "format=", 7) == 0;
}

static bool take_word(struct drive *drive, const char *word)
{
	if (strchr(word, '='))
		return take_named(drive, word);
	if (strcmp(word, "cdrom") == 0)
		return drive->is_cd = true;
	if (is_one_of(word, " r ro w rw "))
		drive->access = word;
	else if (!drive->target)
		drive->target = word;
	/* what the image is like, the server finds out */
	else if (is_one_of(word, " raw qcow qcow2 vhd "))
		return true;
	else if (!drive->vdev)
		drive->vdev = word;
	else
		return false;
	return true;
}

/* The arguments behind the domain, cut at commas; *ret_texts holds what `drive` points to. */
static enum status read_drive(struct xm *xm, struct drive *drive, char **ret_texts)
{
	AUTO_BUFFER all = {0};
	char *rest = NULL;

	for (int i = 1; i < xm->count; i++)
		buffer_add_format(&all, "%s,", xm->arguments[i]);
	*ret_texts = text_copy(all.length ? all.data : "");
	for (char *word = strtok_r(*ret_texts, ",", &rest); word;
	     word = strtok_r(NULL, ",", &rest)) {
		AUTO_TEXT shown = terminal_quoted(word);

		if (!take_word(drive, word + strspn(word, " ")))
			return xm_misuse(xm, "%s is not understood", shown);
	}
	if (!drive->target && !drive->is_cd)
		return xm_misuse(xm, "no VDI is named");
	return STATUS_DONE;
}

static const char *mode_of(const struct drive *drive)
{
	if (drive->access)
		return *drive->access == 'r' && strcmp(drive->access, "rw") != 0 ? "RO" : "RW";
	return drive->is_cd ? "RO" : "RW";
}

static enum status attach(struct xm *xm, const struct drive *drive)
{
	AUTO(value) fields = value_map();
	AUTO_OBJECT vdi = {0};
	enum status status = vm_find(xm, xm->arguments[0]);

	if (status == STATUS_DONE && drive->target)
		status = image_use(xm, drive->target, &vdi);
	if (status != STATUS_DONE)
		return status;
	if (vdi.ref)
		value_put(fields, "VDI", value_reference(vdi.ref));
	value_put(fields, "empty", value_bool(!vdi.ref));
	value_put(fields, "userdevice", value_string(drive->vdev ? drive->vdev : "autodetect"));
	value_put(fields, "type", value_string(drive->is_cd ? "CD" : "Disk"));
	value_put(fields, "mode", value_string(mode_of(drive)));
	return device_attach(xm, "VBD", fields);
}

enum status run_block_attach(struct xm *xm)
{
	struct drive drive = {0};
	AUTO_TEXT texts = NULL;
	enum status status = read_drive(xm, &drive, &texts);

	return status == STATUS_DONE ? attach(xm, &drive) : status;
}

static bool is_named(const struct value *vbd, const char *argument)
{
	static const char *const fields[] = {"device", "userdevice", "uuid"};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (strcmp(object_text(vbd, fields[i]), argument) == 0)
			return true;
	return false;
}

enum status run_block_detach(struct xm *xm)
{
	return device_detach(xm, "VBD", is_named);
}

static enum status eject(struct xm *xm, const struct value *drive)
{
	if (object_flag(value_find(drive, "record"), "empty"))
		return STATUS_DONE;
	if (!xm_call(xm, "VBD.eject",
		     parameters_of(value_reference(value_find(drive, "ref")), (struct value *)NULL),
		     NULL))
		return xm_report(xm);
	return STATUS_DONE;
}

enum status run_cd_eject(struct xm *xm)
{
	AUTO(value) drive = NULL;
	enum status status = device_find(xm, "VBD", is_named, &drive);

	return status == STATUS_DONE ? eject(xm, drive) : status;
}

/* What is in it comes out first, once it is sure that there is something to go in. */
static enum status insert(struct xm *xm, const struct value *drive, const char *name)
{
	AUTO_OBJECT vdi = {0};
	enum status status = image_use(xm, name, &vdi);

	if (status == STATUS_DONE)
		status = eject(xm, drive);
	if (status != STATUS_DONE)
		return status;
	if (!xm_call(xm, "VBD.insert",
		     parameters_of(value_reference(value_find(drive, "ref")),
				   value_reference(vdi.ref), (struct value *)NULL),
		     NULL))
		return xm_report(xm);
	return STATUS_DONE;
}

enum status run_cd_insert(struct xm *xm)
{
	AUTO(value) drive = NULL;
	enum status status = device_find(xm, "VBD", is_named, &drive);

	return status == STATUS_DONE ? insert(xm, drive, xm->arguments[2]) : status;
}

/* Only what is in a CD drive can be changed. */
static enum status check_vdi(struct xm *xm, const struct value *vbd, const char *name)
{
	AUTO_TEXT device = terminal_text(object_text(vbd, "device"));
	AUTO_OBJECT vdi = {0};
	enum status status = image_find(xm, name, &vdi);

	if (status != STATUS_DONE || strcmp(vdi.ref->text, object_text(vbd, "VDI")) == 0)
		return status;
	return xm_fail("%s is a disk with another VDI; block-detach and block-attach change that",
		       device);
}

static enum status set_mode(struct xm *xm, const struct value *drive, const char *mode)
{
	if (strcmp(object_text(value_find(drive, "record"), "mode"), mode) == 0)
		return STATUS_DONE;
	if (!xm_call(xm, "VBD.set_mode",
		     parameters_of(value_reference(value_find(drive, "ref")), value_string(mode),
				   (struct value *)NULL),
		     NULL))
		return xm_report(xm);
	return STATUS_DONE;
}

/* DOMAIN VDEV MODE, or as xm had it DOMAIN VDI VDEV MODE. */
enum status run_block_configure(struct xm *xm)
{
	AUTO(value) drive = NULL;
	const char *vdi = xm->count > 3 ? xm->arguments[1] : NULL;
	const char *mode = xm->arguments[xm->count - 1];
	const struct value *vbd;
	enum status status;

	if (!is_one_of(mode, " r ro w rw "))
		return xm_misuse(xm, "the mode is r or w");
	if (vdi)
		xm->arguments[1] = xm->arguments[2];
	status = device_find(xm, "VBD", is_named, &drive);
	if (status != STATUS_DONE)
		return status;
	vbd = value_find(drive, "record");
	if (vdi)
		status = strcmp(object_text(vbd, "type"), "CD") == 0 ? insert(xm, drive, vdi) :
								       check_vdi(xm, vbd, vdi);
	if (status != STATUS_DONE)
		return status;
	return set_mode(xm, drive, mode_of(&(struct drive){.access = mode}));
}
