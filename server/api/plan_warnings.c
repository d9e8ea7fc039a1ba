/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plan_warnings.c – what a call could do, and whoever makes it may not expect. */
#include "server/api/plan_warnings.h"

#include "server/api/vbd.h"
#include "server/api/vm.h"
#include "server/api/vm_staged.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define MIB (INT64_C(1) << 20)
/* What other domains and Domain-0 may want at any time. */
#define FREE_LEAST (256 * MIB)

static void warn(struct value *warnings, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void warn(struct value *warnings, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (!value_set_has(warnings, text))
		value_append(warnings, value_string(text));
}

static const char *name_of(const struct record *record)
{
	const char *name = record_text(record, record->cls->name_label);

	return *name ? name : record_uuid(record);
}

static bool differs(const struct record *old, const struct record *new, int field)
{
	return !old || !value_equal(record_get(old, field), record_get(new, field));
}

static bool begins(const struct record *old, const struct record *new)
{
	return (!old || !vm_is_live(old)) && vm_is_live(new);
}

/* What was waiting before is no news. */
static void warn_of_waiting(struct value *warnings, const struct record *old,
			    const struct record *new)
{
	AUTO(value) before = vm_pending(old);
	AUTO(value) after = vm_pending(new);

	for (uint32_t i = 0; i < after->length; i++) {
		const char *field = after->members[i].key->text;
		const struct value *known = value_find(before, field);

		if (!known || !value_equal(value_find(known, "next"),
					   value_find(after->members[i].value, "next")))
			warn(warnings, "%s of %s waits for its next start: %s", field, name_of(new),
			     value_find_text(after->members[i].value, "reason"));
	}
}

/* Growing up to the static maximum needs memory that the host has not. */
static void warn_of_host(const struct call *call, struct value *warnings, const struct record *old,
			 const struct record *new)
{
	int64_t total = hypervisor_host(call->api->hypervisor)->memory_total;
	int64_t most = record_int(new, VM_memory_dynamic_max);

	if (record_bool(new, VM_is_control_domain) || most <= total ||
	    (!differs(old, new, VM_memory_dynamic_max) && !begins(old, new)))
		return;
	warn(warnings,
	     "memory_dynamic_max of %s (%" PRId64 " MiB) is more than the host has (%" PRId64
	     " MiB): it cannot be reached",
	     name_of(new), most / MIB, total / MIB);
}

static void warn_of_balloon(const struct call *call, struct value *warnings,
			    const struct record *old, const struct record *new)
{
	AUTO(record) guest = store_read(call->api->store, CLASS_VM_guest_metrics,
					record_text(new, VM_guest_metrics));

	if (!old || !vm_is_live(old) || !vm_is_live(new) ||
	    vm_memory_target(old) == vm_memory_target(new) || !guest ||
	    record_bool(guest, VM_guest_metrics_PV_drivers_detected))
		return;
	warn(warnings,
	     "no PV drivers are known of in the guest of %s: without a balloon driver its memory "
	     "stays as it is",
	     name_of(new));
}

/* The drives of other VMs that have the disk now. */
static void warn_of_sharers(const struct call *call, struct value *warnings,
			    const struct record *vbd, const struct record *vm)
{
	AUTO(record) vdi = store_read(call->api->store, CLASS_VDI, record_text(vbd, VBD_VDI));
	const struct value *vbds = vdi ? record_get(vdi, VDI_VBDs) : NULL;

	for (uint32_t i = 0; vbds && i < vbds->length; i++) {
		AUTO(record) other = store_read(call->api->store, CLASS_VBD, vbds->items[i]->text);
		AUTO(record) user =
			other ? store_read(call->api->store, CLASS_VM, record_text(other, VBD_VM)) :
				NULL;

		if (user && strcmp(record_ref(user), record_ref(vm)) != 0 &&
		    record_bool(other, VBD_currently_attached) && record_is(vbd, VBD_mode, "RW"))
			warn(warnings, "the disk %s is in use by %s too", name_of(vdi),
			     name_of(user));
	}
}

static void each_disk(const struct call *call, struct value *warnings, const struct record *vm,
		      void (*look)(const struct call *call, struct value *warnings,
				   const struct record *vbd, const struct record *vm))
{
	const struct value *vbds = record_get(vm, VM_VBDs);

	for (uint32_t i = 0; i < vbds->length; i++) {
		AUTO(record) vbd = store_read(call->api->store, CLASS_VBD, vbds->items[i]->text);

		if (vbd && vbd_has_disk(vbd))
			look(call, warnings, vbd, vm);
	}
}

static void warn_of_orphan(const struct call *call, struct value *warnings,
			   const struct record *vbd, const struct record *vm)
{
	AUTO(record) vdi = store_read(call->api->store, CLASS_VDI, record_text(vbd, VBD_VDI));

	(void)vm;
	if (vdi && record_get(vdi, VDI_VBDs)->length == 1)
		warn(warnings, "the disk %s stays, and belongs to no VM then", name_of(vdi));
}

static void warn_of_users(const struct call *call, struct value *warnings, const struct record *vdi)
{
	const struct value *vbds = record_get(vdi, VDI_VBDs);

	for (uint32_t i = 0; i < vbds->length; i++) {
		AUTO(record) vbd = store_read(call->api->store, CLASS_VBD, vbds->items[i]->text);
		AUTO(record) vm =
			vbd ? store_read(call->api->store, CLASS_VM, record_text(vbd, VBD_VM)) :
			      NULL;

		if (vm)
			warn(warnings, "the disk %s is in a drive of %s", name_of(vdi),
			     name_of(vm));
	}
}

static void warn_of_vm(const struct call *call, struct value *warnings, const struct record *old,
		       const struct record *new)
{
	if (!new) {
		each_disk(call, warnings, old, warn_of_orphan);
		return;
	}
	if (old)
		warn_of_waiting(warnings, old, new);
	warn_of_host(call, warnings, old, new);
	warn_of_balloon(call, warnings, old, new);
	if (begins(old, new))
		each_disk(call, warnings, new, warn_of_sharers);
}

void plan_warn(struct call *call, const struct record *old, const struct record *new)
{
	const struct record *record = new ? new : old;

	if (record->cls->id == CLASS_VM)
		warn_of_vm(call, call->warnings, old, new);
	else if (record->cls->id == CLASS_VDI && !new)
		warn_of_users(call, call->warnings, record);
}

struct value *plan_warnings(const struct call *call)
{
	struct value *warnings = call->warnings ? value_reference(call->warnings) : value_set();
	int64_t left = call->memory_free - call->memory_needed;

	if (call->memory_needed && left >= 0 && left < FREE_LEAST)
		warn(warnings, "the host has %" PRId64 " MiB free then", left / MIB);
	return warnings;
}
