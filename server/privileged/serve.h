/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* serve.h – the privileged process: its lines, and what it does for what comes over them. */
#ifndef SERVER_PRIVILEGED_SERVE_H
#define SERVER_PRIVILEGED_SERVE_H

#include "server/privileged/check.h"

struct hypervisor;

struct service;

/* Connects to `path`, where nobody but root, this process's own user and `user` is served, and goes
 * on by itself until the process ends. */
struct service_options {
	const char *path;
	const char *user;
	struct hypervisor *hypervisor;
	struct check_rules rules;
};
struct service *serve_begin(const struct service_options *options);
/* Takes no more calls and waits for those that are under way, so long at most. */
void serve_end(struct service *service, int timeout_ms);

/* Of a request that was checked: 0, or −1 with answer->err. */
int answer_request(struct hypervisor *hypervisor, const struct request *request,
		   struct answer *answer);

#endif
