/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* identity.h – which kind of hypervisor and which machine a database belongs to. */
#ifndef SERVER_API_IDENTITY_H
#define SERVER_API_IDENTITY_H

#include <stdbool.h>

struct store;

struct identity {
	char world[32];
	char machine[64];
};

/* Of this machine with that adapter, a value of the option hypervisor. */
void identity_now(const char *adapter, struct identity *ret_identity);
/* NULL, or a sentence, to be freed: the database belongs to another one. *ret_is_new: not all is
 * known yet of the one it belongs to. */
char *identity_differs(struct store *store, const struct identity *now, bool *ret_is_new);

#endif
