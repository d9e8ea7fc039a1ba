/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* state.h – what list shows of a VM: the figures of its domain, or those of its record. */
#ifndef RPC_XM_STATE_H
#define RPC_XM_STATE_H

#include "rpc/xm/vm.h"

/* r running, b blocked, p paused, s shut down or suspended, c crashed, d dying */
#define STATE_LETTERS "rbpscd"

/* "-b----"; "" for a halted VM. `ret_letters` has room for 7. */
void state_letters(const struct vm *vm, char *ret_letters);
/* Of the guest now, or of the guest that would start; bytes. */
int64_t state_memory(const struct vm *vm);
int64_t state_memory_target(const struct vm *vm); /* memory_target, or dynamic_min where that is 0
						   */
int64_t state_vcpus_online(const struct vm *vm);  /* or those that would be */
int64_t state_shadow_mib(const struct vm *vm);	  /* 0: Xen's own choice */

#endif
