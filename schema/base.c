/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* base.c – memory that never fails. */
#include "schema/base.h"

#include <stdio.h>

static void *never_null(void *memory)
{
	if (!memory) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return memory;
}

void *allocate(size_t size)
{
	return never_null(calloc(1, size ? size : 1));
}

void *reallocate(void *memory, size_t size)
{
	return never_null(realloc(memory, size ? size : 1));
}

char *text_copy(const char *text)
{
	return never_null(strdup(text));
}

char *text_format_list(const char *format, va_list arguments)
{
	char *text;
	int length = vasprintf(&text, format, arguments);

	return never_null(length < 0 ? NULL : text);
}

char *text_format(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = text_format_list(format, arguments);
	va_end(arguments);
	return text;
}
