/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hypervisor.h – what the server asks of whatever runs the VMs. Checked wrappers; only hypervisor.c
 * calls an adapter. */
#ifndef SERVER_HYPERVISOR_HYPERVISOR_H
#define SERVER_HYPERVISOR_HYPERVISOR_H

#include "server/hypervisor/domain.h"
#include "server/hypervisor/hypervisor_host.h"

/*
 * A handle on one adapter. Every call may come from any thread and may block; VMs are named by
 * uuid, never by domid. Only plain values cross: nothing is kept of what is passed, nothing handed
 * out belongs to the adapter. Each returns 0, or −1 with *err set. HYPERVISOR_UNSUPPORTED: this
 * adapter cannot do that at all.
 */
struct hypervisor;

/*
 * What a call sets is set when it returns (a domain's target, its maximum); what the guest makes of
 * it (memory_actual, vcpus_online) comes in its own time, and not while it is paused. Whatever is
 * refused leaves nothing behind. tests/hypervisor/test_contract.c holds every adapter to this
 * header.
 */

/*
 * `name` is auto or a row of adapters.def, perhaps with :ARGUMENT; NULL options are all zero. *err
 * says why it could not be opened. Limits of the host are read here, once. With
 * XENAPID_TRACE_HYPERVISOR in the environment each call is a line on standard error.
 */
struct hypervisor *hypervisor_open(const char *name, const struct hypervisor_options *options,
				   struct hypervisor_error *err);
/* The same with an adapter that is no row of adapters.def, and what would follow its name. */
struct adapter;
struct hypervisor *hypervisor_open_with(const struct adapter *adapter, const char *argument,
					const struct hypervisor_options *options,
					struct hypervisor_error *err);
void hypervisor_close(struct hypervisor *hypervisor);

const char *hypervisor_name(const struct hypervisor *hypervisor); /* "simulator" */
/* as it was at open: what does not change while the host is up */
const struct host_facts *hypervisor_host(const struct hypervisor *hypervisor);

int hypervisor_get_host_usage(struct hypervisor *hypervisor, struct host_usage *ret_usage,
			      struct hypervisor_error *err);
/* *ret_domains is to be freed; Domain-0 and domains that nobody here started are in it. */
int hypervisor_list_domains(struct hypervisor *hypervisor, struct domain_info **ret_domains,
			    size_t *ret_count, struct hypervisor_error *err);
int hypervisor_get_domain(struct hypervisor *hypervisor, const char *uuid,
			  struct domain_info *ret_info, struct hypervisor_error *err);
/* The first `capacity` vCPUs; *ret_count says how many there are. */
int hypervisor_get_vcpus(struct hypervisor *hypervisor, const char *uuid,
			 struct vcpu_info *ret_vcpus, size_t capacity, size_t *ret_count,
			 struct hypervisor_error *err);

/* *ret_description is to be cleared with domain_description_clear. */
int hypervisor_describe_domain(struct hypervisor *hypervisor, const char *uuid,
			       struct domain_description *ret_description,
			       struct hypervisor_error *err);

/* What the guest has written below attr, control/feature-…, device, feature and data, at most
 * `capacity` keys; longer ones than a guest_key holds are left out. */
int hypervisor_read_guest(struct hypervisor *hypervisor, const char *uuid,
			  struct guest_key *ret_keys, size_t capacity, size_t *ret_count,
			  struct hypervisor_error *err);

/* Builds the domain, with its target as its memory, and leaves it paused, or lets it run. A uuid
 * that has a domain already is refused. HYPERVISOR_NO_MEMORY says needed and available bytes. */
int hypervisor_start(struct hypervisor *hypervisor, const struct domain_config *config, bool paused,
		     int *ret_domid, struct hypervisor_error *err);
int hypervisor_pause(struct hypervisor *hypervisor, const char *uuid, struct hypervisor_error *err);
int hypervisor_unpause(struct hypervisor *hypervisor, const char *uuid,
		       struct hypervisor_error *err);
/*
 * Asks the guest to shut itself down and waits until it has: the domain is then still there, in
 * state shutdown, until it is destroyed. HYPERVISOR_TIMEOUT: it did not in time.
 * HYPERVISOR_NO_DOMAIN: somebody destroyed it meanwhile.
 */
int hypervisor_shutdown(struct hypervisor *hypervisor, const char *uuid,
			enum shutdown_reason reason, int timeout_ms, struct hypervisor_error *err);
int hypervisor_destroy(struct hypervisor *hypervisor, const char *uuid,
		       struct hypervisor_error *err);
/* Writes the image to `path` and syncs it; the domain is then paused for good, until it is
 * destroyed. */
int hypervisor_suspend(struct hypervisor *hypervisor, const char *uuid, const char *path,
		       struct hypervisor_error *err);
int hypervisor_resume(struct hypervisor *hypervisor, const struct domain_config *config,
		      const char *path, bool paused, int *ret_domid, struct hypervisor_error *err);
/* A domain whose image has been written goes on where it is, as if that had not been.
 * HYPERVISOR_FAILED: it has not been suspended, or its guest cannot. */
int hypervisor_go_on(struct hypervisor *hypervisor, const char *uuid, struct hypervisor_error *err);

/* A key that a guest's kernel takes as one of SysRq; a button or interrupt that its virtual
 * hardware has. What the guest makes of it is its own affair. */
int hypervisor_send_sysrq(struct hypervisor *hypervisor, const char *uuid, char key,
			  struct hypervisor_error *err);
