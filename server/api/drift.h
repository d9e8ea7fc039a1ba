/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drift.h – where domains are not what their VMs' records say, because somebody else changed them.
 */
#ifndef SERVER_API_DRIFT_H
#define SERVER_API_DRIFT_H

#include "server/api/private.h"

/* Logs each difference; nothing is changed. Before drift_watch. */
void drift_log(struct api *api);
/* Those that are new, and those that are not there any more, are told: a message, and the log. For
 * the sampler's thread. */
void drift_watch(struct api *api);

#endif
