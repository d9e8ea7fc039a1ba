/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen_domain.c – the domains that are there, as Xen and xenstore describe them */
#include "server/hypervisor/xen.h"

#include "schema/base.h"
#include "server/hypervisor/xen_ops.h"

#include <errno.h>
#include <stdio.h>
#include <xen/sched.h>

#define CHUNK 64

static int read_chunk(struct xen *xen, uint32_t first, xc_domaininfo_t *chunk)
{
	AUTO_UNLOCK lock = xen_lock(&xen->lock);

	return xc_domain_getinfolist(xen->xc, first, CHUNK, chunk);
}

int xen_read_domains(struct xen *xen, xc_domaininfo_t **ret_domains, size_t *ret_count,
		     struct hypervisor_error *err)
{
	xc_domaininfo_t *domains = NULL;
	uint32_t first = 0;
	size_t count = 0;
	int got;

	do {
		size_t kept = count;

		domains = reallocate(domains, (count + CHUNK) * sizeof(*domains));
		got = read_chunk(xen, first, domains + count);
		if (got > 0)
			first = domains[count + (size_t)got - 1].domain + 1;
		for (int i = 0; i < got; i++)
			if (!(domains[count + (size_t)i].flags & XEN_DOMINF_dying))
				domains[kept++] = domains[count + (size_t)i];
		count = kept;
	} while (got == CHUNK);
	if (got < 0) {
		free(domains);
		return hypervisor_fail(err, HYPERVISOR_FAILED, "Xen does not list its domains: %s",
				       strerror(errno));
	}
	*ret_domains = domains;
	*ret_count = count;
	return 0;
}

void xen_uuid_of(const xc_domaininfo_t *domain, char ret_uuid[UUID_SIZE])
{
	/* xen-init-dom0 may have been told to give it another one */
	static const xen_domain_handle_t of_domain_0 = {0};
	const uint8_t *b = domain->domain == 0 ? of_domain_0 : domain->handle;

	snprintf(ret_uuid, UUID_SIZE,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		 b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		 b[15]);
}

int xen_find(struct xen *xen, const char *uuid, xc_domaininfo_t *ret_domain,
	     struct hypervisor_error *err)
{
	xc_domaininfo_t *domains;
	char its_uuid[UUID_SIZE];
	bool found = false;
	size_t count;

	if (xen_read_domains(xen, &domains, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count && !found; i++) {
		xen_uuid_of(&domains[i], its_uuid);
		found = strcasecmp(its_uuid, uuid) == 0;
		if (found)
			*ret_domain = domains[i];
	}
	free(domains);
	return found ? 0 :
		       hypervisor_fail(err, HYPERVISOR_NO_DOMAIN, "there is no domain %.64s", uuid);
}

int xen_find_live(struct xen *xen, const char *uuid, xc_domaininfo_t *ret_domain,
		  struct hypervisor_error *err)
{
	char name[DOMAIN_NAME_SIZE];
	xc_domaininfo_t domain;

	if (xen_find(xen, uuid, &domain, err) < 0)
		return -1;
	if (xen_is_shut_down(&domain)) {
		xen_name_of(xen, domain.domain, name);
		return hypervisor_fail(err, HYPERVISOR_NO_DOMAIN,
				       "domain %d (%s) has shut down already", domain.domain, name);
	}
	*ret_domain = domain;
	return 0;
}

int xen_find_guest(struct xen *xen, const char *uuid, bool live, xc_domaininfo_t *ret_domain,
		   struct hypervisor_error *err)
{
	xc_domaininfo_t domain;
	int rc = live ? xen_find_live(xen, uuid, &domain, err) : xen_find(xen, uuid, &domain, err);

	if (rc < 0)
		return -1;
	if (domain.domain == 0)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "%s is not for Domain-0",
				       err->operation);
	*ret_domain = domain;
	return 0;
}

