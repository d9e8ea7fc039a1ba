/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen_config.c – what a domain is built from, said to libxl */
#include "server/hypervisor/xen.h"

#include "schema/base.h"
#include "server/hypervisor/scheduling.h"

#include <libxl_utils.h>
#include <stddef.h>

const struct xen_switch xen_switches[] = {
#define SWITCH(key, member, hvm_only, is_platform)                                     \
	{                                                                              \
#key, offsetof(libxl_domain_build_info, member), hvm_only, is_platform \
	}
	SWITCH(acpi, acpi, false, true),
	SWITCH(apic, apic, false, true),
	SWITCH(nestedhvm, nested_hvm, true, true),
	SWITCH(nomigrate, disable_migrate, false, false),
	SWITCH(localtime, localtime, false, false),
	SWITCH(pae, u.hvm.pae, true, true),
	SWITCH(nx, u.hvm.nx, true, true),
	SWITCH(viridian, u.hvm.viridian, true, true),
	SWITCH(hpet, u.hvm.hpet, true, true),
	SWITCH(vpt_align, u.hvm.vpt_align, true, false),
	SWITCH(acpi_s3, u.hvm.acpi_s3, true, false),
	SWITCH(acpi_s4, u.hvm.acpi_s4, true, false),
	SWITCH(xen_platform_pci, u.hvm.xen_platform_pci, true, false),
	{0},
#undef SWITCH
};

static bool is_true(const char *value)
{
	return strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
}

static void set_switch(libxl_domain_build_info *build, const struct key_value *pair)
{
	/* as xapi calls it, too */
	const char *key = strcmp(pair->key, "nested-virt") == 0 ? "nestedhvm" : pair->key;

	for (const struct xen_switch *each = xen_switches; each->key; each++) {
		char *at = (char *)build + each->offset;

		if (!each->is_platform || strcmp(each->key, key) != 0)
			continue;
		if (build->type == LIBXL_DOMAIN_TYPE_HVM || !each->hvm_only)
			libxl_defbool_set((libxl_defbool *)(void *)at, is_true(pair->value));
	}
}

static int set_platform(libxl_domain_config *domain, const struct domain_config *config,
			struct hypervisor_error *err)
{
	libxl_domain_build_info *build = &domain->b_info;

	for (size_t i = 0; i < config->platform_count; i++) {
		const struct key_value *pair = &config->platform[i];

		if (config->type != GUEST_PV)
			set_switch(build, pair);
		if (config->type != GUEST_PV && strcmp(pair->key, "hap") == 0)
			libxl_defbool_set(&domain->c_info.hap, is_true(pair->value));
		if (strcmp(pair->key, "tsc_mode") != 0)
			continue;
		if (strlen(pair->value) == 1 && strchr("0123", *pair->value))
			build->tsc_mode = (libxl_tsc_mode)(*pair->value - '0');
		else if (libxl_tsc_mode_from_string(pair->value, &build->tsc_mode) != 0)
			return hypervisor_fail(err, HYPERVISOR_FAILED,
					       "platform:tsc_mode is default, always_emulate, "
					       "native or native_paravirt, not \"%.64s\"",
					       pair->value);
	}
	return 0;
}

/* libxl frees it. */
static void set_store(libxl_domain_config *domain, const struct domain_config *config)
{
	libxl_key_value_list list = allocate((2 * config->store_count + 1) * sizeof(*list));

	for (size_t i = 0; i < config->store_count; i++) {
		list[2 * i] = text_copy(config->store[i].key);
		list[2 * i + 1] = text_copy(config->store[i].value);
	}
	domain->c_info.xsdata = list;
}

static char *copy_or_null(const char *text)
{
	return text && *text ? text_copy(text) : NULL;
}

/* Words between blanks, ended by NULL. */
static libxl_string_list split_words(const char *text)
{
	libxl_string_list words = allocate((strlen(text) / 2 + 2) * sizeof(*words));
	AUTO_TEXT copy = text_copy(text);
	char *rest = copy;
	size_t count = 0;

	for (char *word; (word = strsep(&rest, " \t"));)
		if (*word)
			words[count++] = text_copy(word);
	return words;
}

static int set_boot(libxl_domain_build_info *build, const struct domain_config *config,
		    struct hypervisor_error *err)
{
	const char *order = config->boot_order;

	build->kernel = copy_or_null(config->kernel);
	build->ramdisk = copy_or_null(config->ramdisk);
	build->cmdline = copy_or_null(config->arguments);
	if (!build->kernel && config->bootloader && *config->bootloader) {
		build->bootloader = text_copy(config->bootloader);
		if (config->bootloader_arguments && *config->bootloader_arguments)
			build->bootloader_args = split_words(config->bootloader_arguments);
	}
	if (config->type == GUEST_HVM) {
		build->u.hvm.boot = copy_or_null(order);
		/* unless told, libxl shows the screen to every user of the host, without a password
		 */
		libxl_defbool_set(&build->u.hvm.vnc.enable, false);
	} else if (!build->kernel && !build->bootloader)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "a PV or PVH guest needs a kernel or a boot loader");
	return 0;
}

/* libxl_bitmap_set_any would set whole bytes, hence vCPUs that are not there. */
static int set_vcpus(libxl_ctx *ctx, libxl_domain_build_info *build,
		     const struct domain_config *config, struct hypervisor_error *err)
{
	build->max_vcpus = config->vcpus_max;
	if (libxl_cpu_bitmap_alloc(ctx, &build->avail_vcpus, config->vcpus_max) != 0)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "libxl has no map of %d vCPUs",
				       config->vcpus_max);
	for (int i = 0; i < config->vcpus; i++)
		libxl_bitmap_set(&build->avail_vcpus, i);
	if (config->scheduling.weight > 0)
		build->sched_params.weight = config->scheduling.weight;
	if (config->scheduling.cap >= 0)
		build->sched_params.cap = config->scheduling.cap;
	return 0;
}

