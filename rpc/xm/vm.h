/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm.h – the VMs that arguments name, and their records. */
#ifndef RPC_XM_VM_H
#define RPC_XM_VM_H

#include "rpc/xm/xm.h"

/*
 * Finds the one VM that the argument names: by uuid, by the id of its domain, or by name. Templates
 * and snapshots count only where nothing else has the name. STATUS_DONE and xm->subject, or
 * STATUS_FAILED after having said why.
 */
enum status vm_find(struct xm *xm, const char *argument);

/* The subject's name, escaped, to be freed; asked for if need be. */
char *vm_name(struct xm *xm);

/* A VM and its metrics (an empty map where there are none); both are held. */
struct vm {
	struct value *record;
	struct value *metrics;
};

struct vms {
	struct vm *items;
	size_t count;
};

void vms_cleanup(struct vms *vms);
#define AUTO_VMS __attribute__((cleanup(vms_cleanup))) struct vms

/* What is to be shown of them (NULL behind the last). */
struct vm_fields {
	const char *const *vm;
	const char *const *metrics;
};

/*
 * Those that the arguments name, in their order; without arguments all: the control domain first,
 * then those with a domain by its id, then the others by name. Templates and snapshots only when
 * the options ask for them, or by name. `fields` NULL: all of them; there may be more than these.
 */
enum status vms_read_fields(struct xm *xm, const struct vm_fields *fields, struct vms *ret_vms);
/* The same with all fields. */
enum status vms_read(struct xm *xm, struct vms *ret_vms);

bool vm_has_domain(const struct vm *vm);
const char *vm_text(const struct vm *vm, const char *field); /* "" where there is none */
bool vm_flag(const struct vm *vm, const char *field);
/* Of VM_metrics.VCPUs_params; 0 where there is none. */
double vm_seconds(const struct vm *vm, const char *key);
/* Seconds since 1970 of a date like 20260102T03:04:05Z; 0: it is none, or never. */
int64_t date_seconds(const struct value *record, const char *field);

#endif
