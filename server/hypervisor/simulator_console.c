/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator_console.c – a hypervisor's own log, which is not kept; and the host's devices */
#include "server/hypervisor/simulator.h"

#include "schema/base.h"
#include "server/hypervisor/simulator_ops.h"

int simulator_read_console_ring(void *adapter, bool clear, char **ret_text,
				struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_read_console_ring, err);

	if (!simulator)
		return -1;
	*ret_text = text_copy(simulator->console.data ? simulator->console.data : "");
	if (clear)
		buffer_clear(&simulator->console);
	return 0;
}

int simulator_send_debug_keys(void *adapter, const char *keys, struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_send_debug_keys, err);

	if (!simulator)
		return -1;
	for (; *keys; keys++)
		buffer_add_format(&simulator->console, "(XEN) '%c' pressed\n", *keys);
	return 0;
}

int simulator_list_pci(void *adapter, struct host_pci **ret_devices, size_t *ret_count,
		       struct hypervisor_error *err)
{
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
		 .device = 0x1000},
	};
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_list_pci, err);

	if (!simulator)
		return -1;
	*ret_devices = allocate(sizeof(devices));
	memcpy(*ret_devices, devices, sizeof(devices));
	*ret_count = ARRAY_SIZE(devices);
	return 0;
}
