/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_give.h – fields of a VM as keys of xl.cfg. */
#ifndef SERVER_IMPORT_XL_GIVE_H
#define SERVER_IMPORT_XL_GIVE_H

#include "server/import/settings.h"

/* Adds what the rows of xl_keys.def have of the fields, in their order. */
void xl_give(const struct value *fields, struct settings *settings);
void xl_give_text(struct settings *settings, const char *key, const char *text);
/* "pv", "pvh" or "hvm"; static, or the fields' */
const char *xl_give_type(const struct value *fields);

#endif
