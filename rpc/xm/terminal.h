/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* terminal.h – texts that others chose, so that they can do nothing to a terminal; and progress. */
#ifndef RPC_XM_TERMINAL_H
#define RPC_XM_TERMINAL_H

#include "schema/buffer.h"

#include <stdio.h>

/*
 * The text with control characters, those that reverse the direction of writing and bytes that are
 * not UTF-8 as \n, \t, \x1b or \u202e, and a backslash as \\. To be freed.
 */
char *terminal_text(const char *text);
/* The same, in double quotes that are escaped too. */
char *terminal_quoted(const char *text);

/* Escapes and prints, padded with blanks to at least `width` columns. */
void terminal_print(FILE *file, const char *text, int width);

/* For transport_options: "starting demo … 3 s" on standard error. `context` is a char ** with the
 * words, or NULL. */
void terminal_show_progress(void *context, double seconds);
/* The same with a bar, for what is a task of the server: share is 0..1. */
void terminal_show_share(const char *words, double seconds, double share);
/* Wipes that line, if it was ever shown. */
void terminal_end_progress(void);

#endif
