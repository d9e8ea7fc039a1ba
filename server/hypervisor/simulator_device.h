/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulator_device.h – devices of the simulator's guests, and of its host */
#ifndef SERVER_HYPERVISOR_SIMULATOR_DEVICE_H
#define SERVER_HYPERVISOR_SIMULATOR_DEVICE_H

#include "server/hypervisor/simulator.h"

/* simulator_nic.c, simulator_pci.c, simulator_disk.c, with the lock held. An array; NULL: refused.
 */
json_t *simulator_make_nics(const struct simulator *simulator, const struct domain_config *config,
			    struct hypervisor_error *err);
json_t *simulator_make_pcis(const struct simulator *simulator, const struct domain_config *config,
			    struct hypervisor_error *err);
json_t *simulator_make_disks(const struct domain_config *config, struct hypervisor_error *err);

/* simulator_device.c, with the lock held; each takes `device` and `devices`, NULL being a text that
 * is not UTF-8. */
int simulator_add_device(json_t *devices, enum simulator_device kind, json_t *device,
			 struct hypervisor_error *err);
int simulator_find_device(const json_t *devices, int number); /* its place, or −1 */
int simulator_get_devices(struct simulator *simulator, const char *uuid, enum simulator_device kind,
			  int *ret_numbers, size_t capacity, size_t *ret_count,
			  struct hypervisor_error *err);
int simulator_attach_device(struct simulator *simulator, const char *uuid,
			    enum simulator_device kind, json_t *device,
			    struct hypervisor_error *err);
int simulator_detach_device(struct simulator *simulator, const char *uuid,
			    enum simulator_device kind, int number, struct hypervisor_error *err);
int simulator_commit_devices(struct simulator *simulator, struct guest *guest,
			     enum simulator_device kind, json_t *devices,
			     struct hypervisor_error *err);
/* One of the devices, in a copy of all of the guest's; NULL: it has none of that number. */
json_t *simulator_copy_devices(const struct guest *guest, enum simulator_device kind, int number,
			       json_t **ret_devices, struct hypervisor_error *err);
int simulator_get_traffic(struct simulator *simulator, const char *uuid, enum simulator_device kind,
			  struct device_traffic *traffic, size_t count,
			  struct hypervisor_error *err);
/* So much more goes over it. */
int simulator_carry(struct simulator *simulator, const char *uuid, enum simulator_device kind,
		    const struct device_traffic *more, struct hypervisor_error *err);
/* The guest writes a key, or deletes it ("") */
int simulator_write_key(struct simulator *simulator, const char *uuid, const char *path,
			const char *value, struct hypervisor_error *err);
/* So many bytes more have come and gone over the host's interface. */
int simulator_carry_host(struct simulator *simulator, const char *name, uint64_t received,
			 uint64_t sent, struct hypervisor_error *err);

/* The host's interfaces, for tests. */
json_t *simulator_dump_interfaces(const struct simulator *simulator);

#endif
