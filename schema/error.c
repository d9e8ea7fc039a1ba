/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* error.c – the rows of errors.def, and errors made of them. */
#include "schema/error.h"

#include "schema/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

static const struct error_info infos[] = {
	{0},
#define PARAMETERS(...)     \
	{                   \
		__VA_ARGS__ \
	}
#define ERROR(code, ...) {#code, __VA_ARGS__},
#include "schema/errors.def"
#undef ERROR
#undef PARAMETERS
};

const struct error_info *error_info(enum error_code code)
{
	return code == ERROR_NONE ? NULL : &infos[code];
}

size_t error_parameter_count(enum error_code code)
{
	size_t count = 0;

	while (infos[code].parameters[count])
		count++;
	return count;
}

static void trace(const char *file, int line, const struct error *err)
{
	AUTO_TEXT text = getenv("XENAPID_TRACE_ERRORS") ? error_text(err) : NULL;

	if (text)
		fprintf(stderr, "error: %s:%d: %s\n", file, line, text);
}

int fail_at(const char *file, int line, struct error *err, enum error_code code, ...)
{
	struct error made = {.code = code};
	size_t expected;
	const char *parameter;
	va_list arguments;

	if (!err)
		return -1;
	expected = error_parameter_count(code);
	va_start(arguments, code);
	for (size_t i = 0; (parameter = va_arg(arguments, const char *)); i++) {
		assert(i < expected);
		made.parameters[i] = text_copy(parameter);
	}
	va_end(arguments);
	assert(expected == 0 || made.parameters[expected - 1]);
	error_clear(err);
	*err = made;
	trace(file, line, err);
	return -1;
}

void error_move(struct error *to, struct error *from)
{
	error_clear(to);
	*to = *from;
	*from = (struct error){0};
}

void error_clear(struct error *err)
{
	if (err->code == ERROR_NONE)
		return;
	for (size_t i = 0; i < ERROR_PARAMETERS_MAX; i++)
		free(err->parameters[i]);
	*err = (struct error){0};
}

char *error_text(const struct error *err)
{
	struct buffer text = {0};

	if (err->code == ERROR_NONE)
		return text_copy("no error");
	buffer_add_format(&text, "%s [", infos[err->code].name);
	for (size_t i = 0; i < error_parameter_count(err->code); i++)
		buffer_add_format(&text, "%s%s", i ? ", " : "", err->parameters[i]);
	buffer_add_char(&text, ']');
	return buffer_take(&text);
}
