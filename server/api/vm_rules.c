/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_rules.c – what must hold in the record of a VM after every change, and the fields that follow
 * from others. */
#include "server/api/vm.h"
#include "server/api/vm_running.h"
#include "server/api/vm_staged.h"

#include <inttypes.h>
#include <stdio.h>

static bool changed(const struct record *old, const struct record *vm, int field)
{
	return !old || !value_equal(record_get(old, field), record_get(vm, field));
}

/* The one that was changed is refused, with what the other leaves it. */
static int fail_vcpus(int64_t max, int64_t at_startup, bool max_changed, struct error *err)
{
	const char *rule = "VCPU values must satisfy: 0 < VCPUs_at_startup ≤ VCPUs_max";
	AUTO_TEXT accepted = max_changed ? text_format("%s: at least %" PRId64, rule,
						       greater_of(1, at_startup)) :
					   text_format("%s: 1 to %" PRId64, rule, max);
	AUTO_TEXT text = text_format("%" PRId64, max_changed ? max : at_startup);

	return fail(err, ERROR_INVALID_VALUE, accepted, text);
}

static int check_vcpus(struct api *api, const struct record *old, const struct record *vm,
		       struct error *err)
{
	int64_t most = hypervisor_host(api->hypervisor)->vcpus_max;
	int64_t max = record_int(vm, VM_VCPUs_max);
	int64_t at_startup = record_int(vm, VM_VCPUs_at_startup);
	bool max_changed = changed(old, vm, VM_VCPUs_max);
	char text[32];

	if (!max_changed && !changed(old, vm, VM_VCPUs_at_startup))
		return 0;
	/* what was staged has been judged then */
	if (max_changed && max > most && !(old && vm_was_staged(old, vm, VM_VCPUs_max))) {
		AUTO_TEXT limit = text_format(
			"VCPUs_max: 1 to %" PRId64 ", the most that the hypervisor supports", most);

		snprintf(text, sizeof(text), "%" PRId64, max);
		return fail(err, ERROR_INVALID_VALUE, limit, text);
	}
	if (at_startup >= 1 && at_startup <= max)
		return 0;
	return fail_vcpus(max, at_startup, max_changed && max < at_startup, err);
}

static int check_shadow(const struct record *old, const struct record *vm, struct error *err)
{
	double multiplier = record_float(vm, VM_HVM_shadow_multiplier);
	char text[32];

	if (!changed(old, vm, VM_HVM_shadow_multiplier) || multiplier >= 1)
		return 0;
	snprintf(text, sizeof(text), "%.16g", multiplier);
	return fail(err, ERROR_INVALID_VALUE, "multiplier: at least 1", text);
}

static int check_not_negative(const struct record *vm, int field, struct error *err)
{
	char text[32];
	AUTO_TEXT name = NULL;

	if (record_int(vm, field) >= 0)
		return 0;
	name = text_format("%s: 0 or more", vm->cls->fields[field].name);
	snprintf(text, sizeof(text), "%" PRId64, record_int(vm, field));
	return fail(err, ERROR_INVALID_VALUE, name, text);
}

/* A setter that is an operation, but one inside the transaction: it does not wait for others. */
static int check_operation(const struct record *vm, enum operation_id id, struct error *err)
{
	enum verdict verdict = operation_judge(vm, id, err);

	if (verdict == BUSY)
		return fail_busy(err, vm);
	return verdict == ALLOWED ? 0 : -1;
}

static int check_halted(const struct record *vm, enum operation_id id, struct error *err)
{
	if (!record_is(vm, VM_power_state, "Halted"))
		return fail_power_state(err, vm, id);
	return record_get(vm, VM_current_operations)->length ? fail_busy(err, vm) : 0;
}

/* Only what can be started and stopped belongs to an appliance. */
static int check_appliance(const struct record *old, const struct record *vm, struct error *err)
{
	if (ref_is_null(record_text(vm, VM_appliance)) || !changed(old, vm, VM_appliance))
		return 0;
	/* which is a template too */
	if (record_bool(vm, VM_is_a_snapshot))
		return fail(err, ERROR_VM_IS_SNAPSHOT, record_ref(vm), "set_appliance");
	if (record_bool(vm, VM_is_a_template))
		return fail(err, ERROR_VM_IS_TEMPLATE, record_ref(vm), "set_appliance");
	if (record_bool(vm, VM_is_control_domain))
		return fail(err, ERROR_OPERATION_NOT_ALLOWED,
			    "This operation is not allowed on a control domain");
	return 0;
}

/* The operation that has the VM changes what nobody else may meanwhile. */
static bool is_remade(const struct record *vm)
{
	const struct value *current = record_get(vm, VM_current_operations);
	const char *wire = current->length ? current->members[0].value->text : "";

	return strcmp(wire, operation_info(OPERATION_reverting)->wire) == 0 ||
	       strcmp(wire, operation_info(OPERATION_provision)->wire) == 0;
}

