/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guest.h – what guests do by themselves: power off, reboot, crash. */
#ifndef SERVER_API_GUEST_H
#define SERVER_API_GUEST_H

#include "server/api/private.h"

/* Starts the thread that waits for the hypervisor's events. */
struct guests *guests_new(struct api *api);
void guests_free(struct guests *guests);

/* A domain of this uuid stopped, or may have: looks at it, and does what its VM's actions_after_
 * say. Never blocks. */
void guest_stopped(struct api *api, const char *uuid);

#endif
