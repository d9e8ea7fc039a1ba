/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator_disk.c – the disks of the simulator's guests; their files are never opened */
#include "server/hypervisor/simulator.h"
#include "server/hypervisor/simulator_device.h"
#include "server/hypervisor/simulator_ops.h"

static json_t *describe(const struct disk_config *disk)
{
	return json_pack("{si, ss, ss, sb, sb}", "device", disk->device, "path", disk->path,
			 "format", disk->format, "read_only", disk->read_only, "is_cd",
			 disk->is_cd);
}

json_t *simulator_make_disks(const struct domain_config *config, struct hypervisor_error *err)
{
	json_t *disks = json_array();

	for (size_t i = 0; i < config->disk_count; i++) {
		if (simulator_add_device(disks, SIMULATOR_DISKS, describe(&config->disks[i]), err) <
		    0) {
			json_decref(disks);
			return NULL;
		}
	}
	return disks;
}

int simulator_get_disks(void *adapter, const char *uuid, int *ret_devices, size_t capacity,
			size_t *ret_count, struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_get_disks, err);

	return simulator ? simulator_get_devices(simulator, uuid, SIMULATOR_DISKS, ret_devices,
						 capacity, ret_count, err) :
			   -1;
}

int simulator_get_disk_traffic(void *adapter, const char *uuid, struct device_traffic *traffic,
			       size_t count, struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_get_disk_traffic, err);

	return simulator ? simulator_get_traffic(simulator, uuid, SIMULATOR_DISKS, traffic, count,
						 err) :
			   -1;
}

int simulator_attach_disk(void *adapter, const char *uuid, const struct disk_config *disk,
			  struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_attach_disk, err);

	return simulator ? simulator_attach_device(simulator, uuid, SIMULATOR_DISKS, describe(disk),
						   err) :
			   -1;
}

int simulator_detach_disk(void *adapter, const char *uuid, int device, bool force,
			  struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_detach_disk, err);

	(void)force;
	return simulator ? simulator_detach_device(simulator, uuid, SIMULATOR_DISKS, device, err) :
			   -1;
}

int simulator_change_cd(void *adapter, const char *uuid, const struct disk_config *disk,
			struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_change_cd, err);
	struct guest *guest = simulator ? simulator_find_live_guest(simulator, uuid, err) : NULL;
	json_t *drive;
	json_t *disks;
	int place;

	if (!guest)
		return -1;
	place = simulator_find_device(guest->devices[SIMULATOR_DISKS], disk->device);
	drive = json_array_get(guest->devices[SIMULATOR_DISKS],
			       place < 0 ? SIZE_MAX : (size_t)place);
	if (!json_is_true(json_object_get(drive, "is_cd")))
		return hypervisor_fail(err, HYPERVISOR_FAILED, "there is no CD drive %d",
				       disk->device);
	disks = json_copy(guest->devices[SIMULATOR_DISKS]);
	json_array_set_new(disks, (size_t)place, describe(disk));
	return simulator_commit_devices(simulator, guest, SIMULATOR_DISKS, disks, err);
}