static int set_affinity(struct xen *xen, libxl_ctx *ctx, libxl_domain_build_info *build,
			const struct domain_config *config, struct hypervisor_error *err)
{
	const char *mask = config->scheduling.mask;

	if (!mask || !*mask)
		return 0;
	libxl_defbool_set(&build->numa_placement, false); /* refused beside an affinity */
	build->vcpu_hard_affinity =
		allocate((size_t)config->vcpus_max * sizeof(*build->vcpu_hard_affinity));
	for (int vcpu = 0; vcpu < config->vcpus_max; vcpu++) {
		libxl_bitmap *map = &build->vcpu_hard_affinity[vcpu];

		libxl_bitmap_init(map);
		build->num_vcpu_hard_affinity = vcpu + 1;
		if (libxl_cpu_bitmap_alloc(ctx, map, 0) != 0)
			return hypervisor_fail(err, HYPERVISOR_FAILED, "libxl has no map of pCPUs");
		for (int pcpu = 0; pcpu < xen->pcpus; pcpu++)
			if (scheduling_allows(mask, vcpu, pcpu))
				libxl_bitmap_set(map, pcpu);
	}
	return 0;
}

static void set_memory(libxl_domain_build_info *build, const struct domain_config *config,
		       int64_t memory_bytes)
{
	unsigned long shadow_kib;

	build->max_memkb = (uint64_t)config->memory_maximum / 1024;
	build->target_memkb = (uint64_t)memory_bytes / 1024;
	if (config->type == GUEST_PV || config->shadow_multiplier <= 1)
		return;
	shadow_kib =
		libxl_get_required_shadow_memory(build->max_memkb, (unsigned)config->vcpus_max);
	build->shadow_memkb = (uint64_t)((double)shadow_kib * config->shadow_multiplier);
}

/* To libxl a name is for one domain only, to the API it is a label. */
static char *choose_name(libxl_ctx *ctx, const struct domain_config *config)
{
	uint32_t domid;

	if (!*config->name)
		return text_copy(config->uuid);
	if (libxl_name_to_domid(ctx, config->name, &domid) == 0)
		return text_format("%s (%s)", config->name, config->uuid);
	return text_copy(config->name);
}

static void set_pcis(libxl_domain_config *domain, const struct domain_config *config)
{
	domain->pcidevs = allocate(config->pci_count * sizeof(*domain->pcidevs) + 1);
	domain->num_pcidevs = (int)config->pci_count;
	for (size_t i = 0; i < config->pci_count; i++) {
		libxl_device_pci *pci = &domain->pcidevs[i];

		libxl_device_pci_init(pci);
		pci->domain = (int)config->pcis[i].domain;
		pci->bus = (uint8_t)config->pcis[i].bus;
		pci->dev = (uint8_t)config->pcis[i].slot;
		pci->func = (uint8_t)config->pcis[i].function;
		pci->vdevfn = config->pcis[i].guest_slot << 3;
	}
	/* where the host's memory is, which its devices know */
	if (config->pci_count && config->type == GUEST_PV)
		libxl_defbool_set(&domain->b_info.u.pv.e820_host, true);
}

int xen_make_config(struct xen *xen, libxl_ctx *ctx, const struct domain_config *config,
		    int64_t memory_bytes, libxl_domain_config *ret_config,
		    struct hypervisor_error *err)
{
	static const libxl_domain_type types[] = {[GUEST_PV] = LIBXL_DOMAIN_TYPE_PV,
						  [GUEST_PVH] = LIBXL_DOMAIN_TYPE_PVH,
						  [GUEST_HVM] = LIBXL_DOMAIN_TYPE_HVM};
	libxl_domain_config *domain = ret_config;

	libxl_domain_config_init(domain);
	domain->c_info.type = types[config->type];
	libxl_domain_build_info_init_type(&domain->b_info, domain->c_info.type);
	domain->c_info.name = choose_name(ctx, config);
	if (libxl_uuid_from_string(&domain->c_info.uuid, config->uuid) != 0)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "\"%.64s\" is not a uuid",
				       config->uuid);
	/* what is to be done is ours to decide when the guest stops; libxl only keeps a note */
	domain->on_poweroff = LIBXL_ACTION_ON_SHUTDOWN_PRESERVE;
	domain->on_reboot = LIBXL_ACTION_ON_SHUTDOWN_PRESERVE;
	domain->on_watchdog = LIBXL_ACTION_ON_SHUTDOWN_PRESERVE;
	domain->on_crash = LIBXL_ACTION_ON_SHUTDOWN_PRESERVE;
	domain->on_soft_reset = LIBXL_ACTION_ON_SHUTDOWN_PRESERVE;
	set_memory(&domain->b_info, config, memory_bytes);
	xen_set_disks(domain, config);
	xen_set_nics(domain, config);
	set_pcis(domain, config);
	set_store(domain, config);
	if (set_boot(&domain->b_info, config, err) < 0 ||
	    set_vcpus(ctx, &domain->b_info, config, err) < 0 ||
	    set_affinity(xen, ctx, &domain->b_info, config, err) < 0)
		return -1;
	return set_platform(domain, config, err);
}
