/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator_signal.c – keys and buttons, and what a simulated guest makes of them: as Linux does */
#include "server/hypervisor/simulator.h"

#include "server/hypervisor/simulator_ops.h"

static int stop(struct simulator *simulator, const char *uuid, enum shutdown_reason reason,
		bool stops, struct hypervisor_error *err)
{
	struct guest *guest = simulator_find_live_guest(simulator, uuid, err);

	if (!guest)
		return -1;
	if (guest->domid == 0)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "%s is not for Domain-0",
				       err->operation);
	if (stops)
		simulator_stop_guest(simulator, guest, reason);
	return simulator_commit(simulator, err);
}

int simulator_send_sysrq(void *adapter, const char *uuid, char key, struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_send_sysrq, err);
	enum shutdown_reason reason = key == 'o' ? SHUTDOWN_POWEROFF :
				      key == 'b' ? SHUTDOWN_REBOOT :
						   SHUTDOWN_CRASH;

	return stop(simulator, uuid, reason, key == 'o' || key == 'b' || key == 'c', err);
}

int simulator_send_trigger(void *adapter, const char *uuid, enum guest_trigger trigger,
			   struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_send_trigger, err);

	return stop(simulator, uuid, trigger == TRIGGER_RESET ? SHUTDOWN_REBOOT : SHUTDOWN_POWEROFF,
		    trigger == TRIGGER_RESET || trigger == TRIGGER_POWER, err);
}
