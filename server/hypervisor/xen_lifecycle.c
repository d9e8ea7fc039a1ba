/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen_lifecycle.c – pauses, stops and ends domains */
#include "server/hypervisor/xen.h"

#include "schema/base.h"
#include "schema/clock.h"
#include "server/hypervisor/xen_ops.h"

#include <errno.h>
#include <poll.h>

/* Xen counts how often a domain was paused, up to this. */
#define PAUSES_MOST 255

static int set_paused(struct xen *xen, uint32_t domid, bool paused)
{
	AUTO_UNLOCK lock = xen_lock(&xen->lock);

	return paused ? xc_domain_pause(xen->xc, domid) : xc_domain_unpause(xen->xc, domid);
}

int xen_pause(void *adapter, const char *uuid, struct hypervisor_error *err)
{
	struct xen *xen = adapter;
	xc_domaininfo_t domain;

	if (xen_find_guest(xen, uuid, true, &domain, err) < 0)
		return -1;
	if (domain.flags & XEN_DOMINF_paused || set_paused(xen, domain.domain, true) == 0)
		return 0;
	return hypervisor_fail(err, HYPERVISOR_FAILED, "Xen does not pause domain %u: %s",
			       domain.domain, strerror(errno));
}

/* A device model has to be told as well. */
static int unpause_hvm(uint32_t domid, struct hypervisor_error *err)
{
	AUTO_LIBXL libxl = {0};
	int rc;

	if (xen_libxl_open(&libxl, err) < 0)
		return -1;
	rc = libxl_domain_unpause(libxl.ctx, domid, NULL);
	return rc ? xen_libxl_fail(&libxl, rc, err, "domain %u could not be unpaused", domid) : 0;
}

int xen_unpause_domain(struct xen *xen, const xc_domaininfo_t *domain, struct hypervisor_error *err)
{
	xc_domaininfo_t now = *domain;

	if (xen_type_of(xen, domain) == GUEST_HVM && unpause_hvm(domain->domain, err) < 0)
		return -1;
	for (int i = 0; i < PAUSES_MOST; i++) {
		if (xen_look(xen, domain->domain, &now) < 0)
			return hypervisor_fail(err, HYPERVISOR_NO_DOMAIN,
					       "domain %u was destroyed meanwhile", domain->domain);
		if (!(now.flags & XEN_DOMINF_paused))
			return 0;
		if (set_paused(xen, domain->domain, false) < 0)
			break;
	}
	return hypervisor_fail(err, HYPERVISOR_FAILED, "Xen does not unpause domain %u: %s",
			       domain->domain, strerror(errno));
}

int xen_unpause(void *adapter, const char *uuid, struct hypervisor_error *err)
{
	xc_domaininfo_t domain;

	if (xen_find_guest(adapter, uuid, true, &domain, err) < 0)
		return -1;
	return xen_unpause_domain(adapter, &domain, err);
}

int xen_destroy(void *adapter, const char *uuid, struct hypervisor_error *err)
{
	AUTO_LIBXL libxl = {0};
	xc_domaininfo_t domain;
	int rc;

	if (xen_open_guest(adapter, uuid, false, &domain, &libxl, err) < 0)
		return -1;
	rc = libxl_domain_destroy(libxl.ctx, domain.domain, NULL);
	if (rc == 0)
		xen_forget_filters(adapter);
	return rc ? xen_libxl_fail(&libxl, rc, err, "domain %u could not be destroyed",
				   domain.domain) :
		    0;
}

/* Whether it has Xen's drivers, which listen to control/shutdown. Only an HVM guest may have none.
 */
static bool listens(struct xen *xen, const xc_domaininfo_t *domain)
{
	uint64_t interrupt = 0;

	if (xen_type_of(xen, domain) != GUEST_HVM)
		return true;
	AUTO_UNLOCK lock = xen_lock(&xen->lock);
	return xc_hvm_param_get(xen->xc, domain->domain, HVM_PARAM_CALLBACK_IRQ, &interrupt) == 0 &&
	       interrupt;
}

