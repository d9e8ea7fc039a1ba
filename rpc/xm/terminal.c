/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* terminal.c – texts that others chose, so that they can do nothing to a terminal; and progress. */
#include "rpc/xm/terminal.h"

#include <stdbool.h>
#include <unistd.h>
#include <wchar.h>

/* What takes less is not worth a line that comes and goes. */
#define PROGRESS_AFTER_S 1.0

static bool progress_shown;

/* Length of the UTF-8 character here, 0: it is none. */
static size_t read_character(const char *text, unsigned *ret_character)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t size = *p < 0x80 ? 1 : *p < 0xC2 ? 0 : *p < 0xE0 ? 2 : *p < 0xF0 ? 3 : 4;
	unsigned c = size == 1 ? *p : *p & (0x7Fu >> size);

	for (size_t i = 1; i < size; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3F);
	}
	*ret_character = c;
	return *p > 0xF4 ? 0 : size;
}

/* Control characters, line separators, marks of direction. */
static bool is_harmful(unsigned c)
{
	return c < ' ' || (c >= 0x7F && c < 0xA0) || c == 0x200E || c == 0x200F ||
	       (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

static void add_escaped(struct buffer *out, const char *text, char quote)
{
	while (*text) {
		unsigned c = 0;
		size_t size = read_character(text, &c);

		if (!size)
			buffer_add_format(out, "\\x%02x", (unsigned char)*text);
		else if (c == '\n')
			buffer_add_literal(out, "\\n");
		else if (c == '\t')
			buffer_add_literal(out, "\\t");
		else if (c == '\\' || (quote && c == (unsigned char)quote))
			buffer_add_format(out, "\\%c", (char)c);
		else if (is_harmful(c))
			buffer_add_format(out, c < 0x80 ? "\\x%02x" : "\\u%04x", c);
		else
			buffer_add(out, text, size);
		text += size ? size : 1;
	}
}

char *terminal_text(const char *text)
{
	struct buffer out = {0};

	add_escaped(&out, text, '\0');
	return buffer_take(&out);
}

char *terminal_quoted(const char *text)
{
	struct buffer out = {0};

	buffer_add_char(&out, '"');
	add_escaped(&out, text, '"');
	buffer_add_char(&out, '"');
	return buffer_take(&out);
}

/* Wide characters take two columns, combining ones none. */
static int columns_of(const char *text)
{
	int columns = 0;

	while (*text) {
		unsigned c = 0;
		size_t size = read_character(text, &c);
		int width = wcwidth((wchar_t)c);

		columns += width < 0 ? 1 : width;
		text += size ? size : 1;
	}
	return columns;
}

void terminal_print(FILE *file, const char *text, int width)
{
	AUTO_TEXT escaped = terminal_text(text);
	int columns = columns_of(escaped);

	fprintf(file, "%s%*s", escaped, columns < width ? width - columns : 0, "");
}

void terminal_show_progress(void *context, double seconds)
{
	const char *const *words = context;

	if (!*words || seconds < PROGRESS_AFTER_S || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r%s … %.0f s", *words, seconds);
	fflush(stderr);
	progress_shown = true;
}

void terminal_show_share(const char *words, double seconds, double share)
{
	static const char full[] = "####################";
	int width = (int)sizeof(full) - 1;
	int done = share <= 0 ? 0 : share >= 1 ? width : (int)(share * width);

	if (seconds < PROGRESS_AFTER_S || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r%s [%-*.*s] %3.0f %%", words, width, done, full, share * 100);
	fflush(stderr);
	progress_shown = true;
}

void terminal_end_progress(void)
{
	if (progress_shown)
		fputs("\r\033[K", stderr);
	progress_shown = false;
}
