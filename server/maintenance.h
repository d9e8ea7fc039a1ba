/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* maintenance.h – xenapid backup and xenapid restore. */
#ifndef SERVER_MAINTENANCE_H
#define SERVER_MAINTENANCE_H

#include "server/options.h"

/* They say on standard output what they have done, or on standard error why not: false. */
bool maintenance_backup(const struct options *options);
bool maintenance_restore(const struct options *options);

#endif
