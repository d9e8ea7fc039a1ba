/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen_ops.h – the ops of the Xen adapter that are not in xen.c */
#ifndef SERVER_HYPERVISOR_XEN_OPS_H
#define SERVER_HYPERVISOR_XEN_OPS_H

#include "server/hypervisor/adapter.h"

int xen_get_host_usage(void *adapter, struct host_usage *ret_usage, struct hypervisor_error *err);
int xen_list_domains(void *adapter, struct domain_info **ret_domains, size_t *ret_count,
		     struct hypervisor_error *err);
int xen_get_domain(void *adapter, const char *uuid, struct domain_info *ret_info,
		   struct hypervisor_error *err);
int xen_get_vcpus(void *adapter, const char *uuid, struct vcpu_info *ret_vcpus, size_t capacity,
		  size_t *ret_count, struct hypervisor_error *err);
int xen_describe_domain(void *adapter, const char *uuid, struct domain_description *ret_description,
			struct hypervisor_error *err);
int xen_read_guest(void *adapter, const char *uuid, struct guest_key *ret_keys, size_t capacity,
		   size_t *ret_count, struct hypervisor_error *err);
int xen_start(void *adapter, const struct domain_config *config, bool paused, int *ret_domid,
	      struct hypervisor_error *err);
int xen_pause(void *adapter, const char *uuid, struct hypervisor_error *err);
int xen_unpause(void *adapter, const char *uuid, struct hypervisor_error *err);
int xen_shutdown(void *adapter, const char *uuid, enum shutdown_reason reason, int timeout_ms,
		 struct hypervisor_error *err);
int xen_destroy(void *adapter, const char *uuid, struct hypervisor_error *err);
int xen_suspend(void *adapter, const char *uuid, const char *path, struct hypervisor_error *err);
int xen_resume(void *adapter, const struct domain_config *config, const char *path, bool paused,
	       int *ret_domid, struct hypervisor_error *err);
int xen_go_on(void *adapter, const char *uuid, struct hypervisor_error *err);
int xen_send_sysrq(void *adapter, const char *uuid, char key, struct hypervisor_error *err);
int xen_send_trigger(void *adapter, const char *uuid, enum guest_trigger trigger,
		     struct hypervisor_error *err);
int xen_set_memory_target(void *adapter, const char *uuid, const struct memory_range *range,
			  struct hypervisor_error *err);
int xen_set_memory_maximum(void *adapter, const char *uuid, int64_t bytes,
			   struct hypervisor_error *err);
int xen_set_vcpus(void *adapter, const char *uuid, int online, struct hypervisor_error *err);
int xen_set_scheduling(void *adapter, const char *uuid, const struct scheduling *scheduling,
		       struct hypervisor_error *err);
int xen_set_shadow_memory(void *adapter, const char *uuid, int64_t bytes,
			  struct hypervisor_error *err);
int xen_get_disks(void *adapter, const char *uuid, int *ret_devices, size_t capacity,
		  size_t *ret_count, struct hypervisor_error *err);
int xen_attach_disk(void *adapter, const char *uuid, const struct disk_config *config,
		    struct hypervisor_error *err);
int xen_detach_disk(void *adapter, const char *uuid, int device, bool force,
		    struct hypervisor_error *err);
int xen_change_cd(void *adapter, const char *uuid, const struct disk_config *config,
		  struct hypervisor_error *err);
int xen_get_nics(void *adapter, const char *uuid, int *ret_devices, size_t capacity,
		 size_t *ret_count, struct hypervisor_error *err);
int xen_attach_nic(void *adapter, const char *uuid, const struct nic_config *config,
		   struct hypervisor_error *err);
int xen_detach_nic(void *adapter, const char *uuid, int device, bool force,
		   struct hypervisor_error *err);
int xen_set_nic_filter(void *adapter, const char *uuid, const struct nic_config *nic,
		       struct hypervisor_error *err);
int xen_move_nic(void *adapter, const char *uuid, int device, const char *bridge,
		 struct hypervisor_error *err);
int xen_get_nic_traffic(void *adapter, const char *uuid, struct device_traffic *traffic,
			size_t count, struct hypervisor_error *err);
int xen_get_disk_traffic(void *adapter, const char *uuid, struct device_traffic *traffic,
			 size_t count, struct hypervisor_error *err);
int xen_get_interfaces(void *adapter, struct host_interfaces *ret_interfaces,
		       struct hypervisor_error *err);
int xen_set_interface_up(void *adapter, const char *name, bool up, struct hypervisor_error *err);
int xen_create_bridge(void *adapter, const struct host_bridge *bridge,
		      struct hypervisor_error *err);
int xen_destroy_bridge(void *adapter, const char *name, struct hypervisor_error *err);
int xen_create_vlan(void *adapter, const struct host_vlan *vlan, struct hypervisor_error *err);
int xen_destroy_vlan(void *adapter, const char *name, struct hypervisor_error *err);
int xen_list_pci(void *adapter, struct host_pci **ret_devices, size_t *ret_count,
		 struct hypervisor_error *err);
int xen_check_bridge(void *adapter, const char *bridge, struct hypervisor_error *err);
int xen_check_pci(void *adapter, const char *uuid, const struct pci_config *device,
		  struct hypervisor_error *err);
int xen_read_console_ring(void *adapter, bool clear, char **ret_text, struct hypervisor_error *err);
int xen_send_debug_keys(void *adapter, const char *keys, struct hypervisor_error *err);
int xen_wait_event(void *adapter, int timeout_ms, struct hypervisor_event *ret_event,
		   struct hypervisor_error *err);
void xen_wake(void *adapter);

#endif
