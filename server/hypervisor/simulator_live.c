/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator_live.c – the simulator's ops that change a running domain */
#include "server/hypervisor/simulator.h"

#include "server/hypervisor/simulator_ops.h"

#include <inttypes.h>

/* How much more than its maximum a guest may have, as on Xen. */
#define SLACK MIB

/* Growing takes what is free now, and holds it while the balloon moves. */
int simulator_set_memory_target(void *adapter, const char *uuid, const struct memory_range *range,
				struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_set_memory_target, err);
	int64_t target = WHOLE_KIB(range->target);
	int64_t growth, available;
	struct guest *guest = simulator_find_live_guest(simulator, uuid, err);

	if (!guest)
		return -1;
	if (target > guest->memory_maximum)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "a target of %" PRId64 " bytes is not within the domain's "
				       "maximum of %" PRId64,
				       target, guest->memory_maximum);
	growth = target - guest->memory_actual;
	available = simulator_memory_free(simulator) + simulator_memory_held(guest) -
		    guest->memory_overhead - guest->memory_actual;
	if (growth > 0 && growth > available && !guest->no_balloon) {
		hypervisor_fail(err, HYPERVISOR_NO_MEMORY, "the host has not enough free memory");
		err->needed = growth;
		err->available = available;
		return -1;
	}
	guest->memory_target = target;
	guest->dynamic_min = range->dynamic_min;
	guest->dynamic_max = range->dynamic_max;
	return simulator_commit(simulator, err);
}

int simulator_set_memory_maximum(void *adapter, const char *uuid, int64_t bytes,
				 struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_set_memory_maximum, err);
	struct guest *guest = simulator_find_live_guest(simulator, uuid, err);

	if (!guest)
		return -1;
	if (bytes + SLACK < guest->memory_actual || bytes < guest->memory_target)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "a maximum of %" PRId64 " bytes is less than the domain has "
				       "(%" PRId64 ") or is to have (%" PRId64 ")",
				       bytes, guest->memory_actual, guest->memory_target);
	guest->memory_maximum = WHOLE_KIB(bytes);
	return simulator_commit(simulator, err);
}

int simulator_set_vcpus(void *adapter, const char *uuid, int online, struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_set_vcpus, err);
	struct guest *guest = simulator_find_live_guest(simulator, uuid, err);

	if (!guest)
		return -1;
	if (online < 1 || online > guest->vcpus_max)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "%d vCPUs cannot be online, only 1 to %d", online,
				       guest->vcpus_max);
	guest->vcpus_online = online;
	return simulator_commit(simulator, err);
}

int simulator_set_scheduling(void *adapter, const char *uuid, const struct scheduling *scheduling,
			     struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_set_scheduling, err);
	struct guest *guest = simulator_find_live_guest(simulator, uuid, err);

	if (!guest || simulator_check_scheduling(simulator, scheduling, err) < 0)
		return -1;
	simulator_apply_scheduling(guest, scheduling);
	return simulator_commit(simulator, err);
}

int simulator_set_shadow_memory(void *adapter, const char *uuid, int64_t bytes,
				struct hypervisor_error *err)
{
	HELD simulator = simulator_enter(adapter, HYPERVISOR_OP_set_shadow_memory, err);
	struct guest *guest;
	int64_t growth, available;

	guest = simulator_find_live_guest(simulator, uuid, err);
	if (!guest)
		return -1;
	if (guest->type == GUEST_PV)
		return 0;
	if (bytes < 0)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "shadow memory cannot be %" PRId64 " bytes", bytes);
	growth = bytes - guest->memory_shadow;
	available = simulator_memory_free(simulator);
	if (growth > available) {
		hypervisor_fail(err, HYPERVISOR_NO_MEMORY, "the host has not enough free memory");
		err->needed = growth;
		err->available = available;
		return -1;
	}
	guest->memory_shadow = bytes;
	guest->memory_overhead += growth;
	if (guest->memory_overhead < 0)
		guest->memory_overhead = 0;
	return simulator_commit(simulator, err);
}
