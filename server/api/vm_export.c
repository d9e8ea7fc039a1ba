/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_export.c – VM.export_config: a VM as a configuration that it can be made of again. */
#include "server/import/export.h"

#include "schema/text.h"
#include "server/api/storage.h"

#include <stdio.h>

/* One export under way. */
struct exporting {
	struct api *api;
	const struct record *vm;
	struct buffer notes; /* what is left out, a comment each */
};

static void note(struct exporting *exporting, const char *what, const char *why)
{
	buffer_add_format(&exporting->notes, "# %s is left out: %s\n", what, why);
}

/* What a configuration can say of the object. */
static struct value *said_fields(const struct record *record)
{
	struct value *fields = value_map();

	for (int i = 0; i < record->cls->field_count; i++)
		if (export_has_field(&record->cls->fields[i]))
			value_put(fields, record->cls->fields[i].name,
				  value_reference(record_get(record, i)));
	return fields;
}

static void note_references(struct exporting *exporting)
{
	const struct record *vm = exporting->vm;

	for (int i = 0; i < vm->cls->field_count; i++) {
		const struct field_info *field = &vm->cls->fields[i];
		AUTO_TEXT what =
			text_format("%s %s", field->name,
				    field->type->kind == TYPE_REF ? record_text(vm, i) : "");

		if (field->type->kind == TYPE_REF && field->is_setting &&
		    !ref_is_null(record_text(vm, i)))
			note(exporting, what, "it is an object of this server");
	}
	for (uint32_t i = 0; i < record_get(vm, VM_DPCIs)->length; i++)
		note(exporting, "a PCI device", "give it to the VM with DPCI.create");
}

static void replace(struct value **map, struct value *with)
{
	value_release(*map);
	*map = with;
}

/* Devices are in order of their numbers, as a guest sees them. */
static struct value *sorted_by_number(struct value *devices, const char *number)
{
	for (uint32_t i = 1; i < devices->length; i++) {
		struct value *device = devices->items[i];
		uint32_t k = i;

		for (; k > 0 && atoi(value_find_text(devices->items[k - 1], number)) >
					atoi(value_find_text(device, number));
		     k--)
			devices->items[k] = devices->items[k - 1];
		devices->items[k] = device;
	}
	return devices;
}

static struct value *say_vifs(struct exporting *exporting)
{
	const struct value *refs = record_get(exporting->vm, VM_VIFs);
	struct value *vifs = value_set();

	for (uint32_t i = 0; i < refs->length; i++) {
		struct store *store = exporting->api->store;
		AUTO(record) vif = store_read(store, CLASS_VIF, refs->items[i]->text);
		AUTO(record) network =
			vif ? store_read(store, CLASS_network, record_text(vif, VIF_network)) :
			      NULL;
		struct value *fields;

		if (!network)
			continue;
		fields = said_fields(vif);
		value_put(fields, "bridge", value_reference(record_get(network, network_bridge)));
		value_append(vifs, fields);
	}
	return sorted_by_number(vifs, "device");
}

/* Where the host has the VDI, to be freed; NULL: it has it nowhere now. */
static char *path_of(struct api *api, const struct record *vdi, struct image *ret_image)
{
	AUTO_ERROR ignored = {0};
	struct place *place;
	char *path;

	if (storage_open_place(api, record_text(vdi, VDI_SR), &place, &ignored) < 0)
		return NULL;
	path = place->backend->get_path(place, record_text(vdi, VDI_location));
	if (!place->backend->look(place, record_text(vdi, VDI_location), ret_image))
		ret_image->format = NULL;
	place_close(place);
	return path;
}

/* NULL: there is no way to say it. */
static struct value *say_vbd(struct exporting *exporting, const struct record *vbd)
{
	bool is_empty = record_bool(vbd, VBD_empty);
	AUTO(record) vdi =
		is_empty ? NULL :
			   store_read(exporting->api->store, CLASS_VDI, record_text(vbd, VBD_VDI));
	struct image image = {0};
	AUTO_TEXT path = vdi ? path_of(exporting->api, vdi, &image) : NULL;
	struct value *fields;

