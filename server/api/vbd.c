/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vbd.c – drives of VMs as records: made, changed, copied, deleted. */
#include "server/api/vbd.h"

#include "server/api/traffic.h"
#include "server/api/vm.h"

#define NUMBERS 256
#define NUMBERS_OFFERED 16
#define CD_NUMBER 3 /* where guests expect it */
#define LETTERS 26

static bool is_cd(const struct record *vbd)
{
	return record_is(vbd, VBD_type, "CD");
}

/* Of "3", or of what guests call it: xvdd, hdd, sdd. −1: neither. */
static int number_of(const char *text)
{
	static const char *const prefixes[] = {"xvd", "hd", "sd"};
	int number = 0;

	if (*text && !text[strspn(text, "0123456789")])
		return strlen(text) <= 3 && (*text != '0' || !text[1]) ? atoi(text) : -1;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t length = strlen(prefixes[i]);

		if (strncmp(text, prefixes[i], length) == 0) {
			text += length;
			break;
		}
		if (i + 1 == ARRAY_SIZE(prefixes))
			return -1;
	}
	if (!*text || strlen(text) > 2)
		return -1;
	for (; *text; text++) {
		if (*text < 'a' || *text > 'z')
			return -1;
		number = number * LETTERS + (*text - 'a' + 1);
	}
	return number - 1;
}

static void set_number(struct record *vbd, int number)
{
	record_set(vbd, VBD_userdevice, value_string_format("%d", number));
	if (number < LETTERS)
		record_set(vbd, VBD_device, value_string_format("xvd%c", 'a' + number));
	else
		record_set(vbd, VBD_device,
			   value_string_format("xvd%c%c", 'a' + number / LETTERS - 1,
					       'a' + number % LETTERS));
}

static const struct record *find_number(struct transaction *transaction, const struct record *vm,
					int number)
{
	AUTO_TEXT text = text_format("%d", number);

	return device_find(transaction, &vbd_kind, vm, text);
}

static int choose_number(struct transaction *transaction, const struct record *vbd,
			 const struct record *vm)
{
	int number = 0;

	if (is_cd(vbd) && !find_number(transaction, vm, CD_NUMBER))
		return CD_NUMBER;
	while (number < NUMBERS && find_number(transaction, vm, number))
		number++;
	return number;
}

/* `text` as create and set_userdevice are given it. */
static int take_number(struct transaction *transaction, struct record *vbd, const char *text,
		       struct error *err)
{
	const struct record *vm = transaction_read(transaction, CLASS_VM, record_text(vbd, VBD_VM));
	bool automatic = strcmp(text, "autodetect") == 0;
	int number = automatic ? choose_number(transaction, vbd, vm) : number_of(text);
	const struct record *other;

	if (number < 0 || number >= NUMBERS)
		return fail(err, ERROR_INVALID_DEVICE, text);
	other = find_number(transaction, vm, number);
	if (other && strcmp(record_ref(other), record_ref(vbd)) != 0)
		return fail(err, ERROR_DEVICE_ALREADY_EXISTS, text);
	set_number(vbd, number);
	return 0;
}

static bool is_for_drives(const struct record *vdi)
{
	return record_is(vdi, VDI_type, "system") || record_is(vdi, VDI_type, "user") ||
	       record_is(vdi, VDI_type, "ephemeral");
}

int vbd_check_vdi(struct transaction *transaction, const struct record *vbd, const char *ref,
		  struct error *err)
{
	const struct record *vdi = transaction_read(transaction, CLASS_VDI, ref);

	if (!vdi)
		return fail(err, ERROR_HANDLE_INVALID, "VDI", ref);
	if (!is_for_drives(vdi))
		return fail(err, ERROR_VDI_INCOMPATIBLE_TYPE, ref, record_text(vdi, VDI_type));
	if (record_bool(vdi, VDI_read_only) && record_is(vbd, VBD_mode, "RW"))
		return fail(err, ERROR_VDI_READONLY, ref);
	return 0;
}

