/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm.h – what holds for every VM, whatever the message: rules of its record, memory, its domain. */
#ifndef SERVER_API_VM_H
#define SERVER_API_VM_H

#include "server/api/operation.h"

/* vm_rules.c: the store's rules for the class VM, see struct store_rules. */
int vm_check(struct api *api, const struct record *old, struct record *vm, struct error *err);
void vm_derive(const struct record *old, struct record *vm);
/* Whether host.autostart starts it. */
bool vm_starts_with_host(const struct record *vm);

/* vm_create.c */
/* Of a struct of fields, with the uuid in it only if `keep_uuid`. NULL: it is refused. */
struct record *vm_make(struct transaction *transaction, const struct value *fields, bool keep_uuid,
		       struct error *err);
/* Sets fields as VM.create takes them, and those that follow from them. */
int vm_fill(struct transaction *transaction, struct record *vm, const struct value *fields,
	    struct error *err);
struct record *vm_make_metrics(struct transaction *transaction, struct record *vm);
/* Copies of what is in its disk drives, but for the VDIs of `ignored` (NULL: none). */
struct vdi_copies;
int vm_copy_disks(struct vdi_copies *copies, struct api *api, const struct record *vm,
		  const struct value *ignored, const char *sr, struct error *err);
/* A Halted VM with the same settings and metrics of its own; it has no devices yet. */
struct record *vm_copy(struct transaction *transaction, const struct record *vm, const char *name);
/* With its metrics, consoles and VIFs. `vm` is the record in the transaction. */
void vm_delete(struct transaction *transaction, const struct record *vm);
/* vm_import.c: what create_from_config and adopt answer; the report becomes part of it. */
struct value *vm_creation_result(const char *ref, struct value *report);

/* vm_memory.c; all in bytes */
/* The target moves if it lies outside of the bounds of which this is one, and only then. */
void vm_follow_bounds(struct record *vm, int bound);
int vm_check_memory(const struct record *old, const struct record *vm, struct error *err);
int64_t vm_memory_overhead(const struct record *vm);
/* Part of the overhead; a PV domain has none. */
int64_t vm_shadow_memory(const struct record *vm);
/* The balloon's target: memory_target, or memory_dynamic_min where that is 0. */
int64_t vm_memory_target(const struct record *vm);

/*
 * vm_vcpus.c: weight, cap and mask as VCPUs_params has them. INVALID_VALUE for what is none;
 * without `err` that is as if it were not there.
 */
int vm_read_scheduling(const struct record *vm, struct scheduling *ret_scheduling,
		       struct error *err);

/* vm_boot.c */
bool vm_is_hvm(const struct record *vm);
/* Whether the host could start the VM now, with so much memory free. VM_HVM_REQUIRED,
 * HOST_DISABLED … */
int vm_check_boot(struct api *api, const struct record *vm, int64_t memory_free, struct error *err);
/* Builds the domain of the record, or lets its image go on (`image` not NULL), paused. */
int vm_build_domain(struct api *api, const struct record *vm, const char *image, int *ret_domid,
		    struct error *err);

/* vm_state.c */
/* The record as it is, field to JSON text, so that fields may come and go between versions of the
 * program. */
struct value *vm_to_texts(const struct record *vm);
/* The record's fields at each transition, to be used as (or in) a vm_change_fn; halted
 * and suspended need no call. */
int vm_become_halted(struct call *call, struct transaction *transaction, struct record *vm,
		     struct error *err);
int vm_become_suspended(struct call *call, struct transaction *transaction, struct record *vm,
			struct error *err);
int vm_become_paused(struct call *call, struct transaction *transaction, struct record *vm,
		     struct error *err);
int vm_become_running(struct call *call, struct transaction *transaction, struct record *vm,
		      struct error *err);
/* Key of live_intent while a Running VM is paused for a snapshot. */
#define SNAPSHOT_INTENT "snapshot"
/* The same while a checkpoint is taken; "new" names the file that the memory goes to. */
#define CHECKPOINT_INTENT "checkpoint"
/* What was intended did not happen. */
int vm_drop_intent(struct call *call, struct transaction *transaction, struct record *vm,
		   struct error *err);
/* domid, state "Running" or "Paused"; the record it was built from is kept, when `booted`, as its
 * boot record. */
void vm_become_live(struct api *api, struct transaction *transaction, struct record *vm, int domid,
		    const char *state, const struct record *booted);

/* Sets fields from a map of name to JSON text; what the class does not know is left out. */
void vm_overlay(struct record *vm, const struct value *texts);

/* Another domain has taken the place of the one that the VM had. */
void vm_move_consoles(const struct api *api, struct transaction *transaction,
		      const struct record *vm, int domid);

/* vm_power.c, for what guests do themselves */
/* Ends the domain and builds it anew from the newest record. */
int vm_restart_domain(struct call *call, struct error *err);

/* The adapter's error as the API's: of the host, or of an object that is a part of it. */
int fail_hypervisor_host(struct error *err, const struct value *ref,
			 const struct hypervisor_error *reason);
/* The adapter's error as the API's: of the VM `vm` in operation `id`. */
int fail_hypervisor(struct error *err, const struct record *vm, enum operation_id id,
		    const struct hypervisor_error *reason);
/* vm_suspend.c: the memory of the operation's VM to that file; the task says how far it is. */
int vm_save_memory(struct call *call, const char *path, struct hypervisor_error *reason);
/* vm_image.c: where its image is while it is suspended, and where it is kept aside once a domain
 * has been built from it; to be freed. */
char *vm_image_path(const struct api *api, const struct record *vm);
char *vm_used_image_path(const struct api *api, const struct record *vm);
/* That domain never ran: its image is as good as before. */
void vm_take_image_back(const struct api *api, const struct record *vm);
/* That there is none is fine. */
void vm_delete_image(const struct api *api, const struct record *vm);
/* Whether it has that name from now on, a power cut included. */
bool vm_rename_image(const struct api *api, const char *from, const char *to);
/* A copy of a Suspended VM's, for a record that is to name it as its suspend_image; to be freed. */
int vm_copy_image(const struct api *api, const struct record *vm, char **ret_name,
		  struct error *err);
/* A new name for such a file, to be freed; where it is. */
char *vm_new_image(void);
char *vm_path_of_image(const struct api *api, const char *name);
/* When the server starts: what was written and no record came to name. */
void vm_drop_images(const struct api *api);

#endif
