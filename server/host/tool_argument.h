/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tool_argument.h – what may stand in the place of a <KIND> of tools.def. */
#ifndef SERVER_HOST_TOOL_ARGUMENT_H
#define SERVER_HOST_TOOL_ARGUMENT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The text as the program gets it, to be freed; NULL with errno: it is none of that kind. Of an
 * image that is a name of *ret_descriptor, to be closed when the program has ended; otherwise −1.
 */
char *tool_take_argument(const char *kind, size_t length, const char *text, int *ret_descriptor);

/* Of a volume group, or a volume. */
bool tool_is_name(const char *text);
/* As gethostname(2) has it: labels of letters, digits and hyphens. */
bool tool_is_hostname(const char *text);
/* GROUP/NAME, and LVM says that it has a tag of ours. Blocks. */
bool tool_is_own_volume(const char *text);

#endif
