/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen_describe.c – what libxl and xenstore know of a domain that somebody else built */
#include "server/hypervisor/xen.h"

#include "server/hypervisor/description.h"
#include "server/hypervisor/xen_ops.h"

#include <libxl_utils.h>
#include <stddef.h>

static void add_switch(struct buffer *config, const char *key, const libxl_defbool *value)
{
	if (!libxl_defbool_is_default(*value))
		description_add_number(config, key, libxl_defbool_val(*value));
}

static void add_platform(const libxl_domain_config *domain, struct buffer *config)
{
	const libxl_domain_build_info *build = &domain->b_info;

	if (build->tsc_mode != LIBXL_TSC_MODE_DEFAULT)
		description_add_text(config, "tsc_mode", libxl_tsc_mode_to_string(build->tsc_mode));
	if (build->type == LIBXL_DOMAIN_TYPE_PV)
		return;
	add_switch(config, "hap", &domain->c_info.hap);
	for (const struct xen_switch *each = xen_switches; each->key; each++) {
		const char *at = (const char *)build + each->offset;

		if (build->type == LIBXL_DOMAIN_TYPE_HVM || !each->hvm_only)
			add_switch(config, each->key, (const libxl_defbool *)(const void *)at);
	}
	if (build->shadow_memkb != LIBXL_MEMKB_DEFAULT && build->shadow_memkb >= 1024)
		description_add_number(config, "shadow_memory",
				       (int64_t)build->shadow_memkb / 1024);
}

static size_t length_of(libxl_string_list list)
{
	size_t length = 0;

	while (list && list[length])
		length++;
	return length;
}

static void add_boot(const libxl_domain_build_info *build, struct buffer *config)
{
	description_add_text(config, "kernel", build->kernel);
	description_add_text(config, "ramdisk", build->ramdisk);
	description_add_text(config, "cmdline", build->cmdline);
	description_add_text(config, "bootloader", build->bootloader);
	description_add_list(config, "bootloader_args", (const char *const *)build->bootloader_args,
			     length_of(build->bootloader_args));
	if (build->type != LIBXL_DOMAIN_TYPE_HVM)
		return;
	description_add_text(config, "boot", build->u.hvm.boot);
	if (build->u.hvm.bios != LIBXL_BIOS_TYPE_UNKNOWN)
		description_add_text(config, "bios", libxl_bios_type_to_string(build->u.hvm.bios));
}

static void add_action(struct buffer *config, const char *key, libxl_action_on_shutdown action)
{
	static const char *const words[] = {
		[LIBXL_ACTION_ON_SHUTDOWN_DESTROY] = "destroy",
		[LIBXL_ACTION_ON_SHUTDOWN_RESTART] = "restart",
		[LIBXL_ACTION_ON_SHUTDOWN_RESTART_RENAME] = "rename-restart",
		[LIBXL_ACTION_ON_SHUTDOWN_PRESERVE] = "preserve",
		[LIBXL_ACTION_ON_SHUTDOWN_COREDUMP_DESTROY] = "coredump-destroy",
		[LIBXL_ACTION_ON_SHUTDOWN_COREDUMP_RESTART] = "coredump-restart",
		[LIBXL_ACTION_ON_SHUTDOWN_SOFT_RESET] = "soft-reset",
	};

	if ((size_t)action < ARRAY_SIZE(words))
		description_add_text(config, key, words[action]);
}

static void add_actions(const libxl_domain_config *domain, struct buffer *config)
{
	add_action(config, "on_poweroff", domain->on_poweroff);
	add_action(config, "on_reboot", domain->on_reboot);
	add_action(config, "on_crash", domain->on_crash);
	add_action(config, "on_soft_reset", domain->on_soft_reset);
}

/* "0,2,3"; NULL when it may run on any of the host's pCPUs */
static char *list_of_pcpus(const struct xen *xen, const libxl_bitmap *map)
{
	AUTO_BUFFER list = {0};
	int count = 0;

	for (int pcpu = 0; pcpu < xen->pcpus; pcpu++) {
		if (!libxl_bitmap_test(map, pcpu))
			continue;
		buffer_add_format(&list, "%s%d", count++ ? "," : "", pcpu);
	}
	return count == 0 || count == xen->pcpus ? NULL : buffer_take(&list);
}

static void add_affinity(const struct xen *xen, const libxl_domain_build_info *build,
			 struct buffer *config, struct buffer *unknown)
{
	int count = build->num_vcpu_hard_affinity;
	char **lists = allocate((size_t)count * sizeof(*lists));
	int limited = 0;

	for (int i = 0; i < count; i++) {
		lists[i] = list_of_pcpus(xen, &build->vcpu_hard_affinity[i]);
		limited += lists[i] != NULL;
	}
	if (limited == count)
		description_add_list(config, "cpus", (const char *const *)lists, (size_t)count);
	else if (limited)
		description_add_unknown(unknown, "cpus",
					"a mask cannot say that some vCPUs run anywhere");
	for (int i = 0; i < count; i++)
		free(lists[i]);
	free(lists);
}

