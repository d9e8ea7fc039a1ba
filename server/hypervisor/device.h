/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* device.h – disks and PCI devices as a domain is to have them, and what goes over a device; nic.h
 * has the rest. */
#ifndef SERVER_HYPERVISOR_DEVICE_H
#define SERVER_HYPERVISOR_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

/* A disk, or a CD drive, as a domain is to have it. Texts are valid during the call only. */
struct disk_config {
	int device;	    /* its number in the guest: 0 is xvda */
	const char *path;   /* of a file or block device of the host; "": a drive without a CD */
	const char *format; /* "raw" or "qcow2" */
	bool read_only;
	bool is_cd;
};

/* What has gone over a network interface or drive of a domain, since the domain has it; 0 of one
 * that it has not. */
struct device_traffic {
	int device;		/* which one is asked for */
	uint64_t read_bytes;	/* by the domain: what an interface has received */
	uint64_t written_bytes; /* what it has sent */
};

/* A PCI device of the host that a domain is built with. The host must have it ready for guests, and
 * no other domain may have it. */
struct pci_config {
	unsigned domain;
	unsigned bus;
	unsigned slot;
	unsigned function;
	unsigned guest_slot; /* in which an HVM guest sees it; 0: any */
};

#endif
