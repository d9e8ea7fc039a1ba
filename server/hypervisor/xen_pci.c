/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen_pci.c – whether a domain can have a PCI device of the host */
#include "server/hypervisor/xen.h"

#include "schema/base.h"
#include "server/hypervisor/pci.h"
#include "server/hypervisor/xen_ops.h"

#include <stdlib.h>
#include <string.h>

static bool has(libxl_ctx *ctx, uint32_t domid, const struct pci_config *wanted)
{
	int count = 0;
	libxl_device_pci *devices = libxl_device_pci_list(ctx, domid, &count);
	bool found = false;

	for (int i = 0; i < count; i++)
		found = found || ((unsigned)devices[i].domain == wanted->domain &&
				  devices[i].bus == wanted->bus && devices[i].dev == wanted->slot &&
				  devices[i].func == wanted->function);
	libxl_device_pci_list_free(devices, count);
	return found;
}

static int check_others(struct xen *xen, const char *uuid, const struct pci_config *device,
			struct hypervisor_error *err)
{
	AUTO_LIBXL libxl = {0};
	struct domain_info *domains;
	size_t count;
	int rc = 0;

	if (xen_libxl_open(&libxl, err) < 0 || xen_list_domains(xen, &domains, &count, err) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < count; i++)
		if (strcmp(domains[i].uuid, uuid) != 0 &&
		    has(libxl.ctx, (uint32_t)domains[i].domid, device))
			rc = pci_refuse(device, err);
	free(domains);
	return rc;
}

int xen_check_pci(void *adapter, const char *uuid, const struct pci_config *device,
		  struct hypervisor_error *err)
{
	AUTO_TEXT id = text_format("%04x:%02x:%02x.%x", device->domain, device->bus, device->slot,
				   device->function);
	char driver[32];

	pci_read_driver(PCI_FOLDER, id, driver, sizeof(driver));
	if (strcmp(driver, PCI_READY) != 0)
		return pci_refuse(device, err);
	return check_others(adapter, uuid, device, err);
}
