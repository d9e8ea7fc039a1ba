/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen_live.c – changes the memory and vCPUs of a domain that runs */
#include "server/hypervisor/xen.h"

#include "schema/base.h"
#include "server/hypervisor/xen_ops.h"

#include <errno.h>
#include <inttypes.h>
#include <libxl_utils.h>
#include <stdio.h>

#define MIB ((int64_t)1024 * 1024)
/* What libxl lets a domain have above its target; without it balloons stop short of it. */
#define SLACK MIB

static int set_limit(struct xen *xen, uint32_t domid, int64_t bytes, struct hypervisor_error *err)
{
	AUTO_UNLOCK lock = xen_lock(&xen->lock);

	if (xc_domain_setmaxmem(xen->xc, domid, (uint64_t)(bytes + SLACK) / 1024) == 0)
		return 0;
	return hypervisor_fail(err, HYPERVISOR_FAILED,
			       "Xen does not limit domain %u to %" PRId64 " bytes: %s", domid,
			       bytes, strerror(errno));
}

/*
 * What a PVH or HVM guest has not touched yet comes from a cache of Xen's: with less in it than the
 * guest may have, Xen has to look for pages that are all zeroes.
 */
static int set_cache(struct xen *xen, const xc_domaininfo_t *domain, int64_t bytes,
		     struct hypervisor_error *err)
{
	AUTO_UNLOCK lock = xen_lock(&xen->lock);

	if (!(domain->flags & XEN_DOMINF_hvm_guest) ||
	    xc_domain_set_pod_target(xen->xc, domain->domain, (uint64_t)(bytes + SLACK) / XEN_PAGE,
				     NULL, NULL, NULL) == 0)
		return 0;
	return hypervisor_fail(err, HYPERVISOR_FAILED,
			       "Xen does not set %" PRId64 " bytes aside for domain %u: %s", bytes,
			       domain->domain, strerror(errno));
}

static int set_limits(struct xen *xen, const xc_domaininfo_t *domain, int64_t bytes,
		      struct hypervisor_error *err)
{
	return set_limit(xen, domain->domain, bytes, err) < 0 ? -1 :
								set_cache(xen, domain, bytes, err);
}

static int check_target(struct xen *xen, const char *uuid, const xc_domaininfo_t *domain,
			int64_t target, struct hypervisor_error *err)
{
	int64_t maximum = xen_memory_maximum(xen, domain);
	int64_t growth = target - xen_memory_actual(domain);
	int64_t available;

	if (target > maximum)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "a target of %" PRId64 " bytes is not within the domain's "
				       "maximum of %" PRId64,
				       target, maximum);
	available = growth > 0 ? xen_memory_free(xen, uuid) : 0;
	if (growth <= available)
		return 0;
	hypervisor_fail(err, HYPERVISOR_NO_MEMORY, "the host has not enough free memory");
	err->needed = growth;
	err->available = available;
	return -1;
}

/*
 * Xen's limit is the target's, as libxl has it: a guest cannot take more than it was told. Growing:
 * the limit first, or the balloon would run against it; shrinking: the target first. Domain-0 is
 * trusted, its limit is only raised where somebody has lowered it.
 */
static int apply_target(struct xen *xen, const xc_domaininfo_t *domain,
			const struct memory_range *range, struct hypervisor_error *err)
{
	int64_t limit = (int64_t)domain->max_pages * XEN_PAGE;
	struct hypervisor_error ignored;
	struct xen_key keys[XEN_MEMORY_KEYS];
	bool grows = range->target + SLACK > limit;

	xen_memory_keys(range, xen_memory_video(xen, domain), keys);
	if ((grows && set_limits(xen, domain, range->target, err) < 0) ||
	    xen_store_write(xen, domain->domain, keys, XEN_MEMORY_KEYS, err) < 0) {
		if (grows)
			set_limits(xen, domain, limit - SLACK, &ignored);
		return -1;
	}
	return grows || domain->domain == 0 ? 0 : set_limits(xen, domain, range->target, err);
}

/*
 * libxl notes what it wants to know of Domain-0's memory when nobody has noted a target yet: asking
 * for it is enough. Had we written ours first, xl could not change Domain-0's memory any more.
 */
static int note_domain_0(struct xen *xen, const xc_domaininfo_t *domain,
			 struct hypervisor_error *err)
{
	AUTO_TEXT target = xen_store_read(xen, domain->domain, "memory/target");
	AUTO_LIBXL libxl = {0};
	uint64_t kib;
	int rc;

	if (domain->domain != 0 || target)
		return 0;
	if (xen_libxl_open(&libxl, err) < 0)
		return -1;
	rc = libxl_get_memory_target(libxl.ctx, 0, &kib);
	return rc ? xen_libxl_fail(&libxl, rc, err, "the memory of Domain-0 is not known") : 0;
}

