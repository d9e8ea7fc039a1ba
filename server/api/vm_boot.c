/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_boot.c – whether a VM can be started here, and the domain that its record describes. */
#include "server/api/boot_files.h"
#include "server/api/dpci.h"
#include "server/api/dry_run.h"
#include "server/api/boot_pairs.h"
#include "server/host/path_below.h"
#include "server/api/vbd.h"
#include "server/api/vif.h"
#include "server/api/vm.h"

#include <inttypes.h>

static bool platform_says(const struct record *vm, const char *key, const char *value)
{
	const char *text = value_find_text(record_get(vm, VM_platform), key);

	return text && strcmp(text, value) == 0;
}

/* What a record may make root open is limited. */
static int check_file(const struct api *api, const struct record *vm, int field, struct error *err)
{
	const char *const *folders = api->options.kernel_folders;
	const char *path = record_text(vm, field);
	const char *rest;

	if (boot_file_is_data(path))
		return boot_file_check(vm, field, err);
	if (!*path || !folders)
		return 0;
	rest = path_below(path, folders, NULL);
	if (rest && *rest)
		return 0;
	return fail(err, ERROR_VALUE_NOT_SUPPORTED, vm->cls->fields[field].name, path,
		    "not below one of the configured kernel-folders");
}

static int check_bootloader(const struct api *api, const struct record *vm, struct error *err)
{
	const char *known = hypervisor_host(api->hypervisor)->supported_bootloaders;
	const char *bootloader = record_text(vm, VM_PV_bootloader);
	size_t length = strlen(bootloader);

	if (!length)
		return 0;
	for (const char *at = known; (at = strstr(at, bootloader)); at++)
		if ((at == known || at[-1] == ' ') && (at[length] == '\0' || at[length] == ' '))
			return 0;
	return fail(err, ERROR_VALUE_NOT_SUPPORTED, "PV_bootloader", bootloader,
		    *known ? known : "this host has no boot loader for guests");
}

static int check_memory(const struct record *vm, int64_t memory_free, struct error *err)
{
	int64_t needed = vm_memory_target(vm) + vm_memory_overhead(vm);
	AUTO_TEXT needed_text = text_format("%" PRId64, needed);
	AUTO_TEXT free_text = text_format("%" PRId64, memory_free);

	if (vm_memory_target(vm) <= 0)
		return fail(err, ERROR_INVALID_VALUE,
			    "memory_dynamic_min: more than 0 for a VM that is to start", "0");
	dry_run_begin_domain(vm);
	if (needed > memory_free)
		return fail(err, ERROR_HOST_NOT_ENOUGH_FREE_MEMORY, needed_text, free_text);
	return 0;
}

static int check_pcpus(const struct api *api, const struct record *vm, struct error *err)
{
	int64_t vcpus = record_int(vm, VM_VCPUs_max);
	int64_t pcpus = hypervisor_host(api->hypervisor)->pcpus;
	AUTO_TEXT vcpus_text = text_format("%" PRId64, vcpus);
	AUTO_TEXT pcpus_text = text_format("%" PRId64, pcpus);

	if (platform_says(vm, "vcpu-unrestricted", "false") && vcpus > pcpus)
		return fail(err, ERROR_HOST_NOT_ENOUGH_PCPUS, vcpus_text, pcpus_text);
	return 0;
}

int vm_check_boot(struct api *api, const struct record *vm, int64_t memory_free, struct error *err)
{
	AUTO(record) host = store_read(api->store, CLASS_host, api->host_ref);
	struct scheduling ignored;

	if (!record_bool(host, host_enabled))
		return fail(err, ERROR_HOST_DISABLED, api->host_ref);
	if (!record_is(vm, VM_domain_type, "pv") && !hypervisor_host(api->hypervisor)->hvm)
		return fail(err, ERROR_VM_HVM_REQUIRED, record_ref(vm));
	if (check_bootloader(api, vm, err) < 0 || check_file(api, vm, VM_PV_kernel, err) < 0 ||
	    check_file(api, vm, VM_PV_ramdisk, err) < 0)
		return -1;
	if (boot_check_store(vm, err) < 0 || check_memory(vm, memory_free, err) < 0 ||
	    vm_read_scheduling(vm, &ignored, err) < 0)
		return -1;
	return check_pcpus(api, vm, err);
}

bool vm_is_hvm(const struct record *vm)
{
	return record_is(vm, VM_domain_type, "hvm");
}

static enum guest_type guest_type_of(const struct record *vm)
{
	if (vm_is_hvm(vm))
		return GUEST_HVM;
	return record_is(vm, VM_domain_type, "pv") ? GUEST_PV : GUEST_PVH;
}

static struct domain_config config_of(const struct record *vm)
{
	const char *order = value_find_text(record_get(vm, VM_HVM_boot_params), "order");
	struct scheduling scheduling;