/* A guest without the drivers has a power button, but none for rebooting. */
static int press_button(uint32_t domid, enum shutdown_reason reason, struct hypervisor_error *err)
{
	AUTO_LIBXL libxl = {0};
	int rc;

	if (reason != SHUTDOWN_POWEROFF)
		return hypervisor_fail(
			err, HYPERVISOR_FAILED,
			"domain %u has no Xen drivers, so it can not be asked to reboot", domid);
	if (xen_libxl_open(&libxl, err) < 0)
		return -1;
	rc = libxl_send_trigger(libxl.ctx, domid, LIBXL_TRIGGER_POWER, 0, NULL);
	return rc ? xen_libxl_fail(&libxl, rc, err, "domain %u could not be asked to shut down",
				   domid) :
		    0;
}

/* Not by libxl_domain_shutdown, which waits a minute for the guest to acknowledge it. */
static int ask_guest(struct xen *xen, const xc_domaininfo_t *domain, enum shutdown_reason reason,
		     struct hypervisor_error *err)
{
	struct xen_key key = {.path = "control/shutdown"};

	if (reason != SHUTDOWN_POWEROFF && reason != SHUTDOWN_REBOOT)
		return hypervisor_fail(err, HYPERVISOR_FAILED,
				       "a guest can be asked to shut down or to reboot only");
	if (!listens(xen, domain))
		return press_button(domain->domain, reason, err);
	strcpy(key.value, reason == SHUTDOWN_REBOOT ? "reboot" : "poweroff");
	return xen_store_write(xen, domain->domain, &key, 1, err);
}

static void await_release(struct xs_handle *watcher, int64_t until_ms)
{
	struct pollfd pollfd = {.fd = xs_fileno(watcher), .events = POLLIN};
	int64_t rest_ms = until_ms - clock_ms();

	if (rest_ms > 0 && poll(&pollfd, 1, (int)rest_ms) > 0)
		for (char **event; (event = xs_check_watch(watcher));)
			free(event);
}

static int await_shutdown(struct xen *xen, struct xs_handle *watcher, uint32_t domid,
			  int64_t until_ms, struct hypervisor_error *err)
{
	char name[DOMAIN_NAME_SIZE];
	xc_domaininfo_t domain;
	bool in_time = true;

	for (;;) {
		if (xen_look(xen, domid, &domain) < 0)
			return hypervisor_fail(err, HYPERVISOR_NO_DOMAIN,
					       "domain %u was destroyed meanwhile", domid);
		if (xen_is_shut_down(&domain))
			return 0;
		if (!in_time)
			break;
		await_release(watcher, until_ms);
		in_time = clock_ms() < until_ms;
	}
	xen_name_of(xen, domid, name);
	return hypervisor_fail(err, HYPERVISOR_TIMEOUT, "domain %u (%s) has not shut down in time",
			       domid, name);
}

/* Watches before it asks, so that the guest cannot be too quick. */
int xen_shutdown(void *adapter, const char *uuid, enum shutdown_reason reason, int timeout_ms,
		 struct hypervisor_error *err)
{
	int64_t until_ms = clock_ms() + timeout_ms;
	struct xs_handle *watcher;
	xc_domaininfo_t domain;
	int rc;

	if (xen_find_guest(adapter, uuid, false, &domain, err) < 0)
		return -1;
	if (xen_is_shut_down(&domain))
		return 0;
	watcher = xs_open(0);
	if (!watcher || !xs_watch(watcher, "@releaseDomain", "")) {
		rc = hypervisor_fail(err, HYPERVISOR_FAILED, "xenstore cannot be watched: %s",
				     strerror(errno));
	} else {
		rc = ask_guest(adapter, &domain, reason, err);
		if (rc == 0)
			rc = await_shutdown(adapter, watcher, domain.domain, until_ms, err);
	}
	if (watcher)
		xs_close(watcher);
	return rc;
}