/* Xen answers with the next domain when there is none of that number. */
int xen_look(struct xen *xen, uint32_t domid, xc_domaininfo_t *ret_domain)
{
	AUTO_UNLOCK lock = xen_lock(&xen->lock);
	xc_domaininfo_t domain;

	if (xc_domain_getinfolist(xen->xc, domid, 1, &domain) != 1 || domain.domain != domid ||
	    domain.flags & XEN_DOMINF_dying)
		return -1;
	*ret_domain = domain;
	return 0;
}

bool xen_is_shut_down(const xc_domaininfo_t *domain)
{
	return domain->flags & XEN_DOMINF_shutdown;
}

enum shutdown_reason xen_reason_of(const xc_domaininfo_t *domain)
{
	switch (domain->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask) {
	case SHUTDOWN_poweroff:
		return SHUTDOWN_POWEROFF;
	case SHUTDOWN_reboot:
	case SHUTDOWN_soft_reset:
		return SHUTDOWN_REBOOT;
	case SHUTDOWN_suspend:
		return SHUTDOWN_SUSPEND;
	default: /* a crash, or its watchdog's opinion that it hangs */
		return SHUTDOWN_CRASH;
	}
}

/* To Xen PVH and HVM are the same; libxl notes which it built. */
enum guest_type xen_type_of(struct xen *xen, const xc_domaininfo_t *domain)
{
	AUTO_TEXT path = text_format("/libxl/%u/type", domain->domain);
	AUTO_TEXT type = NULL;

	if (!(domain->flags & XEN_DOMINF_hvm_guest))
		return GUEST_PV;
	type = xs_read(xen->xs, XBT_NULL, path, NULL);
	return type && strcmp(type, "pvh") == 0 ? GUEST_PVH : GUEST_HVM;
}

uint32_t xen_vcpu_count(const xc_domaininfo_t *domain)
{
	return domain->max_vcpu_id == XEN_INVALID_MAX_VCPU_ID ? 0 : domain->max_vcpu_id + 1;
}

int64_t xen_memory_actual(const xc_domaininfo_t *domain)
{
	return (int64_t)domain->tot_pages * XEN_PAGE;
}

int64_t xen_memory_video(struct xen *xen, const xc_domaininfo_t *domain)
{
	if (!(domain->flags & XEN_DOMINF_hvm_guest))
		return 0;
	return 1024 * xen_store_read_int(xen, domain->domain, "memory/videoram", 0);
}

int64_t xen_memory_target(struct xen *xen, const xc_domaininfo_t *domain)
{
	int64_t kib = xen_store_read_int(xen, domain->domain, "memory/target", -1);

	return kib < 0 ? xen_memory_actual(domain) : 1024 * kib + xen_memory_video(xen, domain);
}

/* Xen's own limit follows the target (xen_live.c), so the domain's maximum is in xenstore only. */
int64_t xen_memory_maximum(struct xen *xen, const xc_domaininfo_t *domain)
{
	int64_t kib = xen_store_read_int(xen, domain->domain, "memory/static-max", -1);
	int64_t pages = (int64_t)domain->max_pages;

	if (kib > 0)
		return 1024 * kib;
	return pages > INT64_MAX / XEN_PAGE || pages < 0 ? INT64_MAX : pages * XEN_PAGE;
}

void xen_name_of(struct xen *xen, uint32_t domid, char ret_name[DOMAIN_NAME_SIZE])
{
	AUTO_TEXT name = xen_store_read(xen, domid, "name");

	if (name && *name)
		snprintf(ret_name, DOMAIN_NAME_SIZE, "%s", name);
	else
		snprintf(ret_name, DOMAIN_NAME_SIZE, "Domain-%u", domid);
}

/* libxl notes it below /vm/UUID, in seconds with a fraction. */
static int64_t read_start_time(struct xen *xen, uint32_t domid)
{
	AUTO_TEXT vm = xen_store_read(xen, domid, "vm");
	AUTO_TEXT path = vm ? text_format("%s/start_time", vm) : NULL;
	AUTO_TEXT text = path ? xs_read(xen->xs, XBT_NULL, path, NULL) : NULL;

	return text ? strtoll(text, NULL, 10) : 0;
}

