/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check.h – what the privileged process does for nobody, whoever asks: the process that faces the
 * network may have been taken over. */
#ifndef SERVER_PRIVILEGED_CHECK_H
#define SERVER_PRIVILEGED_CHECK_H

#include "server/privileged/request.h"

/* From the configuration of the privileged process, beside host_rules(); folders end with NULL. */
struct check_rules {
	const char *const *kernel_folders; /* empty: what everybody may read */
	const char *suspend_folder;
	const char *bootloaders; /* separated by spaces */
};

/* False with *ret_problem, which names what is refused and what would be accepted. */
bool check_request(const struct check_rules *rules, const struct request *request,
		   char **ret_problem);

#endif
