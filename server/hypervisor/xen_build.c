/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen_build.c – builds a domain, afresh or from an image, or leaves nothing behind */
#include "server/hypervisor/xen.h"

#include "schema/base.h"
#include "server/hypervisor/scheduling.h"
#include "server/hypervisor/xen_ops.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <xen/hvm/hvm_info_table.h>

static int fail_memory(int64_t needed, int64_t available, struct hypervisor_error *err)
{
	hypervisor_fail(err, HYPERVISOR_NO_MEMORY, "the host has not enough free memory");
	err->needed = needed;
	err->available = available;
	return -1;
}

static int check_config(struct xen *xen, const struct domain_config *config,
			struct hypervisor_error *err)
{
	xc_domaininfo_t domain;

	if (!uuid_is_valid(config->uuid))
		return hypervisor_fail(err, HYPERVISOR_FAILED, "\"%.64s\" is not a uuid",
				       config->uuid);
	if (xen_find(xen, config->uuid, &domain, err) == 0)
		return hypervisor_fail(err, HYPERVISOR_FAILED, "there is a domain %s already",
				       config->uuid);
	if (err->kind != HYPERVISOR_NO_DOMAIN)
		return -1;
	if (config->vcpus_max < 1 || config->vcpus_max > HVM_MAX_VCPUS)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "a domain may have 1 to %d vCPUs, not %d", HVM_MAX_VCPUS,
				       config->vcpus_max);
	if (config->vcpus < 1 || config->vcpus > config->vcpus_max)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "%d vCPUs cannot be online, only 1 to %d", config->vcpus,
				       config->vcpus_max);
	return xen_check_scheduling(xen, &config->scheduling, err);
}

static int check_memory(const struct domain_config *config, int64_t memory_bytes,
			struct hypervisor_error *err)
{
	if (memory_bytes > config->memory_maximum)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "%" PRId64 " bytes of memory are more than the domain's "
				       "maximum of %" PRId64,
				       memory_bytes, config->memory_maximum);
	return 0;
}

/* Nobody else is to get the memory while the domain is being built. */
static int promise_memory(struct xen *xen, const struct domain_config *config,
			  struct xen_promise *promise, struct hypervisor_error *err)
{
	AUTO_UNLOCK lock = xen_lock(&xen->memory_lock);
	int64_t available = xen_memory_free(xen, NULL);
	int64_t rest = available - promise->bytes;

	if (rest < config->memory_overhead)
		return fail_memory(promise->bytes < INT64_MAX - config->memory_overhead ?
					   promise->bytes + config->memory_overhead :
					   INT64_MAX,
				   available, err);
	promise->next = xen->promises;
	xen->promises = promise;
	return 0;
}

static void end_promise(struct xen *xen, const struct xen_promise *promise)
{
	AUTO_UNLOCK lock = xen_lock(&xen->memory_lock);
	struct xen_promise **at = &xen->promises;

	while (*at != promise)
		at = &(*at)->next;
	*at = promise->next;
}

/* libxl destroys what it could not finish, but for what it could not destroy. */
static void destroy_half_built(struct xen *xen, libxl_ctx *ctx, uint32_t domid, const char *uuid)
{
	char its_uuid[UUID_SIZE];
	xc_domaininfo_t domain;

	if (domid == (uint32_t)INVALID_DOMID || xen_look(xen, domid, &domain) < 0)
		return;
	xen_uuid_of(&domain, its_uuid);
	if (strcmp(its_uuid, uuid) == 0)
		libxl_domain_destroy(ctx, domid, NULL);
}

static int create(struct xen_libxl *libxl, libxl_domain_config *domain,
		  const struct xen_image *image, uint32_t *ret_domid)
{
	libxl_domain_restore_params restore;
	int rc;

	*ret_domid = (uint32_t)INVALID_DOMID;
	if (!image)
		return libxl_domain_create_new(libxl->ctx, domain, ret_domid, NULL, NULL);
	libxl_domain_restore_params_init(&restore);
	restore.stream_version = 2; /* the only one that libxl writes */
	rc = libxl_domain_create_restore(libxl->ctx, domain, ret_domid, image->fd, -1, &restore,
					 NULL, NULL);
	libxl_domain_restore_params_dispose(&restore);
	return rc;
}

