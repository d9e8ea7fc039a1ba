/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* audit.h – a line in the log for each call that changes something, or that is refused. */
#ifndef SERVER_API_AUDIT_H
#define SERVER_API_AUDIT_H

#include "server/api/call.h"

/* What is audited: "all", "refused" or "none"; from now on, from any thread. */
void audit_set(struct api *api, const char *what);
/* The call has ended, with call->error or call->result. */
void audit_call(const struct call *call);

#endif
