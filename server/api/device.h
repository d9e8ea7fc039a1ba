/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* device.h – what VIFs and VBDs share: devices of a VM, which its domain has or has not. */
#ifndef SERVER_API_DEVICE_H
#define SERVER_API_DEVICE_H

#include "server/api/operation.h"

struct device_kind {
	enum class_id cls;
	int list;	   /* fields: of the VM, the set of them */
	int number;	   /* of the device: its number in the guest, as text */
	int attached;	   /* currently_attached */
	const char *words; /* "network interfaces" */
	/* Whether the VM's domain has it, and what follows from that and the VM's power state. */
	void (*set_state)(struct transaction *transaction, struct record *device,
			  const struct record *vm, bool attached);
	/* Whether a domain of the VM is built with it; NULL: always. */
	bool (*is_given)(const struct record *device, const struct record *vm);
	/* Those that a domain has, by their numbers. */
	int (*get_numbers)(struct hypervisor *hypervisor, const char *uuid, int *ret_numbers,
			   size_t capacity, size_t *ret_count, struct hypervisor_error *err);
};

extern const struct device_kind vif_kind; /* vif.c */
extern const struct device_kind vbd_kind; /* vbd.c */

/* In a transaction, of one kind. */
const struct record *device_find(struct transaction *transaction, const struct device_kind *kind,
				 const struct record *vm, const char *number);
/* The VM can be given another device now: it is ours, and nothing is under way that is built from
 * those that there are. */
int device_check_vm(const struct record *vm, struct error *err);
/* The device of the call, which no domain has, so that it can be changed; NULL: refused. */
struct record *device_edit_detached(struct call *call, const struct device_kind *kind,
				    struct error *err);
/* Deletes it. */
int device_destroy(struct call *call, const struct device_kind *kind, struct error *err);

/* In a transaction, of all kinds, when the VM's power state is set, or the VM deleted. */
enum device_change { DEVICES_STAY, DEVICES_ATTACHED, DEVICES_DETACHED };
void devices_follow_vm(struct transaction *transaction, const struct record *vm,
		       enum device_change change);
void devices_delete(struct transaction *transaction, const struct record *vm);
/* May block. Makes the records what the VM's domain has. */
void devices_follow_domain(struct api *api, const struct record *vm);

/*
 * For a handler that has the VM to itself. The device as it is now; NULL with
 * DEVICE_ALREADY_ATTACHED and the like when it is not as `attached` says.
 */
struct record *device_take(struct call *call, bool attached, struct error *err);
/* What the hypervisor has done is committed; VM_BAD_POWER_STATE: the guest has stopped meanwhile.
 */
int device_commit(struct call *call, bool attached, struct error *err);

/* The first `count` numbers without those that the VM has. */
struct value *device_free_numbers(struct api *api, const struct device_kind *kind,
				  const struct record *vm, int count);

#endif
