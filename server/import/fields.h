/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fields.h – what xl.cfg has no key for. A field of the VM is xenapi.FIELD = "TEXT", its name in
 * small letters and its value as value_to_text writes it; those of interfaces and drives are
 * xenapi.vifs = [ "DEVICE FIELD TEXT", … ] and xenapi.vbds.
 */
#ifndef SERVER_IMPORT_FIELDS_H
#define SERVER_IMPORT_FIELDS_H

#include "server/import/xl_import.h"

#define FIELD_PREFIX "xenapi."

struct field_info;
struct class_info;

/* References are another server's, and what nobody sets is nothing to be imported. */
bool field_may_be_said(const struct field_info *field);

/* The two kinds of devices. */
struct device_fields {
	const char *key;     /* "xenapi.vifs" */
	const char *devices; /* "VIFs", in the record */
	const char *name;    /* the member that tells one from the others */
	const char *cls;
};
extern const struct device_fields device_fields[];

#endif
