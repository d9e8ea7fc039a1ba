/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sxp.h – S-expressions as xm printed them: one item a line, four blanks before it. */
#ifndef RPC_XM_SXP_H
#define RPC_XM_SXP_H

#include "rpc/xm/vm.h"
#include "schema/buffer.h"

/* A bare word, or in quotes where it has to be. */
void sxp_add_text(struct buffer *out, const char *text);
/* (domain (…) …) of one VM */
void sxp_add_vm(struct buffer *out, const struct vm *vm);

#endif
