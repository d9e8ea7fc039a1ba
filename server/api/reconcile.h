/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reconcile.h – at start: records and domains are made to agree. */
#ifndef SERVER_API_RECONCILE_H
#define SERVER_API_RECONCILE_H

#include "server/api/private.h"

/* Before any other call. No guest is touched but to finish what a daemon that died had begun with
 * it. */
int reconcile_open(struct api *api, struct error *err);

#endif
