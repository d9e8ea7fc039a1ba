/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* request_id.h – by which a client finds in the log what became of its request. */
#ifndef SERVER_HTTP_REQUEST_ID_H
#define SERVER_HTTP_REQUEST_ID_H

#include "schema/log.h"

#define REQUEST_ID_HEADER "X-Request-Id"

/* The client's own, if it is short and plain (given may be NULL); otherwise one that no other
 * request of this process has. */
void request_id_choose(const char *given, struct log_request *ret_request);

#endif
