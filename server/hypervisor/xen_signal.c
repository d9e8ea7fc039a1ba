/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen_signal.c – keys and buttons for guests */
#include "server/hypervisor/xen.h"

#include "server/hypervisor/xen_ops.h"

int xen_send_sysrq(void *adapter, const char *uuid, char key, struct hypervisor_error *err)
{
	AUTO_LIBXL libxl = {0};
	xc_domaininfo_t domain;
	int rc;

	if (xen_open_guest(adapter, uuid, true, &domain, &libxl, err) < 0)
		return -1;
	rc = libxl_send_sysrq(libxl.ctx, domain.domain, key);
	return rc ? xen_libxl_fail(&libxl, rc, err, "domain %u could not be sent a key",
				   domain.domain) :
		    0;
}

int xen_send_trigger(void *adapter, const char *uuid, enum guest_trigger trigger,
		     struct hypervisor_error *err)
{
	static const libxl_trigger triggers[] = {
		[TRIGGER_POWER] = LIBXL_TRIGGER_POWER, [TRIGGER_SLEEP] = LIBXL_TRIGGER_SLEEP,
		[TRIGGER_NMI] = LIBXL_TRIGGER_NMI,     [TRIGGER_INIT] = LIBXL_TRIGGER_INIT,
		[TRIGGER_RESET] = LIBXL_TRIGGER_RESET, [TRIGGER_S3RESUME] = LIBXL_TRIGGER_S3RESUME};
	AUTO_LIBXL libxl = {0};
	xc_domaininfo_t domain;
	int rc;

	if (xen_open_guest(adapter, uuid, true, &domain, &libxl, err) < 0)
		return -1;
	rc = libxl_send_trigger(libxl.ctx, domain.domain, triggers[trigger], 0, NULL);
	return rc ? xen_libxl_fail(&libxl, rc, err, "domain %u could not be sent a trigger",
				   domain.domain) :
		    0;
}
