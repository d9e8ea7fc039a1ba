/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_provision.c – a template becomes a VM, with the disks that its other_config wants. */
#include "server/api/vbd.h"
#include "server/api/vdi_birth.h"
#include "server/api/vm.h"

#include "schema/convert.h"

#define DISKS "disks"

struct provision {
	struct call *call;
	const struct value *disks; /* as the template says */
	struct vdi_birth *births;  /* one for each */
	size_t count;
};

static int fail_disks(const char *rule, const char *value, struct error *err)
{
	AUTO_TEXT field = text_format("other_config:disks: %s", rule);

	return fail(err, ERROR_INVALID_VALUE, field, value);
}

static const char *attribute(const struct value *disk, const char *name)
{
	const char *text = value_find_text(disk, name);

	return text ? text : "";
}

static struct record *find_sr(struct api *api, const struct value *disk, struct error *err)
{
	const char *name = attribute(disk, "sr");
	AUTO(record) pool = NULL;
	struct record *sr;

	if (!*name) {
		size_t count;
		struct record **pools = store_list(api->store, CLASS_pool, &count);

		pool = record_reference(pools[0]);
		store_free_list(pools, count);
		name = record_text(pool, pool_default_SR);
	}
	sr = store_read(api->store, CLASS_SR, name);
	if (!sr)
		fail(err, ERROR_HANDLE_INVALID, "SR", name);
	return sr;
}

static int take_type(struct record *draft, const struct value *disk, struct error *err)
{
	const char *type = attribute(disk, "type");

	if (*type && strcmp(type, "system") != 0 && strcmp(type, "user") != 0 &&
	    strcmp(type, "ephemeral") != 0)
		return fail_disks("type is system, user or ephemeral", type, err);
	record_set_text(draft, VDI_type, *type ? type : "user");
	return 0;
}

static int take_size(const struct value *disk, int64_t *ret_bytes, struct error *err)
{
	static const struct type integer = {.kind = TYPE_INT};
	AUTO(value) given = value_string(attribute(disk, "size"));
	AUTO(value) size = NULL;

	if (convert_value(&integer, given, "other_config:disks: size", &size, err) < 0)
		return -1;
	return vdi_check_size("other_config:disks: size", size->integer, 1, ret_bytes, err);
}

static int begin_disk(struct provision *provision, const struct value *disk, struct error *err)
{
	struct api *api = provision->call->api;
	struct vdi_birth *birth = &provision->births[provision->count];
	AUTO(record) sr = find_sr(api, disk, err);
	const char *format = NULL;
	int64_t bytes;

	if (!sr)
		return -1;
	*birth = (struct vdi_birth){.draft = vdi_new_draft()};
	record_set_text(birth->draft, VDI_SR, record_ref(sr));
	record_set_text(birth->draft, VDI_name_label,
			record_text(provision->call->operation->vm, VM_name_label));
	if (take_type(birth->draft, disk, err) < 0 || take_size(disk, &bytes, err) < 0 ||
	    storage_open_place(api, record_ref(sr), &birth->place, err) < 0) {
		record_release(birth->draft);
		return -1;
	}
	format = vdi_wanted_format(birth->draft, birth->place, err);
	if (format)
		vdi_name_draft(birth->draft, birth->place, format);
	if (!format ||
	    birth->place->backend->make(birth->place, record_text(birth->draft, VDI_location),
					bytes, err) < 0) {
		place_close(birth->place);
		record_release(birth->draft);
		return -1;
	}
	provision->count++;
	return 0;
}

static int add_drive(struct transaction *transaction, struct record *vm, const struct record *draft,
		     const struct value *disk, struct error *err)
{
	AUTO(value) fields = value_map();
	const char *device = attribute(disk, "device");
	const struct record *vbd;

	value_put(fields, "VM", value_reference(vm->ref));
	value_put(fields, "VDI", value_reference(draft->ref));
	value_put(fields, "userdevice", value_string(*device ? device : "autodetect"));
	value_put(fields, "bootable", value_bool(strcmp(attribute(disk, "bootable"), "true") == 0));
	value_put(fields, "mode", value_string("RW"));
	value_put(fields, "type", value_string("Disk"));
	vbd = vbd_make(transaction, fields, err);
	if (!vbd)
		return -1;
	/* the next one is not to get its number */
	record_set(vm, VM_VBDs, value_set_with(record_get(vm, VM_VBDs), record_ref(vbd)));
	return 0;
}

static int become_vm(struct transaction *transaction, void *argument, struct error *err)
{
	const struct provision *provision = argument;
	const char *ref = record_ref(provision->call->operation->vm);
	struct record *vm = transaction_edit(transaction, CLASS_VM, ref);

	if (!vm)
		return fail(err, ERROR_HANDLE_INVALID, "VM", ref);
	record_set(vm, VM_is_a_template, value_bool(false));
	record_set(vm, VM_is_default_template, value_bool(false));
	record_set(vm, VM_other_config, value_map_without(record_get(vm, VM_other_config), DISKS));
	for (size_t i = 0; i < provision->count; i++)
		if (add_drive(transaction, vm, provision->births[i].draft,
			      provision->disks->items[i], err) < 0)
			return -1;
	return 0;
}

static void drop(struct provision *provision, bool committed)
{
	for (size_t i = 0; i < provision->count; i++) {
		struct vdi_birth *birth = &provision->births[i];

		if (!committed)
			birth->place->backend->drop_part(birth->place,
							 record_text(birth->draft, VDI_location));
		place_close(birth->place);
		record_release(birth->draft);
	}
	free(provision->births);
}

static int make(struct provision *provision, struct error *err)
{
	bool committed = false;
	int rc = 0;

	provision->births = allocate(provision->disks->length * sizeof(*provision->births));
	for (uint32_t i = 0; rc == 0 && i < provision->disks->length; i++)
		rc = begin_disk(provision, provision->disks->items[i], err);
	if (rc == 0) {
		committed = true; /* or what fails there is gone, too */
		rc = vdi_births_commit(provision->call->api, provision->births, provision->count,
				       become_vm, provision, err);
	}
	drop(provision, committed);
	return rc;
}

int run_VM_provision(struct call *call, struct error *err)
{
	const char *text = value_find_text(record_get(call->operation->vm, VM_other_config), DISKS);
	AUTO(value) disks = text && *text ? call->api->options.read_provision(text) : value_set();
	struct provision provision = {.call = call, .disks = disks};

	if (!disks)
		return fail_disks("<provision> with a <disk> for each", text, err);
	return make(&provision, err);
}
