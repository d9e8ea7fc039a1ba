/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* roff.c – lists of options and the like in the language of manual pages, man(7). */
#include "schema/roff.h"

#include <stdbool.h>
#include <string.h>

/* A minus can be copied from the page, a hyphen cannot. A point or an apostrophe that starts a line
 * would be a request. */
void roff_print_text(FILE *file, const char *text)
{
	bool starts_line = true;

	for (; *text; text++) {
		if (starts_line && strchr(".'", *text))
			fputs("\\&", file);
		starts_line = *text == '\n';
		if (*text == '\\')
			fputs("\\e", file);
		else if (*text == '-')
			fputs("\\-", file);
		else
			fputc(*text, file);
	}
}

void roff_begin_item(FILE *file, const char *name, const char *separator, const char *argument)
{
	fputs(".TP\n\\fB", file);
	roff_print_text(file, name);
	fputs("\\fR", file);
	if (argument && *argument) {
		fputs(separator, file);
		roff_print_text(file, argument);
	}
	fputc('\n', file);
}

void roff_print_literal(FILE *file, const char *lines)
{
	fputs(".sp\n.nf\n", file);
	roff_print_text(file, lines);
	fputs(".fi\n", file);
}
