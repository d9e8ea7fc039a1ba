/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_file.h – the text of a configuration file, with what the command line adds. */
#ifndef RPC_XM_CONFIG_FILE_H
#define RPC_XM_CONFIG_FILE_H

#include "schema/buffer.h"

/* As much as the server takes. */
#define CONFIG_SIZE_MAX ((size_t)1 << 20)

/*
 * Reads the file as it is named, or else the one of that name in /etc/xen ("-": standard input).
 * *ret_path says which. Returns NULL, or why it cannot (to be freed).
 */
char *config_file_read(const char *name, struct buffer *ret_text, char **ret_path);

/*
 * Appends `key = value` from an argument KEY=VALUE on a line of its own: the last of several
 * counts. A value that is no number, list or quoted string is put in quotes. Returns 0, or −1: it
 * has no such form.
 */
int config_file_add(struct buffer *text, const char *argument);

int config_file_lines(const struct buffer *text);

#endif
