/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_memory.c – the memory of a VM: static_min ≤ dynamic_min ≤ dynamic_max ≤ static_max, and the
 * messages that set them. */
#include "server/api/vm.h"

#include <inttypes.h>
#include <stdio.h>

#define MIB (INT64_C(1) << 20)
/* More than any machine has, little enough that sums do not overflow. */
#define MEMORY_MOST (INT64_C(1) << 60)

int64_t vm_memory_target(const struct record *vm)
{
	int64_t target = record_int(vm, VM_memory_target);

	return target ? target : record_int(vm, VM_memory_dynamic_min);
}

/* In the order in which they must not decrease. */
static const int ordered[] = {VM_memory_static_min, VM_memory_dynamic_min, VM_memory_dynamic_max,
			      VM_memory_static_max};

static const char *field_name(int field)
{
	return schema_classes[CLASS_VM]->fields[field].name;
}

/* `low` ≤ `high` does not hold: says so with all four values, and what would be accepted for the
 * one that was changed. */
static int fail_order(const struct record *old, const struct record *vm, int low, int high,
		      struct error *err)
{
	bool low_changed = old && record_int(old, low) != record_int(vm, low);
	AUTO_TEXT rule = text_format("%s ≤ %s", field_name(low), field_name(high));
	AUTO_TEXT accepted =
		low_changed ?
			text_format("%s at most %" PRId64, field_name(low), record_int(vm, high)) :
			text_format("%s at least %" PRId64, field_name(high), record_int(vm, low));
	char values[ARRAY_SIZE(ordered)][32];

	for (size_t i = 0; i < ARRAY_SIZE(ordered); i++)
		snprintf(values[i], sizeof(values[i]), "%" PRId64, record_int(vm, ordered[i]));
	return fail(err, ERROR_MEMORY_CONSTRAINT_VIOLATION_ORDER, values[0], values[1], values[2],
		    values[3], rule, accepted);
}

static int check_limits(const struct record *vm, int field, struct error *err)
{
	int64_t bytes = record_int(vm, field);
	char text[32];
	AUTO_TEXT name = NULL;

	if (bytes >= 0 && bytes <= MEMORY_MOST)
		return 0;
	name = text_format("%s: 0 to %" PRId64 " bytes", field_name(field), MEMORY_MOST);
	snprintf(text, sizeof(text), "%" PRId64, bytes);
	return fail(err, ERROR_INVALID_VALUE, name, text);
}

int vm_check_memory(const struct record *old, const struct record *vm, struct error *err)
{
	bool any = !old || record_int(old, VM_memory_target) != record_int(vm, VM_memory_target);
	int64_t target = record_int(vm, VM_memory_target);

	for (size_t i = 0; i < ARRAY_SIZE(ordered); i++) {
		if (check_limits(vm, ordered[i], err) < 0)
			return -1;
		any = any || record_int(old, ordered[i]) != record_int(vm, ordered[i]);
	}
	if (!any)
		return 0;
	for (size_t i = 1; i < ARRAY_SIZE(ordered); i++)
		if (record_int(vm, ordered[i - 1]) > record_int(vm, ordered[i]))
			return fail_order(old, vm, ordered[i - 1], ordered[i], err);
	if (target && (target < record_int(vm, VM_memory_static_min) ||
		       target > record_int(vm, VM_memory_static_max))) {
		AUTO_TEXT name = text_format("memory_target: %" PRId64 " to %" PRId64
					     " (memory_static_min to memory_static_max)",
					     record_int(vm, VM_memory_static_min),
					     record_int(vm, VM_memory_static_max));
		AUTO_TEXT text = text_format("%" PRId64, target);

		return fail(err, ERROR_INVALID_VALUE, name, text);
	}
	return 0;
}

static int64_t mib_of_pages(int64_t pages)
{
	return (pages + 255) / 256;
}

/* xapi's formulas; whole MiB. */
static int64_t shadow_mib(const struct record *vm, int64_t static_max)
{
	int64_t pages = 256 * record_int(vm, VM_VCPUs_max) + 2 * (static_max / MIB);

	return greater_of(1, (int64_t)((double)mib_of_pages(pages) *
				       record_float(vm, VM_HVM_shadow_multiplier)));
}

static int64_t overhead(const struct record *vm, int64_t static_max)
{
	bool shim = record_is(vm, VM_domain_type, "pv_in_pvh");
	int64_t own = record_is(vm, VM_domain_type, "pv") ? 1 : 2;
	int64_t vcpus = mib_of_pages(38 * record_int(vm, VM_VCPUs_max));

	return MIB *
	       (own + shadow_mib(vm, static_max) + vcpus + (shim ? 23 + static_max / MIB / 90 : 0));
}

int64_t vm_shadow_memory(const struct record *vm)
{
	return record_is(vm, VM_domain_type, "pv") ?
		       0 :
		       MIB * shadow_mib(vm, record_int(vm, VM_memory_static_max));
}

int64_t vm_memory_overhead(const struct record *vm)
{
	return overhead(vm, record_int(vm, VM_memory_static_max));
}

/* A target inside the new range stays where it is. */
static void move_target_into(struct record *vm, int64_t low, int64_t high)
{
	int64_t target = record_int(vm, VM_memory_target);

	if (target)
		record_set_int(vm, VM_memory_target, lesser_of(greater_of(target, low), high));
}

