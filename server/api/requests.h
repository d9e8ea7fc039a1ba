/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* requests.h – how many calls there were, how they ended and how long they took. */
#ifndef SERVER_API_REQUESTS_H
#define SERVER_API_REQUESTS_H

#include "server/api/call.h"

/* Of a call that is answered now, to whoever made it. From any thread. */
void requests_note(const struct call *call);
/* For /metrics. */
void requests_write(struct buffer *out);

#endif
