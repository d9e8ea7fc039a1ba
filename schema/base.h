/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* base.h – the few helpers that every folder uses: ownership, memory that never fails, arrays,
 * numbers. */
#ifndef SCHEMA_BASE_H
#define SCHEMA_BASE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * AUTO(value) x = ...; frees x with value_cleanup(&x) on every path out of the scope, TAKE(x) hands
 * it over instead. A type that wants this defines TYPE_cleanup(struct TYPE **), which accepts NULL.
 */
#define AUTO(type) __attribute__((cleanup(type##_cleanup))) struct type *
#define AUTO_TEXT __attribute__((cleanup(text_cleanup))) char *
#define TAKE(pointer)                                   \
	({                                              \
		__typeof__(pointer) taken_ = (pointer); \
		(pointer) = NULL;                       \
		taken_;                                 \
	})
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

static inline void text_cleanup(char **text)
{
	free(*text);
}

static inline int64_t lesser_of(int64_t a, int64_t b)
{
	return a < b ? a : b;
}
static inline int64_t greater_of(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Input is bounded before anything is allocated for it, so running out of memory aborts. */
void *allocate(size_t size);		     /* zeroed */
void *reallocate(void *memory, size_t size); /* like realloc */
char *text_copy(const char *text);
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *text_format_list(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

#endif
