/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_staged.h – what waits for the next start of a VM: staged in VM.staged, or in its record
 * already while its domain has something else. */
#ifndef SERVER_API_VM_STAGED_H
#define SERVER_API_VM_STAGED_H

#include "server/api/operation.h"

/* A Halted VM with what this one starts with next. */
struct record *vm_next(const struct record *vm);
/* What `next` has of the fields that a domain keeps, the VM gets with its next start. */
void vm_stage(struct record *vm, const struct record *next, const char *by);
/* There is no domain any more: the record is what starts next. */
void vm_apply_staged(struct record *vm);
/* Something of the field waits there; or in the record, vm_pending. */
bool vm_is_staged(const struct record *vm, int field);
/* The field has become what waited. */
bool vm_was_staged(const struct record *old, const struct record *vm, int field);

/* Of the store's rules. A field that was set meanwhile waits no longer; what will start must be
 * able to. */
int vm_check_staged(struct api *api, const struct record *old, struct record *vm,
		    struct error *err);

/* Field to {"running", "next", "reason" …}, from what the domain was built with and told. */
struct value *vm_pending(const struct record *vm);

#endif
