/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* import.h – other systems' configurations to the fields of a VM, and back. */
#ifndef SERVER_IMPORT_IMPORT_H
#define SERVER_IMPORT_IMPORT_H

#include "schema/error.h"
#include "schema/value.h"

#define IMPORT_TEXT_MAX ((size_t)1 << 20)

/* Those of formats.def. */
#define IMPORT_FORMATS "xl, python, sxp or libvirt"

/* The format of a text, by what stands in it. */
const char *import_recognise(const char *text);

/*
 * *ret_record is a map as VM.create takes it: names of VM.def, ints as VALUE_INT, memory in bytes;
 * `uuid` is in it when the text sets one, and VIFs when it has interfaces: a set of maps as
 * VIF.create takes them, with the name of a bridge as `bridge` in place of network. VBDs likewise
 * when it has disks and all of them can be said so, with `path` (""; none), and `format` if that is
 * qcow2, in place of VDI; whether there are such disks is for others to find out, so that xl:disk
 * is kept, too. *ret_report is a set of maps, one for each key in the text, in order: key, value
 * (as it stands there), outcome, detail (strings), line (int). outcome is one of
 *
 *     taken       the value stands in a field as it is; detail names the field
 *     translated  it stands there in another form; detail says which
 *     ignored     it is known, but has no place in a VM here; detail says why, and what to do
 *     unknown     nobody knows the key
 *
 * A key of xl's (whatever the format) that is ignored or unknown is kept in other_config as xl:KEY,
 * such that `KEY = ` and that text is xl.cfg again.
 *
 * INVALID_VALUE ["config (line N: reason; line M: reason …)", the text there] when the text cannot
 * become a VM; ["format", it] when there is no such format. No file is read and nothing is run,
 * whatever the text says. Needs time linear in the text, which is refused above IMPORT_TEXT_MAX
 * bytes.
 */
int import_config(const char *text, const char *format, struct value **ret_record,
		  struct value **ret_report, struct error *err);

#endif
