/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* roff.h – lists of options and the like in the language of manual pages, man(7). */
#ifndef SCHEMA_ROFF_H
#define SCHEMA_ROFF_H

#include <stdio.h>

/* The text, not at the start of a line of its own making; a line break of its own is the caller's.
 */
void roff_print_text(FILE *file, const char *text);
/* An item of a list: the name is bold, the argument behind it (NULL or "": none) is not. Its text
 * follows. */
void roff_begin_item(FILE *file, const char *name, const char *separator, const char *argument);
/* Lines that stay as they are. */
void roff_print_literal(FILE *file, const char *lines);

#endif
