/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen_nic.c – the network interfaces of a domain, said to libxl */
#include "server/hypervisor/xen.h"

#include "schema/base.h"
#include "server/hypervisor/filter.h"
#include "server/hypervisor/interfaces.h"
#include "server/hypervisor/xen_ops.h"

#include <libxl_utils.h>
#include <net/if.h>
#include <stdio.h>

/* How long what a guest saves up may burst; xl's default. */
#define RATE_INTERVAL_US 50000

static void fill_nic(libxl_device_nic *nic, const struct nic_config *config)
{
	unsigned bytes[6] = {0};

	libxl_device_nic_init(nic);
	nic->devid = config->device;
	nic->mtu = config->mtu;
	nic->bridge = text_copy(config->bridge);
	if (sscanf(config->mac, "%x:%x:%x:%x:%x:%x", &bytes[0], &bytes[1], &bytes[2], &bytes[3],
		   &bytes[4], &bytes[5]) == 6)
		for (size_t i = 0; i < ARRAY_SIZE(bytes); i++)
			nic->mac[i] = (uint8_t)bytes[i];
	if (config->rate_bytes == 0)
		return;
	nic->rate_bytes_per_interval =
		(uint64_t)((double)config->rate_bytes * RATE_INTERVAL_US / 1e6);
	nic->rate_interval_usecs = RATE_INTERVAL_US;
}

void xen_set_nics(libxl_domain_config *domain, const struct domain_config *config)
{
	domain->nics = allocate(config->nic_count * sizeof(*domain->nics) + 1);
	domain->num_nics = (int)config->nic_count;
	for (size_t i = 0; i < config->nic_count; i++)
		fill_nic(&domain->nics[i], &config->nics[i]);
}

/* The domain's interfaces by their numbers; false: there is none of that number. */
static bool has_nic(libxl_ctx *ctx, uint32_t domid, int device)
{
	int count = 0;
	libxl_device_nic *nics = libxl_device_nic_list(ctx, domid, &count);
	bool found = false;

	for (int i = 0; i < count; i++)
		found = found || nics[i].devid == device;
	libxl_device_nic_list_free(nics, count);
	return found;
}

int xen_get_nics(void *adapter, const char *uuid, int *ret_devices, size_t capacity,
		 size_t *ret_count, struct hypervisor_error *err)
{
	AUTO_LIBXL libxl = {0};
	xc_domaininfo_t domain;
	libxl_device_nic *nics;
	int count = 0;

	if (xen_find(adapter, uuid, &domain, err) < 0 || xen_libxl_open(&libxl, err) < 0)
		return -1;
	nics = libxl_device_nic_list(libxl.ctx, domain.domain, &count);
	for (int i = 0; i < count && (size_t)i < capacity; i++)
		ret_devices[i] = nics[i].devid;
	libxl_device_nic_list_free(nics, count);
	*ret_count = (size_t)count;
	return 0;
}

/* Its ends on this side: an HVM guest without Xen's drivers uses the emulated one. */
static const char *const ends[] = {"", "-emu"};

static char *end_name(uint32_t domid, int device, const char *end)
{
	return text_format("vif%u.%d%s", domid, device, end);
}

static int set_filter(uint32_t domid, const struct nic_config *nic, struct hypervisor_error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		AUTO_TEXT name = end_name(domid, nic->device, ends[i]);

		if (filter_set(name, nic, err) < 0)
			return -1;
	}
	return 0;
}

static void forget_filter(uint32_t domid, int device)
{
	const struct nic_config unlocked = {.device = device, .lock = NIC_UNLOCKED};
	struct hypervisor_error ignored;

	set_filter(domid, &unlocked, &ignored);
}

int xen_filter_nics(uint32_t domid, const struct domain_config *config,
		    struct hypervisor_error *err)
{
	for (size_t i = 0; i < config->nic_count; i++)
		if (set_filter(domid, &config->nics[i], err) < 0)
			return -1;
	return 0;
}

static bool is_gone(uint32_t domid, void *argument)
{
	xc_domaininfo_t domain;

	return xen_look(argument, domid, &domain) < 0;
}

void xen_forget_filters(struct xen *xen)
{
	filter_forget(is_gone, xen);
}

int xen_set_nic_filter(void *adapter, const char *uuid, const struct nic_config *nic,
		       struct hypervisor_error *err)
{
	xc_domaininfo_t domain;

	if (xen_find_guest(adapter, uuid, true, &domain, err) < 0)
		return -1;
	return set_filter(domain.domain, nic, err);
}

