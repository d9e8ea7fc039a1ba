/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sxp_write.h – settings as XenD's (domain …). */
#ifndef SERVER_IMPORT_SXP_WRITE_H
#define SERVER_IMPORT_SXP_WRITE_H

#include "server/import/settings.h"

/* Where XenD has a name for it, that; (xl (KEY VALUE)) and (xenapi (FIELD TEXT)) for the rest. */
void sxp_write(struct buffer *out, const struct settings *settings, const char *type);

#endif
