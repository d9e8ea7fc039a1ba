/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* token.h – passwords for programs, with a role and an end. */
#ifndef SERVER_API_TOKEN_H
#define SERVER_API_TOKEN_H

#include "server/api/private.h"

/* "backup" of token:backup; NULL: whoever has that name signs in another way. */
const char *token_name_of(const char *user);

/* In a transaction: the token of that name if that is the digest of its secret, and its time is not
 * up; NULL otherwise. Notes that it was used. */
const struct record *token_use(struct transaction *transaction, const char *name,
			       const char *digest);

#endif
