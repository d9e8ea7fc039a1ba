/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt_leaves.h – what becomes of what libvirt's domain XML says. */
#ifndef SERVER_IMPORT_LIBVIRT_LEAVES_H
#define SERVER_IMPORT_LIBVIRT_LEAVES_H

#include "server/import/leaves.h"

extern const struct leaf_rule libvirt_rules[];

/* What several leaves say together; after the rules. */
void libvirt_finish(struct leaves *leaves);

#endif