void vm_follow_bounds(struct record *vm, int bound)
{
	if (bound == VM_memory_static_min || bound == VM_memory_static_max)
		move_target_into(vm, record_int(vm, VM_memory_static_min),
				 record_int(vm, VM_memory_static_max));
	else
		move_target_into(vm, record_int(vm, VM_memory_dynamic_min),
				 record_int(vm, VM_memory_dynamic_max));
}

static int set_dynamic(struct call *call, int64_t min, int64_t max)
{
	struct record *vm = call->operation->edited;

	record_set_int(vm, VM_memory_dynamic_min, min);
	record_set_int(vm, VM_memory_dynamic_max, max);
	vm_follow_bounds(vm, VM_memory_dynamic_max);
	return 0;
}

static int set_static(struct call *call, int64_t min, int64_t max)
{
	struct record *vm = call->operation->edited;

	record_set_int(vm, VM_memory_static_min, min);
	record_set_int(vm, VM_memory_static_max, max);
	vm_follow_bounds(vm, VM_memory_static_max);
	return 0;
}

int run_VM_set_memory_dynamic_min(struct call *call, struct error *err)
{
	(void)err;
	return set_dynamic(call, argument_int(call, 1),
			   record_int(call->operation->vm, VM_memory_dynamic_max));
}

int run_VM_set_memory_dynamic_max(struct call *call, struct error *err)
{
	(void)err;
	return set_dynamic(call, record_int(call->operation->vm, VM_memory_dynamic_min),
			   argument_int(call, 1));
}

int run_VM_set_memory_dynamic_min_live(struct call *call, struct error *err)
{
	return run_VM_set_memory_dynamic_min(call, err);
}

int run_VM_set_memory_dynamic_max_live(struct call *call, struct error *err)
{
	return run_VM_set_memory_dynamic_max(call, err);
}

int run_VM_set_memory_dynamic_range(struct call *call, struct error *err)
{
	(void)err;
	return set_dynamic(call, argument_int(call, 1), argument_int(call, 2));
}

int run_VM_set_memory_static_min(struct call *call, struct error *err)
{
	(void)err;
	return set_static(call, argument_int(call, 1),
			  record_int(call->operation->vm, VM_memory_static_max));
}

int run_VM_set_memory_static_max(struct call *call, struct error *err)
{
	(void)err;
	return set_static(call, record_int(call->operation->vm, VM_memory_static_min),
			  argument_int(call, 1));
}

int run_VM_set_memory_static_range(struct call *call, struct error *err)
{
	(void)err;
	return set_static(call, argument_int(call, 1), argument_int(call, 2));
}

static int set_all(struct call *call, int64_t static_min, int64_t static_max, int64_t dynamic_min,
		   int64_t dynamic_max)
{
	struct record *vm = call->operation->edited;

	record_set_int(vm, VM_memory_static_min, static_min);
	record_set_int(vm, VM_memory_static_max, static_max);
	record_set_int(vm, VM_memory_dynamic_min, dynamic_min);
	record_set_int(vm, VM_memory_dynamic_max, dynamic_max);
	record_set_int(vm, VM_memory_target, dynamic_min);
	return 0;
}

int run_VM_set_memory_limits(struct call *call, struct error *err)
{
	(void)err;
	return set_all(call, argument_int(call, 1), argument_int(call, 2), argument_int(call, 3),
		       argument_int(call, 4));
}

int run_VM_set_memory(struct call *call, struct error *err)
{
	int64_t value = argument_int(call, 1);

	(void)err;
	return set_all(call, record_int(call->operation->vm, VM_memory_static_min), value, value,
		       value);
}

int run_VM_set_memory_target_live(struct call *call, struct error *err)
{
	(void)err;
	record_set_int(call->operation->edited, VM_memory_target, argument_int(call, 1));
	return 0;
}

int run_VM_set_memory_target(struct call *call, struct error *err)
{
	struct record *vm = call->operation->edited;
	int64_t value = argument_int(call, 1);

	(void)err;
	record_set_int(vm, VM_memory_target, value);
	record_set_int(vm, VM_memory_dynamic_min, value);
	record_set_int(vm, VM_memory_dynamic_max,
		       greater_of(value, record_int(vm, VM_memory_dynamic_max)));
	return 0;
}

int run_VM_set_memory_maximum(struct call *call, struct error *err)
{
	struct record *vm = call->operation->edited;
	int64_t value = argument_int(call, 1);
	int64_t target = vm_memory_target(vm);

	if (vm_is_live(vm) && value < target) {
		AUTO_TEXT name = text_format("value: at least memory_target, %" PRId64
					     ", while the VM is running",
					     target);
		AUTO_TEXT text = text_format("%" PRId64, value);

		return fail(err, ERROR_INVALID_VALUE, name, text);
	}
	record_set_int(vm, VM_memory_static_max, value);
	record_set_int(vm, VM_memory_dynamic_max, value);
	move_target_into(vm, 0, value);
	return 0;
}

int run_VM_maximise_memory(struct call *call, struct error *err)
{
	int64_t total = argument_int(call, 1);
	int64_t low = 0;
	int64_t high = lesser_of(greater_of(total, 0), MEMORY_MOST) / MIB;

	(void)err;
	while (low < high) {
		int64_t middle = (low + high + 1) / 2;

		if (middle * MIB + overhead(call->self, middle * MIB) <= total)
			low = middle;
		else
			high = middle - 1;
	}
	call->result = value_int(low * MIB);
	return 0;
}

int run_VM_compute_memory_overhead(struct call *call, struct error *err)
{
	(void)err;
	call->result = value_int(vm_memory_overhead(call->self));
	return 0;
}