/* What only a VM without a domain may be told by its setters. */
static int check_state(const struct record *old, const struct record *vm, struct error *err)
{
	static const int halted_only[] = {VM_is_a_template, VM_domain_type, VM_HVM_boot_policy,
					  VM_has_vendor_device};

	/* it has followed its domain, or becomes another */
	if (!old || !record_bool(old, VM_is_managed) || is_remade(vm))
		return 0;
	if (changed(old, vm, VM_NVRAM) && check_operation(old, OPERATION_changing_NVRAM, err) < 0)
		return -1;
	if (changed(old, vm, VM_is_a_template) && record_bool(vm, VM_is_a_template) &&
	    check_operation(old, OPERATION_make_into_template, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(halted_only); i++)
		if (changed(old, vm, halted_only[i]) && !vm_was_staged(old, vm, halted_only[i]) &&
		    check_halted(old, OPERATION_changing_shadow_memory, err) < 0)
			return -1;
	return 0;
}

#define AUTOSTART_KEY "auto_poweron"

static bool says_true(const struct value *map, const char *key)
{
	const char *text = value_find_text(map, key);

	return text && strcmp(text, "true") == 0;
}

/* Two fields of two generations say one thing; whichever was set leads. */
static void match_domain_type(const struct record *old, struct record *vm)
{
	bool hvm_policy = *record_text(vm, VM_HVM_boot_policy) != '\0';
	bool type_changed = changed(old, vm, VM_domain_type) &&
			    !record_is(vm, VM_domain_type, "unspecified");

	if (type_changed)
		record_set_text(vm, VM_HVM_boot_policy,
				record_is(vm, VM_domain_type, "hvm") ? "BIOS order" : "");
	else if (!old || changed(old, vm, VM_HVM_boot_policy) ||
		 record_is(vm, VM_domain_type, "unspecified"))
		record_set_text(vm, VM_domain_type, hvm_policy ? "hvm" : "pv");
}

/* The Xen-API 1.0's flag and xapi's key are one setting: what was changed leads. A database in
 * which only one of them is set is of an older version. */
static void match_autostart(const struct record *old, struct record *vm)
{
	const struct value *map = record_get(vm, VM_other_config);
	bool flag = record_bool(vm, VM_auto_power_on);
	bool said = says_true(map, AUTOSTART_KEY);

	if (said == flag)
		return;
	if (old && said != says_true(record_get(old, VM_other_config), AUTOSTART_KEY))
		record_set(vm, VM_auto_power_on, value_bool(said));
	else if (flag)
		record_set(vm, VM_other_config,
			   value_map_with(map, AUTOSTART_KEY, value_string("true")));
	else if (old && record_bool(old, VM_auto_power_on))
		record_set(vm, VM_other_config, value_map_without(map, AUTOSTART_KEY));
	else
		record_set(vm, VM_auto_power_on, value_bool(true));
}

bool vm_starts_with_host(const struct record *vm)
{
	return record_bool(vm, VM_auto_power_on) ||
	       says_true(record_get(vm, VM_other_config), AUTOSTART_KEY);
}

/* Said where it may have changed; it takes a while to find out. */
static void follow_pending(const struct record *old, struct record *vm)
{
	bool may_wait = !record_is(vm, VM_power_state, "Halted");
	bool any = !old || changed(old, vm, VM_power_state) || changed(old, vm, VM_staged) ||
		   changed(old, vm, VM_told) || changed(old, vm, VM_boot_record);

	for (int i = 0; may_wait && !any && i < vm->cls->field_count; i++)
		any = vm_running_of(i)->kind != RUNNING_AT_ONCE && changed(old, vm, i);
	if (any) {
		AUTO(value) pending = vm_pending(vm);

		record_set(vm, VM_requires_reboot, value_bool(pending->length > 0));
	}
}

int vm_check(struct api *api, const struct record *old, struct record *vm, struct error *err)
{
	/* a control domain is what it is; its record only says so */
	if (record_bool(vm, VM_is_control_domain) && !old)
		return 0;
	if (record_bool(vm, VM_is_default_template) && changed(old, vm, VM_is_default_template))
		record_set(vm, VM_is_a_template, value_bool(true));
	if (check_state(old, vm, err) < 0 || check_appliance(old, vm, err) < 0)
		return -1;
	if (!old || changed(old, vm, VM_domain_type) || changed(old, vm, VM_HVM_boot_policy))
		match_domain_type(old, vm);
	if (!old || changed(old, vm, VM_auto_power_on) || changed(old, vm, VM_other_config))
		match_autostart(old, vm);
	/* whatever its domain is like */
	if (!record_bool(vm, VM_is_managed))
		return 0;
	if (vm_check_memory(old, vm, err) < 0 || check_vcpus(api, old, vm, err) < 0 ||
	    check_shadow(old, vm, err) < 0)
		return -1;
	if (vm_check_staged(api, old, vm, err) < 0)
		return -1;
	follow_pending(old, vm);
	if (check_not_negative(vm, VM_start_delay, err) < 0 ||
	    check_not_negative(vm, VM_shutdown_delay, err) < 0)
		return -1;
	return check_not_negative(vm, VM_order, err);
}

static bool any_changed(const struct record *old, const struct record *vm, const int *fields,
			size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (changed(old, vm, fields[i]))
			return true;
	return false;
}

void vm_derive(const struct record *old, struct record *vm)
{
	static const int of_operations[] = {VM_power_state,
					    VM_current_operations,
					    VM_is_a_template,
					    VM_is_default_template,
					    VM_is_a_snapshot,
					    VM_is_control_domain,
					    VM_blocked_operations,
					    VM_is_managed,
					    VM_appliance,
					    VM_snapshot_of,
					    VM_DPCIs};
	static const int of_overhead[] = {VM_memory_static_max, VM_VCPUs_max,
					  VM_HVM_shadow_multiplier, VM_domain_type};

	if (any_changed(old, vm, of_operations, ARRAY_SIZE(of_operations)))
		record_set(vm, VM_allowed_operations, operation_allowed(vm));
	if (any_changed(old, vm, of_overhead, ARRAY_SIZE(of_overhead)))
		record_set_int(vm, VM_memory_overhead, vm_memory_overhead(vm));
}

int run_VM_set_is_default_template(struct call *call, struct error *err)
{
	struct record *vm = call_edit(call, CLASS_VM, 0, err);

	if (!vm)
		return -1;
	record_set(vm, VM_is_default_template, value_reference(call->arguments[1]));
	return 0;
}
