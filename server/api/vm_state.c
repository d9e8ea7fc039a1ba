/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_state.c – the fields of a VM's record at each transition of its power state. */
#include "server/api/vm.h"

#include "schema/log.h"
#include "schema/text.h"
#include "server/api/settings.h"
#include "server/api/device.h"
#include "server/api/vm_staged.h"

int fail_hypervisor_host(struct error *err, const struct value *ref,
			 const struct hypervisor_error *reason)
{
	return fail(err, ERROR_HYPERVISOR_ERROR, reason->operation ? reason->operation : "open",
		    ref->text, reason->text);
}

int fail_hypervisor(struct error *err, const struct record *vm, enum operation_id id,
		    const struct hypervisor_error *reason)
{
	if (reason->kind == HYPERVISOR_NO_DOMAIN) {
		/* the guest stopped meanwhile */
		AUTO(record) halted = record_copy(vm);

		record_set_text(halted, VM_power_state, "Halted");
		return fail_power_state(err, halted, id);
	}
	if (reason->kind == HYPERVISOR_NO_MEMORY) {
		AUTO_TEXT needed = text_format("%lld", (long long)reason->needed);
		AUTO_TEXT available = text_format("%lld", (long long)reason->available);

		return fail(err, ERROR_HOST_NOT_ENOUGH_FREE_MEMORY, needed, available);
	}
	return fail_hypervisor_host(err, vm->ref, reason);
}

/* The set itself follows at the end of the transaction. */
static void delete_consoles(struct transaction *transaction, const struct record *vm)
{
	const struct value *consoles = record_get(vm, VM_consoles);

	for (uint32_t i = 0; i < consoles->length; i++)
		transaction_delete(transaction, CLASS_console, consoles->items[i]->text);
}

static void leave_domain(struct transaction *transaction, struct record *vm)
{
	delete_consoles(transaction, vm);
	record_set_int(vm, VM_domid, -1);
	record_set(vm, VM_told, value_map());
	record_set_text(vm, VM_resident_on, NULL_REF);
	record_set_text(vm, VM_scheduled_to_be_resident_on, NULL_REF);
	record_set(vm, VM_live_intent, value_map());
}

int vm_become_halted(struct call *call, struct transaction *transaction, struct record *vm,
		     struct error *err)
{
	struct record *metrics =
		transaction_edit(transaction, CLASS_VM_metrics, record_text(vm, VM_metrics));

	(void)call;
	(void)err;
	leave_domain(transaction, vm);
	record_set_text(vm, VM_power_state, "Halted");
	devices_follow_vm(transaction, vm, DEVICES_DETACHED);
	record_set(vm, VM_boot_record, value_map());
	vm_apply_staged(vm);
	if (metrics)
		record_set_text(metrics, VM_metrics_current_domain_type, "unspecified");
	return 0;
}

int vm_become_suspended(struct call *call, struct transaction *transaction, struct record *vm,
			struct error *err)
{
	(void)call;
	(void)err;
	leave_domain(transaction, vm);
	record_set_text(vm, VM_power_state, "Suspended");
	devices_follow_vm(transaction, vm, DEVICES_DETACHED);
	return 0;
}

int vm_become_paused(struct call *call, struct transaction *transaction, struct record *vm,
		     struct error *err)
{
	if (!vm_is_live(vm))
		return fail_power_state(err, vm, call->operation->id);
	record_set_text(vm, VM_power_state, "Paused");
	devices_follow_vm(transaction, vm, DEVICES_STAY);
	return 0;
}

int vm_become_running(struct call *call, struct transaction *transaction, struct record *vm,
		      struct error *err)
{
	if (!vm_is_live(vm))
		return fail_power_state(err, vm, call->operation->id);
	record_set_text(vm, VM_power_state, "Running");
	devices_follow_vm(transaction, vm, DEVICES_STAY);
	return 0;
}

int vm_drop_intent(struct call *call, struct transaction *transaction, struct record *vm,
		   struct error *err)
{
	(void)call;
	(void)err;
	record_set(vm, VM_live_intent, value_map());
	/* its VDIs are not reserved any more */
	devices_follow_vm(transaction, vm, DEVICES_STAY);
	return 0;
}

struct value *vm_to_texts(const struct record *vm)
{
	struct value *map = value_map();

	for (int i = 0; i < vm->cls->field_count; i++) {
		const struct field_info *field = &vm->cls->fields[i];
		AUTO_TEXT text = NULL;

		if (field->storage != STORED || field->qualifier == QUALIFIER_INTERNAL)
			continue;
		text = value_to_text(record_get(vm, i));
		value_put(map, field->name, value_string(text));
	}
	return map;
}