	vm_read_scheduling(vm, &scheduling, NULL);
	return (struct domain_config){
		.uuid = record_uuid(vm),
		.name = record_text(vm, VM_name_label),
		.type = guest_type_of(vm),
		.memory = {vm_memory_target(vm), record_int(vm, VM_memory_dynamic_min),
			   record_int(vm, VM_memory_dynamic_max)},
		.memory_maximum = record_int(vm, VM_memory_static_max),
		.memory_overhead = vm_memory_overhead(vm),
		.shadow_multiplier = record_float(vm, VM_HVM_shadow_multiplier),
		.vcpus = (int)record_int(vm, VM_VCPUs_at_startup),
		.vcpus_max = (int)record_int(vm, VM_VCPUs_max),
		.scheduling = scheduling,
		.arguments = record_text(vm, VM_PV_args),
		.bootloader = record_text(vm, VM_PV_bootloader),
		.bootloader_arguments = record_text(vm, VM_PV_bootloader_args),
		.boot_order = order ? order : "",
	};
}

static int run_op(struct api *api, const struct domain_config *config, const char *image,
		  int *ret_domid, struct hypervisor_error *reason)
{
	if (image)
		return hypervisor_resume(api->hypervisor, config, image, true, ret_domid, reason);
	return hypervisor_start(api->hypervisor, config, true, ret_domid, reason);
}

static int build_with_files(struct api *api, const struct record *vm, const char *image,
			    struct domain_config *config, int *ret_domid, struct error *err)
{
	struct hypervisor_error reason = {0};
	struct boot_files files;
	int rc;

	if (boot_files_open(api, vm, &files, err) < 0)
		return -1;
	config->kernel = files.kernel;
	config->ramdisk = files.ramdisk;
	rc = run_op(api, config, image, ret_domid, &reason);
	boot_files_close(&files);
	return rc < 0 ? fail_hypervisor(err, vm, image ? OPERATION_resume : OPERATION_start,
					&reason) :
			0;
}

/* Of a VM whose VDIs are its own. */
static int build_with_devices(struct api *api, const struct record *vm, const char *image,
			      struct domain_config *config, int *ret_domid, struct error *err)
{
	struct vbd_disks disks = {0};
	struct nic_config *nics = NULL;
	struct pci_config *pcis = NULL;
	int rc = -1;

	if (vif_read_all(api, vm, &nics, &config->nic_count, err) == 0 &&
	    dpci_read_all(api, vm, &pcis, &config->pci_count, err) == 0 &&
	    vbd_read_all(api, vm, &disks, err) == 0) {
		config->nics = nics;
		config->pcis = pcis;
		config->disks = disks.items;
		config->disk_count = disks.count;
		rc = build_with_files(api, vm, image, config, ret_domid, err);
	}
	vbd_disks_clear(&disks);
	free(pcis);
	free(nics);
	return rc;
}

/* A guest that goes on finds the virtual hardware that it was started with. */
static struct record *as_it_was_started(const struct record *vm)
{
	static const int fields[] = {VM_platform, VM_HVM_boot_params, VM_bios_strings,
				     VM_xenstore_data};
	struct record *started = record_copy(vm);
	AUTO(value) texts = value_map();

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const char *name = vm->cls->fields[fields[i]].name;
		const char *text = value_find_text(record_get(vm, VM_boot_record), name);

		if (text)
			value_put(texts, name, value_string(text));
	}
	vm_overlay(started, texts);
	return started;
}

int vm_build_domain(struct api *api, const struct record *record, const char *image, int *ret_domid,
		    struct error *err)
{
	AUTO(record) vm = image ? as_it_was_started(record) : record_reference(record);
	struct domain_config config = config_of(vm);
	int rc;

	if (vbd_reserve_all(api, vm, err) < 0)
		return -1;
	config.platform = boot_platform(vm, &config.platform_count);
	config.store = boot_store(vm, &config.store_count);
	rc = build_with_devices(api, vm, image, &config, ret_domid, err);
	boot_pairs_free(config.platform, config.platform_count);
	boot_pairs_free(config.store, config.store_count);
	if (rc < 0)
		vbd_release_all(api, vm);
	return rc;
}

int run_VM_assert_can_boot_here(struct call *call, struct error *err)
{
	AUTO(record) host = store_read(call->api->store, CLASS_host, call->api->host_ref);
	AUTO(record) metrics =
		store_read(call->api->store, CLASS_host_metrics, record_text(host, host_metrics));

	return vm_check_boot(call->api, call->self, record_int(metrics, host_metrics_memory_free),
			     err);
}

int run_VM_get_possible_hosts(struct call *call, struct error *err)
{
	AUTO_ERROR ignored = {0};

	(void)err;
	call->result = value_set();
	if (run_VM_assert_can_boot_here(call, &ignored) == 0)
		value_append(call->result, value_string(call->api->host_ref));
	return 0;
}
