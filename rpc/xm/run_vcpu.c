/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_vcpu.c – vcpu-list: each vCPU, where it runs and where it may. */
#include "rpc/xm/run.h"

static const struct value *map_of(const struct value *record, const char *field)
{
	static const struct value none = {.kind = VALUE_MAP};
	const struct value *map = value_find(record, field);

	return map && map->kind == VALUE_MAP ? map : &none;
}

/* The n-th of "0,2;1": the list of vCPU n, or the last one, which is that of all that follow. */
static char *affinity_of(const struct vm *vm, int64_t number)
{
	const char *mask = value_find_text(map_of(vm->record, "VCPUs_params"), "mask");

	if (!mask || !*mask)
		return text_copy("any");
	for (; number > 0 && strchr(mask, ';'); number--)
		mask = strchr(mask, ';') + 1;
	return text_format("%.*s", (int)strcspn(mask, ";"), mask);
}

/* "rb-", in the way of xm: online ones run or are blocked. */
static void read_flags(const struct vm *vm, const char *number, char *ret_letters)
{
	const struct value *flags = value_find(map_of(vm->metrics, "VCPUs_flags"), number);

	strcpy(ret_letters, "---");
	if (!flags || flags->kind != VALUE_SET)
		return;
	if (value_set_has(flags, "running"))
		ret_letters[0] = 'r';
	if (value_set_has(flags, "blocked"))
		ret_letters[1] = 'b';
	if (!value_set_has(flags, "online"))
		ret_letters[2] = 'p';
}

static void print_vcpu(const struct vm *vm, int64_t number)
{
	AUTO_TEXT key = text_format("%lld", (long long)number);
	AUTO_TEXT time = text_format("vcpu_time:%s", key);
	AUTO_TEXT affinity = affinity_of(vm, number);
	const struct value *cpus = map_of(vm->metrics, "VCPUs_CPU");
	bool online = vm_has_domain(vm) && number < amount_of(vm->metrics, "VCPUs_number");
	char cpu[24] = "-", letters[4] = "", domid[24] = "";

	if (vm_has_domain(vm)) {
		snprintf(domid, sizeof(domid), "%lld", (long long)amount_of(vm->record, "domid"));
		read_flags(vm, key, letters);
	}
	if (online && value_find(cpus, key))
		snprintf(cpu, sizeof(cpu), "%lld", (long long)amount_of(cpus, key));
	terminal_print(stdout, vm_text(vm, "name_label"), 38);
	printf(" %5s %5lld %5s %5s %8.1f ", domid, (long long)number, cpu, letters,
	       vm_has_domain(vm) ? vm_seconds(vm, time) : 0.0);
	terminal_print(stdout, affinity, 0);
	putchar('\n');
}

enum status run_vcpu_list(struct xm *xm)
{
	AUTO_VMS vms = {0};
	enum status status = vms_read(xm, &vms);

	if (status != STATUS_DONE && !vms.count)
		return status;
	printf("%-38s %5s %5s %5s %5s %8s %s\n", "Name", "ID", "VCPU", "CPU", "State", "Time(s)",
	       "CPU Affinity");
	for (size_t i = 0; i < vms.count; i++) {
		int64_t count = amount_of(vms.items[i].record, "VCPUs_max");

		/* a record may hold any number */
		for (int64_t n = 0; n < count && n < 4096; n++)
			print_vcpu(&vms.items[i], n);
	}
	return status;
}