/* The target stands last: xl takes all that follows for it. */
static char *text_of_disk(const libxl_device_disk *disk)
{
	return text_format("format=%s,vdev=%s,access=%s,%s%s%starget=%s",
			   libxl_disk_format_to_string(disk->format), disk->vdev,
			   disk->readwrite ? "rw" : "ro", disk->is_cdrom ? "devtype=cdrom," : "",
			   disk->script ? "script=" : "", disk->script ? disk->script : "",
			   disk->pdev_path ? disk->pdev_path : "");
}

static void add_part(struct buffer *text, const char *key, const char *value)
{
	if (value && *value)
		buffer_add_format(text, ",%s=%s", key, value);
}

static char *text_of_nic(const libxl_device_nic *nic)
{
	AUTO_BUFFER text = {0};

	buffer_add_format(&text, "devid=%d,mac=" LIBXL_MAC_FMT, nic->devid,
			  LIBXL_MAC_BYTES(nic->mac));
	add_part(&text, "bridge", nic->bridge);
	add_part(&text, "ip", nic->ip);
	add_part(&text, "model", nic->model);
	add_part(&text, "script", nic->script);
	return buffer_take(&text);
}

static char *text_of_pci(const libxl_device_pci *pci)
{
	return text_format("%04x:%02x:%02x.%x", (unsigned)pci->domain, pci->bus, pci->dev,
			   pci->func);
}

#define ADD_DEVICES(config, key, items, count, text_of)                                          \
	do {                                                                                     \
		char **texts_ = allocate((size_t)(count) * sizeof(*texts_));                     \
                                                                                                 \
		for (int i_ = 0; i_ < (count); i_++)                                             \
			texts_[i_] = text_of(&(items)[i_]);                                      \
		description_add_list(config, key, (const char *const *)texts_, (size_t)(count)); \
		for (int i_ = 0; i_ < (count); i_++)                                             \
			free(texts_[i_]);                                                        \
		free(texts_);                                                                    \
	} while (0)

static void add_devices(const libxl_domain_config *domain, struct buffer *config,
			struct buffer *unknown)
{
	const struct {
		const char *key;
		int count;
	} others[] = {
		{"vfb", domain->num_vfbs},	   {"vtpm", domain->num_vtpms},
		{"p9", domain->num_p9s},	   {"pvcalls", domain->num_pvcallsifs},
		{"vdispl", domain->num_vdispls},   {"vsnd", domain->num_vsnds},
		{"channel", domain->num_channels}, {"usbctrl", domain->num_usbctrls},
		{"usbdev", domain->num_usbdevs},   {"dtdev", domain->num_dtdevs},
	};

	ADD_DEVICES(config, "disk", domain->disks, domain->num_disks, text_of_disk);
	ADD_DEVICES(config, "vif", domain->nics, domain->num_nics, text_of_nic);
	ADD_DEVICES(config, "pci", domain->pcidevs, domain->num_pcidevs, text_of_pci);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (others[i].count)
			description_add_unknown(unknown, others[i].key,
						"the domain has %d, of which nothing is kept",
						others[i].count);
}

static void describe(const struct xen *xen, const libxl_domain_config *domain,
		     struct buffer *config, struct buffer *unknown)
{
	add_boot(&domain->b_info, config);
	add_actions(domain, config);
	add_platform(domain, config);
	add_affinity(xen, &domain->b_info, config, unknown);
	add_devices(domain, config, unknown);
}

/* libxl keeps what it built a domain from as long as that is there; other toolstacks do not. */
static void ask_libxl(const struct xen *xen, struct xen_libxl *libxl, uint32_t domid,
		      struct buffer *config, struct buffer *unknown)
{
	libxl_domain_config domain;
	int rc;

	libxl_domain_config_init(&domain);
	rc = libxl_retrieve_domain_configuration(libxl->ctx, domid, &domain, NULL);
	if (rc == 0) {
		describe(xen, &domain, config, unknown);
		description_add_unknown(
			unknown, "watcher",
			"an xl that made the domain may still be there (xl create -e leaves none), "
			"and then acts too when the guest stops");
	} else {
		description_add_unknown(
			unknown, "kernel",
			"libxl keeps no configuration of this domain (%s): what it boots, its "
			"devices and its platform are not known",
			libxl->length ? libxl->text : libxl_error_to_string(rc));
	}
	libxl_domain_config_dispose(&domain);
}

int xen_describe_domain(void *adapter, const char *uuid, struct domain_description *ret_description,
			struct hypervisor_error *err)
{
	struct xen *xen = adapter;
	AUTO_LIBXL libxl = {0};
	AUTO_BUFFER config = {0};
	AUTO_BUFFER unknown = {0};
	xc_domaininfo_t domain;

	if (xen_open_guest(xen, uuid, true, &domain, &libxl, err) < 0)
		return -1;
	ask_libxl(xen, &libxl, domain.domain, &config, &unknown);
	*ret_description = (struct domain_description){
		.config = buffer_take(&config),
		.unknown = buffer_take(&unknown),
		.dynamic_min =
			1024 * xen_store_read_int(xen, domain.domain, "memory/dynamic-min", 0),
		.dynamic_max =
			1024 * xen_store_read_int(xen, domain.domain, "memory/dynamic-max", 0),
	};
	return 0;
}