int xen_set_memory_target(void *adapter, const char *uuid, const struct memory_range *range,
			  struct hypervisor_error *err)
{
	struct xen *xen = adapter;
	AUTO_UNLOCK lock = xen_lock(&xen->memory_lock);
	xc_domaininfo_t domain;

	if (xen_find_live(xen, uuid, &domain, err) < 0 || note_domain_0(xen, &domain, err) < 0 ||
	    check_target(xen, uuid, &domain, range->target, err) < 0)
		return -1;
	return apply_target(xen, &domain, range, err);
}

int xen_set_memory_maximum(void *adapter, const char *uuid, int64_t bytes,
			   struct hypervisor_error *err)
{
	struct xen *xen = adapter;
	AUTO_UNLOCK lock = xen_lock(&xen->memory_lock);
	struct xen_key key = xen_key_kib("memory/static-max", bytes);
	xc_domaininfo_t domain;
	int64_t actual, target;

	if (xen_find_live(xen, uuid, &domain, err) < 0 || note_domain_0(xen, &domain, err) < 0)
		return -1;
	actual = xen_memory_actual(&domain);
	target = xen_memory_target(xen, &domain);
	/* its last pages are not the guest's to give back, hence the slack */
	if (bytes + SLACK < actual || bytes < target)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "a maximum of %" PRId64 " bytes is less than the domain has "
				       "(%" PRId64 ") or is to have (%" PRId64 ")",
				       bytes, actual, target);
	if (set_limit(xen, domain.domain, bytes, err) < 0)
		return -1;
	return xen_store_write(xen, domain.domain, &key, 1, err);
}

static int set_vcpus_hvm(uint32_t domid, int online, int most, struct hypervisor_error *err)
{
	AUTO_LIBXL libxl = {0};
	libxl_bitmap map;
	int rc;

	if (xen_libxl_open(&libxl, err) < 0)
		return -1;
	libxl_bitmap_init(&map);
	rc = libxl_cpu_bitmap_alloc(libxl.ctx, &map, most);
	for (int i = 0; rc == 0 && i < online; i++)
		libxl_bitmap_set(&map, i);
	if (rc == 0)
		rc = libxl_set_vcpuonline(libxl.ctx, domid, &map, NULL);
	libxl_bitmap_dispose(&map);
	return rc ? xen_libxl_fail(&libxl, rc, err, "the vCPUs of domain %u could not be set",
				   domid) :
		    0;
}

static int set_vcpus_pv(struct xen *xen, uint32_t domid, int online, int most,
			struct hypervisor_error *err)
{
	struct xen_key *keys = allocate((size_t)most * sizeof(*keys));
	int rc;

	for (int i = 0; i < most; i++) {
		snprintf(keys[i].path, sizeof(keys[i].path), "cpu/%d/availability", i);
		strcpy(keys[i].value, i < online ? "online" : "offline");
	}
	rc = xen_store_write(xen, domid, keys, (size_t)most, err);
	free(keys);
	return rc;
}

/* The guest takes up and gives back its vCPUs in its own time. */
int xen_set_vcpus(void *adapter, const char *uuid, int online, struct hypervisor_error *err)
{
	struct xen *xen = adapter;
	xc_domaininfo_t domain;
	int most;

	if (xen_find_live(xen, uuid, &domain, err) < 0)
		return -1;
	most = (int)xen_vcpu_count(&domain);
	if (online < 1 || online > most)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "%d vCPUs cannot be online, only 1 to %d", online, most);
	if (xen_type_of(xen, &domain) == GUEST_HVM)
		return set_vcpus_hvm(domain.domain, online, most, err);
	return set_vcpus_pv(xen, domain.domain, online, most, err);
}

int xen_set_shadow_memory(void *adapter, const char *uuid, int64_t bytes,
			  struct hypervisor_error *err)
{
	struct xen *xen = adapter;
	unsigned int mib = (unsigned int)((bytes + MIB - 1) / MIB);
	xc_domaininfo_t domain;
	int64_t available;
	int rc, problem;

	if (xen_find_live(xen, uuid, &domain, err) < 0)
		return -1;
	if (!(domain.flags & XEN_DOMINF_hvm_guest))
		return 0;
	if (bytes < 0)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "shadow memory cannot be %" PRId64 " bytes", bytes);
	xen_lock(&xen->lock);
	rc = xc_shadow_control(xen->xc, domain.domain, XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION, &mib,
			       0);
	problem = errno;
	pthread_mutex_unlock(&xen->lock);
	if (rc >= 0)
		return 0;
	if (problem != ENOMEM)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "Xen does not give domain %u %u MiB of shadow memory: %s",
				       domain.domain, mib, strerror(problem));
	xen_lock(&xen->memory_lock);
	available = xen_memory_free(xen, NULL);
	pthread_mutex_unlock(&xen->memory_lock);
	hypervisor_fail(err, HYPERVISOR_NO_MEMORY, "the host has not enough free memory");
	err->needed = bytes;
	err->available = available;
	return -1;
}
