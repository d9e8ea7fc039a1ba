/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sxp.c – S-expressions as xm printed them. */
#include "rpc/xm/sxp.h"

#include "rpc/xm/amount.h"
#include "rpc/xm/state.h"
#include "rpc/xm/terminal.h"

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./:,;@=%~*^!?<>$&|"

void sxp_add_text(struct buffer *out, const char *text)
{
	if (*text && strspn(text, PLAIN) == strlen(text)) {
		buffer_add_text(out, text);
	} else {
		AUTO_TEXT quoted = terminal_quoted(text);

		buffer_add_text(out, quoted);
	}
}

static void add_text(struct buffer *out, const char *name, const char *text)
{
	buffer_add_format(out, "    (%s ", name);
	sxp_add_text(out, text);
	buffer_add_text(out, ")\n");
}

static void add_number(struct buffer *out, const char *name, int64_t number)
{
	buffer_add_format(out, "    (%s %lld)\n", name, (long long)number);
}

static void add_field(struct buffer *out, const struct vm *vm, const char *name, const char *field)
{
	const char *text = vm_text(vm, field);

	if (*text)
		add_text(out, name, text);
}

static void add_map(struct buffer *out, const struct vm *vm, const char *name, const char *field)
{
	const struct value *map = value_find(vm->record, field);

	if (!map || map->kind != VALUE_MAP || !map->length)
		return;
	buffer_add_format(out, "    (%s", name);
	for (uint32_t i = 0; i < map->length; i++) {
		const struct value *value = map->members[i].value;

		buffer_add_text(out, " (");
		sxp_add_text(out, map->members[i].key->text);
		buffer_add_char(out, ' ');
		sxp_add_text(out, value->kind == VALUE_STRING ? value->text : "");
		buffer_add_char(out, ')');
	}
	buffer_add_text(out, ")\n");
}

static void add_memory(struct buffer *out, const char *name, int64_t bytes)
{
	AUTO_TEXT text = amount_text(bytes);

	buffer_add_format(out, "    (%s %s)\n", name, text);
}

static void add_sizes(struct buffer *out, const struct vm *vm)
{
	add_memory(out, "memory", state_memory_target(vm));
	add_memory(out, "maxmem", amount_of(vm->record, "memory_static_max"));
	add_number(out, "shadow_memory", state_shadow_mib(vm));
	add_memory(out, "memory_dynamic_min", amount_of(vm->record, "memory_dynamic_min"));
	add_memory(out, "memory_dynamic_max", amount_of(vm->record, "memory_dynamic_max"));
	add_number(out, "vcpus", amount_of(vm->record, "VCPUs_max"));
	add_number(out, "online_vcpus", state_vcpus_online(vm));
}

static void add_image(struct buffer *out, const struct vm *vm)
{
	add_field(out, vm, "type", "domain_type");
	add_field(out, vm, "kernel", "PV_kernel");
	add_field(out, vm, "ramdisk", "PV_ramdisk");
	add_field(out, vm, "args", "PV_args");
	add_field(out, vm, "bootloader", "PV_bootloader");
	add_field(out, vm, "bootloader_args", "PV_bootloader_args");
	add_map(out, vm, "boot", "HVM_boot_params");
	add_map(out, vm, "platform", "platform");
	add_map(out, vm, "cpu_params", "VCPUs_params");
	add_map(out, vm, "other_config", "other_config");
}

static void add_domain(struct buffer *out, const struct vm *vm)
{
	const struct value *managed = value_find(vm->record, "is_managed");
	char letters[7];

	if (managed && managed->kind == VALUE_BOOL && !managed->boolean)
		add_number(out, "managed", 0);
	state_letters(vm, letters);
	add_field(out, vm, "status", "power_state");
	if (*letters)
		add_text(out, "state", letters);
	if (!vm_has_domain(vm))
		return;
	buffer_add_format(out, "    (cpu_time %.3f)\n", vm_seconds(vm, "cpu_time"));
	add_number(out, "start_time", date_seconds(vm->metrics, "start_time"));
}

void sxp_add_vm(struct buffer *out, const struct vm *vm)
{
	buffer_add_text(out, "(domain\n");
	if (vm_has_domain(vm))
		add_number(out, "domid", amount_of(vm->record, "domid"));
	add_field(out, vm, "uuid", "uuid");
	add_text(out, "name", vm_text(vm, "name_label"));
	add_field(out, vm, "description", "name_description");
	add_sizes(out, vm);
	add_field(out, vm, "on_poweroff", "actions_after_shutdown");
	add_field(out, vm, "on_reboot", "actions_after_reboot");
	add_field(out, vm, "on_crash", "actions_after_crash");
	add_image(out, vm);
	add_domain(out, vm);
	buffer_add_text(out, ")\n");
}