/* Type, mode and VDI go together. */
static int check_media(struct transaction *transaction, struct record *vbd, struct error *err)
{
	if (record_is(vbd, VBD_type, "Floppy"))
		return fail(err, ERROR_VALUE_NOT_SUPPORTED, "type", "Floppy",
			    "a domain has disks and CD drives");
	if (is_cd(vbd) && record_is(vbd, VBD_mode, "RW"))
		return fail(err, ERROR_VBD_CDS_MUST_BE_READONLY);
	if (!record_bool(vbd, VBD_empty))
		return vbd_check_vdi(transaction, vbd, record_text(vbd, VBD_VDI), err);
	if (!is_cd(vbd))
		return fail(err, ERROR_VBD_NOT_REMOVABLE_MEDIA, record_ref(vbd));
	record_set_text(vbd, VBD_VDI, NULL_REF);
	return 0;
}

int vbd_check(struct transaction *transaction, const struct record *old, struct record *vbd,
	      struct error *err)
{
	if (record_is(old, VBD_type, record_text(vbd, VBD_type)) &&
	    record_is(old, VBD_mode, record_text(vbd, VBD_mode)))
		return 0;
	return check_media(transaction, vbd, err);
}

static int complete(struct transaction *transaction, struct record *vbd, struct error *err)
{
	const char *given = record_text(vbd, VBD_userdevice);
	AUTO_TEXT number = NULL;

	if (!*given)
		given = record_text(vbd, VBD_device);
	number = text_copy(*given ? given : "autodetect");
	if (check_media(transaction, vbd, err) < 0)
		return -1;
	return take_number(transaction, vbd, number, err);
}

static void add_live(struct value *allowed, bool attached)
{
	if (!attached)
		value_append(allowed, value_string("plug"));
	else {
		value_append(allowed, value_string("unplug"));
		value_append(allowed, value_string("unplug_force"));
	}
}

static void set_state(struct transaction *transaction, struct record *vbd, const struct record *vm,
		      bool attached)
{
	struct value *allowed = value_set();

	if (is_cd(vbd) &&
	    (record_is(vm, VM_power_state, "Halted") || record_is(vm, VM_power_state, "Running")))
		value_append(allowed,
			     value_string(record_bool(vbd, VBD_empty) ? "insert" : "eject"));
	if (record_is(vm, VM_power_state, "Running"))
		add_live(allowed, attached);
	else if (!attached && !vm_is_live(vm))
		value_append(allowed, value_string("attach"));
	record_set(vbd, VBD_currently_attached, value_bool(attached));
	record_set(vbd, VBD_reserved, value_bool(false));
	record_set(vbd, VBD_allowed_operations, allowed);
	if (!attached)
		traffic_start(transaction, vbd);
}

struct record *vbd_make(struct transaction *transaction, const struct value *fields,
			struct error *err)
{
	struct record *vbd = transaction_create(transaction, CLASS_VBD, NULL);
	const struct record *vm;

	if (record_fill(transaction, vbd, fields, err) < 0)
		return NULL;
	vm = transaction_read(transaction, CLASS_VM, record_text(vbd, VBD_VM));
	if (!vm) {
		fail(err, ERROR_HANDLE_INVALID, "VM", record_text(vbd, VBD_VM));
		return NULL;
	}
	if (complete(transaction, vbd, err) < 0)
		return NULL;
	set_state(transaction, vbd, vm, false);
	return vbd;
}

static int check_vm(const struct record *vm, struct error *err)
{
	if (device_check_vm(vm, err) < 0)
		return -1;
	if (record_is(vm, VM_power_state, "Suspended"))
		return fail_power_state(err, vm, OPERATION_changing_VBDs);
	return 0;
}