/* What libxl and xen_live.c tell the guest. */
static int read_vcpus_target(struct xen *xen, const xc_domaininfo_t *domain)
{
	int count = 0;

	for (uint32_t i = 0; i < xen_vcpu_count(domain); i++) {
		AUTO_TEXT key = text_format("cpu/%u/availability", i);
		AUTO_TEXT availability = xen_store_read(xen, domain->domain, key);

		count += availability && strcmp(availability, "online") == 0;
	}
	return count;
}

static void describe(struct xen *xen, const xc_domaininfo_t *domain, struct domain_info *ret_info)
{
	*ret_info = (struct domain_info){
		.domid = domain->domain,
		.type = xen_type_of(xen, domain),
		.running = domain->flags & XEN_DOMINF_running,
		.paused = domain->flags & XEN_DOMINF_paused,
		.shutdown = xen_is_shut_down(domain),
		.memory_actual = xen_memory_actual(domain),
		.memory_target = xen_memory_target(xen, domain),
		.memory_maximum = xen_memory_maximum(xen, domain),
		.vcpus_online = (int)domain->nr_online_vcpus,
		.vcpus_max = (int)xen_vcpu_count(domain),
		.cpu_time_ns = domain->cpu_time,
		.start_time = read_start_time(xen, domain->domain),
		.balloons = xen_store_read_int(xen, domain->domain, "control/feature-balloon", 0),
	};
	ret_info->vcpus_target = read_vcpus_target(xen, domain);
	xen_read_weight(xen, domain->domain, &ret_info->weight, &ret_info->cap);
	if (ret_info->shutdown)
		ret_info->reason = xen_reason_of(domain);
	xen_uuid_of(domain, ret_info->uuid);
	xen_name_of(xen, domain->domain, ret_info->name);
}

int xen_list_domains(void *adapter, struct domain_info **ret_domains, size_t *ret_count,
		     struct hypervisor_error *err)
{
	struct domain_info *infos;
	xc_domaininfo_t *domains;
	size_t count;

	if (xen_read_domains(adapter, &domains, &count, err) < 0)
		return -1;
	infos = allocate(count * sizeof(*infos));
	for (size_t i = 0; i < count; i++)
		describe(adapter, &domains[i], &infos[i]);
	free(domains);
	*ret_domains = infos;
	*ret_count = count;
	return 0;
}

int xen_get_domain(void *adapter, const char *uuid, struct domain_info *ret_info,
		   struct hypervisor_error *err)
{
	xc_domaininfo_t domain;

	if (xen_find(adapter, uuid, &domain, err) < 0)
		return -1;
	describe(adapter, &domain, ret_info);
	return 0;
}

int xen_get_vcpus(void *adapter, const char *uuid, struct vcpu_info *ret_vcpus, size_t capacity,
		  size_t *ret_count, struct hypervisor_error *err)
{
	struct xen *xen = adapter;
	xc_domaininfo_t domain;
	xc_vcpuinfo_t vcpu;
	size_t count;

	if (xen_find(xen, uuid, &domain, err) < 0)
		return -1;
	count = xen_vcpu_count(&domain);
	for (size_t i = 0; i < count && i < capacity; i++) {
		int rc;

		xen_lock(&xen->lock);
		rc = xc_vcpu_getinfo(xen->xc, domain.domain, (uint32_t)i, &vcpu);
		pthread_mutex_unlock(&xen->lock);
		if (rc < 0)
			vcpu = (xc_vcpuinfo_t){0};
		ret_vcpus[i] = (struct vcpu_info){
			.pcpu = (int)vcpu.cpu,
			.online = vcpu.online,
			.running = vcpu.running,
			.blocked = vcpu.blocked,
			.cpu_time_ns = vcpu.cpu_time,
		};
	}
	*ret_count = count;
	return 0;
}
