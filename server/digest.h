/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* digest.h – what is kept of a secret. */
#ifndef SERVER_DIGEST_H
#define SERVER_DIGEST_H

#include "server/api/api.h"

/* SHA-256 in hexadecimal digits. */
void digest_make(const char *text, char ret_digest[API_DIGEST_SIZE]);

#endif
