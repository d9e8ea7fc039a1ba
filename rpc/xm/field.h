/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* field.h – fields of a VM as people write and read them. */
#ifndef RPC_XM_FIELD_H
#define RPC_XM_FIELD_H

#include "schema/value.h"

/*
 * FIELD=VALUE, FIELD.KEY=VALUE or FIELD.KEY- (the key goes): the name as VM.update takes it and the
 * value, both to be released. Returns NULL, or static text that says what is wrong.
 */
const char *field_read(const char *text, char **ret_name, struct value **ret_value);

/* A value that the server sent, memory in MiB. To be freed. */
char *field_text(const char *field, const struct value *value);

#endif
