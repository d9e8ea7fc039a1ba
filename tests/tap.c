/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tap – what a C test says, in the Test Anything Protocol */

#include "tests/tap.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int count, failures;

/* '#' would begin a directive, a line feed another line. */
static void print_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '#')
			fputs("\\#", stdout);
		else
			putchar((unsigned char)*text < ' ' ? ' ' : *text);
	}
}

static void print_line(bool pass, const char *directive, const char *format, va_list args)
{
	char text[1024];

	vsnprintf(text, sizeof(text), format, args);
	printf("%s %d %s ", pass ? "ok" : "not ok", ++count, directive ? directive : "-");
	print_text(text);
	putchar('\n');
	failures += !pass;
}

static bool result(bool pass, const char *file, int line, const char *got, const char *want,
		   const char *format, va_list args)
{
	pthread_mutex_lock(&lock);
	print_line(pass, NULL, format, args);
	if (!pass)
		printf("#   at %s:%d\n", file, line);
	if (!pass && got) {
		fputs("#   got  ", stdout);
		print_text(got);
		fputs("\n#   want ", stdout);
		print_text(want);
		putchar('\n');
	}
	fflush(stdout);
	pthread_mutex_unlock(&lock);
	return pass;
}

bool tap_result(bool pass, const char *file, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	result(pass, file, line, NULL, NULL, format, args);
	va_end(args);
	return pass;
}

bool tap_is_int(int64_t got, int64_t want, const char *file, int line, const char *format, ...)
{
	char texts[2][24];
	va_list args;

	snprintf(texts[0], sizeof(texts[0]), "%" PRId64, got);
	snprintf(texts[1], sizeof(texts[1]), "%" PRId64, want);
	va_start(args, format);
	result(got == want, file, line, texts[0], texts[1], format, args);
	va_end(args);
	return got == want;
}

bool tap_is_str(const char *got, const char *want, const char *file, int line, const char *format,
		...)
{
	bool pass = got && want ? strcmp(got, want) == 0 : got == want;
	va_list args;

	va_start(args, format);
	result(pass, file, line, got ? got : "NULL", want ? want : "NULL", format, args);
	va_end(args);
	return pass;
}

void skip(const char *reason, ...)
{
	va_list args;

	pthread_mutex_lock(&lock);
	va_start(args, reason);
	print_line(true, "# SKIP", reason, args);
	va_end(args);
	pthread_mutex_unlock(&lock);
}

void diag(const char *format, ...)
{
	va_list args;

	pthread_mutex_lock(&lock);
	fputs("# ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	pthread_mutex_unlock(&lock);
}

int done_testing(void)
{
	printf("1..%d\n", count);
	return failures > 0;
}
