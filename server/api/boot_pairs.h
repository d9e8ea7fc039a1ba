/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* boot_pairs.h – maps of a VM's record that its domain is built with. */
#ifndef SERVER_API_BOOT_PAIRS_H
#define SERVER_API_BOOT_PAIRS_H

#include "server/api/private.h"

/* To be freed with boot_pairs_free; the values are the record's. */
struct key_value *boot_platform(const struct record *vm, size_t *ret_count);
/* What the domain finds in its own part of xenstore: xenstore_data below vm-data/, and of an HVM
 * guest bios-strings/. */
struct key_value *boot_store(const struct record *vm, size_t *ret_count);
void boot_pairs_free(const struct key_value *pairs, size_t count);
/* INVALID_VALUE: a key that is no path in xenstore, or a value that is too long. */
int boot_check_store(const struct record *vm, struct error *err);

#endif
