/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* selection.h – get_all_fields_where: some fields of some objects, a part of them at a time. */
#ifndef SERVER_API_SELECTION_H
#define SERVER_API_SELECTION_H

#include "server/api/private.h"

/* Of any class that has lists; on the thread that read the call. */
int run_get_all_fields_where(struct call *call, struct error *err);

#endif
