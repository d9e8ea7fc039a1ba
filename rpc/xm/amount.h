/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* amount.h – memory sizes and counts as people write them. */
#ifndef RPC_XM_AMOUNT_H
#define RPC_XM_AMOUNT_H

#include <stdbool.h>
#include <stdint.h>

#define MIB ((int64_t)1 << 20)
#define AMOUNT_MEMORY_FORMS "a whole number of MiB, or one with b, k, m, g or t (500, 512m, 2g)"

/* "500" (MiB), "512000k", "2G": bytes. False: it is no such text, or does not fit. */
bool amount_read_memory(const char *text, int64_t *ret_bytes);
/* Digits only, from min to max. */
bool amount_read_count(const char *text, int64_t min, int64_t max, int64_t *ret_count);

/* MiB, with what is left over after a point: nothing that is stored is hidden. To be freed. */
char *amount_text(int64_t bytes);

/* An int of a record, which is a text on the wire; 0 where there is none. */
struct value;
int64_t amount_of(const struct value *record, const char *field);

#endif
