/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen_schedule.c – weight, cap and the pCPUs that vCPUs may run on, of a domain that runs */
#include "server/hypervisor/xen.h"

#include "schema/base.h"
#include "server/hypervisor/scheduling.h"
#include "server/hypervisor/xen_ops.h"

#include <errno.h>

static bool weighs(const struct xen *xen)
{
	return xen->scheduler == XEN_SCHEDULER_CREDIT || xen->scheduler == XEN_SCHEDULER_CREDIT2;
}

int xen_check_scheduling(const struct xen *xen, const struct scheduling *scheduling,
			 struct hypervisor_error *err)
{
	if (!weighs(xen) && (scheduling->weight > 0 || scheduling->cap > 0))
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "this host's scheduler knows neither weight nor cap");
	return scheduling_check(scheduling, xen->pcpus, err);
}

/* Both schedulers have a structure of their own for the same two numbers. With the lock held. */
static int get_parameters(struct xen *xen, uint32_t domid, int *ret_weight, int *ret_cap)
{
	bool is_credit = xen->scheduler == XEN_SCHEDULER_CREDIT;
	struct xen_domctl_sched_credit credit = {0};
	struct xen_domctl_sched_credit2 credit2 = {0};
	int rc = is_credit ? xc_sched_credit_domain_get(xen->xc, domid, &credit) :
			     xc_sched_credit2_domain_get(xen->xc, domid, &credit2);

	if (rc < 0)
		return rc;
	*ret_weight = is_credit ? credit.weight : credit2.weight;
	*ret_cap = is_credit ? credit.cap : credit2.cap;
	return 0;
}

void xen_read_weight(struct xen *xen, uint32_t domid, int *ret_weight, int *ret_cap)
{
	AUTO_UNLOCK lock = xen_lock(&xen->lock);

	if (weighs(xen))
		get_parameters(xen, domid, ret_weight, ret_cap);
}

static int set_parameters(struct xen *xen, uint32_t domid, const struct scheduling *scheduling)
{
	AUTO_UNLOCK lock = xen_lock(&xen->lock);
	struct xen_domctl_sched_credit credit = {0};
	struct xen_domctl_sched_credit2 credit2 = {0};
	int weight, cap;
	int rc = get_parameters(xen, domid, &weight, &cap);

	if (rc < 0)
		return rc;
	weight = scheduling->weight > 0 ? scheduling->weight : weight;
	cap = scheduling->cap >= 0 ? scheduling->cap : cap;
	credit.weight = credit2.weight = (uint16_t)weight;
	credit.cap = credit2.cap = (uint16_t)cap;
	return xen->scheduler == XEN_SCHEDULER_CREDIT ?
		       xc_sched_credit_domain_set(xen->xc, domid, &credit) :
		       xc_sched_credit2_domain_set(xen->xc, domid, &credit2);
}

static int set_affinity(struct xen *xen, const xc_domaininfo_t *domain, const char *mask)
{
	AUTO_UNLOCK lock = xen_lock(&xen->lock);
	int size = xc_get_cpumap_size(xen->xc);
	xc_cpumap_t map = xc_cpumap_alloc(xen->xc);
	int rc = size > 0 && map ? 0 : -1;

	for (uint32_t vcpu = 0; rc == 0 && vcpu < xen_vcpu_count(domain); vcpu++) {
		memset(map, 0, (size_t)size);
		for (int pcpu = 0; pcpu < 8 * size; pcpu++)
			if (scheduling_allows(mask, (int)vcpu, pcpu))
				xc_cpumap_setcpu(pcpu, map);
		rc = xc_vcpu_setaffinity(xen->xc, domain->domain, (int)vcpu, map, NULL,
					 XEN_VCPUAFFINITY_HARD);
	}
	free(map);
	return rc;
}

int xen_set_scheduling(void *adapter, const char *uuid, const struct scheduling *scheduling,
		       struct hypervisor_error *err)
{
	struct xen *xen = adapter;
	xc_domaininfo_t domain;

	if (xen_find_live(xen, uuid, &domain, err) < 0 ||
	    xen_check_scheduling(xen, scheduling, err) < 0)
		return -1;
	if (weighs(xen) && (scheduling->weight > 0 || scheduling->cap >= 0) &&
	    set_parameters(xen, domain.domain, scheduling) < 0)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "Xen does not schedule domain %u like that: %s",
				       domain.domain, strerror(errno));
	if (set_affinity(xen, &domain, scheduling->mask) == 0)
		return 0;
	return hypervisor_fail(err, HYPERVISOR_FAILED,
			       "Xen does not let the vCPUs of domain %u run there: %s",
			       domain.domain, strerror(errno));
}
