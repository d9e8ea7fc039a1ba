/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pci.h – the host's PCI devices as objects. */
#ifndef SERVER_API_PCI_H
#define SERVER_API_PCI_H

#include "server/api/private.h"

/* Makes those that are new, forgets those that are gone. Before the API is served. */
int pci_open(struct api *api, struct error *err);

#endif
