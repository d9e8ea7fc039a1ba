/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tool.h – programs of the host that do a part of the work: the rows of tools.def, and no others.
 */
#ifndef SERVER_HOST_TOOL_H
#define SERVER_HOST_TOOL_H

#include <stddef.h>

enum tool {
#define TOOL(NAME, ...) TOOL_##NAME,
#define COMMAND(NAME, ...) TOOL_##NAME,
#include "server/host/tools.def"
	TOOLS
};

#define TOOL_ARGUMENTS_MOST 3

struct tool_output {
	char *text;    /* of standard output */
	char *problem; /* in words, the program's name first; NULL: it has ended well */
};

/* About every half second, with what was said so far; −1 has the program killed. */
typedef int (*tool_watch_fn)(void *argument, const char *text);

/* How many arguments it takes. */
size_t tool_count_arguments(enum tool tool);

/*
 * Runs it to its end; `watch` may be NULL. For workers: it blocks. Returns its exit status; −1 with
 * errno when an argument is refused (EINVAL, EPERM and whatever opening an image says), when it
 * could not be started or did not end by itself, as child_run has it, or was stopped by `watch`
 * (ECANCELED). *ret_output is set in any case and is to be cleared.
 */
int tool_run(enum tool tool, const char *const *arguments, tool_watch_fn watch, void *argument,
	     struct tool_output *ret_output);

/* Whether it would be run: NULL, or why not, in words, to be freed. */
char *tool_refuses(enum tool tool, const char *const *arguments);

void tool_output_clear(struct tool_output *output);

#define AUTO_TOOL_OUTPUT __attribute__((cleanup(tool_output_clear))) struct tool_output

#endif