int run_VBD_create(struct call *call, struct error *err)
{
	const struct value *fields = call->arguments[0];
	const char *name = value_find_text(fields, "VM");
	const struct record *vm = name ? transaction_read(call->transaction, CLASS_VM, name) : NULL;
	const struct record *vbd;

	if (vm && check_vm(vm, err) < 0)
		return -1;
	vbd = vbd_make(call->transaction, fields, err);
	if (!vbd)
		return -1;
	call->result = value_string(record_ref(vbd));
	return 0;
}

int run_VBD_destroy(struct call *call, struct error *err)
{
	return device_destroy(call, &vbd_kind, err);
}

/* One that no domain has. */
static struct record *edit_detached(struct call *call, struct error *err)
{
	struct record *vbd = call_edit(call, CLASS_VBD, 0, err);

	if (!vbd || !record_bool(vbd, VBD_currently_attached))
		return vbd;
	fail(err, ERROR_DEVICE_ALREADY_ATTACHED, record_ref(vbd));
	return NULL;
}

int run_VBD_set_userdevice(struct call *call, struct error *err)
{
	struct record *vbd = edit_detached(call, err);

	return vbd ? take_number(call->transaction, vbd, argument_text(call, 1), err) : -1;
}

int run_VBD_set_device(struct call *call, struct error *err)
{
	return run_VBD_set_userdevice(call, err);
}

static int set_checked(struct call *call, int field, struct error *err)
{
	struct record *vbd = edit_detached(call, err);
	const struct record *vm;

	if (!vbd)
		return -1;
	record_set(vbd, field, value_reference(call->arguments[1]));
	vm = transaction_read(call->transaction, CLASS_VM, record_text(vbd, VBD_VM));
	set_state(call->transaction, vbd, vm, false);
	return 0;
}

int run_VBD_set_mode(struct call *call, struct error *err)
{
	return set_checked(call, VBD_mode, err);
}

int run_VBD_set_type(struct call *call, struct error *err)
{
	return set_checked(call, VBD_type, err);
}

bool vbd_has_disk(const struct record *vbd)
{
	return !is_cd(vbd) && !record_bool(vbd, VBD_empty);
}

void vbd_copy_all(struct transaction *transaction, const struct record *vm,
		  const struct record *copy, const struct vdi_copies *copies)
{
	static const int own[] = {VBD_uuid, VBD_currently_attached, VBD_reserved, VBD_VM,
				  VBD_metrics};
	const struct value *vbds = record_get(vm, VM_VBDs);

	for (uint32_t i = 0; i < vbds->length; i++) {
		const struct record *vbd =
			transaction_read(transaction, CLASS_VBD, vbds->items[i]->text);
		const char *vdi = vbd ? vdi_copies_find(copies, record_text(vbd, VBD_VDI)) : NULL;
		struct record *new;

		if (!vbd || (!vdi && vbd_has_disk(vbd)))
			continue;
		new = transaction_create(transaction, CLASS_VBD, NULL);
		record_copy_fields(new, vbd, own, ARRAY_SIZE(own));
		record_set(new, VBD_VM, value_reference(copy->ref));
		if (vdi)
			record_set_text(new, VBD_VDI, vdi);
		set_state(transaction, new, copy, false);
	}
}

int run_VM_get_allowed_VBD_devices(struct call *call, struct error *err)
{
	(void)err;
	call->result = device_free_numbers(call->api, &vbd_kind, call->self, NUMBERS_OFFERED);
	return 0;
}

/* An empty drive is a matter of the device model's. */
static bool is_given(const struct record *vbd, const struct record *vm)
{
	return !record_bool(vbd, VBD_empty) || vm_is_hvm(vm);
}

const struct device_kind vbd_kind = {.cls = CLASS_VBD,
				     .list = VM_VBDs,
				     .number = VBD_userdevice,
				     .attached = VBD_currently_attached,
				     .words = "disks",
				     .set_state = set_state,
				     .is_given = is_given,
				     .get_numbers = hypervisor_get_disks};
