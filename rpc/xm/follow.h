/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* follow.h – calls that take long, as tasks of the server. */
#ifndef RPC_XM_FOLLOW_H
#define RPC_XM_FOLLOW_H

#include "rpc/xm/xm.h"

/*
 * One call that takes long, without a result; what goes wrong is reported. On a terminal it is
 * Async.METHOD, and how far its task has come is shown until it has ended. Takes the reference to
 * `parameters`.
 */
enum status follow_call(struct xm *xm, const char *method, struct value *parameters);
/* The same of a call whose result is a text; *ret_result is to be released, NULL: not wanted. */
enum status follow_call_result(struct xm *xm, const char *method, struct value *parameters,
			       struct value **ret_result);
/* The error of a task that failed, as if it were that of the call. */
enum status follow_report(struct xm *xm, const struct value *record);

#endif
