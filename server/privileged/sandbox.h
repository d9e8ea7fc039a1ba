/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandbox.h – what a process gives up once it has what it needs. */
#ifndef SERVER_PRIVILEGED_SANDBOX_H
#define SERVER_PRIVILEGED_SANDBOX_H

#include <stdbool.h>

/*
 * For all threads, those there are and those to come, and for good: no program is started, nothing
 * is connected to or bound, no socket but a Unix one is made, no other process is looked into, and
 * what only root could do is not tried. Refused with EPERM. False with errno: nothing was given up.
 */
bool sandbox_enter(void);

#endif
