/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plan.h – Plan.<class>.<message>: what a call would do. The same checks on the same way, and
 * nothing happens. */
#ifndef SERVER_API_PLAN_H
#define SERVER_API_PLAN_H

#include "server/api/operation.h"

/* OPERATION_NOT_ALLOWED and the reason of no_plan.def. */
int plan_check(const struct message_info *message, struct error *err);

/* A mutation of the call begins anew. */
void plan_begin(struct call *call);
/* One object as the mutation would leave it; for mutation.report. */
void plan_add(void *call, const struct record *old, const struct record *new);

/* What becomes of the domain: "begins", "ends" …, or "". */
const char *plan_of_domain(const struct operation *operation);

/* What is answered. */
struct value *plan_result(const struct call *call);

#endif
