/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* adapter.h – what an adapter provides: one file + one line in adapters.def. */
#ifndef SERVER_HYPERVISOR_ADAPTER_H
#define SERVER_HYPERVISOR_ADAPTER_H

#include "server/hypervisor/domain.h"

/*
 * Meanings, threads and errors: hypervisor.h, whose wrappers are the only callers. An op that is
 * NULL is answered with HYPERVISOR_UNSUPPORTED. `argument` is what follows "name:" in --hypervisor,
 * NULL without.
 */
struct hypervisor_ops {
	int (*open)(const char *argument, const struct hypervisor_options *options,
		    void **ret_adapter, struct host_facts *ret_facts, struct hypervisor_error *err);
	void (*close)(void *adapter);
	int (*get_host_usage)(void *adapter, struct host_usage *ret_usage,
			      struct hypervisor_error *err);
	int (*list_domains)(void *adapter, struct domain_info **ret_domains, size_t *ret_count,
			    struct hypervisor_error *err);
	int (*get_domain)(void *adapter, const char *uuid, struct domain_info *ret_info,
			  struct hypervisor_error *err);
	int (*get_vcpus)(void *adapter, const char *uuid, struct vcpu_info *ret_vcpus,
			 size_t capacity, size_t *ret_count, struct hypervisor_error *err);
	int (*describe_domain)(void *adapter, const char *uuid,
			       struct domain_description *ret_description,
			       struct hypervisor_error *err);
	int (*read_guest)(void *adapter, const char *uuid, struct guest_key *ret_keys,
			  size_t capacity, size_t *ret_count, struct hypervisor_error *err);
	int (*start)(void *adapter, const struct domain_config *config, bool paused, int *ret_domid,
		     struct hypervisor_error *err);
	int (*pause)(void *adapter, const char *uuid, struct hypervisor_error *err);
	int (*unpause)(void *adapter, const char *uuid, struct hypervisor_error *err);
	int (*shutdown)(void *adapter, const char *uuid, enum shutdown_reason reason,
			int timeout_ms, struct hypervisor_error *err);
	int (*destroy)(void *adapter, const char *uuid, struct hypervisor_error *err);
	int (*suspend)(void *adapter, const char *uuid, const char *path,
		       struct hypervisor_error *err);
	int (*resume)(void *adapter, const struct domain_config *config, const char *path,
		      bool paused, int *ret_domid, struct hypervisor_error *err);
	int (*go_on)(void *adapter, const char *uuid, struct hypervisor_error *err);
	int (*send_sysrq)(void *adapter, const char *uuid, char key, struct hypervisor_error *err);
	int (*send_trigger)(void *adapter, const char *uuid, enum guest_trigger trigger,
			    struct hypervisor_error *err);
	int (*set_memory_target)(void *adapter, const char *uuid, const struct memory_range *range,
				 struct hypervisor_error *err);
	int (*set_memory_maximum)(void *adapter, const char *uuid, int64_t bytes,
				  struct hypervisor_error *err);
	int (*set_vcpus)(void *adapter, const char *uuid, int online, struct hypervisor_error *err);
	int (*set_scheduling)(void *adapter, const char *uuid, const struct scheduling *scheduling,
			      struct hypervisor_error *err);
	int (*set_shadow_memory)(void *adapter, const char *uuid, int64_t bytes,
				 struct hypervisor_error *err);
	int (*get_nics)(void *adapter, const char *uuid, int *ret_devices, size_t capacity,
			size_t *ret_count, struct hypervisor_error *err);
	int (*attach_nic)(void *adapter, const char *uuid, const struct nic_config *nic,
			  struct hypervisor_error *err);
	int (*detach_nic)(void *adapter, const char *uuid, int device, bool force,
			  struct hypervisor_error *err);
	int (*get_disks)(void *adapter, const char *uuid, int *ret_devices, size_t capacity,
			 size_t *ret_count, struct hypervisor_error *err);
	int (*attach_disk)(void *adapter, const char *uuid, const struct disk_config *disk,
			   struct hypervisor_error *err);
	int (*detach_disk)(void *adapter, const char *uuid, int device, bool force,
			   struct hypervisor_error *err);
	int (*change_cd)(void *adapter, const char *uuid, const struct disk_config *disk,
			 struct hypervisor_error *err);
	int (*set_nic_filter)(void *adapter, const char *uuid, const struct nic_config *nic,
			      struct hypervisor_error *err);
	int (*move_nic)(void *adapter, const char *uuid, int device, const char *bridge,
			struct hypervisor_error *err);
	int (*get_nic_traffic)(void *adapter, const char *uuid, struct device_traffic *traffic,
			       size_t count, struct hypervisor_error *err);
	int (*get_disk_traffic)(void *adapter, const char *uuid, struct device_traffic *traffic,
				size_t count, struct hypervisor_error *err);
	int (*get_interfaces)(void *adapter, struct host_interfaces *ret_interfaces,
			      struct hypervisor_error *err);
	int (*set_interface_up)(void *adapter, const char *name, bool up,
				struct hypervisor_error *err);
	int (*create_bridge)(void *adapter, const struct host_bridge *bridge,
			     struct hypervisor_error *err);
	int (*destroy_bridge)(void *adapter, const char *name, struct hypervisor_error *err);
	int (*create_vlan)(void *adapter, const struct host_vlan *vlan,
			   struct hypervisor_error *err);
	int (*destroy_vlan)(void *adapter, const char *name, struct hypervisor_error *err);
	int (*list_pci)(void *adapter, struct host_pci **ret_devices, size_t *ret_count,
			struct hypervisor_error *err);
	/* Whether a domain's interface can be on it. */
	int (*check_bridge)(void *adapter, const char *bridge, struct hypervisor_error *err);
	/* Whether a domain of that uuid can have it: it is ready for guests, and no other's. */
	int (*check_pci)(void *adapter, const char *uuid, const struct pci_config *device,
			 struct hypervisor_error *err);
	int (*read_console_ring)(void *adapter, bool clear, char **ret_text,
				 struct hypervisor_error *err);
	int (*send_debug_keys)(void *adapter, const char *keys, struct hypervisor_error *err);
	int (*wait_event)(void *adapter, int timeout_ms, struct hypervisor_event *ret_event,
			  struct hypervisor_error *err);
	void (*wake)(void *adapter);
};

/* A row of adapters.def. */
struct adapter {
	const char *name;
	const char *argument;		  /* as it is shown behind the name */
	const struct hypervisor_ops *ops; /* NULL: not built into this program */
};

/* By the first `length` bytes of `name`; auto is xen or none. NULL with *err: there is none of that
 * name in this program. */
const struct adapter *adapter_choose(const char *name, size_t length, struct hypervisor_error *err);

/* HYPERVISOR_OP_pause and so on, in the order of ops.def */
enum hypervisor_op {
#define OP(name, ...) HYPERVISOR_OP_##name,
#include "server/hypervisor/ops.def"
	HYPERVISOR_OPS
};

/* Sets kind and text (printf-like), needed and available to 0, and returns −1. */
int hypervisor_fail(struct hypervisor_error *err, enum hypervisor_error_kind kind,
		    const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
