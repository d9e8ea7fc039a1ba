/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sxp_leaves.h – what becomes of what XenD's config.sxp says. */
#ifndef SERVER_IMPORT_SXP_LEAVES_H
#define SERVER_IMPORT_SXP_LEAVES_H

#include "server/import/leaves.h"

extern const struct leaf_rule sxp_rules[];

/* Whether the same text, written at the rule's path, would become the rule's key. */
bool sxp_is_inverse(const struct leaf_rule *rule);
/* Lists of such a name are values, not branches. */
bool sxp_is_whole(const char *path);

#endif