/* Where the hotplug script looks when the interface goes. */
static void note_bridge(struct xen *xen, uint32_t domid, int device, const char *bridge)
{
	AUTO_TEXT path = text_format("/local/domain/0/backend/vif/%u/%d/bridge", domid, device);

	xs_write(xen->xs, XBT_NULL, path, bridge, (unsigned)strlen(bridge));
}

int xen_move_nic(void *adapter, const char *uuid, int device, const char *bridge,
		 struct hypervisor_error *err)
{
	AUTO_LIBXL libxl = {0};
	xc_domaininfo_t domain;

	if (xen_open_guest(adapter, uuid, true, &domain, &libxl, err) < 0)
		return -1;
	if (!has_nic(libxl.ctx, domain.domain, device))
		return hypervisor_fail(err, HYPERVISOR_FAILED, "there is no network interface %d",
				       device);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		AUTO_TEXT name = end_name(domain.domain, device, ends[i]);

		/* not every guest has the second */
		if ((i == 0 || if_nametoindex(name) != 0) && xen_make_port(name, bridge, err) < 0)
			return -1;
	}
	note_bridge(adapter, domain.domain, device, bridge);
	return 0;
}

/* As the hotplug script looks for it, but before there is a domain. */
int xen_check_bridge(void *adapter, const char *bridge, struct hypervisor_error *err)
{
	(void)adapter;
	return if_nametoindex(bridge) ? 0 :
					hypervisor_fail(err, HYPERVISOR_FAILED,
							"the host has no bridge \"%s\"", bridge);
}

int xen_get_nic_traffic(void *adapter, const char *uuid, struct device_traffic *traffic,
			size_t count, struct hypervisor_error *err)
{
	xc_domaininfo_t domain;

	if (xen_find(adapter, uuid, &domain, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		traffic[i].read_bytes = traffic[i].written_bytes = 0;
		for (size_t end = 0; end < ARRAY_SIZE(ends); end++) {
			AUTO_TEXT name = end_name(domain.domain, traffic[i].device, ends[end]);

			/* what one side receives the other has sent */
			traffic[i].read_bytes += interfaces_read_sent(name);
			traffic[i].written_bytes += interfaces_read_received(name);
		}
	}
	return 0;
}

int xen_attach_nic(void *adapter, const char *uuid, const struct nic_config *config,
		   struct hypervisor_error *err)
{
	AUTO_LIBXL libxl = {0};
	xc_domaininfo_t domain;
	libxl_device_nic nic;
	int rc;

	if (xen_open_guest(adapter, uuid, true, &domain, &libxl, err) < 0)
		return -1;
	if (has_nic(libxl.ctx, domain.domain, config->device))
		return hypervisor_fail(err, HYPERVISOR_FAILED, "there is a network interface %d",
				       config->device);
	if (xen_check_bridge(adapter, config->bridge, err) < 0 ||
	    set_filter(domain.domain, config, err) < 0)
		return -1;
	fill_nic(&nic, config);
	/* a device model knows only those that it was started with */
	nic.nictype = LIBXL_NIC_TYPE_VIF;
	rc = libxl_device_nic_add(libxl.ctx, domain.domain, &nic, NULL);
	libxl_device_nic_dispose(&nic);
	if (rc)
		forget_filter(domain.domain, config->device);
	return rc ? xen_libxl_fail(&libxl, rc, err, "network interface %d could not be attached",
				   config->device) :
		    0;
}

int xen_detach_nic(void *adapter, const char *uuid, int device, bool force,
		   struct hypervisor_error *err)
{
	AUTO_LIBXL libxl = {0};
	xc_domaininfo_t domain;
	libxl_device_nic nic;
	int rc;

	if (xen_open_guest(adapter, uuid, true, &domain, &libxl, err) < 0)
		return -1;
	if (!has_nic(libxl.ctx, domain.domain, device) ||
	    libxl_devid_to_device_nic(libxl.ctx, domain.domain, device, &nic) != 0)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "there is no network interface %d",
				       device);
	if (force)
		rc = libxl_device_nic_destroy(libxl.ctx, domain.domain, &nic, NULL);
	else
		rc = libxl_device_nic_remove(libxl.ctx, domain.domain, &nic, NULL);
	libxl_device_nic_dispose(&nic);
	if (rc == 0)
		forget_filter(domain.domain, device);
	return rc ? xen_libxl_fail(&libxl, rc, err, "network interface %d could not be detached",
				   device) :
		    0;
}
