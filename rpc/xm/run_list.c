/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_list.c – list: a table, S-expressions or JSON. */
#include "rpc/xm/run.h"
#include "rpc/xm/state.h"
#include "rpc/xm/sxp.h"
#include "schema/convert.h"
#include "schema/text.h"

#include <strings.h>

/* Of a row of the table; by what the VMs are chosen and put in order; and what rpc/xm/state.c looks
 * at. */
static const struct vm_fields shown_fields = {
	.vm = (const char *const[]){"name_label", "uuid", "domid", "power_state", "metrics",
				    "is_control_domain", "is_a_template", "is_a_snapshot",
				    "memory_target", "memory_dynamic_min", "VCPUs_max",
				    "VCPUs_at_startup", NULL},
	.metrics = (const char *const[]){"state", "memory_actual", "VCPUs_number", "VCPUs_params",
					 NULL},
};

static void print_row(const struct vm *vm)
{
	char letters[7], domid[24] = "";

	state_letters(vm, letters);
	if (vm_has_domain(vm))
		snprintf(domid, sizeof(domid), "%lld", (long long)amount_of(vm->record, "domid"));
	terminal_print(stdout, vm_text(vm, "name_label"), 38);
	printf(" %5s %5lld %5lld %10s %8.1f%s\n", domid, (long long)(state_memory(vm) / MIB),
	       (long long)(vm_has_domain(vm) ? state_vcpus_online(vm) :
					       amount_of(vm->record, "VCPUs_max")),
	       letters, vm_has_domain(vm) ? vm_seconds(vm, "cpu_time") : 0.0,
	       vm_flag(vm, "requires_reboot") ? " *" : "");
}

static void print_table(const struct vms *vms)
{
	printf("%-38s %5s %5s %5s %10s %9s\n", "Name", "ID", "Mem", "VCPUs", "State", "Time(s)");
	for (size_t i = 0; i < vms->count; i++)
		print_row(&vms->items[i]);
}

/* Ints come as texts; the schema knows which they are. What it does not know stays as it came. */
static struct value *typed_record(const struct value *record, const char *cls)
{
	const struct class_info *info = schema_class(cls);
	struct value *typed = value_map();

	for (uint32_t i = 0; i < record->length; i++) {
		const struct member *member = &record->members[i];
		const struct field_info *field = schema_field(info, member->key->text);
		AUTO_ERROR err = {0};
		struct value *value = NULL;

		if (!field ||
		    convert_value(field->type, member->value, field->name, &value, &err) < 0)
			value = value_reference(member->value);
		value_put(typed, member->key->text, value);
	}
	return typed;
}

static void print_json(const struct vms *vms)
{
	AUTO_BUFFER out = {0};

	for (size_t i = 0; i < vms->count; i++) {
		AUTO(value) record = typed_record(vms->items[i].record, "VM");

		value_put(record, "metrics_record",
			  typed_record(vms->items[i].metrics, "VM_metrics"));
		buffer_add_text(&out, i ? ",\n" : "[\n");
		value_add_json(&out, record);
		fwrite(out.data, 1, out.length, stdout);
		buffer_clear(&out);
	}
	fputs(vms->count ? "\n]\n" : "[]\n", stdout);
}

static void print_long(const struct vms *vms)
{
	AUTO_BUFFER out = {0};

	for (size_t i = 0; i < vms->count; i++)
		sxp_add_vm(&out, &vms->items[i]);
	fwrite(out.data ? out.data : "", 1, out.length, stdout);
}

/* Drops those in another state. */
static void keep_state(struct vms *vms, const char *state)
{
	size_t kept = 0;

	for (size_t i = 0; i < vms->count; i++) {
		struct vm vm = vms->items[i];

		if (strcasecmp(vm_text(&vm, "power_state"), state) == 0) {
			vms->items[kept++] = vm;
		} else {
			value_release(vm.record);
			value_release(vm.metrics);
		}
	}
	vms->count = kept;
}

static bool is_state(const char *text)
{
	const char *const *states = schema_enums[ENUM_vm_power_state].values;

	for (size_t i = 0; states[i]; i++) {
		if (strcasecmp(states[i], text) == 0)
			return true;
	}
	return false;
}

enum status run_list(struct xm *xm)
{
	const char *state = xm->options.state;
	AUTO_VMS vms = {0};
	enum status status;

	if (state && !is_state(state)) {
		AUTO_TEXT shown = terminal_quoted(state);

		return xm_misuse(xm, "%s is no state: running, paused, suspended or halted", shown);
	}
	if (xm->options.detailed && xm->options.json)
		return xm_misuse(xm, "--long and --json exclude each other");
	status = vms_read_fields(
		xm, xm->options.detailed || xm->options.json ? NULL : &shown_fields, &vms);
	/* of several names those that were found are shown */
	if (status != STATUS_DONE && !vms.count)
		return status;
	if (state)
		keep_state(&vms, state);
	if (xm->options.json)
		print_json(&vms);
	else if (xm->options.detailed)
		print_long(&vms);
	else
		print_table(&vms);
	return status;
}
