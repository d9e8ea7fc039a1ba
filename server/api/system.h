/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* system.h – what the server says about its own messages. */
#ifndef SERVER_API_SYSTEM_H
#define SERVER_API_SYSTEM_H

#include "server/api/api.h"

/* The names of all messages, system.* included, in alphabetical order: a new set. */
struct value *system_method_names(void);

/* True when the call is one of system.*; then its result or error is set. */
bool system_run(struct api_call *call);

#endif
