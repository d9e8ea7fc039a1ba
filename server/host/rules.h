/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rules.h – what the administrator allows to be done with the host. */
#ifndef SERVER_HOST_RULES_H
#define SERVER_HOST_RULES_H

/* Of the configuration. Lists end with NULL; NULL is an empty one. */
struct host_rules {
	const char *const *sr_folders;	 /* images that are ours, here or below */
	const char *const *disk_folders; /* those of others, which are only read */
	/* Words of programs with their arguments; "" or NULL: there is none. */
	const char *shutdown_command;
	const char *reboot_command;
	const char *hostname_command;
};

/* Once, before any thread asks; what it points to has to stay. Until then nothing is allowed. */
void host_set_rules(const struct host_rules *rules);
/* No list of it is NULL. */
const struct host_rules *host_rules(void);

struct tool_output;

/* Who runs tools and opens images for a process that may not. */
struct host_proxy {
	/* As tool_run and disk_image_open. */
	int (*run_tool)(void *context, int tool, const char *const *arguments,
			int (*watch)(void *argument, const char *text), void *argument,
			struct tool_output *ret_output);
	int (*open_image)(void *context, const char *path, unsigned places, int flags);
	void *context;
};

/* Before any thread asks; it has to stay. Without one this process does it itself. */
void host_set_proxy(const struct host_proxy *proxy);
const struct host_proxy *host_proxy(void); /* NULL: there is none */

#endif
