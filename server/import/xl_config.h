/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_config.h – the text of an xl.cfg(5) to the fields of a VM. */
#ifndef SERVER_IMPORT_XL_CONFIG_H
#define SERVER_IMPORT_XL_CONFIG_H

#include "schema/error.h"
#include "schema/value.h"

#define XL_TEXT_MAX ((size_t)1 << 20)

/*
 * *ret_record is a map as VM.create takes it: names of VM.def, ints as VALUE_INT, memory in bytes;
 * `uuid` is in it when the text sets one, and VIFs when it sets `vif`: a set of maps as VIF.create
 * takes them, with the name of a bridge as `bridge` in place of network. VBDs likewise when it sets
 * `disk` and all of it can be said so, with `path` (""; none) in place of VDI; whether there are
 * such disks is for others to find out, so that xl:disk is kept, too. *ret_report is a set of maps,
 * one for each assignment in the text, in order: key, value (as it stands there), outcome, detail
 * (strings), line (int). outcome is one of
 *
 *     taken       the value stands in a field as it is; detail names the field
 *     translated  it stands there in another form; detail says which
 *     ignored     xl knows the key, but it has no place in a VM here; detail says why
 *     unknown     xl does not know the key either
 *
 * What is ignored or unknown is kept in other_config as xl:KEY, such that `KEY = ` and that text is
 * xl.cfg again.
 *
 * INVALID_VALUE ["config (line N: reason; line M: reason …)", the text there] when the text is not
 * what xl would take. No file is read, whatever the text says. Needs time linear in the text, which
 * is refused above XL_TEXT_MAX bytes.
 */
int import_xl_config(const char *text, struct value **ret_record, struct value **ret_report,
		     struct error *err);

#endif
