/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* digest.c – what is kept of a secret. */
#include "server/digest.h"

#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void digest_make(const char *text, char ret_digest[API_DIGEST_SIZE])
{
	unsigned char bytes[(API_DIGEST_SIZE - 1) / 2];

	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, text, strlen(text), bytes) < 0)
		abort();
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(ret_digest + 2 * i, 3, "%02x", bytes[i]);
}
