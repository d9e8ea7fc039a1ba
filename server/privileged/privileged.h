/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* privileged.h – the process that may do what this one may not: calls the hypervisor, checks
 * passwords, starts programs. */
#ifndef SERVER_PRIVILEGED_PRIVILEGED_H
#define SERVER_PRIVILEGED_PRIVILEGED_H

#include "server/privileged/request.h"

/*
 * It connects to a socket of ours, for as many lines as there are calls at once, and again when it
 * was started anew: this process never connects to anything. A line carries one call at a time.
 */
struct privileged;
struct host_proxy;

/* Listens at `path` and waits `timeout_ms` for it; NULL with *ret_problem. */
struct privileged *privileged_open(const char *path, int timeout_ms, char **ret_problem);
void privileged_close(struct privileged *privileged);

/* Of its hypervisor: an adapter for hypervisor_open_with, and what that says of the host. */
const struct adapter *privileged_adapter(const struct privileged *privileged);
const struct host_facts *privileged_facts(const struct privileged *privileged);

/*
 * What it answers, `item_size` being that of the items: 0, or −1 with *err, also when it is not
 * there (nothing was done then) or ends within the call (what was done is not known). To be
 * cleared in any case.
 */
int privileged_ask(struct privileged *privileged, const struct request *request, size_t item_size,
		   struct answer *ret_answer, struct hypervisor_error *err);

/* For host_set_proxy: its tools, and images that only it may open. */
const struct host_proxy *privileged_host(struct privileged *privileged);

/* As hypervisor_wait_event and hypervisor_wake. After its end EVENT_MISSED comes. */
int privileged_wait_event(struct privileged *privileged, int timeout_ms,
			  struct hypervisor_event *ret_event, struct hypervisor_error *err);
void privileged_wake(struct privileged *privileged);

#endif
