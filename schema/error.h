/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* error.h – an error of the API: the caller's fault or the world's, one row of errors.def with its
 * parameters. */
#ifndef SCHEMA_ERROR_H
#define SCHEMA_ERROR_H

#include "schema/base.h"

#include <stdbool.h>

enum error_code {
	ERROR_NONE,
#define ERROR(code, ...) ERROR_##code,
#include "schema/errors.def"
#undef ERROR
	ERROR_COUNT
};

#define ERROR_PARAMETERS_MAX 6

/* A zeroed one is no error. Parameters are owned. */
struct error {
	enum error_code code;
	char *parameters[ERROR_PARAMETERS_MAX];
};

struct error_info {
	const char *name;
	const char *parameters[ERROR_PARAMETERS_MAX + 1]; /* their names, NULL-terminated */
	const char *description;
	const char *words;  /* patterns: see schema/explain.h */
	const char *advice; /* "": none */
};

const struct error_info *error_info(enum error_code code); /* ERROR_NONE: NULL */
size_t error_parameter_count(enum error_code code);

/*
 * Sets *err and returns −1, so that `return fail(err, ERROR_VM_BAD_POWER_STATE, ref, "halted",
 * state);` is one statement. One text per parameter of the row, which are copied. An error that is
 * already set is replaced. err NULL: nobody wants to know why. With XENAPID_TRACE_ERRORS in the
 * environment each is a line on standard error.
 */
#define fail(err, ...) fail_at(__FILE__, __LINE__, (err), __VA_ARGS__, (const char *)NULL)
int fail_at(const char *file, int line, struct error *err, enum error_code code, ...)
	__attribute__((sentinel));

void error_move(struct error *to, struct error *from);
void error_clear(struct error *err);
/* CODE [parameter, parameter], for logs; to be freed. */
char *error_text(const struct error *err);

#define AUTO_ERROR __attribute__((cleanup(error_clear))) struct error

#endif