	if (!is_empty && !path)
		return NULL;
	fields = said_fields(vbd);
	/* both are numbers; a configuration has the name */
	replace(&fields, value_map_without(fields, "device"));
	replace(&fields,
		value_map_with(fields, "number", value_reference(record_get(vbd, VBD_userdevice))));
	replace(&fields,
		value_map_with(fields, "userdevice", value_reference(record_get(vbd, VBD_device))));
	value_put(fields, "path", value_string(path ? path : ""));
	if (image.format && strcmp(image.format, "qcow2") == 0)
		value_put(fields, "format", value_string("qcow2"));
	return fields;
}

static struct value *say_vbds(struct exporting *exporting)
{
	const struct value *refs = record_get(exporting->vm, VM_VBDs);
	struct value *vbds = value_set();

	for (uint32_t i = 0; i < refs->length; i++) {
		AUTO(record) vbd =
			store_read(exporting->api->store, CLASS_VBD, refs->items[i]->text);
		struct value *fields = vbd ? say_vbd(exporting, vbd) : NULL;

		if (fields)
			value_append(vbds, fields);
		else if (vbd)
			note(exporting, record_text(vbd, VBD_device), "its SR is not attached");
	}
	return sorted_by_number(vbds, "number");
}

static struct value *say(struct exporting *exporting)
{
	struct value *fields = said_fields(exporting->vm);

	note_references(exporting);
	value_put(fields, "uuid", value_reference(record_get(exporting->vm, VM_uuid)));
	value_put(fields, "VIFs", say_vifs(exporting));
	value_put(fields, "VBDs", say_vbds(exporting));
	return fields;
}

static void put_objects(struct value *map, struct api *api, const char *name, enum class_id cls,
			const struct value *refs)
{
	struct value *objects = value_set();

	for (uint32_t i = 0; i < refs->length; i++) {
		AUTO(record) object = store_read(api->store, cls, refs->items[i]->text);

		if (object)
			value_append(objects, value_record(object));
	}
	value_put(map, name, objects);
}

/* Records as JSON-RPC has them. */
static void export_json(struct exporting *exporting, struct buffer *out)
{
	/* a record of the store that nobody changes any more */
	struct record *vm = (struct record *)(uintptr_t)exporting->vm;
	AUTO(value) all = value_map();

	value_put(all, "VM", value_record(vm));
	put_objects(all, exporting->api, "VIFs", CLASS_VIF, record_get(vm, VM_VIFs));
	put_objects(all, exporting->api, "VBDs", CLASS_VBD, record_get(vm, VM_VBDs));
	put_objects(all, exporting->api, "DPCIs", CLASS_DPCI, record_get(vm, VM_DPCIs));
	put_objects(all, exporting->api, "consoles", CLASS_console, record_get(vm, VM_consoles));
	value_add_json(out, all);
	buffer_add_char(out, '\n');
}

static int export(struct exporting *exporting, const char *format, struct buffer *out,
		  struct error *err)
{
	AUTO(value) fields = NULL;
	const char *notes;

	if (strcmp(format, "json") == 0) {
		export_json(exporting, out);
		return 0;
	}
	if (strcmp(format, "xl") != 0 && strcmp(format, "sxp") != 0)
		return fail(err, ERROR_INVALID_VALUE, "format: xl, sxp or json", format);
	fields = say(exporting);
	notes = exporting->notes.length ? exporting->notes.data : "";
	return *format == 'x' ? export_xl(fields, notes, out, err) :
				export_sxp(fields, notes, out, err);
}

int run_VM_export_config(struct call *call, struct error *err)
{
	struct exporting exporting = {.api = call->api, .vm = call->self};
	AUTO_BUFFER out = {0};
	int rc = export(&exporting, argument_text(call, 1), &out, err);

	buffer_free(&exporting.notes);
	if (rc < 0)
		return -1;
	call->result = value_string_n(out.data, out.length);
	return 0;
}
