/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator_ops.h – the simulator's ops that simulator.c only lists; shapes as in struct
 * hypervisor_ops */
#ifndef SERVER_HYPERVISOR_SIMULATOR_OPS_H
#define SERVER_HYPERVISOR_SIMULATOR_OPS_H

#include "server/hypervisor/adapter.h"

/* simulator_lifecycle.c: the ops that begin, stop or end a domain */
int simulator_read_guest(void *adapter, const char *uuid, struct guest_key *ret_keys,
			 size_t capacity, size_t *ret_count, struct hypervisor_error *err);
int simulator_start(void *adapter, const struct domain_config *config, bool paused, int *ret_domid,
		    struct hypervisor_error *err);
int simulator_pause(void *adapter, const char *uuid, struct hypervisor_error *err);
int simulator_unpause(void *adapter, const char *uuid, struct hypervisor_error *err);
int simulator_shutdown(void *adapter, const char *uuid, enum shutdown_reason reason, int timeout_ms,
		       struct hypervisor_error *err);
int simulator_destroy(void *adapter, const char *uuid, struct hypervisor_error *err);
int simulator_suspend(void *adapter, const char *uuid, const char *path,
		      struct hypervisor_error *err);
int simulator_resume(void *adapter, const struct domain_config *config, const char *path,
		     bool paused, int *ret_domid, struct hypervisor_error *err);

int simulator_go_on(void *adapter, const char *uuid, struct hypervisor_error *err);

/* simulator_signal.c: what a guest is told */
int simulator_send_sysrq(void *adapter, const char *uuid, char key, struct hypervisor_error *err);
int simulator_send_trigger(void *adapter, const char *uuid, enum guest_trigger trigger,
			   struct hypervisor_error *err);

/* simulator_live.c: the ops that change a running domain */
int simulator_set_memory_target(void *adapter, const char *uuid, const struct memory_range *range,
				struct hypervisor_error *err);
int simulator_set_memory_maximum(void *adapter, const char *uuid, int64_t bytes,
				 struct hypervisor_error *err);
int simulator_set_vcpus(void *adapter, const char *uuid, int online, struct hypervisor_error *err);
int simulator_set_scheduling(void *adapter, const char *uuid, const struct scheduling *scheduling,
			     struct hypervisor_error *err);
int simulator_set_shadow_memory(void *adapter, const char *uuid, int64_t bytes,
				struct hypervisor_error *err);

/* simulator_nic.c */
int simulator_get_nics(void *adapter, const char *uuid, int *ret_devices, size_t capacity,
		       size_t *ret_count, struct hypervisor_error *err);
int simulator_attach_nic(void *adapter, const char *uuid, const struct nic_config *nic,
			 struct hypervisor_error *err);
int simulator_detach_nic(void *adapter, const char *uuid, int device, bool force,
			 struct hypervisor_error *err);
int simulator_set_nic_filter(void *adapter, const char *uuid, const struct nic_config *nic,
			     struct hypervisor_error *err);
int simulator_move_nic(void *adapter, const char *uuid, int device, const char *bridge,
		       struct hypervisor_error *err);
int simulator_get_nic_traffic(void *adapter, const char *uuid, struct device_traffic *traffic,
			      size_t count, struct hypervisor_error *err);
int simulator_get_disk_traffic(void *adapter, const char *uuid, struct device_traffic *traffic,
			       size_t count, struct hypervisor_error *err);
int simulator_get_interfaces(void *adapter, struct host_interfaces *ret_interfaces,
			     struct hypervisor_error *err);
int simulator_set_interface_up(void *adapter, const char *name, bool up,
			       struct hypervisor_error *err);
int simulator_create_bridge(void *adapter, const struct host_bridge *bridge,
			    struct hypervisor_error *err);
int simulator_destroy_bridge(void *adapter, const char *name, struct hypervisor_error *err);
int simulator_create_vlan(void *adapter, const struct host_vlan *vlan,
			  struct hypervisor_error *err);
int simulator_destroy_vlan(void *adapter, const char *name, struct hypervisor_error *err);

/* simulator_console.c */
int simulator_list_pci(void *adapter, struct host_pci **ret_devices, size_t *ret_count,
		       struct hypervisor_error *err);
int simulator_check_bridge(void *adapter, const char *bridge, struct hypervisor_error *err);
int simulator_check_pci(void *adapter, const char *uuid, const struct pci_config *device,
			struct hypervisor_error *err);
int simulator_read_console_ring(void *adapter, bool clear, char **ret_text,
				struct hypervisor_error *err);
int simulator_send_debug_keys(void *adapter, const char *keys, struct hypervisor_error *err);
/* simulator_disk.c */
int simulator_get_disks(void *adapter, const char *uuid, int *ret_devices, size_t capacity,
			size_t *ret_count, struct hypervisor_error *err);
int simulator_attach_disk(void *adapter, const char *uuid, const struct disk_config *disk,
			  struct hypervisor_error *err);
int simulator_detach_disk(void *adapter, const char *uuid, int device, bool force,
			  struct hypervisor_error *err);
int simulator_change_cd(void *adapter, const char *uuid, const struct disk_config *disk,
			struct hypervisor_error *err);

/* simulator_describe.c */
int simulator_describe_domain(void *adapter, const char *uuid,
			      struct domain_description *ret_description,
			      struct hypervisor_error *err);

#endif
