/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator_console.c – a hypervisor's own log, which is not kept */
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
