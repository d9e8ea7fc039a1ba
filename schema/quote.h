/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* quote.h – a text as a string of an xl.cfg(5). */
#ifndef SCHEMA_QUOTE_H
#define SCHEMA_QUOTE_H

#include "schema/buffer.h"

/* With its quotes, such that libxlutil reads the same text back. */
void quote_add(struct buffer *out, const char *text);

#endif
