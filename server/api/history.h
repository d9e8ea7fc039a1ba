/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* history.h – the messages about what was. On a worker: they read the disk. */
#ifndef SERVER_API_HISTORY_H
#define SERVER_API_HISTORY_H

#include "server/api/private.h"

int history_run(struct call *call, struct error *err);
int history_run_record_at(struct call *call, struct error *err);

#endif
