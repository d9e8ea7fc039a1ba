/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_0.h – the VM that stands for Domain-0. Nobody starts that from its record, so the record
 * follows the domain. */
#ifndef SERVER_API_DOMAIN_0_H
#define SERVER_API_DOMAIN_0_H

#include "server/api/private.h"

struct domain_0 {
	bool there;
	bool lost; /* there surely is none */
	struct domain_info info;
};

void domain_0_find(struct api *api, struct domain_0 *ret_found);
/* Makes the VM where it is missing; also the host's part of it, and the api's. */
void domain_0_describe(struct api *api, struct transaction *transaction, struct record *host,
		       const struct domain_0 *found);
/* While we run: takes over what somebody has changed with other tools. May block. */
void domain_0_follow(struct api *api);

#endif
