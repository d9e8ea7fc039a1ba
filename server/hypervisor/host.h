/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host.h – what an adapter says of its host, as plain values. */
#ifndef SERVER_HYPERVISOR_HOST_H
#define SERVER_HYPERVISOR_HOST_H

#include <stdbool.h>
#include <stdint.h>

#define HOST_INTERFACES_MOST 64
#define INTERFACE_NAME_SIZE 16
#define MAC_SIZE 18

/* A network interface that is a device, or a VLAN on one. */
struct host_nic {
	char name[INTERFACE_NAME_SIZE];
	char parent[INTERFACE_NAME_SIZE]; /* of a VLAN; "": it is none */
	int tag;			  /* of a VLAN; 0: it is none */
	char bridge[INTERFACE_NAME_SIZE]; /* whose port it is; "": none's */
	char mac[MAC_SIZE];
	char ip[16]; /* the first IPv4 address, its own or its bridge's; "": none */
	char netmask[16];
	int mtu;
	bool up;
	bool carrier;
	bool full_duplex;
	int speed_mbits; /* 0: not known */
	char pci_path[16];
	char vendor[8];
	char device[8];
	uint64_t received_bytes; /* since it is there */
	uint64_t sent_bytes;
};

/* To be made: what comes and goes over `parent` with that tag, as a port of a bridge. */
struct host_vlan {
	char name[INTERFACE_NAME_SIZE];
	char parent[INTERFACE_NAME_SIZE];
	int tag; /* 1 to 4094 */
	char bridge[INTERFACE_NAME_SIZE];
	int mtu;
};

struct host_bridge {
	char name[INTERFACE_NAME_SIZE];
	int mtu;
};

#define PCI_NAME_SIZE 96

/* A PCI device; names are empty where they are not known. */
struct host_pci {
	char id[16]; /* "0000:00:1f.2" */
	unsigned domain;
	unsigned bus;
	unsigned slot;
	unsigned function;
	unsigned class_code; /* class, subclass, interface: a byte each */
	unsigned vendor;
	unsigned device;
	unsigned subsystem_vendor;
	unsigned subsystem_device;
	unsigned revision;
	char class_name[PCI_NAME_SIZE];
	char vendor_name[PCI_NAME_SIZE];
	char device_name[PCI_NAME_SIZE];
	char subsystem_vendor_name[PCI_NAME_SIZE];
	char subsystem_device_name[PCI_NAME_SIZE];
	char driver[32]; /* of Domain-0; empty: none */
};

struct host_interfaces {
	struct host_nic nics[HOST_INTERFACES_MOST];
	int nic_count;
	struct host_bridge bridges[HOST_INTERFACES_MOST];
	int bridge_count;
};

struct host_facts {
	int pcpus;
	int64_t memory_total; /* bytes */
	int vcpus_max;	      /* the most that one domain may have */
	int cpu_mhz;
	int cpu_family;
	int cpu_model;
	int cpu_stepping;
	int cpu_sockets;
	int cpu_threads_per_core;
	bool hvm; /* HVM and PVH guests are possible */
	char cpu_vendor[64];
	char cpu_modelname[128];
	char cpu_flags[4096];
	char cpu_features[256]; /* hexadecimal words, as xapi says them */
	char xen_version[64];
	char capabilities[512]; /* separated by spaces */
	char scheduler[32];
	char supported_bootloaders[256]; /* separated by spaces */
	struct host_interfaces interfaces;
};

struct host_usage {
	int64_t memory_free;  /* bytes */
	uint64_t cpu_time_ns; /* summed over pCPUs, never idle time; for rates */
};

#endif
