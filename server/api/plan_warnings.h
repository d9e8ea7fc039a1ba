/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plan_warnings.h – what a call could do, and whoever makes it may not expect. */
#ifndef SERVER_API_PLAN_WARNINGS_H
#define SERVER_API_PLAN_WARNINGS_H

#include "server/api/call.h"

/* Of one object as it would become: adds sentences to call->warnings. As plan_add, in a
 * transaction or not. */
void plan_warn(struct call *call, const struct record *old, const struct record *new);
/* The sentences, with what holds for the whole plan. */
struct value *plan_warnings(const struct call *call);

#endif
