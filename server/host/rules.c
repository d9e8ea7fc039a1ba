/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rules.c – kept for the whole process: what may be done does not depend on who asks. */
#include "server/host/rules.h"

#include <stddef.h>

static const char *const none[] = {NULL};
static struct host_rules current = {.sr_folders = none, .disk_folders = none};

void host_set_rules(const struct host_rules *rules)
{
	current = *rules;
	if (!current.sr_folders)
		current.sr_folders = none;
	if (!current.disk_folders)
		current.disk_folders = none;
}

const struct host_rules *host_rules(void)
{
	return &current;
}

static const struct host_proxy *the_proxy;

void host_set_proxy(const struct host_proxy *proxy)
{
	the_proxy = proxy;
}

const struct host_proxy *host_proxy(void)
{
	return the_proxy;
}
