/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen.c – a real Xen host: opens what the ops share */
#include "server/hypervisor/xen.h"

#include "schema/base.h"
#include "schema/clock.h"
#include "server/hypervisor/interfaces.h"
#include "server/hypervisor/xen_ops.h"

#include <errno.h>

pthread_mutex_t *xen_lock(pthread_mutex_t *lock)
{
	pthread_mutex_lock(lock);
	return lock;
}

void xen_unlock(pthread_mutex_t **lock)
{
	if (*lock)
		pthread_mutex_unlock(*lock);
}

static void close_adapter(void *adapter)
{
	struct xen *xen = adapter;

	if (xen->events)
		xen_events_close(xen->events);
	if (xen->xs)
		xs_close(xen->xs);
	if (xen->xc)
		xc_interface_close(xen->xc);
	pthread_mutex_destroy(&xen->memory_lock);
	pthread_mutex_destroy(&xen->lock);
	free(xen);
}

static int open_handles(struct xen *xen, struct hypervisor_error *err)
{
	AUTO_LIBXL libxl = {0};

	xen->xc = xc_interface_open(&xen_quiet, &xen_quiet, 0);
	if (!xen->xc)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "this is not the control domain of a Xen host: the "
				       "hypervisor cannot be asked (%s)",
				       strerror(errno));
	xen->xs = xs_open(0);
	if (!xen->xs)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "xenstore cannot be reached (%s): is xenstored running?",
				       strerror(errno));
	return xen_libxl_open(&libxl, err);
}

static int bring_up(struct xen *xen, struct host_facts *ret_facts, struct hypervisor_error *err)
{
	xc_physinfo_t physical = {0};
	int scheduler;

	if (open_handles(xen, err) < 0)
		return -1;
	if (xc_physinfo(xen->xc, &physical) < 0 || xc_sched_id(xen->xc, &scheduler) < 0)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "Xen does not say what this host is: %s", strerror(errno));
	xen->scheduler = (uint32_t)scheduler;
	xen->pcpus = (int)physical.nr_cpus;
	xen->clock_ns = clock_ns();
	xen->idle_ns = xen_idle_ns(xen);
	xen_read_facts(xen, &physical, ret_facts);
	interfaces_read(&ret_facts->interfaces);
	xen_forget_filters(xen);
	xen->events = xen_events_open(xen, err);
	return xen->events ? 0 : -1;
}

static int open_adapter(const char *argument, const struct hypervisor_options *options,
			void **ret_adapter, struct host_facts *ret_facts,
			struct hypervisor_error *err)
{
	struct host_facts facts = {0};
	struct xen *xen;

	(void)options;
	if (argument)
		return hypervisor_fail(err, HYPERVISOR_UNSUPPORTED,
				       "the xen adapter takes no argument, not \"%.64s\"",
				       argument);
	xen = allocate(sizeof(*xen));
	pthread_mutex_init(&xen->lock, NULL);
	pthread_mutex_init(&xen->memory_lock, NULL);
	if (bring_up(xen, &facts, err) < 0) {
		close_adapter(xen);
		return -1;
	}
	*ret_adapter = xen;
	*ret_facts = facts;
	return 0;
}

const struct hypervisor_ops adapter_xen = {
	.open = open_adapter,
	.close = close_adapter,
	.get_host_usage = xen_get_host_usage,
	.list_domains = xen_list_domains,
	.get_domain = xen_get_domain,
	.get_vcpus = xen_get_vcpus,
	.describe_domain = xen_describe_domain,
	.read_guest = xen_read_guest,
	.start = xen_start,
	.pause = xen_pause,
	.unpause = xen_unpause,
	.shutdown = xen_shutdown,
	.destroy = xen_destroy,
	.suspend = xen_suspend,
	.resume = xen_resume,
	.go_on = xen_go_on,
	.send_sysrq = xen_send_sysrq,
	.send_trigger = xen_send_trigger,
	.set_memory_target = xen_set_memory_target,
	.set_memory_maximum = xen_set_memory_maximum,
	.set_vcpus = xen_set_vcpus,
	.set_scheduling = xen_set_scheduling,
	.set_shadow_memory = xen_set_shadow_memory,
	.get_nics = xen_get_nics,
	.attach_nic = xen_attach_nic,
	.detach_nic = xen_detach_nic,
	.get_disks = xen_get_disks,
	.attach_disk = xen_attach_disk,
	.detach_disk = xen_detach_disk,
	.change_cd = xen_change_cd,
	.set_nic_filter = xen_set_nic_filter,
	.move_nic = xen_move_nic,
	.get_nic_traffic = xen_get_nic_traffic,
	.get_disk_traffic = xen_get_disk_traffic,
	.get_interfaces = xen_get_interfaces,
	.set_interface_up = xen_set_interface_up,
	.create_bridge = xen_create_bridge,
	.destroy_bridge = xen_destroy_bridge,
	.create_vlan = xen_create_vlan,
	.destroy_vlan = xen_destroy_vlan,
	.list_pci = xen_list_pci,
	.check_bridge = xen_check_bridge,
	.check_pci = xen_check_pci,
	.read_console_ring = xen_read_console_ring,
	.send_debug_keys = xen_send_debug_keys,
	.wait_event = xen_wait_event,
	.wake = xen_wake,
};
