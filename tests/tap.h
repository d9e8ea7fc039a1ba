/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tap – what a C test says, in the Test Anything Protocol */

#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * One result each, with a printf-like description; they return whether it passed and may be used
 * from any thread. NULL is a value of its own to is_str().
 */
#define ok(cond, ...) tap_result((cond), __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, want, ...) tap_is_int((got), (want), __FILE__, __LINE__, __VA_ARGS__)
#define is_str(got, want, ...) tap_is_str((got), (want), __FILE__, __LINE__, __VA_ARGS__)

/* One result that is skipped, and why. */
void skip(const char *reason, ...) __attribute__((format(printf, 1, 2)));

/* A line for the reader of the log; it is no result. */
void diag(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints the plan; main() ends with `return done_testing();`. */
int done_testing(void);

bool tap_result(bool pass, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
bool tap_is_int(int64_t got, int64_t want, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
bool tap_is_str(const char *got, const char *want, const char *file, int line, const char *format,
		...) __attribute__((format(printf, 5, 6)));

#endif
