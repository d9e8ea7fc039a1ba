/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* export.h – the fields of a VM as a configuration that import_config makes the same VM of. */
#ifndef SERVER_IMPORT_EXPORT_H
#define SERVER_IMPORT_EXPORT_H

#include "schema/buffer.h"
#include "schema/error.h"
#include "schema/schema.h"
#include "schema/value.h"

/* Whether a configuration can say the field: references are another server's, and what nobody sets
 * is nothing to be imported. */
bool export_has_field(const struct field_info *field);

/*
 * `fields` is as import_config makes them, with all fields of the VM, of its VIFs and of its VBDs
 * that a configuration can say. What xl.cfg has a key for is that key; where its import would be
 * another value, a line xenapi.FIELD follows. `notes` are lines about what is left out; "" for
 * none.
 */
int export_xl(const struct value *fields, const char *notes, struct buffer *out, struct error *err);
/* The same as XenD's (domain …). */
int export_sxp(const struct value *fields, const char *notes, struct buffer *out,
	       struct error *err);

#endif
