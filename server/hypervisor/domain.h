/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain.h – the plain values that cross the hypervisor interface. */
#ifndef SERVER_HYPERVISOR_DOMAIN_H
#define SERVER_HYPERVISOR_DOMAIN_H

#include "schema/uuid.h"
#include "server/hypervisor/device.h"
#include "server/hypervisor/host.h"
#include "server/hypervisor/nic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DOMAIN_NAME_SIZE 256
#define DOMAIN_0_UUID "00000000-0000-0000-0000-000000000000"
#define DOMAIN_MEMORY_LEAST INT64_C(4096) /* a page */
/* libxl's rule: with less it could not go on driving the host */
#define DOMAIN_0_MEMORY_LEAST (INT64_C(128) << 20)

enum hypervisor_error_kind {
	HYPERVISOR_OK,
	HYPERVISOR_FAILED,	/* text says what went wrong */
	HYPERVISOR_UNSUPPORTED, /* this adapter has no such operation */
	HYPERVISOR_NO_DOMAIN,	/* no domain of that uuid, or it has shut down already */
	HYPERVISOR_NO_MEMORY,	/* needed and available are set */
	HYPERVISOR_TIMEOUT
};

struct hypervisor_error {
	enum hypervisor_error_kind kind;
	const char *operation; /* "set_memory_target": set by the wrapper */
	int64_t needed;	       /* bytes */
	int64_t available;
	char text[512]; /* in words, for the user */
};

struct privileged;

/* From the configuration; what an adapter does not know it ignores. */
struct hypervisor_options {
	const char *simulator_control;	/* path of its control socket; NULL: none */
	int64_t simulator_memory_bytes; /* 0: 64 GiB */
	int simulator_pcpus;		/* 0: 16 */
	struct privileged *privileged;	/* of its own adapter only */
};

enum shutdown_reason { SHUTDOWN_POWEROFF, SHUTDOWN_REBOOT, SHUTDOWN_SUSPEND, SHUTDOWN_CRASH };

/* What its virtual hardware can be made to tell a guest. */
enum guest_trigger {
	TRIGGER_POWER,
	TRIGGER_SLEEP,
	TRIGGER_NMI,
	TRIGGER_INIT,
	TRIGGER_RESET,
	TRIGGER_S3RESUME
};

enum guest_type { GUEST_PV, GUEST_PVH, GUEST_HVM };

/* A domain that exists now. */
struct domain_info {
	char uuid[UUID_SIZE];
	char name[DOMAIN_NAME_SIZE];
	int domid;
	enum guest_type type;
	bool running; /* on a pCPU right now; otherwise blocked, unless one of these: */
	bool paused;
	bool shutdown; /* waits to be destroyed; reason says why */
	bool dying;
	enum shutdown_reason reason;
	int64_t memory_actual; /* bytes the guest has now: it ends within 1 MiB of the target */
	int64_t memory_target;
	int64_t memory_maximum;
	int vcpus_online; /* those that the guest has taken up */
	int vcpus_target; /* those that it was told to; 0: not known */
	int vcpus_max;
	int weight; /* 0: neither this nor the cap is known */
	int cap;
	uint64_t cpu_time_ns; /* over all vCPUs since it was built */
	int64_t start_time;   /* seconds since 1970; 0: not known */
	bool balloons;	      /* its balloon driver has said that it is there: it has booted */
};

/* "pv", as xapi and xl spell it */
const char *guest_type_name(enum guest_type type);
/* What it was told to have; what it has, where nobody has told it. */
int64_t domain_wanted_memory(const struct domain_info *domain);
int domain_wanted_vcpus(const struct domain_info *domain);
/* The most that it may have on this host: without a limit Xen says a number beyond all memory. */
int64_t domain_most_memory(const struct domain_info *domain, const struct host_facts *host);

/* The one of that uuid in a list; NULL: it is not there. */
const struct domain_info *domain_find(const struct domain_info *domains, size_t count,
				      const char *uuid);

struct vcpu_info {
	int pcpu; /* where it ran last */
	bool online;
	bool running;
	bool blocked;
	uint64_t cpu_time_ns;
};

struct memory_range {
	int64_t target;
	int64_t dynamic_min;
	int64_t dynamic_max;
};

struct scheduling {
	int weight;	  /* 0: leave it as it is */
	int cap;	  /* percent of a pCPU; −1: leave it */
	const char *mask; /* xapi's: "0,1;2" is a list per vCPU; NULL or "": any */
};

struct key_value {
	const char *key;
	const char *value;
};

/* What a guest has written for others to read; nothing of it need be true, or text. */
struct guest_key {
	char path[64]; /* "data/os_name" */
	char value[256];
};

/* What a domain is built from. Texts are valid during the call only; "" where there is none. */
struct domain_config {
	const char *uuid;
	const char *name;
	enum guest_type type;
	struct memory_range memory;
	int64_t memory_maximum;	 /* bytes */
	int64_t memory_overhead; /* bytes Xen needs beside the guest's own */
	double shadow_multiplier;
	int vcpus;
	int vcpus_max;
	struct scheduling scheduling;
	const char *kernel;
	const char *ramdisk;
	const char *arguments;
	const char *bootloader;
	const char *bootloader_arguments;
	const char *boot_order; /* HVM: "cdn" */
	const struct key_value *platform;
	size_t platform_count;
	const struct key_value *store; /* paths in the domain's own part of xenstore, and values */
	size_t store_count;
	const struct nic_config *nics;
	size_t nic_count;
	const struct disk_config *disks; /* a boot loader reads the first */
	size_t disk_count;
	const struct pci_config *pcis;
	size_t pci_count;
};

/*
 * What is known of a domain that somebody else built beyond its domain_info, so that it can be
 * built again.
 */
struct domain_description {
	char *config;	     /* as the text of an xl.cfg(5) */
	char *unknown;	     /* lines "KEY: why that is not known" */
	int64_t dynamic_min; /* bytes; 0: nobody has said */
	int64_t dynamic_max;
};

enum hypervisor_event_kind {
	EVENT_DOMAIN_SHUTDOWN, /* a guest powered off, rebooted or crashed: reason */
	EVENT_DOMAIN_GONE,     /* a domain was destroyed by somebody */
	EVENT_DOMAIN_APPEARED, /* a domain was made by somebody */
	EVENT_DOMAIN_PAUSED,   /* a domain was paused or unpaused by somebody */
	EVENT_MISSED	       /* events were lost, of whatever domain; uuid is empty */
};

struct hypervisor_event {
	enum hypervisor_event_kind kind;
	char uuid[UUID_SIZE];
	int domid;
	enum shutdown_reason reason;
};

#endif
