/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plan.h – xm -n: what a call would change, in the place of the call. */
#ifndef RPC_XM_PLAN_H
#define RPC_XM_PLAN_H

#include "rpc/xm/xm.h"

/* Whether the message changes anything, Async. before it or not. */
bool plan_is_due(const char *method);
/* Prints the server's plan of the call; takes the parameters. False: xm->failure says why not. */
bool plan_show(struct xm *xm, const char *method, struct value *parameters);
/* What a plan says that is there already. */
void plan_print_changes(const struct value *plan);

#endif
