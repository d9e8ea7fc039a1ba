/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* quote.c – a text as a string of an xl.cfg(5). */
#include "schema/quote.h"

/* libxlutil knows \0 and \x too, but loses what they stand for. */
void quote_add(struct buffer *out, const char *text)
{
	buffer_add_char(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buffer_add_char(out, '\\');
		/* a string ends with its line */
		if (*text == '\n')
			buffer_add_literal(out, "\\n");
		else
			buffer_add_char(out, *text);
	}
	buffer_add_char(out, '"');
}