int hypervisor_send_trigger(struct hypervisor *hypervisor, const char *uuid,
			    enum guest_trigger trigger, struct hypervisor_error *err);

/* The balloon's target and the range that a balancer may move it in; all in bytes, rounded down to
 * KiB for Xen. What a guest is to have is not free any more. HYPERVISOR_FAILED: not within the
 * maximum. */
int hypervisor_set_memory_target(struct hypervisor *hypervisor, const char *uuid,
				 const struct memory_range *range, struct hypervisor_error *err);
/* Xen's limit and memory/static-max; no promise of memory. HYPERVISOR_FAILED: it is less than the
 * target, or than what the guest has by more than 1 MiB. */
int hypervisor_set_memory_maximum(struct hypervisor *hypervisor, const char *uuid, int64_t bytes,
				  struct hypervisor_error *err);
int hypervisor_set_vcpus(struct hypervisor *hypervisor, const char *uuid, int online,
			 struct hypervisor_error *err);
int hypervisor_set_scheduling(struct hypervisor *hypervisor, const char *uuid,
			      const struct scheduling *scheduling, struct hypervisor_error *err);
/* Of a guest that has any: nothing happens to a PV guest. */
int hypervisor_set_shadow_memory(struct hypervisor *hypervisor, const char *uuid, int64_t bytes,
				 struct hypervisor_error *err);

/* The numbers of the first `capacity` network interfaces that the domain has; *ret_count says how
 * many there are. */
int hypervisor_get_nics(struct hypervisor *hypervisor, const char *uuid, int *ret_devices,
			size_t capacity, size_t *ret_count, struct hypervisor_error *err);
/* HYPERVISOR_FAILED: the domain has one of that number, or the host has no such bridge. */
int hypervisor_attach_nic(struct hypervisor *hypervisor, const char *uuid,
			  const struct nic_config *nic, struct hypervisor_error *err);
/* The guest has to let go of it, unless by force. HYPERVISOR_FAILED: it has none of that number. */
int hypervisor_detach_nic(struct hypervisor *hypervisor, const char *uuid, int device, bool force,
			  struct hypervisor_error *err);

/* As get_nics, of disks and CD drives. */
int hypervisor_get_disks(struct hypervisor *hypervisor, const char *uuid, int *ret_devices,
			 size_t capacity, size_t *ret_count, struct hypervisor_error *err);
/* HYPERVISOR_FAILED: the domain has one of that number, or it can not be opened. */
int hypervisor_attach_disk(struct hypervisor *hypervisor, const char *uuid,
			   const struct disk_config *disk, struct hypervisor_error *err);
/* As detach_nic. */
int hypervisor_detach_disk(struct hypervisor *hypervisor, const char *uuid, int device, bool force,
			   struct hypervisor_error *err);
/* What is in the CD drive of that number from now on, or nothing (path ""). HYPERVISOR_FAILED: the
 * domain has no such drive. */
int hypervisor_change_cd(struct hypervisor *hypervisor, const char *uuid,
			 const struct disk_config *disk, struct hypervisor_error *err);

/* What the interface of that number may send: lock, mac and addresses of `nic`; start, resume and
 * attach_nic have set it before the guest can send. */
int hypervisor_set_nic_filter(struct hypervisor *hypervisor, const char *uuid,
			      const struct nic_config *nic, struct hypervisor_error *err);
/* To another bridge, without the guest noticing. HYPERVISOR_FAILED: the host has no such bridge, or
 * the domain no such interface. */
int hypervisor_move_nic(struct hypervisor *hypervisor, const char *uuid, int device,
			const char *bridge, struct hypervisor_error *err);
/* `traffic` says which devices, and is filled in. Of a drive that a program serves, and not the
 * kernel, nothing is known: 0. */
int hypervisor_get_nic_traffic(struct hypervisor *hypervisor, const char *uuid,
			       struct device_traffic *traffic, size_t count,
			       struct hypervisor_error *err);
int hypervisor_get_disk_traffic(struct hypervisor *hypervisor, const char *uuid,
				struct device_traffic *traffic, size_t count,
				struct hypervisor_error *err);

/*
 * Waits for what a guest did by itself, or somebody with a domain, this program being somebody too
 * (for ever with a negative timeout). Returns 1 with
 * *ret_event set, 0 when nothing came in time or hypervisor_wake was called, −1 with *err. One
 * thread only. Events may be late or repeated; whoever gets one looks at the domain itself.
 */
int hypervisor_wait_event(struct hypervisor *hypervisor, int timeout_ms,
			  struct hypervisor_event *ret_event, struct hypervisor_error *err);
void hypervisor_wake(struct hypervisor *hypervisor);

/* From now on what this thread asks for succeeds and is left out, unless it only reads or the
 * adapter cannot do it, or the host has not the bridge or the PCI device. A domain that it starts
 * has the domid -1. */
void hypervisor_rehearse(bool rehearse);

/* What one kind of call has cost since the handle was opened. */
struct hypervisor_statistics {
	const char *operation; /* "set_memory_target" */
	uint64_t calls;	       /* the refused ones too */
	uint64_t failures;
	uint64_t time_ns; /* over all calls that have returned */
};

/* The first `capacity` operations; returns how many there are. */
size_t hypervisor_get_statistics(const struct hypervisor *hypervisor,
				 struct hypervisor_statistics *ret_statistics, size_t capacity);

#endif
