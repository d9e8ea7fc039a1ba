/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator_pci.c – the PCI devices of the simulator's host, one of them ready for guests */
#include "server/hypervisor/simulator.h"

#include "schema/base.h"
#include "server/hypervisor/pci.h"
#include "server/hypervisor/simulator_device.h"
#include "server/hypervisor/simulator_ops.h"

#include <string.h>

static const struct host_pci devices[] = {
	{.id = "0000:00:00.0",
	 .class_code = 0x060000,
	 .vendor = 0x1af4,
	 .device = 0x0001,
	 .class_name = "Host bridge",
	 .vendor_name = "Simulated vendor",
	 .device_name = "Simulated bridge"},
	{.id = "0000:00:19.0",
	 .slot = 0x19,
	 .class_code = 0x020000,
	 .vendor = 0x1af4,
	 .device = 0x1000,
	 .subsystem_vendor = 0x1af4,
	 .subsystem_device = 0x0002,
	 .revision = 1,
	 .class_name = "Ethernet controller",
	 .vendor_name = "Simulated vendor",
	 .device_name = "Simulated interface",
	 .subsystem_vendor_name = "Simulated vendor",
	 .subsystem_device_name = "Simulated card",
	 .driver = "simulated"},
	{.id = "0000:00:19.1",
	 .slot = 0x19,
	 .function = 1,
	 .vendor = 0x1af4,
	 .device = 0x1000,
	 .driver = PCI_READY},
};

int simulator_list_pci(void *adapter, struct host_pci **ret_devices, size_t *ret_count,
		       struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_list_pci, err);

	if (!simulator)
		return -1;
	*ret_devices = allocate(sizeof(devices));
	memcpy(*ret_devices, devices, sizeof(devices));
	*ret_count = ARRAY_SIZE(devices);
	return 0;
}

static const struct host_pci *find(const struct pci_config *wanted)
{
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		if (devices[i].domain == wanted->domain && devices[i].bus == wanted->bus &&
		    devices[i].slot == wanted->slot && devices[i].function == wanted->function)
			return &devices[i];
	return NULL;
}

static int number_of(const struct pci_config *device)
{
	return (int)(device->domain << 16 | device->bus << 8 | device->slot << 3 |
		     device->function);
}

static bool has_other_guest(const struct simulator *simulator, const char *uuid, int number)
{
	for (size_t i = 0; i < simulator->count; i++)
		if (strcmp(simulator->guests[i].uuid, uuid) != 0 &&
		    simulator_find_device(simulator->guests[i].devices[SIMULATOR_PCIS], number) >=
			    0)
			return true;
	return false;
}

/* NULL with *err: the host has not got it for that guest. */
static const struct host_pci *find_for(const struct simulator *simulator, const char *uuid,
				       const struct pci_config *wanted,
				       struct hypervisor_error *err)
{
	const struct host_pci *device = find(wanted);

	if (device && strcmp(device->driver, PCI_READY) == 0 &&
	    !has_other_guest(simulator, uuid, number_of(wanted)))
		return device;
	pci_refuse(wanted, err);
	return NULL;
}

int simulator_check_pci(void *adapter, const char *uuid, const struct pci_config *device,
			struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_check_pci, err);

	return simulator && find_for(simulator, uuid, device, err) ? 0 : -1;
}

static json_t *describe(const struct simulator *simulator, const char *uuid,
			const struct pci_config *wanted, struct hypervisor_error *err)
{
	const struct host_pci *device = find_for(simulator, uuid, wanted, err);

	return device ? json_pack("{si, ss, si}", "device", number_of(wanted), "id", device->id,
				  "slot", (int)wanted->guest_slot) :
			NULL;
}

json_t *simulator_make_pcis(const struct simulator *simulator, const struct domain_config *config,
			    struct hypervisor_error *err)
{
	json_t *pcis = json_array();

	for (size_t i = 0; i < config->pci_count; i++) {
		json_t *device = describe(simulator, config->uuid, &config->pcis[i], err);

		if (!device || simulator_add_device(pcis, SIMULATOR_PCIS, device, err) < 0) {
			json_decref(pcis);
			return NULL;
		}
	}
	return pcis;
}