/* libxl names a kernel only when it cannot open it. */
static const char *built_from(const struct domain_config *config)
{
	if (*config->kernel)
		return config->kernel;
	return *config->bootloader ? config->bootloader : "its disk";
}

/* libxl leaves it paused. */
static int create_from(struct xen *xen, struct xen_libxl *libxl, const struct domain_config *config,
		       const struct xen_image *image, uint32_t *ret_domid,
		       struct hypervisor_error *err)
{
	int64_t memory_bytes = image ? image->memory_bytes : config->memory.target;
	libxl_domain_config domain;
	int rc = xen_make_config(xen, libxl->ctx, config, memory_bytes, &domain, err);

	if (rc == 0) {
		rc = create(libxl, &domain, image, ret_domid);
		if (rc)
			destroy_half_built(xen, libxl->ctx, *ret_domid, config->uuid);
		if (rc)
			rc = xen_libxl_fail(libxl, rc, err, "\"%.128s\" could not be %s%.128s",
					    config->name, image ? "restored" : "built from ",
					    image ? "" : built_from(config));
	}
	libxl_domain_config_dispose(&domain);
	return rc;
}

/*
 * What libxl does not write. Nobody creates control/feature-balloon, but a guest's agent writes it
 * where it is the guest's own. A restored guest has said long ago whether it balloons.
 */
static int write_keys(struct xen *xen, const xc_domaininfo_t *domain,
		      const struct domain_config *config, const struct xen_image *image,
		      struct hypervisor_error *err)
{
	struct xen_key keys[XEN_MEMORY_KEYS + 1];
	struct xen_key *balloon = &keys[XEN_MEMORY_KEYS];

	xen_memory_keys(&config->memory, xen_memory_video(xen, domain), keys);
	*balloon = (struct xen_key){.guest_owned = true};
	strcpy(balloon->path, "control/feature-balloon");
	if (image && image->balloons)
		strcpy(balloon->value, "1");
	return xen_store_write(xen, domain->domain, keys, ARRAY_SIZE(keys), err);
}

static int finish(struct xen *xen, uint32_t domid, const struct domain_config *config,
		  const struct xen_image *image, bool paused, struct hypervisor_error *err)
{
	xc_domaininfo_t domain;

	if (xen_look(xen, domid, &domain) < 0)
		return hypervisor_fail(err, HYPERVISOR_NO_DOMAIN,
				       "domain %u was destroyed meanwhile", domid);
	if (xen_filter_nics(domid, config, err) < 0 ||
	    write_keys(xen, &domain, config, image, err) < 0)
		return -1;
	return paused ? 0 : xen_unpause_domain(xen, &domain, err);
}

static int build(struct xen *xen, const struct domain_config *config, const struct xen_image *image,
		 bool paused, int *ret_domid, struct hypervisor_error *err)
{
	AUTO_LIBXL libxl = {0};
	uint32_t domid;

	if (xen_libxl_open(&libxl, err) < 0 ||
	    create_from(xen, &libxl, config, image, &domid, err) < 0)
		return -1;
	if (finish(xen, domid, config, image, paused, err) < 0) {
		destroy_half_built(xen, libxl.ctx, domid, config->uuid);
		return -1;
	}
	*ret_domid = (int)domid;
	return 0;
}

int xen_build(struct xen *xen, const struct domain_config *config, const struct xen_image *image,
	      bool paused, int *ret_domid, struct hypervisor_error *err)
{
	int64_t target = config->memory.target;
	struct xen_promise promise = {.uuid = config->uuid, .bytes = target};
	int rc;

	if (image && image->memory_bytes > target)
		promise.bytes = image->memory_bytes;
	if (check_config(xen, config, err) < 0 || check_memory(config, promise.bytes, err) < 0 ||
	    promise_memory(xen, config, &promise, err) < 0)
		return -1;
	rc = build(xen, config, image, paused, ret_domid, err);
	end_promise(xen, &promise);
	return rc;
}

int xen_start(void *adapter, const struct domain_config *config, bool paused, int *ret_domid,
	      struct hypervisor_error *err)
{
	return xen_build(adapter, config, NULL, paused, ret_domid, err);
}