/* What shows it on the host. A simulated domain's console is nothing that xl must be asked for. */
static char *location_of(const struct api *api, int domid)
{
	bool simulated = strcmp(hypervisor_name(api->hypervisor), "simulator") == 0;

	return text_format("%s console %d", simulated ? "simulator" : "xl", domid);
}

static void make_console(const struct api *api, struct transaction *transaction,
			 const struct record *vm, int domid)
{
	struct record *console = transaction_create(transaction, CLASS_console, NULL);
	AUTO_TEXT location = location_of(api, domid);

	record_set_text(console, console_VM, record_ref(vm));
	record_set_text(console, console_protocol, "vt100");
	record_set_text(console, console_location, location);
}

static void make_guest_metrics(struct transaction *transaction, struct record *vm)
{
	struct record *metrics;

	if (!ref_is_null(record_text(vm, VM_guest_metrics)))
		transaction_delete(transaction, CLASS_VM_guest_metrics,
				   record_text(vm, VM_guest_metrics));
	metrics = transaction_create(transaction, CLASS_VM_guest_metrics, NULL);
	record_set(metrics, VM_guest_metrics_last_updated,
		   value_datetime_of((time_t)now_seconds()));
	record_set_text(vm, VM_guest_metrics, record_ref(metrics));
}

static void note_start(struct transaction *transaction, struct record *vm,
		       const struct record *booted)
{
	struct record *metrics =
		transaction_edit(transaction, CLASS_VM_metrics, record_text(vm, VM_metrics));

	record_set(vm, VM_boot_record, vm_to_texts(booted));
	make_guest_metrics(transaction, vm);
	if (!metrics)
		return;
	record_set(metrics, VM_metrics_start_time, value_datetime_of((time_t)now_seconds()));
	record_set_text(metrics, VM_metrics_current_domain_type,
			record_text(booted, VM_domain_type));
}

void vm_overlay(struct record *vm, const struct value *texts)
{
	for (uint32_t i = 0; i < texts->length; i++) {
		const struct field_info *field = schema_field(vm->cls, texts->members[i].key->text);
		struct value *value;

		if (field && !text_to_value(field->type, texts->members[i].value->text, &value))
			record_set(vm, (int)(field - vm->cls->fields), value);
	}
}

/* After a start of the daemon the record knows no domid yet. */
static bool is_new_domain(const struct record *vm, int domid)
{
	int64_t before = record_int(vm, VM_domid);

	return !vm_is_live(vm) || record_get(vm, VM_told)->length == 0 ||
	       (before >= 0 && before != domid);
}

void vm_become_live(struct api *api, struct transaction *transaction, struct record *vm, int domid,
		    const char *state, const struct record *booted)
{
	bool has_all_devices = booted || !vm_is_live(vm);

	if (booted || is_new_domain(vm, domid))
		settings_note_built(vm, booted ? booted : vm);
	if (booted)
		note_start(transaction, vm, booted);
	if (booted || record_get(vm, VM_consoles)->length == 0) {
		delete_consoles(transaction, vm);
		make_console(api, transaction, vm, domid);
	}
	record_set_text(vm, VM_power_state, state);
	devices_follow_vm(transaction, vm, has_all_devices ? DEVICES_ATTACHED : DEVICES_STAY);
	record_set(vm, VM_live_intent, value_map());
	record_set_int(vm, VM_domid, domid);
	record_set_text(vm, VM_resident_on, api->host_ref);
	record_set_text(vm, VM_scheduled_to_be_resident_on, NULL_REF);
}

void vm_move_consoles(const struct api *api, struct transaction *transaction,
		      const struct record *vm, int domid)
{
	const struct value *consoles = record_get(vm, VM_consoles);
	AUTO_TEXT location = location_of(api, domid);

	for (uint32_t i = 0; i < consoles->length; i++) {
		struct record *console =
			transaction_edit(transaction, CLASS_console, consoles->items[i]->text);

		if (console)
			record_set_text(console, console_location, location);
	}
}

/* The record of the message: fields that were not stored are as they are now. */
int run_VM_get_boot_record(struct call *call, struct error *err)
{
	const struct record *vm = call->operation->vm;
	AUTO(record) booted = record_copy(vm);

	(void)err;
	vm_overlay(booted, record_get(vm, VM_boot_record));
	call->result = value_record(booted);
	return 0;
}
