/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_vcpus.c – the messages that set vCPUs, their scheduling and shadow memory. The rules are in
 * vm_rules.c. */
#include "server/api/vm.h"

#include <inttypes.h>

#define WEIGHT_MOST 65535
#define CAP_MOST 1000000

int run_VM_set_VCPUs_max(struct call *call, struct error *err)
{
	struct record *vm = call_edit(call, CLASS_VM, 0, err);

	if (!vm)
		return -1;
	record_set_int(vm, VM_VCPUs_max, argument_int(call, 1));
	return 0;
}

int run_VM_set_VCPUs_at_startup(struct call *call, struct error *err)
{
	struct record *vm = call_edit(call, CLASS_VM, 0, err);

	if (!vm)
		return -1;
	if (record_bool(vm, VM_is_control_domain))
		return fail(err, ERROR_OPERATION_NOT_ALLOWED,
			    "set_VCPUs_at_startup is not allowed on dom0");
	record_set_int(vm, VM_VCPUs_at_startup, argument_int(call, 1));
	return 0;
}

static int set_online(struct record *vm, int64_t number, struct error *err)
{
	int64_t max = record_int(vm, VM_VCPUs_max);

	if (number < 1 || number > max) {
		AUTO_TEXT name = text_format(
			"VCPU values must satisfy: 0 < VCPUs ≤ VCPUs_max: 1 to %" PRId64, max);
		AUTO_TEXT text = text_format("%" PRId64, number);

		return fail(err, ERROR_INVALID_VALUE, name, text);
	}
	record_set_int(vm, VM_VCPUs_at_startup, number);
	return 0;
}

int run_VM_set_VCPUs_number_live(struct call *call, struct error *err)
{
	return set_online(call->operation->edited, argument_int(call, 1), err);
}

int run_VM_set_VCPUs_number(struct call *call, struct error *err)
{
	struct record *vm = call->operation->edited;
	int64_t number = argument_int(call, 1);

	if (vm_is_live(vm))
		return set_online(vm, number, err);
	if (number > record_int(vm, VM_VCPUs_max))
		record_set_int(vm, VM_VCPUs_max, number);
	record_set_int(vm, VM_VCPUs_at_startup, number);
	return 0;
}

static int fail_parameter(const char *key, const char *accepted, const char *text,
			  struct error *err)
{
	AUTO_TEXT field = text_format("VCPUs_params:%s: %s", key, accepted);

	return err ? fail(err, ERROR_INVALID_VALUE, field, text) : 0;
}

/* Untouched when the key is not there, or is no such number and nobody wants to know. */
static int read_number(const struct record *vm, const char *key, int least, int most,
		       int *ret_number, struct error *err)
{
	const char *text = value_find_text(record_get(vm, VM_VCPUs_params), key);
	char *end;
	long number;

	if (!text)
		return 0;
	number = strtol(text, &end, 10);
	if (end == text || *end || number < least || number > most) {
		AUTO_TEXT accepted = text_format("%d to %d", least, most);

		return fail_parameter(key, accepted, text, err);
	}
	*ret_number = (int)number;
	return 0;
}

int vm_read_scheduling(const struct record *vm, struct scheduling *ret_scheduling,
		       struct error *err)
{
	const char *mask = value_find_text(record_get(vm, VM_VCPUs_params), "mask");

	*ret_scheduling = (struct scheduling){.weight = 0, .cap = -1};
	if (read_number(vm, "weight", 1, WEIGHT_MOST, &ret_scheduling->weight, err) < 0 ||
	    read_number(vm, "cap", 0, CAP_MOST, &ret_scheduling->cap, err) < 0)
		return -1;
	if (mask && mask[strspn(mask, "0123456789,;")])
		return fail_parameter("mask", "numbers of CPUs as in 0,1 or, for each vCPU, 0,1;2",
				      mask, err);
	ret_scheduling->mask = mask;
	return 0;
}

int run_VM_add_to_VCPUs_params_live(struct call *call, struct error *err)
{
	struct record *vm = call->operation->edited;
	const char *key = argument_text(call, 1);
	struct scheduling ignored;

	if (strcmp(key, "weight") != 0 && strcmp(key, "cap") != 0 && strcmp(key, "mask") != 0)
		return fail(err, ERROR_VALUE_NOT_SUPPORTED, "key", key,
			    "only weight, cap and mask can be changed live");
	record_set(vm, VM_VCPUs_params,
		   value_map_with(record_get(vm, VM_VCPUs_params), key,
				  value_reference(call->arguments[2])));
	return vm_read_scheduling(vm, &ignored, err);
}

int run_VM_set_HVM_shadow_multiplier(struct call *call, struct error *err)
{
	struct record *vm = call_edit(call, CLASS_VM, 0, err);

	if (!vm)
		return -1;
	record_set(vm, VM_HVM_shadow_multiplier, value_reference(call->arguments[1]));
	return 0;
}

int run_VM_set_shadow_multiplier_live(struct call *call, struct error *err)
{
	(void)err;
	record_set(call->operation->edited, VM_HVM_shadow_multiplier,
		   value_reference(call->arguments[1]));
	return 0;
}
